"""Rust's libtest (``#[bench]``), and all that prints its format (``--output-format bencher``)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perfbot.harness.results import NUMBER, lines, quantity, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Broken, Reading, Written
from perfbot.model import TIME, Metric

NANOSECOND = 1e-9
THROUGHPUT = Metric("throughput", "B/s", "higher")
MEGABYTE = 1e6

RESULT = re.compile(
    rf"test (?P<name>\S.*?)\s+\.\.\. bench:\s+(?P<time>{NUMBER}) ns/iter \(\+/- {NUMBER}\)"
    rf"(?: = (?P<rate>{NUMBER}) MB/s)?\s*",
    re.ASCII,
)


FAILED = re.compile(r"test (?P<name>\S.*?)\s+\.\.\. FAILED\s*")


def parse(written: Sequence[Written]) -> list[Reading | Broken]:
    """Nanoseconds an iteration; throughput where the benchmark counts bytes."""
    readings: list[Reading | Broken] = []
    for where, line in lines(written):
        if failed := FAILED.fullmatch(line):
            readings.append(Broken(failed["name"], "libtest says that it failed"))
            continue
        if not re.match(r"test .* bench:", line):
            continue
        found = RESULT.fullmatch(line)
        if found is None:
            wrong(where, line, "test NAME ... bench: 1,234 ns/iter (+/- 5)")
        readings.append(Reading(found["name"], TIME, quantity(found["time"], where) * NANOSECOND))
        if found["rate"]:
            readings.append(Reading(found["name"], THROUGHPUT, quantity(found["rate"], where) * MEGABYTE))
    return readings


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
