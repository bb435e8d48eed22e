"""Metrics that repeat exactly or nearly so: compared round by round, with the range of the rounds as interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from perfbot.stats.sequential import Decision, State

MOST_SPREAD = 1 / 3
"""Of a difference between the sides, how far a side's own rounds may lie apart. Three rounds of noise agree in their
direction in a quarter of all comparisons, and in 0.2 % with this besides (Gaussian or exponential)."""


def compare(base: Sequence[float], head: Sequence[float], smallest: float) -> Decision:
    """Whether head differs from base by ``smallest`` (a fraction) or more, in every round in the same direction.

    What is far from exact is not decided: neither side's own rounds may differ much against what the sides differ by.

    Args:
        base, head: one value a round, equally long, not empty, any sign.

    Returns:
        A decision with the range of the rounds' changes as its interval. Where base is zero there is no ratio:
        ``change`` is then infinite, its sign that of the difference. Equal values are ``same`` whatever they are.
    """
    changes = [_change(before, after) for before, after in zip(base, head, strict=True)]
    low, high, middle = min(changes), max(changes), _middle(changes)
    state: State = "open"
    if -smallest < low <= high < smallest or low == high == 0:
        state = "same"
    elif abs(middle) >= smallest and (low > 0 or high < 0) and _repeats(base, head):
        state = "up" if low > 0 else "down"
    spread = high - low if math.isfinite(high - low) else math.inf if low != high else 0.0
    return Decision(state, len(changes), middle, low, high, confidence=1.0, detectable=max(spread, smallest))


def _repeats(base: Sequence[float], head: Sequence[float]) -> bool:
    """Whether each side's rounds are close together, against the distance of the sides."""
    spread = max(max(side) - min(side) for side in (base, head))
    return spread <= MOST_SPREAD * abs(median(head) - median(base))


def _change(before: float, after: float) -> float:
    if before == after:
        return 0.0
    return (after - before) / abs(before) if before else math.copysign(math.inf, after)


def _middle(changes: Sequence[float]) -> float:
    """The median, where the mean of two infinities would not be a number."""
    ordered = sorted(changes)
    return float(median(ordered)) if all(map(math.isfinite, ordered)) else ordered[len(ordered) // 2]
