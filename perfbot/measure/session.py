"""What the scheduler knows of a suite: list it, measure a round of some of it, close it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from perfbot.errors import MeasureError
from perfbot.measure.recall import Recall
from perfbot.model import Benchmark, Comparison, Metric, Problem, Round
from perfbot.reasons import Failure, Note


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a round is measured: one core (below zero: wherever the system likes), and whether others are busy too.

    In a crowded machine processes stay on their core from the start, so as not to disturb the other rounds. In a hurry
    a round takes as few values as say anything, whatever starting its processes cost. It may be called off, where
    somebody can do so.
    """

    core: int = -1
    crowded: bool = False
    hurried: bool = False
    recall: Recall | None = None

    @property
    def recalled(self) -> bool:
        """Whether the round was called off."""
        return self.recall is not None and self.recall.called


ANYWHERE = Placement()


@dataclass(frozen=True, slots=True)
class Discovery:
    """The benchmarks of a suite: those both sides have, what only one has, what could not be read.

    Attributes:
        metrics: of every benchmark, but for those whose name is in ``own``.
        counted: more metrics of the same benchmarks, which ``count`` measures and no round does.
        count: counts them once and for all, given names and the ``time.monotonic()`` to end at.
    """

    benchmarks: tuple[Benchmark, ...]
    metrics: tuple[Metric, ...]
    settled: tuple[Comparison, ...] = ()
    problems: tuple[Problem, ...] = ()
    own: Mapping[str, tuple[Metric, ...]] = field(default_factory=dict)
    counted: tuple[Metric, ...] = ()
    count: Count | None = None

    def metrics_of(self, benchmark: Benchmark) -> tuple[Metric, ...]:
        """What is measured of one benchmark in rounds."""
        return self.own.get(benchmark.name, self.metrics)

    def counted_of(self, benchmark: Benchmark) -> tuple[Metric, ...]:
        """What is counted of one benchmark besides."""
        return () if benchmark.name in self.own else self.counted

    def all_of(self, benchmark: Benchmark) -> tuple[Metric, ...]:
        """Everything that is known of one benchmark in the end."""
        return (*self.metrics_of(benchmark), *self.counted_of(benchmark))


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one benchmark and metric."""

    name: str
    metric: Metric
    round: Round
    notes: tuple[Note, ...] = ()
    anew: bool = False
    """Earlier rounds were measured in another state of the processes, and count no more."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A benchmark that will not be measured any further."""

    name: str
    side: Literal["base", "head", "both"]
    reasons: tuple[Failure, ...]
    skipped: bool = False
    metric: Metric | None = None
    """Only this metric of it cannot be had; None: all."""
    left_out: bool = False
    """The benchmark itself asked not to be run there."""


Outcome = Measured | Failed
Count = Callable[[Sequence[str], float], Iterator[Outcome]]


def problem_of(suite: str, error: MeasureError) -> Problem:
    """What an error means for a suite, with the hint that came along; suites that share a set-up are one here."""
    message = re.sub(rf"^suite {re.escape(suite)}[:,] ", "", error.message)
    return Problem(f"suite {suite}", f"{message.rstrip('.')}. {error.hint}" if error.hint else message, error.output)


class SuiteSession(Protocol):
    """A suite ready to be measured: both sides are set up."""

    name: str

    def discover(self) -> Discovery:
        """List both sides; raises MeasureError when a side cannot be listed at all."""
        ...

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """Measure one round of ``names`` with a fresh pair of processes on one core.

        What would end after ``until`` (``time.monotonic()``) is skipped. Rounds with different indices may be
        measured at the same time, at different places.
        """
        ...

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        """A little of the suite, base against a second process of base."""
        ...

    @property
    def alone(self) -> bool:
        """Whether something in it suffers when another core of the machine is busy. Known after the first round."""
        ...

    def predicted_seconds(self, name: str) -> float:
        """Wall time that one more round of a benchmark takes, without its share of the start-up; 0 when unknown."""
        ...

    @property
    def startup_seconds(self) -> float:
        """Wall time that starting a round takes, whatever is measured in it."""
        ...
