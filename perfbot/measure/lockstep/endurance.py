"""Many calls in one process: whether what a benchmark costs later is what it costs at first. Pure.

Rounds are short, and each begins in fresh processes. What comes once in a hundred calls, or after a thousand, would
never show in them. So each benchmark is measured over a long stretch once, in its first round; where that differs, all
rounds are long, and only their second half counts.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from perfbot.measure.lockstep.plan import Speed, ValuePlan
from perfbot.model import Round

SECONDS = 1.5
"""For the stretches of all benchmarks of a suite together, and as much again for one benchmark alone; a benchmark may
have as much as one more round takes, too."""

SHARE = 0.05
"""Of the time that is left, at most, for one stretch."""

MOST_CALLS = 4000
"""Steady states are reached within a few thousand calls, or much later than any budget allows."""

LONGER = 2
"""A stretch of fewer calls than so many times a round's shows nothing that rounds do not."""

VALUES = 120
"""In a stretch, each the mean of as many calls as that takes."""

TURN_SECONDS = 8e-3
"""Longer turns than in a round: there is less to throw away."""

MOVED = 0.06
"""Log ratio by which both sides' ratio must be another one than at first: three times the default threshold, as far as
the mean of an unchanged benchmark may be off."""

ERRORS = 2.0
"""And in standard errors. One in twenty does so by chance, and not again in the next stretch."""


def stretch(speed: Speed, values: ValuePlan, benchmarks: int, left: float) -> ValuePlan | None:
    """A long stretch of calls, or None where it would not be longer than a round in the time that there is.

    Args:
        speed: of both sides.
        values: how a round of it is measured.
        benchmarks: measured in a round.
        left: seconds of the time limit.
    """
    both = speed.wall + (speed.other or speed).wall
    seconds = min(SHARE * left, max(SECONDS * (1 + 1 / benchmarks) / benchmarks, values.seconds(speed.wall)))
    calls = min(MOST_CALLS, int(seconds / both))
    if calls < LONGER * values.calls:
        return None
    loops = math.ceil(calls / VALUES)
    turn = max(1, min(round(TURN_SECONDS / (loops * speed.wall)), calls // loops // 4))
    pairs = 4 * turn * max(1, round(calls / loops / (4 * turn)))
    return ValuePlan("turns", loops, 1, pairs, values.pinned, drawn_every=pairs, turn=turn)


def later(long: Round) -> Round:
    """The second half of a stretch."""
    half = len(long.base) // 2
    return replace(long, base=long.base[half:], head=long.head[half:])


def moved(usual: Round, long: Round) -> int:
    """The sign of how both sides' ratio differs in a stretch, or at its end, from that of a round; 0: it does not."""
    first, before = _ratio(usual)
    for one in (later(long), long):
        ratio, error = _ratio(one)
        if abs(ratio - first) > max(MOVED, ERRORS * math.hypot(error, before)):
            return 1 if ratio > first else -1
    return 0


def notes(long: Round, values: ValuePlan, plan: ValuePlan) -> tuple[str, ...]:
    """What a reader should know about a benchmark whose later calls are not like the first ones."""
    begin, end = values.calls + plan.calls // 2, values.calls + plan.calls
    told = f"its first {values.calls:,} calls are not like later ones: compared from call {begin:,} to {end:,}"
    (half, error), (last, least) = _ratio(later(long)), _ratio(later(later(long)))
    drifts = abs(last - half) > max(MOVED, ERRORS * math.hypot(error, least))
    return (told, f"still warming up after {end:,} calls") if drifts else (told,)


def _ratio(taken: Round) -> tuple[float, float]:
    """Log ratio of both sides' means, and its standard error as far as values tell it."""
    base, head = np.asarray(taken.base), np.asarray(taken.head)
    errors = [side.std() / side.mean() / math.sqrt(len(side)) for side in (base, head)]
    return math.log(head.mean() / base.mean()), math.hypot(*errors)
