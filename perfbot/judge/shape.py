"""How both sides' calls differ by more than a shift: slow ones among fast ones, waiting. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perfbot.model import SIDES, TIME, Round, Side
from perfbot.stats.evidence import LEVEL_SHARE
from perfbot.stats.sequential import Decision
from perfbot.units import format_change, format_quantity

SLOW = 1.5
"""Times the lower quartile of a side's values in a round; what takes longer is a slow call."""

FEWEST_VALUES = 8
"""In a round: fewer do not show what is slow among them."""

RARER = 2.0
"""Times as often on one side as on the other: fewer are told as a difference by nobody."""

WAITING_DIFFERS = 0.1
"""Of the cost of a call: by so much must what a side waits differ from the other side's to be told."""


def clauses_of(found: Decision, rounds: Sequence[Round], unit: str) -> list[str]:
    """What a reader should know about the shape of a change, where it is more than a shift."""
    told = [waiting_of(rounds)] if unit == TIME.unit else []
    if found.by_mean and found.mean is not None:
        apart = f"typical {format_change(found.typical)}, mean {format_change(found.mean)}"
        slow = slow_calls(rounds)
        told.append(f"{apart}: {slow}" if slow else apart)
    return [clause for clause in told if clause]


def waiting_of(rounds: Sequence[Round]) -> str:
    """How much of a call each side waits, where that differs: ``head waits 2.7 ms of 4.1 ms, base 0 of 1.4 ms``."""
    known = [one for one in rounds if one.waited is not None]
    if not known:
        return ""
    waited = np.mean([one.waited or (0.0, 0.0) for one in known], axis=0).tolist()
    costs = [float(np.mean([np.mean(getattr(one, side)) for one in known])) for side in SIDES]
    shares = [wait / cost if cost else 0.0 for wait, cost in zip(waited, costs, strict=True)]
    if abs(shares[1] - shares[0]) < WAITING_DIFFERS:
        return ""
    more = int(shares[1] > shares[0])
    parts = [f"{_time(waited[at])} of {_time(costs[at])}" for at in range(len(SIDES))]
    return f"{SIDES[more]} waits {parts[more]}, {SIDES[1 - more]} {parts[1 - more]}"


def _time(seconds: float) -> str:
    return format_quantity(seconds, TIME.unit) if seconds > 0 else "0"


def slow_calls(rounds: Sequence[Round]) -> str:
    """How often a call is slow on either side, where single calls were timed and it differs."""
    shares = {side: _slow_share(rounds, side) for side in SIDES}
    base, head = shares["base"], shares["head"]
    if base is None or head is None or max(base, head) < RARER * min(base, head) or base == head:
        return ""
    return f"slow calls: {_one_in(base)} on base, {_one_in(head)} on head"


def _slow_share(rounds: Sequence[Round], side: Side) -> float | None:
    single = [np.asarray(getattr(one, side)) for one in rounds if one.loops == 1 and len(one.base) >= FEWEST_VALUES]
    if not single:
        return None
    slow = [values > SLOW * np.sort(values)[len(values) // LEVEL_SHARE] for values in single]
    return float(np.concatenate(slow).mean())


def _one_in(share: float) -> str:
    if share == 0:
        return "none"
    return f"1 call in {round(1 / share)}" if share <= 1 / 2 else f"{share:.0%} of calls"
