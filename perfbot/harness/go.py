"""``go test -bench``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from perfbot.config import ToolBase
from perfbot.harness.base import Effects, SideReady
from perfbot.harness.results import ALLOCATED, ALLOCATIONS, BYTES_THROUGHPUT, metric_in, printed, shown
from perfbot.harness.text import by_line, characters
from perfbot.harness.tool import ToolHarness, reported_suite
from perfbot.measure.processes.reported import ReportedSuite
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Written
from perfbot.model import TIME, Metric, Side
from perfbot.runner.cores import allowed_cores

UNITS: dict[str, tuple[Metric, float]] = {
    "ns/op": (TIME, 1e-9),
    "B/op": (ALLOCATED, 1.0),
    "allocs/op": (ALLOCATIONS, 1.0),
    "MB/s": (BYTES_THROUGHPUT, 1e6),
}
"""What Go itself reports; all else comes from ``b.ReportMetric`` under its unit."""

NAME = r"Benchmark(?![a-z])\S*"
RESULT = re.compile(rf"(?P<name>{NAME})[ \t]+(?P<count>\d+)[ \t]+(?P<values>\S.*)")
BARE = re.compile(r" *(?P<count>\d+)\t(?P<values> *[-+.\w]+ \S+(?:\t *[-+.\w]+ \S+)*)")
"""A result whose name stands in an earlier line, for the benchmark itself printed something."""

GLUED = re.compile(r".*?(?P<count>\d+)\t(?P<values> *[-+.\w]+ ns/op(?:\t *[-+.\w]+ \S+)*)")
"""A result behind what the benchmark itself printed without a line end; Go names time first."""

LONGEST_RESULT = 1_000
"""Characters of a line's end in which that is looked for."""

BEGIN = re.compile(rf"({NAME}) *\t")
ENDED = re.compile(rf"\s*(?:{NAME} *\t)?--- (?P<how>FAIL|SKIP): (?P<name>{NAME})")


def parse(written: Sequence[Written], processors: str = "") -> Parsed:
    """The format of golang.org/design/14313-benchmark-format; names without ``Benchmark``, behind their package.

    Also what ``go test -json`` makes of it.

    Args:
        processors: their usual number, which is left out of names that end with it.
    """
    texts = [text for one in written for text in _texts(one)]
    return by_line(texts, lambda lines: _results(lines, processors))


def _texts(written: Written) -> Iterator[Written]:
    """What was printed; that of each package, where it comes wrapped in JSON."""
    text = characters(written.data)
    if not re.search(r'^\s*\{[^\n]*"Action":', text, re.MULTILINE):
        yield written
        return
    packages: dict[str, list[str]] = {}
    for line in text.split("\n"):
        try:
            event = json.loads(line)
            package, said = str(event.get("Package") or ""), event.get("Output")
        except (ValueError, AttributeError, RecursionError):
            continue
        if isinstance(said, str):
            packages.setdefault(package, [f"pkg: {package}\n"]).append(said)
    for package, output in packages.items():
        yield Written(f"{written.where}, package {package}", "".join(output).encode("utf-8", "replace"))


@dataclass(slots=True)
class _State:
    """Where in the output of which program we are.

    Attributes:
        package: as its header says; older programs have none.
        begun: name of a benchmark whose result is in a later line.
        ended: how many programs have said PASS or FAIL.
        headless: whether the header of the program at hand is still to come: it stands before the first result.
        early: benchmarks that ended without a result before it.
        open: benchmarks that began.
        done: those that ended.
    """

    package: str = ""
    begun: str = ""
    ended: int = 0
    headless: bool = True
    early: list[tuple[str, str, bool]] = field(default_factory=list)
    open: list[Reported] = field(default_factory=list)
    done: set[tuple[str, str]] = field(default_factory=set)

    @property
    def series(self) -> str:
        """Results of one name in one program are runs of one benchmark (-count)."""
        return f"package {self.package}" if self.package else f"program {self.ended}"


