"""benchmark.js, by the lines that its suites usually print: ``String(event.target)``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from perfbot.errors import MeasureError
from perfbot.harness.results import NUMBER, THROUGHPUT, quantity, reading, shown
from perfbot.harness.text import by_line
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reported, Written
from perfbot.model import TIME

LINE = re.compile(r"\s*(?P<name>\S.*)\s+x\s+(?P<rate>\S+) ops/sec(?P<rest>.*)")
"""The last `` x `` parts the name from the rate, for names may hold one."""
SAMPLED = re.compile(rf"(?: ±{NUMBER}% \(\d+ runs? sampled\))?\s*")


def parse(written: Sequence[Written]) -> Parsed:
    """Operations a second, and seconds an operation."""
    return by_line(written, _results)


def _results(lines: Iterable[tuple[str, str]]) -> Iterator[Reported]:
    """Whatever else a suite prints, such as which of its benchmarks is the fastest, is passed over."""
    for where, line in lines:
        if found := LINE.fullmatch(line):
            yield _read(found, where, line)


def _read(found: re.Match[str], where: str, line: str) -> Reported:
    name = found["name"].rstrip()
    try:
        rate = quantity(found["rate"], where)
    except MeasureError as error:
        return Reported(name, where, trouble=error.message)
    if rate <= 0 or not SAMPLED.fullmatch(found["rest"]):
        expected = "NAME x 1,234 ops/sec ±0.56% (78 runs sampled), a rate above zero"
        return Reported(name, where, trouble=f"{where}: found {shown(line.strip())}, expected {expected}")
    return Reported(name, where, (reading(TIME, 1 / rate, where), reading(THROUGHPUT, rate, where)))


BENCHMARKJS = ToolHarness(
    parse,
    """\
[[suite]]
name = "node"
harness = "benchmarkjs"
setup = ["npm ci"]
command = "node benchmark.js"
""",
    walls=frozenset({"time", "throughput"}),
)
