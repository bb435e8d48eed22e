"""How many calls make a value, how many values a round: pure, with the evidence beside each constant.

The evidence is in docs/decision-rule.md ("Schedules").
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from perfbot.model import SIDES, Side

Mode = Literal["turns", "together"]

VALUE_SECONDS = 0.5e-3
"""Length of a value for short calls: shorter costs switches, longer lets drift in between."""

DISCARD_SECONDS = 0.3e-3
"""Calls right after a switch find cold caches: at least one call and this long are thrown away in each turn."""

SHORT_SECONDS = 1e-3
"""Up to here several calls make a value."""

LONG_SECONDS = 3e-3
"""From here both sides run at once on one core and CPU time is compared: calls this long no longer fit between two
drifts of the machine when they take turns (standard deviation of a round at 10 ms: 35 % in turns, 1.1 % at once)."""

PAIRS = 16
"""Pairs of values in a round of short calls; a flat optimum from 12 to 24 on busy machines."""

FEWEST_PAIRS = 8
"""Where processes differ far more than the values of one do, more pairs tell nothing; with fewer it would not show."""

MOST_PAIRS = 200
"""No round has more, however dear the start-up is."""

MEASURING = 1.0
"""A round measures about so many times as long as it takes to start, until it is known what noise consists of."""

LONGEST_MEASURING = 2.0
"""A round measures at most so many times as long as it takes to start: that costs half as much again where pairs are
all the noise there is, and saves most where it only seems so."""

LONGEST_SHARE, LONGEST_TOTAL = 0.15, 0.3
"""A round lasts as long as its longest benchmark makes it; this share of that is given to each of the others, which
narrows their intervals for little, and that share to all of them together."""

HURRIED_SHARE = 0.05
"""The same where the budget is short: a third as much, so that there are more rounds."""

MEDIUM_ROUND_SECONDS = 0.12
"""Calls of 1 to 3 ms: one call a value, as many pairs as fit into this time."""

TOGETHER_VALUE_SECONDS = 25e-3
"""Length of a value when both run at once: several slices of the kernel's scheduler."""

TOGETHER_VALUES = (1, 24)
TOGETHER_ROUND_SECONDS = 0.2
"""Values a round when both run at once: as many as fit into this time on one side, within the bounds."""

WARM_BELOW_SECONDS = 0.5
"""Calls shorter than this are warmed up with one call a round; for longer ones the cold part no longer counts."""

BUSY_SHARE = 0.95
"""A benchmark whose CPU time is below this share of its wall time waits for something."""

THREADS_SHARE = 1.05
"""A benchmark whose CPU time is above this share of its wall time computes in several threads or processes."""


ASIDE_SHARE, ASIDE_NS = 0.05, 100_000
"""Of what a side's calls cost, and in nanoseconds, which clocks that differ do not come to: from here on, what threads
compute while it is the other side's turn is a cost that short turns hide. A thread that polls, or works off what calls
left, runs then and is through when the next turn begins."""

LONG_TURN_SECONDS, LONG_VALUE_SECONDS, SETTLING_SECONDS = 0.1, 25e-3, 10e-3
"""Of a turn where that is so, of a value in it, and of the calls that are thrown away before. CPython lets a thread
that computes keep its lock for 5 ms before another one gets it (``sys.getswitchinterval``)."""

PHASE = 4
"""A round begins up to so large a part of its calls later, which is drawn: what comes in each n-th call falls on
other values in each round. Where slow calls were seen, up to as many calls as it has. And each turn throws away up to
half as many calls more as it must: where turns were as long as their period, slow calls were all timed, or all not."""

DRAWN_EVERY = 4
"""Turns after which the place in memory is drawn anew (:mod:`perfbot.worker.heap`)."""

FEWEST_CALLS = 12
"""Calls that the fewest rounds that decide anything make: six, of two sides."""

LEAST_PATIENCE_SECONDS = 1.0
"""An unknown call may take so long, however little time is left."""