def _results(lines: Iterable[tuple[str, str]], processors: str) -> Iterator[Reported]:
    state = _State()
    for where, line in lines:
        if header := re.fullmatch(r"(?:pkg: |ok  \t|FAIL\t)(\S+).*", line):
            state.package, state.headless = header[1], not line.startswith("pkg: ")
            yield from _early(state, processors)
            state.package = "" if state.headless else state.package
        elif line.rstrip() in ("PASS", "FAIL"):
            state.ended, state.headless = state.ended + 1, True
        elif ended := ENDED.match(line):
            state.begun = ""
            state.early.append((ended["name"], where, ended["how"] == "FAIL"))
            if not state.headless:
                yield from _early(state, processors)
        else:
            yield from _result(line.rstrip(), where, state, processors)
    yield from _early(state, processors)
    yield from (one for one in state.open if (one.repeats, one.selector) not in state.done)


def _result(line: str, where: str, state: _State, processors: str) -> Iterator[Reported]:
    """The result in a line, or the beginning of one: then it follows behind what the benchmark prints."""
    found = RESULT.fullmatch(line)
    if not found and (begin := BEGIN.match(line)):
        state.begun = begin[1]
        one = _named(begin[1], state, where, processors)
        if begin[1] != "Benchmark":  # which may be the title of a table as well
            state.open.append(replace(one, trouble="it began, and no result followed", failed=True))
    if not found and state.begun:
        found = BARE.fullmatch(line) or GLUED.fullmatch(line[-LONGEST_RESULT:])
    if found:
        one = _read(_named(found.groupdict().get("name") or state.begun, state, where, processors), found["values"])
        state.begun = ""
        state.done.add((one.repeats, one.selector))
        yield one


def _early(state: _State, processors: str) -> Iterator[Reported]:
    """Benchmarks that failed or were skipped, now that their package is known."""
    for name, where, failed in state.early:
        why = "it failed" if failed else "it asked to be skipped"
        one = replace(_named(name, state, where, processors), trouble=why, failed=failed)
        state.done.add((one.repeats, one.selector))
        yield one
    state.early.clear()


def _named(full: str, state: _State, where: str, processors: str) -> Reported:
    """A result by the last part of its package, with what is before that, and the number of processors."""
    plain, _, ending = full.rpartition("-")
    marked = bool(plain) and ending == processors != "1"
    name = (plain if marked else full).removeprefix("Benchmark") or "Benchmark"
    *outer, package = state.package.split("/")
    short = f"{package}.{name}" if package else name
    above = tuple(f"{part}/" for part in outer)
    traits = (("processors", f"-{ending}" if marked else ""),)
    selector = (plain if marked else full).removeprefix("Benchmark")
    return Reported(short, where, above=above, traits=traits, selector=selector, repeats=state.series)


def _read(found: Reported, values: str) -> Reported:
    fields = values.split()
    if len(fields) % 2:
        said = shown(" ".join(fields))
        return replace(found, trouble=f"{found.where}: found {said}, expected pairs of a value and a unit")
    readings: list[Reading] = []
    for value, unit in zip(fields[::2], fields[1::2], strict=True):
        metric, scale = UNITS.get(unit) or metric_in(unit, unit)
        readings.append(printed(metric, value, found.where, scale))
    return replace(found, readings=tuple(readings))


def pattern(selector: str) -> str:
    """Go splits a pattern at slashes and matches each level of a benchmark's name on its own."""
    return "/".join(f"^{re.escape(level)}$" for level in f"Benchmark{selector}".split("/"))


class GoHarness(ToolHarness):
    """Go's own benchmarks. Their name carries the number of processors unless there is one, so it is set."""

    def session(self, suite: ToolBase, sides: Mapping[Side, SideReady], effects: Effects) -> ReportedSuite:
        """One processor where processes are bound to one core."""
        processors = 1 if suite.pinned else max(1, len(allowed_cores()) or (os.cpu_count() or 1))
        found = suite.env.get("GOMAXPROCS", str(processors))
        return reported_suite(
            suite, self, sides, effects, parse=lambda w: parse(w, found), variables={"GOMAXPROCS": found}
        )


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
