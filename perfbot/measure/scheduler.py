"""Who is measured next, and when it is enough: spends the time budget on what is not decided yet."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import chain, pairwise
from random import Random
from typing import Literal

from perfbot.errors import Interrupted, MeasureError
from perfbot.judge.confirmation import is_confirmed
from perfbot.measure.allocation import (
    affordable,
    fitting,
    has_begun,
    is_short,
    outlook,
    too_short,
    trial_seconds,
    urgency,
)
from perfbot.measure.confirming import LAST_SHARE, are_signs_enough, next_to_confirm, seconds_to_confirm
from perfbot.measure.discovering import EVERYTHING, Selection, discovered
from perfbot.measure.forecast import Forecast, forecast
from perfbot.measure.progress import Progress
from perfbot.measure.recall import Recall
from perfbot.measure.rounds import Outcomes, ScheduledRound, ending, flagged, is_controlled, recall
from perfbot.measure.sequential_test import SequentialTest
from perfbot.measure.session import Count, Failed, Outcome, Placement, SuiteSession, problem_of
from perfbot.model import Benchmark, Comparison, Policy, Problem, Round, Startup
from perfbot.process import kill_all
from perfbot.reasons import Said
from perfbot.stats.sequential import critical_values

COUNTING_SHARE = 1 / 3
"""Of the budget, for metrics that are counted; what they leave of it goes to time. Without time they have it all."""

LIMITLESS = 7 * 86_400.0
"""Seconds: the time limit of those who want none."""

MOST_LANES = 2
"""Rounds measured at the same time, each on a core of its own. Two cost 7 % more spread than one and take half the
time; more than two have not been tried."""

Wanted = tuple[SuiteSession, tuple[str, ...], tuple[str, ...]]
"""A suite, names to measure, and those of them that confirm."""


class Scheduler:
    """Measures suites until everything is decided or the budget is spent.

    Args:
        suites: set up on both sides.
        policy: thresholds and error probabilities.
        budget: seconds of wall time for measuring.
        selection: which benchmarks, and what is known of them.
        progress: told what happens.
        clock: monotonic seconds.
        random: chooses the cores, and the order of what is confirmed.
        cores: processors to measure on; none: wherever the system likes.
        lanes: rounds that may be measured at the same time, each on its own core.
        controls: whether base is compared with itself now and then.
    """

    def __init__(
        self,
        suites: Sequence[SuiteSession],
        policy: Policy,
        budget: float,
        progress: Progress,
        *,
        selection: Selection = EVERYTHING,
        clock: Callable[[], float] = time.monotonic,
        random: Random | None = None,
        cores: Sequence[int] = (),
        lanes: int = 1,
        controls: bool = True,
    ) -> None:
        self._suites = suites
        self._policy = policy
        self._budget = budget
        self._progress = progress
        self._selection = selection
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - an order, not a secret
        self._cores = tuple(cores)
        self._with_controls = controls
        self._lanes = max(1, min(lanes, len(cores), MOST_LANES))
        self._tests: dict[str, dict[str, list[SequentialTest]]] = {}
        """Of each suite and benchmark, in the order found."""
        self._decided = self._total = 0
        self._settled: list[Comparison] = []
        self._left_out: list[Benchmark] = []
        self._problems: list[Problem] = []
        self._rounds: dict[str, int] = {}
        self._controls: list[Round] = []
        self._counts: dict[str, Count] = {}
        self._family = 1
        self._expected = Forecast()
        self._lock = threading.RLock()
        self._stopped = False
        self._confirmed: dict[str, int] = {}
        """Rounds of confirming, of each suite."""
        self._told = self._hurried = False
        self._notes: tuple[str, ...] = ()
        self._looked = False
        """Undecided benchmarks had their last look."""
        self._began = clock()

    @property
    def _until(self) -> float:
        return self._began + self._budget

    @property
    def _refuted(self) -> bool:
        """One benchmark is enough to say that what is claimed of all of them is not true."""
        return self._selection.claim is not None and any(t.refutes for suite in self._tests for t in self._all(suite))

    @property
    def _may_refute(self) -> bool:
        """One benchmark would end measuring, if it were confirmed."""
        return self._selection.claim is not None and any(
            test.denies and test.confirming for suite in self._tests for test in self._all(suite)
        )

    def run(self) -> Outcomes:
        """Discover, measure, stop. What was measured before an exception is in :meth:`outcomes`."""
        self._discover()
        plans = {test.plan for suite in self._tests for test in self._all(suite)}
        threading.Thread(target=lambda: list(map(critical_values, plans)), daemon=True).start()
        self._forecast()
        self._began = self._clock()
        with ThreadPoolExecutor(self._lanes) as pool:
            try:
                self._count_all()
                self._measure_all(pool)
                for suite in self._suites:
                    self._problems += too_short(self._exploring(suite.name), suite, self._budget, self._lanes)
            except BaseException:
                self._stopped = True
                kill_all()
                raise
        return self.outcomes()

    def outcomes(self) -> Outcomes:
        """What is known by now."""
        with self._lock:
            tests = [test for suite in self._tests for test in self._all(suite)]
            comparisons = (*(test.comparison() for test in tests), *self._settled)
            seconds = self._clock() - self._began
            starts = tuple(Startup(one.name, one.startup_seconds) for one in self._suites if self._rounds.get(one.name))
            problems, controls = tuple(self._problems), tuple(self._controls)
            notes = (*self._expected.notes, *self._notes)
            return Outcomes(
                comparisons, problems, controls, self._family, seconds, starts, notes, tuple(self._left_out)
            )

    def _discover(self) -> None:
        found = discovered(self._suites, self._policy, self._selection, self._progress)
        self._tests, self._counts = found.tests, found.counts
        self._settled, self._family = found.settled, found.family
        self._problems += found.problems
        self._left_out = found.left_out
        self._rounds = {name: found.rounds.get(name, 0) for name in found.tests}
        every = [test for suite in self._tests for test in self._all(suite)]
        self._total, self._decided = len(every), sum(not test.open for test in every)

    def _forecast(self) -> None:
        """Say, before the time is spent, what it will not do for."""
        tests = [test for suite in self._tests for test in self._exploring(suite)]
        noisy = [test for test in tests if test.metric.rule == "noisy"]
        self._expected = forecast(noisy, self._selection.noise, self._budget, self._lanes)
        for line in self._expected.lines:
            self._progress.log(line)

    def _count_all(self) -> None:
        """What is counted comes before all rounds: it has an end, and leaves the rest of the budget to them."""
        timed = any(not test.counted for suite in self._tests for test in self._all(suite))
        until = self._began + self._budget * (COUNTING_SHARE if timed else 1.0)
        for left, (suite, count) in zip(range(len(self._counts), 0, -1), self._counts.items(), strict=True):
            tests = [test for test in self._all(suite) if test.counted]
            metrics = ", ".join(dict.fromkeys(test.metric.name for test in tests))
            if not tests or self._stopped:
                continue
            self._progress.log(f"suite {suite}: counting {metrics}")
            now = self._clock()
            names = tuple(dict.fromkeys(test.benchmark.name for test in tests))
            for outcome in count(names, now + (until - now) / left):
                with self._lock:
                    for test in self._tests[suite].get(outcome.name, ()):
                        if test.counted:
                            test.enter(outcome)

    def _measure_all(self, pool: ThreadPoolExecutor) -> None:
        """Keep the lanes busy with rounds until nothing is left to begin."""
        running: dict[Future[None], ScheduledRound] = {}
        while True:
            self._obey(self._progress.asked())
            while (turn := self._next_turn(tuple(running.values()))) is not None:
                running[pool.submit(self._measure, turn)] = turn
            if not running:
                return
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                del running[done]
                done.result()
            with self._lock:
                if not any(test.open for suite in self._tests for test in self._all(suite)):
                    recall(running.values())

    def _obey(self, asked: Literal["", "go on", "stop"]) -> None:
        """Do what whoever watches wants. Stopping is an interruption: a verdict may not rest on when somebody stops.

        Raises:
            Interrupted: measuring is to end now.
        """
        if asked == "stop":
            raise Interrupted("stopped by q: what was measured until then is kept")
        if asked == "go on":
            self._budget = LIMITLESS

    def _next_turn(self, running: Sequence[ScheduledRound]) -> ScheduledRound | None:
        """What to begin beside what is running; None when nothing can or need be.

        Exploring comes first, until what is left of the budget is needed to confirm what it found. What is to be
        confirmed already rides along in its rounds, before all others: it then costs no start of its own.
        """
        with self._lock:
            now = self._clock()
            self._tell_outlook(now, running)
            if self._stopped or self._refuted:
                return None
            if len(running) == self._lanes or any(turn.private for turn in running):
                return None
            due = self._confirming_is_due(now) or self._may_refute
            found = (self._to_confirm(now, running) if due else None) or self._to_explore(now, running)
            suite, names, again = found or self._to_confirm(now, running) or (None, (), ())
            return self._begun(suite, names, running, again) if suite else None

    def _tell_outlook(self, now: float, running: Sequence[ScheduledRound]) -> None:
        """Say what is left of the budget will do for, once a first round of everything has shown what it takes."""
        if self._told or running or not all(self._rounds.values()):
            return
        self._told = True
        every = [(suite, self._exploring(suite.name)) for suite in self._suites]
        told = outlook(every, self._until - now, self._lanes)
        self._hurried = is_short(every, self._until - now, self._lanes)
        if told and not self._expected.lines:
            self._progress.log(told)
            self._notes += (told,)

    def _begun(
        self, suite: SuiteSession, names: tuple[str, ...], running: Sequence[ScheduledRound], again: Collection[str]
    ) -> ScheduledRound | None:
        """The round, unless it needs the machine for itself and something is running.

        The first round of a suite shows what its benchmarks need, and has the machine for itself; so has a suite that
        uses several cores or waits.
        """
        private = self._rounds[suite.name] == 0 or suite.alone or self._lanes == 1
        if private and running:
            return None
        index = self._rounds[suite.name]
        self._rounds[suite.name] += 1
        if again:
            self._confirmed[suite.name] = self._confirmed.get(suite.name, 0) + 1
        free = [core for core in self._cores if core not in {turn.place.core for turn in running}]
        core = self._random.choice(free) if free else -1
        short = self._hurried or are_signs_enough(self._confirming(suite.name), names)
        place = Placement(core, bool(free) and not private, short, Recall())
        return ScheduledRound(suite, index, names, place, private, frozenset(again), self._limit(suite, names))

    def _limit(self, suite: SuiteSession, names: Collection[str]) -> float:
        """When a round ends in which something is measured for the first time, where the budget is short."""
        if all(has_begun(test, suite) for test in self._all(suite.name) if test.benchmark.name in names):
            return math.inf
        now = self._clock()
        waiting = sum(self._rounds.get(one.name) == 0 for one in self._suites) + 1
        return now + trial_seconds(self._until - now, waiting)

    def _to_explore(self, now: float, running: Sequence[ScheduledRound]) -> Wanted | None:
        """The first rounds of every suite come first; then the suite that is soonest done."""
        ready = [suite for suite in self._suites if self._fitting(suite, now)]
        if not ready or now >= self._until:
            return None
        suite = ready[0] if len(ready) == 1 else min(ready, key=lambda suite: self._urgency(suite, now))
        again = self._again(suite, now, running)
        return suite, (*again, *(name for name in self._affordable(suite, now) if name not in again)), again

    def _confirming_is_due(self, now: float) -> bool:
        """Whether what is left of the budget is needed to confirm changes; undecided ones then have a last look."""
        if not is_confirmed(self._policy):
            return False
        if self._looked:
            return True
        needed = seconds_to_confirm(self._suites, {one: self._confirming(one) for one in self._tests}) / self._lanes
        if self._until - now > max(needed, LAST_SHARE * self._budget):
            return False
        self._looked = True
        for suite in self._tests:
            for test in self._all(suite):
                test.last_look()
        return True

    def _to_confirm(self, now: float, running: Sequence[ScheduledRound]) -> Wanted | None:
        """The first suite with a change that another round could still confirm in time."""
        for suite in self._suites:
            if again := self._again(suite, now, running):
                return suite, again, again
        return None

    def _again(self, suite: SuiteSession, now: float, running: Sequence[ScheduledRound]) -> tuple[str, ...]:
        """What of a suite is to be confirmed in the next round, in the order to measure it."""
        tests = fitting(self._confirming(suite.name), suite, self._until - now)
        under_way = [turn.again for turn in running if turn.suite is suite]
        return next_to_confirm(tests, under_way, self._confirmed.get(suite.name, 0), self._random)

    def _confirming(self, suite: str) -> list[SequentialTest]:
        return [test for test in self._all(suite) if test.confirming]

    def _all(self, suite: str) -> Iterator[SequentialTest]:
        return chain.from_iterable(self._tests.get(suite, {}).values())

    def _exploring(self, suite: str) -> list[SequentialTest]:
        return [test for test in self._all(suite) if test.exploring]

    def _fitting(self, suite: SuiteSession, now: float) -> list[SequentialTest]:
        """Undecided ones of which another round would end in time."""
        return fitting(self._exploring(suite.name), suite, self._until - now)

    def _urgency(self, suite: SuiteSession, now: float) -> tuple[int, float]:
        open_ones = self._exploring(suite.name)
        return urgency(
            fitting(open_ones, suite, self._until - now), suite, self._rounds[suite.name], sharing=len(open_ones)
        )

    def _affordable(self, suite: SuiteSession, now: float) -> tuple[str, ...]:
        left, done = self._until - now, self._rounds[suite.name]
        early = left > self._budget / 2
        return affordable(self._fitting(suite, now), suite, done + 1, self._lanes * left, early=early)

    def _measure(self, turn: ScheduledRound) -> None:
        """Measure a round, in a lane's thread."""
        suite, names = turn.suite, turn.names
        tests = self._tests[suite.name]
        following = dict(pairwise(names))
        try:
            self._tell(suite.name, turn.index, names[0])
            with ending(suite.measure_round(turn.index, names, self._until, turn.place)) as outcomes:
                for outcome in outcomes:
                    with self._lock:
                        for test in tests[outcome.name]:
                            self._take(test, flagged(outcome, turn, test))
                    if self._stopped:
                        return
                    if self._clock() > turn.limit:
                        break
                    if outcome.name in following:
                        self._tell(suite.name, turn.index, following[outcome.name])
            if is_controlled(turn) and self._with_controls and len(turn.again) < len(names):
                self._controls += suite.control_round(turn.index, self._until, turn.place)
        except MeasureError as error:
            self._give_up(turn, error)

    def _give_up(self, turn: ScheduledRound, error: MeasureError) -> None:
        with self._lock:
            if self._stopped or turn.place.recalled:
                return
            self._problems.append(problem_of(turn.suite.name, error))
            for test in chain.from_iterable(self._tests[turn.suite.name][name] for name in turn.names):
                if test.open:
                    test.failure = Failed(test.benchmark.name, "both", (Said(error.message),))
                    self._decided += 1

    def _tell(self, suite: str, index: int, name: str) -> None:
        with self._lock:
            self._progress.round(suite, index, name, self._decided, self._total, self._clock() - self._began)

    def _take(self, test: SequentialTest, outcome: Outcome) -> None:
        if not test.open or self._stopped or not test.enter(outcome):
            return
        self._decided += not test.open
        if isinstance(outcome, Failed):
            self._progress.decided(test.name, "incomparable" if outcome.skipped else "failed", None)
        else:
            self._tell_decided(test)

    def _tell_decided(self, test: SequentialTest) -> None:
        if test.open:
            if test.decision is not None:
                leaning = 0.0 if test.question and test.question.of_head else test.decision.change
                self._progress.leaning(test.benchmark.full_name, leaning, test.rounds_left())
            return
        if test.question is not None:
            return  # the claim is the news, once all is known
        state, change = (test.decision.state, test.decision.change) if test.decision else ("done", None)
        self._progress.decided(test.name, state, change)
