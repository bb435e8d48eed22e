"""What a tool that measures by itself is: how to run it, what it may write, what is wanted of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from perfbot.model import Metric

FILTER, OUTPUT, ITERATIONS = "{filter}", "{output}", "{iterations}"
"""What a command line may hold: which benchmarks to run, a file for the results, and how many iterations to run."""

NOT_TIMED = frozenset({"cpu", "allocated", "allocations", "memory"})
"""Metrics that do not depend on how many share a core."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one benchmark, in the metric's unit."""

    name: str
    metric: Metric
    value: float


@dataclass(frozen=True, slots=True)
class Broken:
    """A benchmark that the tool itself says did not succeed."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """Something that a tool wrote: a file by its path in the checkout, or what it printed."""

    where: str
    data: bytes


Parse = Callable[[Sequence[Written]], Sequence[Reading | Broken]]


@dataclass(frozen=True, slots=True)
class Tool:
    """How to run one tool and to understand it.

    Attributes:
        line: its command line, with ``{filter}``, ``{output}`` and ``{iterations}`` where it can take them.
        parse: what it wrote, as readings; raises MeasureError naming file, place and what was expected.
        pattern: the text for ``{filter}`` that chooses one benchmark by its name.
        everything: the text for ``{filter}`` that chooses all.
        files: globs in the working folder of the files that it writes; none: ``{output}``, or what it prints.
        exit_codes: what counts as success.
        pinned: whether its processes are bound to one core.
        walls: names of the metrics that it takes from wall time.
        medians: those of them that are medians of single calls.
        reader: the harness that can read what this one's parser cannot; empty when none can.
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
    reader: Callable[[Sequence[Written]], str] = lambda _: ""

    @property
    def counted(self) -> bool:
        """Whether a process can be told to run one benchmark for a given number of iterations."""
        return FILTER in self.line and ITERATIONS in self.line


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of a tool's metrics to compare, and what the user knows better about them.

    Attributes:
        names: of the metrics; a benchmark that reports none of them is left out.
        higher, exact: names of those that are better when higher, and of those that repeat exactly.
    """

    names: tuple[str, ...] = ("time",)
    higher: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()

    def of(self, metric: Metric) -> Metric | None:
        """The metric as it is compared, or None where it is not."""
        if metric.name not in self.names:
            return None
        better = "higher" if metric.name in self.higher else metric.better
        return Metric(metric.name, metric.unit, better, "exact" if metric.name in self.exact else metric.rule)
