"""Who is measured next, and when it is enough: spends the time budget on what is not decided yet."""

from __future__ import annotations

import fnmatch
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import chain, pairwise
from random import Random
from typing import Protocol

from perfbot.calibration.noise import NOTHING, Noise
from perfbot.errors import ConfigError, MeasureError, UsageError
from perfbot.measure.allocation import affordable, fitting, too_short, urgency
from perfbot.measure.forecast import Foretold, forecast
from perfbot.measure.sequential_test import SequentialTest
from perfbot.measure.session import Count, Discovery, Failed, Outcome, Placement, SuiteSession, problem_of
from perfbot.model import Benchmark, Comparison, Metric, Policy, Problem, Round, Startup
from perfbot.process import kill_all
from perfbot.stats.sequential import Plan

CONTROL_ROUNDS = (2, 5)
CONTROL_EVERY = 6
"""A control follows the third and the sixth round of a suite, and every sixth from there."""

COUNTING_SHARE = 1 / 3
"""Of the budget, for metrics that are counted; what they leave of it goes to time. Without time they have it all."""

MOST_LANES = 2
"""Rounds measured at the same time, each on a core of its own. Two cost 7 % more spread than one and take half the
time; more than two have not been tried."""


class Progress(Protocol):
    """Where measuring is; see :mod:`perfbot.render.progress`."""

    def suite(self, name: str, benchmarks: int) -> None:
        """A suite was listed."""

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None:
        """A benchmark is about to be measured."""

    def decided(self, name: str, verdict: str, change: float | None) -> None:
        """A benchmark is done with."""

    def log(self, line: str) -> None:
        """Something the reader should know."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Everything measured.

    Attributes:
        family: comparisons that share the run's false alarm probability.
        controls: base against a second process of base.
        seconds: wall time of measuring.
        startups: of the suites that were measured.
        left_out: benchmarks that were found, and that nobody asked to measure.
        foretold: sentences about what calibrated noise does not let decide in the budget, said before measuring.
    """

    comparisons: tuple[Comparison, ...] = ()
    problems: tuple[Problem, ...] = ()
    controls: tuple[Round, ...] = ()
    family: int = 0
    seconds: float = 0.0
    startups: tuple[Startup, ...] = ()
    foretold: tuple[str, ...] = ()
    left_out: tuple[Benchmark, ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduledRound:
    """One round of one suite that is about to be measured. ``private``: nothing else may run meanwhile."""

    suite: SuiteSession
    index: int
    names: tuple[str, ...]
    place: Placement
    private: bool


class Scheduler:
    """Measures suites until everything is decided or the budget is spent.

    Args:
        suites: set up on both sides.
        policy: thresholds and error probabilities.
        budget: seconds of wall time for measuring.
        select: whether ``suite/benchmark`` is wanted.
        share: which of all wanted names fall to this run; others' count as the same family (shards of one run).
        noise: what A/A runs found: says before measuring what cannot be decided in the budget, and whose turn it is.
        meant: what a suite without benchmarks should have said, as a hint.
        progress: told what happens.
        clock: monotonic seconds.
        random: chooses the cores.
        cores: processors to measure on; none: wherever the system likes.
        lanes: rounds that may be measured at the same time, each on its own core.
    """

    def __init__(
        self,
        suites: Sequence[SuiteSession],
        policy: Policy,
        budget: float,
        progress: Progress,
        *,
        select: Callable[[str], bool] = lambda _: True,
        share: Callable[[Collection[str]], Collection[str]] = lambda names: names,
        noise: Noise = NOTHING,
        meant: Callable[[str], str] = lambda _: "",
        clock: Callable[[], float] = time.monotonic,
        random: Random | None = None,
        cores: Sequence[int] = (),
        lanes: int = 1,
    ) -> None:
        self._suites = suites
        self._policy = policy
        self._budget = budget
        self._progress = progress
        self._select = select
        self._share = share
        self._noise = noise
        self._meant = meant
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - an order, not a secret
        self._cores = tuple(cores)
        self._lanes = max(1, min(lanes, len(cores), MOST_LANES))
        self._tracks: dict[str, dict[str, list[SequentialTest]]] = {}
        """Of each suite and benchmark, in the order found."""
        self._decided = self._total = 0
        self._settled: list[Comparison] = []
        self._left_out: list[Benchmark] = []
        self._problems: list[Problem] = []
        self._rounds: dict[str, int] = {}
        self._controls: list[Round] = []
        self._counts: dict[str, Count] = {}
        self._family = 1
        self._own: Collection[str] = ()
        self._foretold = Foretold()
        self._lock = threading.RLock()
        self._stopped = False
        self._began = clock()

    @property
    def _until(self) -> float:
        return self._began + self._budget

    def run(self) -> Outcomes:
        """Discover, measure, stop. What was measured before an exception is in :meth:`outcomes`."""
        self._discover()
        self._forecast()
        self._began = self._clock()
        with ThreadPoolExecutor(self._lanes) as pool:
            try:
                self._count_all()
                self._measure_all(pool)
                for suite in self._suites:
                    self._problems += too_short(self._open(suite.name), suite, self._budget, self._lanes)
            except BaseException:
                self._stopped = True
                kill_all()
                raise
        return self.outcomes()

    def outcomes(self) -> Outcomes:
        """What is known by now."""
        with self._lock:
            tracks = [track for suite in self._tracks for track in self._all(suite)]
            comparisons = (*(track.comparison() for track in tracks), *self._settled)
            seconds = self._clock() - self._began
            starts = tuple(Startup(one.name, one.startup_seconds) for one in self._suites if self._rounds.get(one.name))
            problems, controls, left = tuple(self._problems), tuple(self._controls), tuple(self._left_out)
            return Outcomes(comparisons, problems, controls, self._family, seconds, starts, self._foretold.notes, left)

    def _discover(self) -> None:
        found: dict[str, Discovery] = {}
        for suite in self._suites:
            try:
                found[suite.name] = suite.discover()
            except MeasureError as error:
                self._problems.append(problem_of(suite.name, error))
        wanted = {
            name: [(b, metric) for b in discovery.benchmarks for metric in discovery.all_of(b) if self._wants(b)]
            for name, discovery in found.items()
        }
        self._family = max(1, sum(metric.rule == "noisy" for pairs in wanted.values() for _, metric in pairs))
        self._nothing_found(found)
        listed = {b.full_name for discovery in found.values() for b in _benchmarks(discovery) if self._wants(b)}
        self._own = frozenset(self._share(listed))
        for name, discovery in found.items():
            self._problems.extend(discovery.problems)
            self._left_out += [b for b in _benchmarks(discovery) if not self._wants(b)]
            self._settled.extend(c for c in discovery.settled if self._wants(c.benchmark) and self._takes(c.benchmark))
            own = [(benchmark, metric) for benchmark, metric in wanted[name] if self._takes(benchmark)]
            self._tracks[name] = {}
            for benchmark, metric in own:
                track = self._track(benchmark, metric, discovery)
                self._tracks[name].setdefault(benchmark.name, []).append(track)
                self._total += 1
                self._decided += not track.open
            if discovery.count is not None:
                self._counts[name] = discovery.count
            self._rounds[name] = 0
            self._progress.suite(name, len({benchmark.name for benchmark, _ in own}))

    def _takes(self, benchmark: Benchmark) -> bool:
        return benchmark.full_name in self._own

    def _forecast(self) -> None:
        """Say, before the time is spent, what it will not do for."""
        tracks = [track for suite in self._tracks for track in self._open(suite)]
        noisy = [track for track in tracks if track.metric.rule == "noisy"]
        self._foretold = forecast(noisy, self._noise, self._budget, self._lanes)
        for line in self._foretold.lines:
            self._progress.log(line)

    def _nothing_found(self, found: Mapping[str, Discovery]) -> None:
        """Refuse a run that has nothing to measure: silence would look like success."""
        for name, discovery in found.items():
            if discovery.benchmarks or discovery.settled:
                continue
            if discovery.problems:
                self._problems.append(Problem(f"suite {name}", "has no benchmarks that could be collected"))
            else:
                raise ConfigError(
                    f'[[suite]] "{name}": has no benchmarks; expected some in its `paths`',
                    hint=self._meant(name) or "Type `perfbot doctor` to see what each suite would collect.",
                )
        names = [b.full_name for discovery in found.values() for b in _benchmarks(discovery)]
        if names and not any(map(self._select, names)):
            raise UsageError(
                f"none of the {len(names)} benchmarks is selected by --only (or `only` and `skip` of their suites)",
                hint=f"Globs are matched against names such as {names[0]}",
            )

    def _wants(self, benchmark: Benchmark) -> bool:
        return self._select(benchmark.full_name)

    def _track(self, benchmark: Benchmark, metric: Metric, discovery: Discovery) -> SequentialTest:
        name = benchmark.full_name
        threshold = self._policy.threshold_for(name, metric)
        plan = Plan(threshold, self._policy.alpha / self._family, self._policy.beta)
        known = self._noise.spreads.get((name, metric.name))
        return SequentialTest(benchmark, metric, plan, counted=metric in discovery.counted_of(benchmark), known=known)

    def _count_all(self) -> None:
        """What is counted comes before all rounds: it has an end, and leaves the rest of the budget to them."""
        timed = any(not track.counted for suite in self._tracks for track in self._all(suite))
        until = self._began + self._budget * (COUNTING_SHARE if timed else 1.0)
        for left, (suite, count) in zip(range(len(self._counts), 0, -1), self._counts.items(), strict=True):
            tracks = [track for track in self._all(suite) if track.counted]
            metrics = ", ".join(dict.fromkeys(track.metric.name for track in tracks))
            if not tracks or self._stopped:
                continue
            self._progress.log(f"suite {suite}: counting {metrics}")
            now = self._clock()
            names = tuple(dict.fromkeys(track.benchmark.name for track in tracks))
            for outcome in count(names, now + (until - now) / left):
                with self._lock:
                    for track in self._tracks[suite].get(outcome.name, ()):
                        if track.counted:
                            track.enter(outcome)

    def _measure_all(self, pool: ThreadPoolExecutor) -> None:
        """Keep the lanes busy with rounds until nothing is left to begin."""
        running: dict[Future[None], ScheduledRound] = {}
        while True:
            while (turn := self._next_turn(tuple(running.values()))) is not None:
                running[pool.submit(self._measure, turn)] = turn
            if not running:
                return
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                del running[done]
                done.result()

    def _next_turn(self, running: Sequence[ScheduledRound]) -> ScheduledRound | None:
        """What to begin beside what is running; None when nothing can or need be.

        The first round of a suite shows what its benchmarks need, and has the machine for itself; so has a suite that
        uses several cores or waits.
        """
        with self._lock:
            now = self._clock()
            suite = self._next_suite(now)
            if suite is None or len(running) == self._lanes or any(turn.private for turn in running):
                return None
            private = self._rounds[suite.name] == 0 or suite.alone or self._lanes == 1
            if private and running:
                return None
            index = self._rounds[suite.name]
            self._rounds[suite.name] += 1
            free = [core for core in self._cores if core not in {turn.place.core for turn in running}]
            place = Placement(self._random.choice(free), crowded=not private) if free else Placement()
            return ScheduledRound(suite, index, self._affordable(suite, now), place, private)

    def _next_suite(self, now: float) -> SuiteSession | None:
        """The first rounds of every suite come first; then the suite that is soonest done."""
        ready = [suite for suite in self._suites if self._fitting(suite, now)]
        if not ready or self._stopped or now >= self._until:
            return None
        if len(ready) == 1:
            return ready[0]
        return min(ready, key=lambda suite: self._urgency(suite, now))

    def _all(self, suite: str) -> Iterator[SequentialTest]:
        return chain.from_iterable(self._tracks.get(suite, {}).values())

    def _open(self, suite: str) -> list[SequentialTest]:
        return [track for track in self._all(suite) if track.open]

    def _fitting(self, suite: SuiteSession, now: float) -> list[SequentialTest]:
        """Open ones of which another round would end in time."""
        return fitting(self._open(suite.name), suite, self._until - now)

    def _urgency(self, suite: SuiteSession, now: float) -> tuple[int, float]:
        open_ones = self._open(suite.name)
        return urgency(
            fitting(open_ones, suite, self._until - now), suite, self._rounds[suite.name], sharing=len(open_ones)
        )

    def _affordable(self, suite: SuiteSession, now: float) -> tuple[str, ...]:
        left, done = self._until - now, self._rounds[suite.name]
        early = left > self._budget / 2
        return affordable(self._fitting(suite, now), suite, done, self._lanes * left, early=early)

    def _measure(self, turn: ScheduledRound) -> None:
        """Measure a round, in a lane's thread."""
        suite, names = turn.suite, turn.names
        tracks = self._tracks[suite.name]
        following = dict(pairwise(names))
        try:
            self._tell(suite.name, turn.index, names[0])
            for outcome in suite.measure_round(turn.index, names, self._until, turn.place):
                with self._lock:
                    for track in tracks[outcome.name]:
                        self._take(track, outcome)
                if self._stopped:
                    return
                if outcome.name in following:
                    self._tell(suite.name, turn.index, following[outcome.name])
            if turn.index in CONTROL_ROUNDS or turn.index % CONTROL_EVERY == CONTROL_ROUNDS[-1]:
                self._controls += suite.control_round(turn.index, self._until, turn.place)
        except MeasureError as error:
            self._give_up(turn, error)

    def _give_up(self, turn: ScheduledRound, error: MeasureError) -> None:
        with self._lock:
            if self._stopped:
                return
            self._problems.append(problem_of(turn.suite.name, error))
            for name in turn.names:
                for track in self._tracks[turn.suite.name][name]:
                    if track.open:
                        track.failure = Failed(name, "both", error.message)
                        self._decided += 1

    def _tell(self, suite: str, index: int, name: str) -> None:
        with self._lock:
            self._progress.round(suite, index, name, self._decided, self._total, self._clock() - self._began)

    def _take(self, track: SequentialTest, outcome: Outcome) -> None:
        if not track.open or self._stopped or not track.enter(outcome):
            return
        self._decided += not track.open
        if isinstance(outcome, Failed):
            self._progress.decided(track.benchmark.full_name, "incomparable" if outcome.skipped else "failed", None)
        else:
            self._tell_decided(track)

    def _tell_decided(self, track: SequentialTest) -> None:
        if track.open:
            return
        state, change = (track.decision.state, track.decision.change) if track.decision else ("done", None)
        self._progress.decided(track.benchmark.full_name, state, change)


def _benchmarks(discovery: Discovery) -> tuple[Benchmark, ...]:
    return (*discovery.benchmarks, *(comparison.benchmark for comparison in discovery.settled))


def selector(globs: Sequence[str]) -> Callable[[str], bool]:
    """Whether a ``suite/benchmark`` is meant by any of some globs; all are when there are none."""
    if not globs:
        return lambda _: True
    return lambda name: any(fnmatch.fnmatchcase(name, g) or fnmatch.fnmatchcase(name, f"*/{g}") for g in globs)
