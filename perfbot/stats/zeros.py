"""Noisy values among which some are zero or below, so that they have no ratio: only their order tells. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from perfbot.stats.sequential import State


def rounds_for_sign(alpha: float) -> int:
    """How many rounds must agree before chance explains it no more: as many tosses of a coin do with ``alpha``.

    >>> rounds_for_sign(0.01)
    8
    """
    return math.ceil(math.log2(2 / alpha))


def order_of(base: Sequence[float], head: Sequence[float], smallest: float) -> State:
    """``up`` where head is above base in every round, by ``smallest`` (a fraction of the larger one) or more; ``down``.

    Args:
        base, head: one value a round, equally long, not empty, any sign.
    """
    pairs = list(zip(base, head, strict=True))
    least = [smallest * max(abs(before), abs(after)) for before, after in pairs]
    apart = [after - before for before, after in pairs]
    if all(one > 0 and one >= limit for one, limit in zip(apart, least, strict=True)):
        return "up"
    if all(one < 0 and -one >= limit for one, limit in zip(apart, least, strict=True)):
        return "down"
    return "open"
