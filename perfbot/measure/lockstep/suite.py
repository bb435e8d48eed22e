"""Suites whose benchmarks run inside live workers that take turns: pytest, pyperf, asv, plain functions.

A benchmark that is not timed reports one value a round instead.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from perfbot.errors import MeasureError
from perfbot.measure.lockstep.counting import Counter
from perfbot.measure.lockstep.discovery import Listings, Sorting
from perfbot.measure.lockstep.freed import with_freed
from perfbot.measure.lockstep.link import HANGS, WorkerLost, WorkerSpec
from perfbot.measure.lockstep.own_files import Lister, OwnFiles
from perfbot.measure.lockstep.pair import START_SECONDS, Messages, Pair, round_of, speed_of
from perfbot.measure.lockstep.plan import LATE_SECONDS, Speed, patience, plan_values, starting_order
from perfbot.measure.lockstep.reasons import (
    blamed,
    ended_as,
    is_suspect,
    joined,
    notes_of,
    reason_of,
    start_failure,
    tail,
    too_long,
)
from perfbot.measure.lockstep.spread import Spread
from perfbot.measure.session import ANYWHERE, Discovery, Failed, Measured, Outcome, Placement
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import SIDES, TIME, Metric, Round, Side
from perfbot.runner.address_space import Layout
from perfbot.runner.cores import allowed_cores

LONGEST_SHARE = 0.15
"""A round lasts as long as its longest benchmark makes it; this share of that is given to each of the others, which
narrows their intervals for little."""

MUCH_SLOWER = 8
"""From here on the round is planned for head's calls: as many as base affords would take too long."""

CONTROLS = 4
"""Benchmarks in a control round."""

TRACED = ("began", "walls", "cpus", "costs", "discarded")
"""Of a worker's answer, what goes into the trace."""

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
        own_files: the way back to base's own versions of benchmark files, where it runs head's.
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
    own_files: OwnFiles | None = None
    startup_seconds: float = 0.0
    _before: frozenset[str] = frozenset()
    _ids: dict[str, str] = field(default_factory=dict)
    _metrics: dict[str, Metric] = field(default_factory=dict)
    _speeds: dict[str, Speed] = field(default_factory=dict)
    _once: set[str] = field(default_factory=set)
    _spreads: dict[str, Spread] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)
    _order: int = 0

    def __post_init__(self) -> None:
        self._order = self.random.getrandbits(64)

    def discover(self) -> Discovery:
        """List both sides.

        Raises:
            MeasureError: a side cannot be listed at all.
        """
        lister = Lister(self.name, self.specs, self.own_files, self.random, self.timeout)
        listings = lister.list_all()
        self.started(lister.seconds)
        return self._discovery(listings)

    def _discovery(self, listings: Listings) -> Discovery:
        known = {**listings.before, **{item["name"]: item for item in listings.head.benchmarks}}
        self._before = frozenset(listings.before_own)
        self._ids = {self.display(identity): identity for identity in known}
        self._metrics = {self.display(name): Metric(**item["metric"]) for name, item in known.items() if item["metric"]}
        self.timeout = max(self.timeout, *(item["timeout"] for item in known.values())) if known else self.timeout
        found = Sorting(self.name, self.display, self.metric).sort(listings)
        own = {name: (metric,) for name, metric in self._metrics.items()}
        timed = (TIME,) if self.timed else ()
        if self.counter is None:
            return Discovery(found.common, timed, found.settled, found.problems, own)
        problems = (*found.problems, *self.counter.problems)
        return Discovery(found.common, timed, found.settled, problems, own, self.counter.metrics, self._count)

    def _count(self, names: Sequence[str], until: float) -> Iterator[Outcome]:
        assert self.counter is not None  # noqa: S101 - nothing else hands this out
        for outcome in self.counter.count({name: self.identity(name) for name in names}, until):
            yield blamed(outcome) if self.own_files and is_suspect(outcome) else outcome

    def _settled(self, suspects: Sequence[Failed], index: int, until: float, place: Placement) -> Iterator[Outcome]:
        """Try base's own versions of what failed in head's. Only in the first round: nothing else runs beside it."""
        known = [one.name for one in suspects if self.identity(one.name) in self._before]
        failing = {one.name for one in suspects if one.left_out and one.name not in known}  # new, and says so itself
        if index == 0 and known and self.own_files is not None:
            with self.own_files.in_place() as specs:
                again = list(self._round(index, known, until, place, specs))
            failing |= {outcome.name for outcome in again if isinstance(outcome, Failed)}
        yield from (one if one.name in failing else blamed(one) for one in suspects)

    def predicted_seconds(self, name: str) -> float:
        """Measuring time of its last round."""
        return self._seconds.get(name, 0.0)

    def identity(self, name: str) -> str:
        """The worker's own name of a benchmark."""
        return self._ids[name]

    def metric(self, name: str) -> Metric:
        """What a benchmark measures."""
        main = TIME if self.timed or self.counter is None else self.counter.metrics[0]
        return self._metrics.get(name, main)

    def speed(self, name: str) -> Speed | None:
        """What a probe found, or None before the first one."""
        return self._speeds.get(name)

    def spread(self, name: str) -> Spread:
        """What its rounds so far say about their noise."""
        return self._spreads.setdefault(name, Spread())

    def learn(self, name: str, speed: Speed, *, once: bool) -> None:
        """Remember what a probe found."""
        self._speeds[name] = speed
        if once:
            self._once.add(name)

    def took(self, name: str, seconds: float) -> None:
        """Remember how long a round of a benchmark took."""
        self._seconds[name] = seconds

    def started(self, seconds: float) -> None:
        """Remember how long starting a pair took."""
        self.startup_seconds = seconds

    def starting(self, index: int) -> list[Side]:
        """Who starts first in a round."""
        return starting_order(f"{self._order}:start", index)

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """Measure ``names`` in order with one pair; a lost worker costs the benchmark it was in, and a new pair."""
        suspects: list[Failed] = []
        for outcome in self._round(index, names, until, place, self.specs):
            if self.own_files and is_suspect(outcome):
                suspects.append(outcome)
            else:
                yield outcome
        yield from self._settled(suspects, index, until, place)

    def _round(
        self, index: int, names: Sequence[str], until: float, place: Placement, specs: Mapping[Side, WorkerSpec]
    ) -> Iterator[Outcome]:
        random = Random(f"{self._order}:{index}")  # noqa: S311 - an order, not a secret
        rest = list(names)
        attempts = 0
        while rest and time.monotonic() < until:
            visit = PairSession(self, specs, random, index, place)
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
        quick = sorted((name for name in self._speeds if name not in self._once), key=self.predicted_seconds)
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
        return any(speed.threaded or speed.waits for speed in self._speeds.values())


