"""``go test -bench``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence

from perfbot.config import ToolBase
from perfbot.harness.base import Effects, SideReady
from perfbot.harness.results import ALLOCATED, lines, quantity, wrong
from perfbot.harness.tool import ToolHarness, reported_suite
from perfbot.measure.processes.reported import ReportedSuite
from perfbot.measure.processes.tools import Reading, Written
from perfbot.model import TIME, Metric, Side
from perfbot.runner.cores import allowed_cores

UNITS: dict[str, tuple[Metric, float]] = {
    "ns/op": (TIME, 1e-9),
    "B/op": (ALLOCATED, 1.0),
    "allocs/op": (Metric("allocations", "1", rule="exact"), 1.0),
    "MB/s": (Metric("throughput", "B/s", "higher"), 1e6),
}
"""What Go itself reports; all else comes from ``b.ReportMetric`` under its unit."""

RESULT = re.compile(r"(?P<name>Benchmark\S*)?\s*(?<!\S)\d+\s+(?P<values>[-+.\d]\S*\s+\S*/.*)")
"""The name is missing where the benchmark itself printed something: then it stands in an earlier line."""

BEGIN = re.compile(r"(Benchmark\S*) *\t")


def parse(written: Sequence[Written]) -> list[Reading]:
    """The format of golang.org/design/14313-benchmark-format; names without ``Benchmark``, behind their package."""
    return list(_readings(written))


def _readings(written: Sequence[Written]) -> Iterator[Reading]:
    package = begun = ""
    for where, line in lines(written):
        if line.startswith("pkg: "):
            package = line.removeprefix("pkg: ").strip()
        elif (found := RESULT.fullmatch(line.rstrip())) and (full := found["name"] or begun):
            begun = ""
            fields = found["values"].split()
            if len(fields) % 2:
                wrong(where, found["values"], "pairs of a value and a unit")
            name = full.removeprefix("Benchmark") or full
            prefix = f"{package.rsplit('/', 1)[-1]}." if package else ""
            for value, unit in zip(fields[::2], fields[1::2], strict=True):
                metric, scale = UNITS.get(unit) or (_own(unit), 1.0)
                yield Reading(prefix + name, metric, quantity(value, where) * scale)
        elif found := BEGIN.match(line):
            begun = found[1]


def _own(unit: str) -> Metric:
    return Metric(unit, unit, "higher" if unit.endswith("/s") else "lower")


def pattern(name: str) -> str:
    """Go splits a pattern at slashes and matches each level of a benchmark's name on its own."""
    _, _, plain = name.rpartition(".") if "/" not in name else _split(name)
    return "/".join(f"^{re.escape(level)}$" for level in f"Benchmark{plain}".split("/"))


def _split(name: str) -> tuple[str, str, str]:
    """Package, dot and benchmark; dots below the first slash belong to the benchmark."""
    first, slash, rest = name.partition("/")
    package, dot, plain = first.rpartition(".")
    return package, dot, f"{plain}{slash}{rest}"


class GoHarness(ToolHarness):
    """Go's own benchmarks. Their name carries the number of processors unless there is one, so it is set."""

    def session(self, suite: ToolBase, sides: Mapping[Side, SideReady], effects: Effects) -> ReportedSuite:
        """One processor where processes are bound to one core."""
        processors = 1 if suite.pinned else max(1, len(allowed_cores()) or (os.cpu_count() or 1))
        found = suite.env.get("GOMAXPROCS", str(processors))
        ending = f"-{found}" if found != "1" else ""
        return reported_suite(
            suite, self, sides, effects, parse=lambda w: _unmarked(parse(w), ending), variables={"GOMAXPROCS": found}
        )


def _unmarked(readings: Sequence[Reading], ending: str) -> list[Reading]:
    return [Reading(one.name.removesuffix(ending), one.metric, one.value) for one in readings]


GO = GoHarness(
    parse,
    """\
[[suite]]
name = "go"
harness = "go"
setup = ["go test -c -o bench.test ."]
command = "./bench.test -test.run ^$ -test.bench {filter} -test.benchtime {iterations}x -test.benchmem"
metrics = ["time", "allocated"]
""",
    pattern,
    walls=frozenset({"time", "throughput"}),
)
