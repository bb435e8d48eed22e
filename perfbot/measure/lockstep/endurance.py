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
from perfbot.reasons import LaterCallsDiffer, Note, StillWarming

SECONDS = 1.5
"""For the stretches of all benchmarks of a suite together, and as much again for one benchmark alone; a benchmark may
have as much as one more round takes, too."""

SHARE = 0.05
"""Of the time that is left, at most, for one stretch."""

BRIEF_SECONDS = 6.0
"""Of time left that stretches are planned for where somebody waits for each verdict: a third of a second each."""

SHARE_OF_ALL = 0.25
"""Of the time that is left, at most, for the stretches of all benchmarks, waiting for the core included."""

LEAST_CALLS, LEAST_SECONDS = 150, 1.0
"""What comes once in a hundred calls is to be seen in any case, unless that takes longer than so many seconds."""

MOST_CALLS = 4000
"""Steady states are reached within a few thousand calls, or much later than any budget allows."""

LONGER = 2
"""A stretch of fewer calls than so many times a round's shows nothing that rounds do not."""

VALUES = 120
"""In a stretch, each the mean of as many calls as that takes."""

PHASE_SHARE, JITTER = 10, 2
"""A stretch begins up to a tenth of its calls later, and up to two calls more are thrown away before each turn: what
comes in each n-th call is neither always timed nor always thrown away."""

TURN_SECONDS = 8e-3
"""Longer turns than in a round: there is less to throw away."""

MOVED = 0.06
"""Log ratio by which both sides' ratio must be another one than at first: three times the default threshold, as far as
the mean of an unchanged benchmark may be off."""

ROUNDS = 12
"""That the time which is left must do for, once all rounds are long."""

ERRORS = 1.2
"""And in standard errors. Two slow calls of a hundred make no more; one benchmark in five of so much noise does so by
chance, and one in a hundred in two stretches, in the same direction."""


HIDDEN = 3.0
"""From so many times the measured time on, what a round took besides is the calls' own: each prepares something, or
starts a program that times itself."""


def stretch(speed: Speed, values: ValuePlan, benchmarks: int, left: float, took: float = 0.0) -> ValuePlan | None:
    """A long stretch of calls, or None where it would not be longer than a round in the time that there is.

    Args:
        speed: of both sides.
        values: how a round of it is measured.
        benchmarks: measured in a round.
        left: seconds of the time limit.
        took: seconds of a round, with whatever calls do that is not measured.
    """
    both, lasting = _both(speed), sum(one.wall for one in (speed, speed.other or speed))
    if took > HIDDEN * lasting * values.calls:
        both = lasting = took / values.calls
    least = min(LEAST_CALLS * both, LEAST_SECONDS)
    seconds = min(SHARE * left, max(SECONDS * (1 + 1 / benchmarks) / benchmarks, values.seconds(speed.wall), least))
    affordable = min(SHARE, SHARE_OF_ALL / benchmarks) * left
    calls = int(min(MOST_CALLS, seconds / both, affordable / lasting))
    return _plan(speed, calls, values.pinned) if calls >= LONGER * values.calls else None


def lasting(plan: ValuePlan, usual: Round, long: Round, speed: Speed, left: float) -> ValuePlan:
    """How all rounds are measured once a stretch has shown that later calls are of another kind.

    Where a change came on the way, what lies before it is left out: half of the calls, or three quarters of them where
    it came late. So it is where the typical call was another one at first, for a warm-up may be over before it shows in
    the mean of the first half. Where slow calls come now and then, all count, and stretches are as long as lets the
    benchmark be decided.
    """
    early, late = _part(long, 0, 0.5), _part(long, 0.5, 1)
    if abs(_typical(late) - _typical(usual)) > MOVED or _drifts(early, late):
        return replace(plan, warmup=0.75 if _drifts(*_quarters(long)) else 0.5)
    return _plan(speed, int(min(plan.calls, max(plan.calls // 4, left / ROUNDS / _both(speed)))), plan.pinned)


def kept(long: Round, plan: ValuePlan) -> Round:
    """The values of a stretch that count."""
    return _part(long, plan.warmup, 1)


def moved(usual: Round, long: Round) -> int:
    """The sign of how both sides' ratio differs in a stretch, or at its end, from that of a round; 0: it does not."""
    first, before = _ratio(usual)
    for one in (_part(long, 0.5, 1), long):
        ratio, error = _ratio(one)
        if abs(ratio - first) > max(MOVED, ERRORS * math.hypot(error, before)):
            return 1 if ratio > first else -1
    return 0


def notes(long: Round, values: ValuePlan, plan: ValuePlan) -> tuple[Note, ...]:
    """What a reader should know about a benchmark whose later calls are not like the first ones."""
    if not plan.warmup:
        return (LaterCallsDiffer(values.calls),)
    begin, end = values.calls + round(plan.warmup * plan.calls), values.calls + plan.calls
    middle = (1 + plan.warmup) / 2
    drifts = _drifts(_part(long, plan.warmup, middle), _part(long, middle, 1))
    told = LaterCallsDiffer(values.calls, compared_from=begin)
    return (told, StillWarming(end)) if drifts else (told,)


def _plan(speed: Speed, calls: int, pinned: bool) -> ValuePlan:
    loops = math.ceil(calls / VALUES)
    turn = max(1, min(round(TURN_SECONDS / (loops * speed.wall)), calls // loops // 4))
    pairs = 4 * turn * max(1, round(calls / loops / (4 * turn)))
    return ValuePlan(
        "turns",
        loops,
        1,
        pairs,
        pinned,
        drawn_every=pairs,
        turn=turn,
        phase=pairs * loops // PHASE_SHARE,
        jitter=JITTER,
    )


def _both(speed: Speed) -> float:
    """Seconds of a call of each side, as far as nothing else has the core."""
    return sum(one.wall - (one.queued or 0.0) for one in (speed, speed.other or speed))


def _part(taken: Round, begin: float, end: float) -> Round:
    """The values between two shares of them."""
    first, last = round(begin * len(taken.base)), round(end * len(taken.base))
    return replace(taken, base=taken.base[first:last], head=taken.head[first:last])


def _quarters(long: Round) -> tuple[Round, Round]:
    """The two of its second half."""
    return _part(long, 0.5, 0.75), _part(long, 0.75, 1)


def _drifts(before: Round, after: Round) -> bool:
    """Whether both sides' ratio is another one afterwards."""
    (early, error), (late, least) = _ratio(before), _ratio(after)
    return abs(late - early) > max(MOVED, ERRORS * math.hypot(error, least))


def _ratio(taken: Round) -> tuple[float, float]:
    """Log ratio of both sides' means, and its standard error as far as values tell it."""
    base, head = np.asarray(taken.base), np.asarray(taken.head)
    errors = [side.std() / side.mean() / math.sqrt(len(side)) for side in (base, head)]
    return math.log(head.mean() / base.mean()), math.hypot(*errors)


def _typical(taken: Round) -> float:
    """Log ratio of both sides' medians: a slow call now and then does not move it."""
    return float(np.log(np.median(taken.head) / np.median(taken.base)))