class PairSession:
    """One pair of workers, from its start to its end.

    Attributes:
        current: the benchmark that both workers were told to enter, or empty between two.
    """

    def __init__(
        self,
        suite: LockstepSuite,
        specs: Mapping[Side, WorkerSpec],
        random: Random,
        index: int,
        place: Placement,
        *,
        control: bool = False,
    ) -> None:
        self._suite = suite
        self._specs = specs
        self._random = random
        self._index = index
        self._core, self._crowded = place.core, place.crowded
        self._control = control
        self._share = self._tests = self._hurry = 0.0
        self._until = math.inf
        self.current = ""

    def measure(self, names: Sequence[str], until: float) -> Iterator[tuple[list[Outcome], str]]:
        """Enter each of ``names`` on both sides and measure it, while there is time.

        Raises:
            WorkerLost: in :attr:`current`, or, where that is empty, when the pair was started.
        """
        suite = self._suite
        self._until = until
        began = time.monotonic()
        start = min(START_SECONDS, max(until - began, 0.0) + LATE_SECONDS)
        seed, order = self._random.randrange(1, 2**32), suite.starting(self._index)
        pair = Pair(self._specs, hash_seed=seed, timeout=suite.timeout, layout=Layout(seed), start=start, order=order)
        try:
            if self._crowded:
                pair.pin(self._cores)
            pair.enter_all([suite.identity(name) for name in names])
            startup = time.monotonic() - began
            longest = max(suite.predicted_seconds(name) for name in names)
            self._share = max(startup / len(names), LONGEST_SHARE * longest)
            suite.started(startup)
            suite.trace(event="pair", suite=suite.name, round=self._index, core=self._core, startup=startup,
                        order=order, control=self._control)  # fmt: skip
            for name in names:
                if time.monotonic() + suite.predicted_seconds(name) > until:
                    return
                self.current = name
                yield self._one(pair, name), name
                self.current = ""
        finally:
            ending = time.monotonic()
            pair.close()
            ended = time.monotonic()
            suite.trace(event="end", suite=suite.name, round=self._index, control=self._control, seconds=ended - began,
                        tests=self._tests, ending=ended - ending)  # fmt: skip

    def failure(self, lost: WorkerLost) -> Failed:
        """What the loss of a worker means for the benchmark that it was in."""
        if self._is_too_long(lost):
            return Failed(self.current, "both", too_long(self._hurry), skipped=True)
        return Failed(self.current, lost.side, reason_of(lost), lost.skipped, left_out=lost.skipped)

    def _is_too_long(self, lost: WorkerLost) -> bool:
        return self._hurry > 0 and lost.reason == HANGS

    def _be_patient(self, pair: Pair, *, known: bool = True) -> None:
        """Wait for single calls as long as the budget allows, or, before one is known, as lets it be decided."""
        pair.patience = patience(self._suite.timeout, self._until - time.monotonic(), known=known)
        self._hurry = 0.0 if known or pair.patience >= self._suite.timeout else pair.patience

    @property
    def _cores(self) -> tuple[int, ...]:
        return (self._core,) if self._core >= 0 else allowed_cores()

    def _one(self, pair: Pair, name: str) -> list[Outcome]:
        """One round of one benchmark."""
        self._be_patient(pair)
        waiting = time.monotonic()
        arrived = pair.arrivals()
        began = time.monotonic()
        self._tests += began - waiting
        for side in SIDES:
            if arrived[side]["name"] != self._suite.identity(name):
                raise WorkerLost(side, "its benchmarks come in another order than those of the other side", "")
        held = [side for side in SIDES if arrived[side]["event"] == "ready"]
        self._suite.took(name, 0.0)
        outcomes = self._held(pair, name, arrived) if len(held) == len(SIDES) else []
        leaving = time.monotonic()
        ended = {**arrived, **pair.leave(held)}
        outcomes = [with_freed(outcome, arrived, ended) for outcome in outcomes]
        self._tests += time.monotonic() - leaving
        failures = [
            ended_as(name, side, message) for side, message in ended.items() if message["error"] or message["skipped"]
        ]
        seconds = time.monotonic() - began
        self._suite.took(name, max(seconds, self._suite.predicted_seconds(name)))
        if all(message.get("value") is not None for message in ended.values()):
            base, head = (float(ended[side]["value"]) for side in SIDES)
            taken = Round(self._index, (base,), (head,), seconds=seconds, core=self._core, clock="count")
            outcomes = [Measured(name, self._suite.metric(name), taken)]
        return list(joined(failures)) if failures else outcomes

    def _held(self, pair: Pair, name: str, ready: Messages) -> list[Outcome]:
        """Both sides are inside the benchmark: probe it if it is new, then take the round's values, if they fit."""
        suite = self._suite
        once = any(message["once"] for message in ready.values())
        speed = suite.speed(name)
        if speed is None:
            pair.pin(allowed_cores())
            speed = self._probe(pair, once=once)
            suite.learn(name, speed, once=once)
            if once:
                return []
        values = plan_values(speed, self._share, once=once, within=suite.spread(name).within)
        pinned = pair.pin(self._cores if values.pinned else allowed_cores()) and values.pinned
        first: Side = self._random.choice(SIDES)
        began = time.monotonic()
        predicted = values.seconds(speed.wall)
        if began + predicted > self._until:
            suite.took(name, predicted)
            return []
        self._be_patient(pair)
        draws: dict[Side, int] = {side: self._random.getrandbits(48) for side in SIDES}
        answers = pair.measure(values, first, predicted + 2 * speed.first, draws)
        seconds = time.monotonic() - began
        suite.trace(
            event="round", suite=suite.name, benchmark=name, round=self._index, control=self._control,
            mode=values.mode, first=first, loops=values.loops, discard=values.discard, seconds=seconds,
            **{key: {side: answers[side][key] for side in SIDES} for key in TRACED},
        )  # fmt: skip
        calls = {side: values.loops * ready[side]["inner"] for side in SIDES}
        taken = round_of(self._index, values, speed.clock, answers, calls, seconds, self._core if pinned else -1)
        if suite.thrifty and values.mode == "turns" and not self._control:
            suite.spread(name).add(taken)
        return [Measured(name, TIME, taken, notes_of(speed, pinned=pinned or not values.pinned))]

    def _probe(self, pair: Pair, *, once: bool) -> Speed:
        """Speed of base, or of head where that is much slower; what either side does beside computing is in it."""
        self._be_patient(pair, known=False)
        try:
            base = speed_of(pair, "base", once=once)
        except WorkerLost as lost:
            raise (lost if self._is_too_long(lost) else self._worse(pair, lost, once=once)) from lost
        self._be_patient(pair)
        head = speed_of(pair, "head", once=once)
        planned, other = (head, base) if head.wall > MUCH_SLOWER * base.wall else (base, head)
        return replace(planned, other=other)

    def _worse(self, pair: Pair, lost: WorkerLost, *, once: bool) -> WorkerLost:
        """What base's failure is called once head was tried too."""
        try:
            speed_of(pair, "head", once=once)
        except WorkerLost as too:
            return WorkerLost("both", too.reason, too.output, skipped=too.skipped)
        return lost
