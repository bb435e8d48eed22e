"""Suites whose benchmarks run inside live workers that take turns: pytest, pyperf, asv, plain functions.

A benchmark that is not timed reports one value a round instead.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from perfbot.errors import MeasureError
from perfbot.measure.lockstep.counting import Counter
from perfbot.measure.lockstep.discovery import Listings, Sorting
from perfbot.measure.lockstep.exclusive import ExclusiveRound
from perfbot.measure.lockstep.known import Known
from perfbot.measure.lockstep.link import WorkerLost, WorkerSpec
from perfbot.measure.lockstep.own_files import Lister, OwnFiles
from perfbot.measure.lockstep.pair import Pair
from perfbot.measure.lockstep.pair_session import PairSession
from perfbot.measure.lockstep.plan import starting_order
from perfbot.measure.lockstep.reasons import (
    blamed,
    is_one_sided,
    is_suspect,
    start_failure,
    tail,
)
from perfbot.measure.lockstep.waiting import Starter
from perfbot.measure.session import ANYWHERE, Discovery, Failed, Measured, Outcome, Placement
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import TIME, Metric, Round, Side

CONTROLS = 4
"""Benchmarks in a control round."""


START_ATTEMPTS = 2
"""A pair that cannot start is tried again once: the first attempt may have met a disturbed machine."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """A suite as if it had only the files of some benchmarks.

    Attributes:
        names: the benchmarks; where one of them is not found, the whole suite is read after all.
    """

    specs: Mapping[Side, WorkerSpec]
    names: frozenset[str]


@dataclass(slots=True)
class LockstepSuite:
    """One suite, both sides ready.

    Attributes:
        specs: how to start each side's worker.
        timeout: seconds a single call may take, unless a benchmark asks for more.
        random: source of cores, hash seeds and who begins.
        display: the name that people read, from the worker's own (a node id); must stay unique.
        timed: what is measured of calls in rounds; where it is nothing, they are only counted.
        counter: counts other metrics of the same benchmarks; None where nothing is asked for but time.
        thrifty: a round's pairs follow from what earlier ones have shown; otherwise all rounds are planned alike.
        own_files: the way back to base's own versions of benchmark files, where it runs head's.
        brief: somebody waits for the verdict, and will ask again: stretches of many calls are short.
        goes_on: the pair that lists it goes on to measure the first round: one start less.
        start: starts the pair of a round.
        narrow: what is read instead of the whole suite, as long as nobody edited it.
    """

    name: str
    specs: Mapping[Side, WorkerSpec]
    timeout: float
    random: Random
    display: Callable[[str], str] = str
    trace: Trace = no_trace
    timed: tuple[Metric, ...] = (TIME,)
    counter: Counter | None = None
    thrifty: bool = True
    own_files: OwnFiles | None = None
    brief: bool = False
    goes_on: bool = False
    start: Starter = Pair
    narrow: Narrow | None = None
    known: Known = field(default_factory=Known)
    _before: frozenset[str] = frozenset()
    _ids: dict[str, str] = field(default_factory=dict)
    _metrics: dict[str, Metric] = field(default_factory=dict)
    _order: int = 0
    _listed: Pair | None = None
    _common: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._order = self.random.getrandbits(64)

    def discover(self) -> Discovery:
        """List both sides.

        Raises:
            MeasureError: a side cannot be listed at all.
        """
        if self.narrow is not None and self.own_files is None and (found := self._narrowed(self.narrow)) is not None:
            return found
        return self._discovered()

    def _narrowed(self, narrow: Narrow) -> Discovery | None:
        """What some of its files hold; None where that is not what they held."""
        whole, self.specs = self.specs, narrow.specs
        with contextlib.suppress(MeasureError):
            found = self._discovered()
            if narrow.names <= {one.name for one in found.benchmarks}:
                return found
        if self._listed is not None:
            self._listed.close()
        self.specs, self._listed = whole, None
        return None

    def _discovered(self) -> Discovery:
        order, goes_on = self.starting(0), self.goes_on and self.counter is None
        lister = Lister(self.name, self.specs, self.own_files, self.random, self.timeout, order, goes_on, self.start)
        listings = lister.list_all()
        self.known.started(lister.seconds)
        self._listed, self.known.all_exclusive = lister.pair, lister.exclusive
        return self._discovery(listings)

    def _discovery(self, listings: Listings) -> Discovery:
        known = {**listings.before, **{item["name"]: item for item in listings.head.benchmarks}}
        self._before = frozenset(listings.before_own)
        self._ids = {self.display(identity): identity for identity in known}
        self._metrics = {self.display(name): Metric(**item["metric"]) for name, item in known.items() if item["metric"]}
        self.timeout = max(self.timeout, *(item["timeout"] for item in known.values())) if known else self.timeout
        found = Sorting(self.name, self.display, self.metric).sort(listings)
        self._common = tuple(one.name for one in found.common)
        own = {name: (metric,) for name, metric in self._metrics.items()}
        if self.counter is None:
            return Discovery(found.common, self.timed, found.settled, found.problems, own)
        problems = (*found.problems, *self.counter.problems)
        return Discovery(found.common, self.timed, found.settled, problems, own, self.counter.metrics, self._count)

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
        return self.known.predicted_seconds(name)

    @property
    def startup_seconds(self) -> float:
        """Wall time that starting a pair takes."""
        return self.known.startup_seconds

    @property
    def names(self) -> tuple[str, ...]:
        """All benchmarks of both sides that were discovered."""
        return self._common

    def identity(self, name: str) -> str:
        """The worker's own name of a benchmark."""
        return self._ids[name]

    def metric(self, name: str) -> Metric:
        """What a benchmark measures."""
        counted = self.counter.metrics if self.counter else ()
        main = next(iter((*self.timed, *counted)), TIME)
        return self._metrics.get(name, main)

    def starting(self, index: int) -> list[Side]:
        """Who starts first in a round."""
        return starting_order(f"{self._order}:start", index)

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """Measure ``names`` in order with one pair; a lost worker costs the benchmark it was in, and a new pair.

        What fails on one side alone is tried once more, each side by itself: perhaps only one of them can have a port.
        """
        suspects: list[Failed] = []
        doubtful: dict[str, Failed] = {}
        shared = [name for name in names if not self.known.is_exclusive(name)]
        for outcome in self._round(index, shared, until, place, self.specs):
            if is_one_sided(outcome):
                doubtful[outcome.name] = outcome
            elif self.own_files and is_suspect(outcome):
                suspects.append(outcome)
            else:
                yield outcome
        exclusive = [name for name in names if name in doubtful or self.known.is_exclusive(name)]
        yield from self._one_at_a_time(index, exclusive, doubtful, until, place)
        yield from self._settled(suspects, index, until, place)

    def _one_at_a_time(
        self, index: int, names: Sequence[str], doubtful: dict[str, Failed], until: float, place: Placement
    ) -> Iterator[Outcome]:
        """What comes of benchmarks with each side by itself; those that failed beside the other one may fail again."""
        if not names:
            return
        seed = f"{self._order}:{index}:exclusive"
        order = sorted(self.starting(index), key=lambda side: all(one.side != side for one in doubtful.values()))
        for outcome in ExclusiveRound(self, self.specs, index, place, order, seed).measure(names, until):
            if isinstance(outcome, Measured):
                self.known.exclusive.add(outcome.name)
                doubtful.pop(outcome.name, None)
            if outcome.name not in doubtful:
                yield outcome
        yield from doubtful.values()

    def _round(
        self, index: int, names: Sequence[str], until: float, place: Placement, specs: Mapping[Side, WorkerSpec]
    ) -> Iterator[Outcome]:
        random = Random(f"{self._order}:{index}")  # noqa: S311 - an order, not a secret
        rest = list(names)
        attempts = 0
        while rest and time.monotonic() < until:
            begun, self._listed = self._listed if specs is self.specs else None, None
            visit = PairSession(self, specs, random, index, place, begun=begun)
            try:
                for outcomes, name in visit.measure(rest, until):
                    rest = rest[rest.index(name) + 1 :]
                    attempts = 0
                    yield from outcomes
                return
            except WorkerLost as lost:
                if place.recalled:
                    return
                if visit.current:
                    rest = rest[rest.index(visit.current) + 1 :]
                    yield visit.failure(lost)
                    continue
                if time.monotonic() >= until:
                    return
                attempts += 1
                if attempts == START_ATTEMPTS:
                    message = f"suite {self.name}: the worker of {lost.side} {start_failure(lost)}"
                    raise MeasureError(message, output=tail(lost.output), side=lost.side) from lost

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        """The quickest benchmarks of the suite, base against a second process of base."""
        known = self.known
        fit = (name for name in known.speeds if name not in known.once and not known.is_exclusive(name))
        quick = sorted(fit, key=self.predicted_seconds)
        if not quick:
            return ()
        specs: dict[Side, WorkerSpec] = {"base": self.specs["base"], "head": replace(self.specs["base"], side="head")}
        random = Random(f"{self._order}:{index}:control")  # noqa: S311 - an order, not a secret
        visit = PairSession(self, specs, random, index, replace(place, recall=None), control=True)
        try:
            taken = [outcome for outcomes, _ in visit.measure(quick[:CONTROLS], until) for outcome in outcomes]
        except WorkerLost:
            return ()
        return tuple(outcome.round for outcome in taken if isinstance(outcome, Measured))

    @property
    def alone(self) -> bool:
        """Whether it needs the machine for itself: something in it uses several cores, waits, or runs but once."""
        known = self.known
        if known.all_exclusive or known.exclusive:
            return True
        return any(speed.threaded or speed.waits for speed in known.speeds.values())