LATE_SECONDS = 10.0
"""What has begun may end so long after the budget before it counts as hanging: machines stand still at times."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What a probe found about a call, alone on its core. Seconds a call."""

    wall: float
    cpu: float
    first: float = 0.0
    queued: float | None = 0.0
    """Time in which it could have run, but others had the core; None where the system does not tell."""
    other: Speed | None = None
    """The other side's: what one side does decides how both are measured."""
    ports: frozenset[int] = frozenset()
    """On which the side's processes listen."""

    @property
    def waits(self) -> bool:
        """Spends time, on either side, that no CPU is used for: sleeping, I/O, other processes."""
        alone = self.cpu < BUSY_SHARE * (self.wall - (self.queued or 0.0))
        return alone or (self.other is not None and self.other.waits)

    @property
    def threaded(self) -> bool:
        """Several threads compute at once, on either side."""
        alone = self.wall >= SHORT_SECONDS and self.cpu > THREADS_SHARE * self.wall
        return alone or (self.other is not None and self.other.threaded)

    @property
    def clashes(self) -> bool:
        """Whether one side may be asking the other side's server: both listen on one port, or only one of them can."""
        other = self if self.other is None else self.other
        return self is not other and (len(self.ports) != len(other.ports) or not self.ports.isdisjoint(other.ports))

    @property
    def clock(self) -> Literal["wall", "cpu"]:
        """What to compare: CPU time, which other programs on the core do not touch, where it is all there is."""
        return "wall" if self.waits or self.threaded else "cpu"


