"""How both sides' calls differ by more than a shift: slow ones among fast ones, waiting. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perfbot.model import SIDES, TIME, Round, Side
from perfbot.reasons import Judgement, MeanDiffers, OneSideWaits
from perfbot.stats.evidence import LEVEL_SHARE
from perfbot.stats.sequential import Decision

SLOW = 1.5
"""Times the lower quartile of a side's values in a round; what takes longer is a slow call."""

FEWEST_VALUES = 8
"""In a round: fewer do not show what is slow among them."""

RARER = 2.0
"""Times as often on one side as on the other: fewer are told as a difference by nobody."""

WAITING_DIFFERS = 0.1
"""Of the cost of a call: by so much must what a side waits differ from the other side's to be told."""


def shape_of(found: Decision, rounds: Sequence[Round], unit: str) -> tuple[Judgement, ...]:
    """What a reader should know about the shape of a change, where it is more than a shift."""
    waiting = waiting_of(rounds) if unit == TIME.unit else None
    apart = found.by_mean and found.mean is not None
    means = MeanDiffers(found.typical, found.mean or 0.0, slow_calls(rounds)) if apart else None
    return tuple(one for one in (waiting, means) if one is not None)


def waiting_of(rounds: Sequence[Round]) -> OneSideWaits | None:
    """How much of a call each side waits, where that differs."""
    known = [one for one in rounds if one.waited is not None]
    if not known:
        return None
    waited = np.mean([one.waited or (0.0, 0.0) for one in known], axis=0).tolist()
    costs = [float(np.mean([np.mean(getattr(one, side)) for one in known])) for side in SIDES]
    shares = [wait / cost if cost else 0.0 for wait, cost in zip(waited, costs, strict=True)]
    if abs(shares[1] - shares[0]) < WAITING_DIFFERS:
        return None
    more = int(shares[1] > shares[0])
    return OneSideWaits(SIDES[more], waited[more], costs[more], waited[1 - more], costs[1 - more])


def slow_calls(rounds: Sequence[Round]) -> tuple[float, float] | None:
    """Share of calls that are slow on base and on head, where single calls were timed and it differs."""
    shares = {side: _slow_share(rounds, side) for side in SIDES}
    base, head = shares["base"], shares["head"]
    if base is None or head is None or max(base, head) < RARER * min(base, head) or base == head:
        return None
    return base, head


def _slow_share(rounds: Sequence[Round], side: Side) -> float | None:
    single = [np.asarray(getattr(one, side)) for one in rounds if one.loops == 1 and len(one.base) >= FEWEST_VALUES]
    if not single:
        return None
    slow = [values > SLOW * np.sort(values)[len(values) // LEVEL_SHARE] for values in single]
    return float(np.concatenate(slow).mean())
