"""What a tool that measures by itself is: how to run it, what it may write, what is wanted of it. Pure."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from perfbot.model import Metric

FILTER, OUTPUT, ITERATIONS = "{filter}", "{output}", "{iterations}"
"""What a command line may hold: which benchmarks to run, a file for the results, and how many iterations to run."""

NOT_TIMED = frozenset({"cpu", "allocated", "allocations", "memory"})
"""Metrics that do not depend on how many share a core."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a benchmark, in the metric's unit.

    Attributes:
        trouble: why there is no value that could be compared; empty where there is one.
        cpu: of a wall time, the CPU time that the tool itself took for the same calls, in seconds; NaN without.
    """

    metric: Metric
    value: float = math.nan
    trouble: str = ""
    cpu: float = math.nan


@dataclass(frozen=True, slots=True)
class Reported:
    """One result as a tool reports it.

    Attributes:
        name: as short as people call it. Others may have the same: see ``above`` and ``traits``.
        where: its place in what was written.
        trouble: why nothing of it can be compared; empty where something can.
        failed: the tool itself says that the benchmark did not succeed.
        above: what it is in (package, crate, program), outermost first; text that goes before the name.
        traits: kinds of further differences (mode, job, parameters), with text that goes behind the name.
        selector: what the tool itself calls it, to choose it with; the name where that is empty.
        repeats: the series of runs that it is one of; two of a name are refused unless they are of one series.
        file: what it was written to, as far as several were.
        failing: share of its calls that ended in an error, of a tool that measures those like all others.
    """

    name: str
    where: str
    readings: tuple[Reading, ...] = ()
    trouble: str = ""
    failed: bool = False
    above: tuple[str, ...] = ()
    traits: tuple[tuple[str, str], ...] = ()
    selector: str = ""
    repeats: str = ""
    file: str = ""
    failing: float = 0.0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something in what a tool wrote that may have been results, and cannot be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """Something that a tool wrote: a file by its path in the checkout, or what it printed."""

    where: str
    data: bytes


Parsed = Sequence[Reported | Unreadable]
Parse = Callable[[Sequence[Written]], Parsed]


@dataclass(frozen=True, slots=True)
class Tool:
    """How to run one tool and to understand it.

    Attributes:
        line: its command line, with ``{filter}``, ``{output}`` and ``{iterations}`` where it can take them.
        parse: what it wrote, as results, each sound one exactly once; never raises.
        pattern: the text for ``{filter}`` that chooses one benchmark by its selector.
        everything: the text for ``{filter}`` that chooses all.
        files: globs in the working folder of the files that it writes; none: ``{output}``, or what it prints.
        exit_codes: what counts as success.
        pinned: whether its processes are bound to one core.
        walls: names of the metrics that it takes from wall time.
        medians: those of them that are medians of single calls.
        hint: what was written, and what reads it, where this tool's parser is not meant; empty when unknown.
    """

    line: str
    parse: Parse
    pattern: Callable[[str], str] = str
    everything: str = ""
    files: tuple[str, ...] = ()
    exit_codes: Collection[int] = (0,)
    pinned: bool = True
    walls: frozenset[str] = frozenset()
    medians: frozenset[str] = frozenset()
    hint: Callable[[Sequence[Written]], str] = lambda _: ""

    @property
    def counted(self) -> bool:
        """Whether a process can be told to run one benchmark for a given number of iterations."""
        return FILTER in self.line and ITERATIONS in self.line


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of a tool's metrics to compare, and what the user knows better about them.

    Attributes:
        names: of the metrics; a benchmark that reports none of them is left out.
        higher, lower, exact: those that are better when higher, when lower, and that repeat exactly: a metric's name,
            or a glob of ``benchmark/metric``.
    """

    names: tuple[str, ...] = ("time",)
    higher: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()

    def of(self, benchmark: str, metric: Metric) -> Metric | None:
        """The metric as it is compared, or None where it is not."""
        if metric.name not in self.names:
            return None
        if _named(self.higher, benchmark, metric):
            metric = replace(metric, better="higher")
        elif _named(self.lower, benchmark, metric):
            metric = replace(metric, better="lower")
        return replace(metric, rule="exact") if _named(self.exact, benchmark, metric) else metric


def _named(patterns: Sequence[str], benchmark: str, metric: Metric) -> bool:
    return any(one == metric.name or fnmatch.fnmatchcase(f"{benchmark}/{metric.name}", one) for one in patterns)
