"""benchmark.js, by the lines that its suites usually print: ``String(event.target)``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perfbot.harness.results import NUMBER, THROUGHPUT, lines, quantity, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Reading, Written
from perfbot.model import TIME

RESULT = re.compile(rf"(?P<name>.*\S) x (?P<rate>{NUMBER}) ops/sec ±{NUMBER}% \(\d+ runs? sampled\)\s*", re.ASCII)


def parse(written: Sequence[Written]) -> list[Reading]:
    """Operations a second, and seconds an operation."""
    readings = []
    for where, line in lines(written):
        if " ops/sec" not in line:
            continue
        found = RESULT.fullmatch(line)
        if found is None:
            wrong(where, line, "NAME x 1,234 ops/sec ±0.56% (78 runs sampled)")
        rate = quantity(found["rate"], where)
        if rate <= 0:
            wrong(where, found["rate"], "a rate above zero")
        readings += [Reading(found["name"], TIME, 1 / rate), Reading(found["name"], THROUGHPUT, rate)]
    return readings


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
