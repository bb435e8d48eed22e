"""Suites whose benchmarks run inside live workers that take turns: pytest, pyperf, asv, plain functions.

A benchmark that is not timed reports one value a round instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from perfbot.errors import MeasureError
from perfbot.measure.lockstep.counting import Counter
from perfbot.measure.lockstep.known import Known
from perfbot.measure.lockstep.link import WorkerLost, WorkerSpec
from perfbot.measure.lockstep.pair import Collected, Pair
from perfbot.measure.lockstep.pair_session import PairSession
from perfbot.measure.lockstep.plan import (
    starting_order,
)
from perfbot.measure.lockstep.reasons import (
    concerns,
    merged,
    start_failure,
    tail,
)
from perfbot.measure.session import ANYWHERE, Discovery, Measured, Outcome, Placement
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import SIDES, TIME, Benchmark, Comparison, Metric, Round, Side
from perfbot.runner.address_space import Layout

CONTROLS = 4
"""Benchmarks in a control round."""


START_ATTEMPTS = 2
"""A pair that cannot start is tried again once: the first attempt may have met a disturbed machine."""


@dataclass(slots=True)
class LockstepSuite:
    """One suite, both sides ready.

    Attributes:
        specs: how to start each side's worker.
        timeout: seconds a single call may take, unless a benchmark asks for more.
        random: source of cores, hash seeds and who begins.
        display: the name that people read, from the worker's own (a node id); must stay unique.
        timed: calls are timed, in rounds; otherwise they are only counted.
        counter: counts other metrics of the same benchmarks; None where nothing is asked for but time.
        thrifty: a round's pairs follow from what earlier ones have shown; otherwise all rounds are planned alike.
    """

    name: str
    specs: Mapping[Side, WorkerSpec]
    timeout: float
    random: Random
    display: Callable[[str], str] = str
    trace: Trace = no_trace
    timed: bool = True
    counter: Counter | None = None
    thrifty: bool = True
    known: Known = field(default_factory=Known)
    _ids: dict[str, str] = field(default_factory=dict)
    _metrics: dict[str, Metric] = field(default_factory=dict)
    _order: int = 0

    def __post_init__(self) -> None:
        self._order = self.random.getrandbits(64)

    def discover(self) -> Discovery:
        """List both sides with a pair of workers that is used for nothing else."""
        began = time.monotonic()
        seed = self.random.randrange(1, 2**32)
        pair = Pair(self.specs, hash_seed=seed, timeout=self.timeout, layout=Layout(seed))
        try:
            listings = pair.collect()
            self.known.started(time.monotonic() - began)
        except WorkerLost as lost:
            message = f"suite {self.name}: the benchmarks of {lost.side} could not be listed: {start_failure(lost)}"
            raise MeasureError(message, output=tail(lost.output)) from lost
        finally:
            pair.close()
        return self._discovery(listings)

    def _discovery(self, listings: Mapping[Side, Collected]) -> Discovery:
        found = {side: {item["name"]: item for item in listings[side].benchmarks} for side in SIDES}
        problems = merged({side: listings[side].problems for side in SIDES}, self.name)
        known = {**found["base"], **found["head"]}
        self._ids = {self.display(identity): identity for identity in known}
        self._metrics = {self.display(name): Metric(**item["metric"]) for name, item in known.items() if item["metric"]}
        self.timeout = max(self.timeout, *(item["timeout"] for item in known.values())) if known else self.timeout
        common = [self._benchmark(item) for name, item in found["head"].items() if name in found["base"]]
        added = [item for name, item in found["head"].items() if name not in found["base"]]
        removed = [item for name, item in found["base"].items() if name not in found["head"]]
        settled = [
            *(self._unpaired(item, "added", listings["base"], "base") for item in added),
            *(self._unpaired(item, "removed", listings["head"], "head") for item in removed),
        ]
        own = {name: (metric,) for name, metric in self._metrics.items()}
        timed = (TIME,) if self.timed else ()
        if self.counter is None:
            return Discovery(tuple(common), timed, tuple(settled), tuple(problems), own)
        problems += self.counter.problems
        return Discovery(tuple(common), timed, tuple(settled), tuple(problems), own, self.counter.metrics, self._count)

    def _count(self, names: Sequence[str], until: float) -> Iterator[Outcome]:
        assert self.counter is not None  # noqa: S101 - nothing else hands this out
        return self.counter.count({name: self.identity(name) for name in names}, until)

    def _unpaired(
        self, item: Mapping[str, Any], status: Literal["added", "removed"], other: Collected, side: Side
    ) -> Comparison:
        """A benchmark of one side alone: new, gone, or lost with a file that ``other`` could not read."""
        benchmark = self._benchmark(item)
        broken = next((p for p in other.problems if concerns(p["where"], benchmark.file)), None)
        if broken is None:
            return Comparison(benchmark, self.metric(benchmark.name), status=status)
        reason = f"its file could not be collected\n{tail(broken['message'])}"
        return Comparison(benchmark, self.metric(benchmark.name), status="failed", reason=reason, failed_side=side)

    def _benchmark(self, item: Mapping[str, Any]) -> Benchmark:
        return Benchmark(self.name, self.display(item["name"]), item.get("file", ""), item.get("line", 0))

    def predicted_seconds(self, name: str) -> float:
        """Measuring time of its last round."""
        return self.known.predicted_seconds(name)

    @property
    def startup_seconds(self) -> float:
        """Wall time that starting a pair takes."""
        return self.known.startup_seconds

    def identity(self, name: str) -> str:
        """The worker's own name of a benchmark."""
        return self._ids[name]

    def metric(self, name: str) -> Metric:
        """What a benchmark measures."""
        main = TIME if self.timed or self.counter is None else self.counter.metrics[0]
        return self._metrics.get(name, main)

    def starting(self, index: int) -> list[Side]:
        """Who starts first in a round."""
        return starting_order(f"{self._order}:start", index)

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """Measure ``names`` in order with one pair; a lost worker costs the benchmark it was in, and a new pair."""
        random = Random(f"{self._order}:{index}")  # noqa: S311 - an order, not a secret
        rest = list(names)
        attempts = 0
        while rest and time.monotonic() < until:
            visit = PairSession(self, self.specs, random, index, place)
            try:
                for outcomes, name in visit.measure(rest, until):
                    rest = rest[rest.index(name) + 1 :]
                    attempts = 0
                    yield from outcomes
                return
            except WorkerLost as lost:
                if visit.current:
                    rest = rest[rest.index(visit.current) + 1 :]
                    yield visit.failure(lost)
                    continue
                if time.monotonic() >= until:
                    return
                attempts += 1
                if attempts == START_ATTEMPTS:
                    message = f"suite {self.name}: the worker of {lost.side} {start_failure(lost)}"
                    raise MeasureError(message, output=tail(lost.output)) from lost

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        """The quickest benchmarks of the suite, base against a second process of base."""
        quick = sorted((name for name in self.known.speeds if name not in self.known.once), key=self.predicted_seconds)
        if not quick:
            return ()
        specs: dict[Side, WorkerSpec] = {"base": self.specs["base"], "head": replace(self.specs["base"], side="head")}
        random = Random(f"{self._order}:{index}:control")  # noqa: S311 - an order, not a secret
        visit = PairSession(self, specs, random, index, place, control=True)
        try:
            taken = [outcome for outcomes, _ in visit.measure(quick[:CONTROLS], until) for outcome in outcomes]
        except WorkerLost:
            return ()
        return tuple(outcome.round for outcome in taken if isinstance(outcome, Measured))

    @property
    def alone(self) -> bool:
        """Whether it needs the machine for itself: something in it uses several cores, or waits."""
        return any(speed.threaded or speed.waits for speed in self.known.speeds.values())
