"""Suites without processes: rounds by formula, a clock that they move themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from perfbot.errors import MeasureError
from perfbot.measure.session import ANYWHERE, Discovery, Failed, Measured, Outcome, Placement
from perfbot.model import TIME, Benchmark, Comparison, Metric, Problem, Round
from perfbot.reasons import Said


@dataclass
class Clock:
    """Seconds that pass only when somebody lets them."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Simulated:
    """One benchmark: how long a round of it takes, how much slower head is, how noisy rounds are."""

    change: float = 0.0
    noise: float = 0.002
    seconds: float = 0.1
    metric: Metric = TIME
    fails_in_round: int = -1
    skipped: bool = False


@dataclass
class FakeSuite:
    """A suite session that measures by formula.

    Attributes:
        history: names measured in each round, in order.
    """

    name: str
    benchmarks: Mapping[str, Simulated]
    clock: Clock
    startup_seconds: float = 0.5
    settled: tuple[Comparison, ...] = ()
    breaks_in_round: int = -1
    unlisted: str = ""
    problems: tuple[Problem, ...] = ()
    alone: bool = False
    during: Callable[[], None] = lambda: None
    history: list[tuple[str, ...]] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    random: Random = field(default_factory=lambda: Random(7))  # noqa: S311

    def discover(self) -> Discovery:
        if self.unlisted:
            raise MeasureError(self.unlisted, output="the end of the output")
        listed = tuple(Benchmark(self.name, name) for name in self.benchmarks)
        own = {name: (one.metric,) for name, one in self.benchmarks.items()}
        return Discovery(listed, (TIME,), self.settled, self.problems, own)

    def predicted_seconds(self, name: str) -> float:
        return self.benchmarks[name].seconds if name in self.tried else 0.0

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        return ()

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        self.clock.now += self.startup_seconds
        self.history.append(tuple(names))
        for name in names:
            one = self.benchmarks[name]
            if index and self.clock.now + one.seconds > until:
                return
            self.clock.now += one.seconds
            self.tried.add(name)
            self.during()
            if index == self.breaks_in_round:
                raise MeasureError("the suite broke", output="why")
            if index == one.fails_in_round:
                yield Failed(name, "head", (Said("it crashed"),), one.skipped)
            else:
                yield Measured(name, one.metric, self._round(index, one))

    def _round(self, index: int, one: Simulated) -> Round:
        ratio = (1 + one.change) * (1 + self.random.gauss(0, one.noise))
        return Round(index, (1e-3,), (1e-3 * ratio,), seconds=one.seconds)
