"""Explaining rounds: fresh pairs that count and time the functions of benchmarks, after all verdicts.

In each round both sides' processes are held inside a benchmark as ever. A few of its calls are followed by Python's
profiler hook, and then many are sampled and timed, in turns. One pair serves all benchmarks of a suite.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from random import Random
from typing import Any

from perfbot.measure.lockstep import messages
from perfbot.measure.lockstep.link import WorkerLost
from perfbot.measure.lockstep.pair import START_SECONDS, Messages, Pair, drawn
from perfbot.measure.lockstep.pair_session import MUCH_SLOWER
from perfbot.measure.lockstep.plan import LATE_SECONDS, Speed, turn_counts
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.model import SIDES, Side
from perfbot.reasons import AnotherOrder, NotCalled, Said
from perfbot.runner.address_space import Layout
from perfbot.runner.cores import allowed_cores
from perfbot.why.profile import Calls, Class, Function, Observation, Profile, Samples, Surroundings

ROUNDS = 10
"""Wanted: fewer make wide intervals (Student's constant for 50 functions is 4.8 with ten, 9.3 with five)."""

FEWEST_ROUNDS = 8

MOST_ROUNDS = 16

LATE_SHARE = 0.4
"""Of the time, in which the fewest rounds may be finished where starting took longer than expected: 14 s become 20."""

STRETCH_SECONDS = 15e-3
"""Of sampling in one turn."""

TURNS = (4, 60)
"""Stretches of both sides in one round."""

INTERVAL_SECONDS = (0.4e-3, 0.7e-3)
"""Between two samples: drawn for each turn, so that it fits no rhythm of the calls. A sample costs some ten
microseconds, and leaves cold caches behind, from which some functions suffer more than others: of a loop that takes
28 % of a call, samples every 0.1 ms found 26.4 to 26.9 %, every 0.3 ms 27.1 to 27.8 %, every 0.8 ms 28.0 to 28.7 %."""

TRACED_SECONDS, TRACED_CALLS = 0.004, 16
"""Calls that are followed: as many as fit, at least one."""

TRACED_SLOWDOWN = 200
"""How much longer a call may take while it is followed."""

TRACING_MEMORY = 100
"""How much longer a call may take while all that it allocates is followed."""

TRACED_ONCE_SECONDS = 0.002
"""Calls that take longer are followed in the first round alone."""

LEAST_SECONDS = 0.15
"""In a benchmark, each round: more rounds tell more than longer ones. The first shows what a round takes besides."""

LOSSES = 2
"""Workers that may be lost in one benchmark before it is left alone."""


@dataclass(slots=True)
class Explaining:
    """Explains benchmarks of one suite.

    Attributes:
        surroundings: what each side runs on, once a round was begun.
        failed: why benchmarks are not explained.
    """

    suite: LockstepSuite
    random: Random
    surroundings: dict[Side, Surroundings] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    memory: bool = False
    """Look at what is allocated, instead of what takes time."""
    _losses: dict[str, int] = field(default_factory=dict)
    _counted: dict[str, Mapping[Side, Calls]] = field(default_factory=dict)
    _current: str = ""

    def observe(self, names: Sequence[str], seconds: float) -> Iterator[Observation]:
        """Rounds of these benchmarks, for so many seconds at most (but for what a last one takes)."""
        known = self.suite.known
        self.failed |= {name: why for name in names if (why := self._left_alone(name))}
        wanted = [name for name in names if name not in self.failed]
        until, rounds, longest, beside = time.monotonic() + seconds, 0, 0.0, known.startup_seconds
        while wanted and rounds < MOST_ROUNDS:
            began = time.monotonic()
            late = began + longest - until
            if rounds and late > (0.0 if rounds >= FEWEST_ROUNDS else LATE_SHARE * seconds):
                return
            left = max(1, (ROUNDS if rounds < ROUNDS else MOST_ROUNDS) - rounds)
            share = max(LEAST_SECONDS, ((until - began) / left - beside) / len(wanted)) if rounds else LEAST_SECONDS
            planned = share * len(wanted)
            yield from self._round(wanted, share, until)
            wanted = [name for name in wanted if name not in self.failed]
            took = time.monotonic() - began
            longest, beside, rounds = max(longest, took), max(0.0, took - planned), rounds + 1

    def _left_alone(self, name: str) -> str:
        """Why a benchmark cannot be looked at on both sides at once; empty where it can."""
        known = self.suite.known
        if known.is_exclusive(name):
            return "both sides want something that only one can have"
        if name in known.once:
            return "only the first call in a process counts"
        return "" if self.memory or name in known.speeds else "not measured"

    def notes_of(self, name: str) -> tuple[str, ...]:
        """What is to be said of a benchmark's explanation: nothing."""
        return ()

    def _round(self, names: Sequence[str], share: float, until: float) -> Iterator[Observation]:
        """Each benchmark once; a lost worker costs this one's round, and a new pair."""
        rest = list(names)
        while rest and time.monotonic() < until + LATE_SECONDS:
            self._current = rest[0]
            try:
                for observation in self._visit(rest, share, until):
                    rest = rest[rest.index(observation.name) + 1 :]
                    self._current = rest[0] if rest else ""
                    yield observation
                return
            except WorkerLost as lost:
                name = self._current
                rest = rest[rest.index(name) + 1 :] if name in rest else []
                self._losses[name] = self._losses.get(name, 0) + 1
                if self._losses[name] >= LOSSES or lost.skipped:
                    self.failed[name] = f"its process was lost while it was looked at ({lost.side})"

    def _visit(self, names: Sequence[str], share: float, until: float) -> Iterator[Observation]:
        suite, seed = self.suite, self.random.randrange(1, 2**32)
        order = self.random.sample(SIDES, len(SIDES))
        start = min(START_SECONDS, max(until - time.monotonic(), 0.0) + LATE_SECONDS)
        pair = Pair(suite.specs, hash_seed=seed, timeout=suite.timeout, layout=Layout(seed), start=start, order=order)
        core = self.random.choice(allowed_cores())
        with closing(pair):
            pair.enter_all([suite.identity(name) for name in names])
            for name in names:
                arrived = pair.arrivals()
                self._check(arrived, name)
                if not self.surroundings:
                    self._look_around(pair)
                if self.memory:
                    yield self._allocated(pair, name)
                    pair.leave(SIDES)
                    continue
                visit = _Visit(pair, name, suite.known.speeds[name], arrived, self.random, core)
                observation = visit.observe(share, self._counted.get(name, {}))
                if suite.known.speeds[name].wall > TRACED_ONCE_SECONDS:
                    self._counted[name] = {side: observation.sides[side].calls for side in SIDES}
                yield observation
                pair.leave(SIDES)

    def _allocated(self, pair: Pair, name: str) -> Observation:
        """What a call leaves allocated, by function; what counts are shares."""
        speed = self.suite.known.speeds.get(name)  # unknown where nothing is timed
        orders: dict[Side, Mapping[str, Any]] = {side: {"op": "allocations"} for side in SIDES}
        patience = pair.patience + (TRACING_MEMORY * speed.wall if speed else self.suite.timeout)
        told = pair.ask(orders, patience, messages.is_samples)
        refused = next((told[side]["refused"] for side in SIDES if "refused" in told[side]), "")
        samples = {side: _samples(told[side]) for side in SIDES}
        profiles = {side: Profile(float(samples[side].count), samples=samples[side]) for side in SIDES}
        return Observation(name, profiles, refused)

    def _check(self, arrived: Messages, name: str) -> None:
        for side in SIDES:
            message = arrived[side]
            if message["name"] != self.suite.identity(name):
                raise WorkerLost(side, AnotherOrder())
            if message["event"] == "done":
                raise WorkerLost(side, Said(message["error"]) if message["error"] else NotCalled(), skipped=True)

    def _look_around(self, pair: Pair) -> None:
        orders: dict[Side, Mapping[str, Any]] = {side: {"op": "surroundings"} for side in SIDES}
        for side, told in pair.ask(orders, pair.patience, messages.is_surroundings).items():
            self.surroundings[side] = Surroundings(told["packages"], told["python"], told["compiler"], told["flags"])


@dataclass(frozen=True, slots=True)
class _Visit:
    """Both sides, held inside one benchmark."""

    pair: Pair
    name: str
    speed: Speed
    ready: Messages
    random: Random
    core: int

    def observe(self, share: float, counted: Mapping[Side, Calls]) -> Observation:
        """Count and sample it, in about ``share`` seconds.

        Args:
            counted: of an earlier round, where counting takes too long to be done in each.
        """
        self.pair.pin(allowed_cores() if self.speed.threaded else (self.core,))
        calls = counted or self._count()
        sampled, made = self._sample(share)
        refused = next((sampled[side]["refused"] for side in SIDES if "refused" in sampled[side]), "")
        profiles = {
            side: Profile(sampled[side].get("cost", 0) / 1e9 / made[side], calls[side], _samples(sampled[side]))
            for side in SIDES
        }
        return Observation(self.name, profiles, refused)

    @property
    def _walls(self) -> dict[Side, float]:
        """Seconds that a call of each side's timer took when its speed was found."""
        one = self.speed
        other = one.other or one
        planned_for_head = one.wall > MUCH_SLOWER * other.wall
        base, head = (other, one) if planned_for_head else (one, other)
        return {"base": max(base.wall, 1e-9), "head": max(head.wall, 1e-9)}

    def _count(self) -> dict[Side, Calls]:
        wall = max(self.speed.wall, self.speed.other.wall if self.speed.other else 0.0, 1e-9)
        calls = max(1, min(TRACED_CALLS, int(TRACED_SECONDS / wall)))
        orders: dict[Side, Mapping[str, Any]] = {side: {"op": "trace", "calls": calls} for side in SIDES}
        traced = self.pair.ask(orders, self._patience(TRACED_SLOWDOWN * (calls + 1) * wall), messages.is_trace)
        return {side: _calls(traced[side], calls * self.ready[side]["inner"]) for side in SIDES}

    def _patience(self, seconds: float) -> float:
        return self.pair.patience + seconds

    def _sample(self, share: float) -> tuple[Messages, dict[Side, int]]:
        """Both sides' samples, and the calls that they made."""
        costs = self._walls
        loops = {side: max(1, math.ceil(STRETCH_SECONDS / costs[side])) for side in SIDES}
        stretch = sum(loops[side] * costs[side] for side in SIDES)
        pairs = max(1 if stretch > share else TURNS[0], min(TURNS[1], int(share / stretch)))
        first: Side = self.random.choice(SIDES)
        second: Side = "head" if first == "base" else "base"
        counts = dict(zip((first, second), turn_counts(pairs), strict=True))
        ends = len(counts[first]) > len(counts[second])
        draws = drawn(self.random)
        orders: dict[Side, Mapping[str, Any]] = {
            side: {
                "op": "sample",
                "loops": loops[side],
                "stretches": counts[side],
                "intervals": [self._interval() for _ in counts[side]],
                "discard": 1 if costs[side] < STRETCH_SECONDS else 0,
                "draw": draws[side],
                "first": side == first,
                "hand_over_last": (side == second) == ends,
            }
            for side in (second, first)
        }
        answers = self.pair.ask(orders, self._patience(20 * pairs * stretch + 10.0), messages.is_samples)
        return answers, {side: loops[side] * sum(counts[side]) * self.ready[side]["inner"] for side in SIDES}

    def _interval(self) -> int:
        return round(self.random.uniform(*INTERVAL_SECONDS) * 1e9)


def _functions(answer: messages.Message) -> tuple[Function, ...]:
    return tuple(Function(**{name: one[name] for name in Function.__dataclass_fields__}) for one in answer["functions"])


def _calls(answer: messages.Message, calls: int) -> Calls:
    edges = {(caller, callee): count / calls for caller, callee, count in answer["edges"]}
    return Calls(_functions(answer), edges, answer["threads"])


def _samples(answer: messages.Message) -> Samples:
    if "refused" in answer:
        return Samples()
    waits: Counter[int] = Counter()
    for path, count, waited in answer["stacks"]:
        if path and waited:
            waits[path[-1]] += min(count, waited)
    return Samples(
        _functions(answer),
        {tuple(path): count for path, count, _ in answer["stacks"]},
        {(number, line): (own, within) for number, line, own, within in answer["lines"]},
        waits,
        {(number, name): count for number, name, count in answer.get("inside", ())},
        tuple(Class(**{name: one[name] for name in Class.__dataclass_fields__}) for one in answer.get("classes", ())),
    )
