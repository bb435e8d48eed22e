"""Catch2's BENCHMARK (C++), by its XML reporter."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence

from perfbot.harness.results import quantity, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Broken, Reading, Written
from perfbot.model import TIME

NANOSECOND = 1e-9

NAMED = ("TestCase", "Section", "BenchmarkResults")


def parse(written: Sequence[Written]) -> list[Reading | Broken]:
    """Means, by test case, sections and benchmark: ``case/section/benchmark``."""
    return [reading for one in written for reading in _readings(one)]


def _readings(written: Written) -> Iterator[Reading | Broken]:
    """Entities that the document declares itself are refused, so that none can grow without end."""
    begin = written.data.find(b"<?xml")
    if begin < 0:
        wrong(written.where, written.data[:40], "XML (run it with -r xml)")
    if b"<!DOCTYPE" in written.data or b"<!ENTITY" in written.data:
        wrong(written.where, "a document type", "the plain XML that Catch2 writes")
    try:
        root = ET.fromstring(written.data[begin:])  # noqa: S314 - expat's own limits hold, entities are refused
    except (ET.ParseError, ValueError, LookupError) as error:
        wrong(written.where, str(error), "well-formed XML")
    waiting: list[tuple[str, ET.Element]] = [("", root)]
    while waiting:
        above, element = waiting.pop()
        name = f"{above}/{element.get('name', '').strip()}".lstrip("/") if element.tag in NAMED else above
        if element.tag == "BenchmarkResults":
            yield _reading(name, element, f"{written.where}, benchmark {name!r}")
        else:
            waiting += [(name, inner) for inner in reversed(element)]


def _reading(name: str, element: ET.Element, where: str) -> Reading | Broken:
    mean, failed = element.find("mean"), element.find("failed")
    if name and failed is not None:
        return Broken(name, failed.get("message", ""))
    if not name or mean is None:
        wrong(where, "no name or no <mean>", "a result")
    return Reading(name, TIME, quantity(mean.get("value", ""), where) * NANOSECOND)


CATCH2 = ToolHarness(
    parse,
    """\
[[suite]]
name = "catch"
harness = "catch2"
setup = ["g++ -O2 -DCATCH_CONFIG_ENABLE_BENCHMARKING bench.cpp -o bench"]
command = "./bench -r xml -o {output} --benchmark-samples 20 --benchmark-no-analysis"
""",
    walls=frozenset({"time"}),
)
