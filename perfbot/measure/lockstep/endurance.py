"""Many calls in one process: whether what a benchmark costs later is what it costs at first. Pure.

Rounds are short, and each begins in fresh processes. What comes once in a hundred calls, or after a thousand, would
never show in them. So each benchmark is measured over a long stretch once, in its first round; where that differs, all
rounds are long, and only their second half counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from perfbot.measure.lockstep.plan import Speed, ValuePlan
from perfbot.model import Round

SECONDS = 1.5
"""For the stretches of all benchmarks of a suite together, and as much again for one benchmark alone; a benchmark may
have as much as one more round takes, too."""

MOST_CALLS = 4000
"""Steady states are reached within a few thousand calls, or much later than any budget allows."""

LONGER = 2
"""A stretch of fewer calls than so many times a round's shows nothing that rounds do not."""

VALUES = 120
"""In a stretch, each the mean of as many calls as that takes."""

TURN_SECONDS = 8e-3
"""Longer turns than in a round: there is less to throw away."""

MOVED = 0.06
"""Log ratio by which both sides' ratio must be another one than at first to be so for more than chance: three times the
default threshold, as far as the mean of an unchanged benchmark may be off."""


def stretch(speed: Speed, values: ValuePlan, benchmarks: int) -> ValuePlan | None:
    """A long stretch of calls, or None where it would not be longer than a round in the time that there is.

    Args:
        speed: of both sides.
        values: how a round of it is measured.
        benchmarks: known of the suite.
    """
    both = speed.wall + (speed.other or speed).wall
    seconds = max(SECONDS * (1 + 1 / benchmarks) / benchmarks, values.seconds(speed.wall))
    calls = min(MOST_CALLS, int(seconds / both))
    if calls < LONGER * values.calls:
        return None
    loops = math.ceil(calls / VALUES)
    turn = max(1, round(TURN_SECONDS / (loops * speed.wall)))
    pairs = max(4, 4 * round(calls / loops / 4))
    return ValuePlan("turns", loops, 1, pairs, values.pinned, pairs, min(turn, pairs // 4))


def later(long: Round) -> Round:
    """The second half of a stretch."""
    half = len(long.base) // 2
    return replace(long, base=long.base[half:], head=long.head[half:])


def moved(usual: Round, long: Round) -> bool:
    """Whether both sides' means differ otherwise in a stretch than in a round, or at its end than on the whole."""
    first = _ratio(usual.base, usual.head)
    end = later(long)
    return any(abs(_ratio(one.base, one.head) - first) > MOVED for one in (long, end))


def notes(long: Round, values: ValuePlan, plan: ValuePlan) -> tuple[str, ...]:
    """What a reader should know about a benchmark whose later calls are not like the first ones."""
    begin, end = values.calls + plan.calls // 2, values.calls + plan.calls
    told = f"its first {values.calls:,} calls are not like later ones: compared from call {begin:,} to {end:,}"
    half, last = later(long), later(later(long))
    drifts = abs(_ratio(last.base, last.head) - _ratio(half.base, half.head)) > MOVED
    return (told, f"still warming up after {end:,} calls") if drifts else (told,)


def _ratio(base: Sequence[float], head: Sequence[float]) -> float:
    return math.log(fmean(head) / fmean(base))