@dataclass(frozen=True, slots=True)
class ValuePlan:
    """One round of one benchmark: ``pairs`` values a side of ``loops`` calls, ``discard`` calls before each turn."""

    mode: Mode
    loops: int
    discard: int
    pairs: int
    pinned: bool = True
    drawn_every: int = DRAWN_EVERY
    turn: int = 1
    """Values of one side in its first turn; in the next ones twice as many."""
    warmup: float = 0.0
    """Share of the values that does not count, at their beginning."""
    phase: int = 0
    """Up to so many calls more are thrown away before the first turn; how many is drawn."""
    jitter: int = 0
    """The same before each turn."""

    @property
    def calls(self) -> int:
        """Calls that a side makes, those thrown away included."""
        turns = 1 if self.mode == "together" else len(self.counts[0])
        return self.pairs * self.loops + turns * self.discard

    @property
    def counts(self) -> tuple[list[int], list[int]]:
        """Values in each turn of the side that begins and of the other."""
        first, second = turn_counts(self.pairs // self.turn)
        return [self.turn * count for count in first], [self.turn * count for count in second]

    def seconds(self, call: float) -> float:
        """Predicted wall time of the round for calls of ``call`` seconds on both sides."""
        if self.mode == "together":
            return 2 * call * self.loops * (self.pairs + self.discard) + call * self.phase
        turns = self.pairs // self.turn + 1
        return call * (2 * self.pairs * self.loops + turns * (self.discard + self.jitter / 2) + self.phase)

    def discards(self, turns: int, random: Random) -> list[int]:
        """Calls that one side throws away before each of its turns.

        What a benchmark does in each n-th call would else fall on the same values in every round: as many slow calls
        among the few that are timed, or none.
        """
        drawn = [self.discard + random.randrange(self.jitter + 1) for _ in range(turns)]
        drawn[0] += random.randrange(self.phase + 1)
        return drawn


def in_long_turns(call: float) -> ValuePlan:
    """A round of a benchmark whose threads go on after calls have returned: what they do falls into its own turns.

    Args:
        call: seconds, of the slower side's in turns that were too short.
    """
    call = max(call, 1e-9)
    loops = max(1, round(LONG_VALUE_SECONDS / call))
    turn = max(1, round(LONG_TURN_SECONDS / (loops * call)))
    pairs = (4 if call < WARM_BELOW_SECONDS else 2) * turn
    discard = math.ceil(SETTLING_SECONDS / call)
    return ValuePlan("turns", loops, discard, pairs, pinned=False, drawn_every=1, turn=turn, jitter=discard)


def measuring_seconds(startup: float) -> float:
    """Of a round whose processes took ``startup`` seconds to start, for all its benchmarks together."""
    return MEASURING * startup


def share_of_each(benchmarks: int, measuring: float, longest: float, *, hurried: bool) -> float:
    """Seconds of a round that are given to each of its benchmarks.

    Args:
        measuring: seconds for all of them together.
        longest: seconds that the longest one of them takes.
        hurried: as little as says anything.
    """
    if hurried:
        return HURRIED_SHARE * longest
    return max(measuring / benchmarks, min(LONGEST_SHARE, LONGEST_TOTAL / max(1, benchmarks - 1)) * longest)


def patience(timeout: float, left: float, *, known: bool) -> float:
    """Seconds to wait for a single call.

    Args:
        timeout: the suite's, which no call may exceed.
        left: of the budget.
        known: how long it takes is known, and fits; otherwise it gets no more than lets it be decided in what is left.
    """
    if known:
        return min(timeout, max(left, 0.0) + LATE_SECONDS)
    return min(timeout, max(left / FEWEST_CALLS, LEAST_PATIENCE_SECONDS))


def plan_values(
    speed: Speed, share: float, *, once: bool = False, within: float | None = None, uneven: bool = False
) -> ValuePlan:
    """The shape of one round.

    Args:
        speed: of the base side's calls.
        share: seconds of start-up that fall to this benchmark in a round; measuring is made about as long until it is
            known what noise consists of.
        once: only the first call of a process may be timed.
        within: variance of a pair in that between processes (:attr:`.spread.Spread.within`): with it
            short calls get as many pairs as make the most of the time.
        uneven: slow calls were seen among its calls.
    """
    plan = _planned(speed, share, once=once, within=within)
    if not plan.discard:
        return plan
    jitter = math.ceil(plan.discard / 2) if plan.mode == "turns" else 0
    return replace(plan, phase=plan.calls if uneven else plan.calls // PHASE, jitter=jitter)


def _planned(speed: Speed, share: float, *, once: bool, within: float | None) -> ValuePlan:
    call = max(speed.wall, 1e-9)
    together = call >= LONG_SECONDS and speed.clock == "cpu"
    pinned = not speed.threaded
    if once:
        return ValuePlan("together" if together else "turns", 1, 0, 1, pinned)
    warm = 1 if call < WARM_BELOW_SECONDS else 0
    if together:
        loops = max(1, math.ceil(TOGETHER_VALUE_SECONDS / call))
        return ValuePlan(
            "together",
            loops,
            warm,
            _clamp(max(TOGETHER_ROUND_SECONDS, share / 2) // (loops * call), *TOGETHER_VALUES),
            pinned,
        )
    if call > SHORT_SECONDS:
        fitting = _clamp(max(MEDIUM_ROUND_SECONDS, share) / ((2 + warm) * call), 2, PAIRS)
        return ValuePlan("turns", 1, warm, fitting if warm else 1, pinned)
    loops = max(1, math.ceil(VALUE_SECONDS / call))
    discard = max(1, math.ceil(DISCARD_SECONDS / call))
    affordable = share / ((2 * loops + discard) * call)
    if within is None:
        return ValuePlan("turns", loops, discard, _clamp(affordable, PAIRS, MOST_PAIRS), pinned)
    # Variance (1 + within / pairs) times seconds (share + pairs x cost) is least here.
    pairs = min(math.sqrt(within * affordable), LONGEST_MEASURING * affordable)
    return ValuePlan("turns", loops, discard, _clamp(pairs, FEWEST_PAIRS, MOST_PAIRS), pinned)


def _clamp(wanted: float, least: int, most: int) -> int:
    return max(least, min(most, round(wanted)))


def starting_order(seed: str, index: int) -> list[Side]:
    """Who starts first in a round: drawn for every two rounds, one of which has it the other way round."""
    order: list[Side] = Random(f"{seed}:{index // 2}").sample(SIDES, len(SIDES))  # noqa: S311 - not a secret
    return order[::-1] if index % 2 else order


def turn_counts(pairs: int) -> tuple[list[int], list[int]]:
    """Values in each turn of the side that begins and of the other, in ABBA order.

    >>> turn_counts(4)
    ([1, 2, 1], [2, 2])
    >>> turn_counts(3)
    ([1, 2], [2, 1])
    """
    first, second = [1], [min(2, pairs)]
    while sum(first) < pairs or sum(second) < pairs:
        mine, other = (first, second) if sum(first) < sum(second) else (second, first)
        mine.append(min(2, pairs - sum(mine)))
        assert sum(mine) <= pairs >= sum(other)  # noqa: S101 - an invariant of the schedule
    return first, second
