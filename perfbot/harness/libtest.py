"""Rust's libtest (``#[bench]``), and all that prints its format (``--output-format bencher``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from perfbot.harness.results import BYTES_THROUGHPUT, NUMBER, metric_in, printed, shown
from perfbot.harness.text import by_line
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reported, Written
from perfbot.model import TIME
from perfbot.units import meaning

MEGABYTE = 1e6

LINE = re.compile(r"test (?P<name>\S.*?)\s+\.\.\. (?:bench:\s*(?P<result>.*)|(?P<failed>FAILED)\s*)")
BEGUN = re.compile(r"test (?P<name>\S.*?)\s+\.\.\. (?!bench:|FAILED\b|ok\b|ignored\b).*")
"""The benchmark itself printed something, and its result comes later (``--nocapture``)."""

LATER = re.compile(r".*?\bbench:\s*(?P<result>.*)")
RESULT = re.compile(rf"(?P<value>{NUMBER}) (?P<unit>\S+)(?: \(\+/- \S+\))?(?: = (?P<rate>{NUMBER}) MB/s)?\s*")
RUNNING = re.compile(
    r"\s+Running (?:(?:unittests )?(?P<source>.*) \()?(?:\S*/)?(?P<program>[\w.-]+?)(?:-[0-9a-f]{16})?\)?\s*"
)
"""cargo's line before each program; its name ends with a fingerprint that differs between checkouts."""


def parse(written: Sequence[Written]) -> Parsed:
    """Time an iteration; throughput where the benchmark counts bytes. Programs distinguish tests of one name."""
    return by_line(written, _results)


def _results(lines: Iterable[tuple[str, str]]) -> Iterator[Reported]:
    program = source = begun = ""
    for where, line in lines:
        if running := RUNNING.fullmatch(line):
            program, source, begun = running["program"], running["source"] or "", ""
        elif found := LINE.fullmatch(line):
            begun = ""
            yield _result(_named(found["name"], where, source, program), found["result"])
        elif found := BEGUN.fullmatch(line):
            begun = found["name"]
        if begun and (found := LATER.fullmatch(line)) and RESULT.fullmatch(found["result"]):
            yield _result(_named(begun, where, source, program), found["result"])
            begun = ""


def _named(name: str, where: str, source: str, program: str) -> Reported:
    """By its program; a library's tests and a benchmark may share the name, and then their sources differ."""
    above = (f"{source}: ",) if source else ()
    return Reported(name, where, above=(*above, f"{program}::") if program else ())


def _result(one: Reported, result: str | None) -> Reported:
    if result is None:
        return replace(one, trouble="libtest says that it failed", failed=True)
    return _read(one, result)


def _read(one: Reported, result: str) -> Reported:
    found = RESULT.fullmatch(result)
    if found is None:
        expected = "test NAME ... bench: 1,234 ns/iter (+/- 5)"
        return replace(one, trouble=f"{one.where}: found {shown(result)}, expected {expected}")
    means = meaning(found["unit"])
    metric, scale = (TIME, means.scale) if means.unit == TIME.unit else metric_in(found["unit"], found["unit"])
    value = printed(metric, found["value"], one.where, scale)
    rate = (printed(BYTES_THROUGHPUT, found["rate"], one.where, MEGABYTE),) if found["rate"] else ()
    return replace(one, readings=(value, *rate))


LIBTEST = ToolHarness(
    parse,
    """\
[[suite]]
name = "rust"
harness = "libtest"
command = "cargo +nightly bench -- {filter}"
setup = ["cargo +nightly bench --no-run"]
""",
    pattern=str,
    everything="",
    walls=frozenset({"time", "throughput"}),
)
