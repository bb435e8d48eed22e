"""The ratio of both sides' mean costs over several rounds, and how sure it is, after several numbers of rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Means(NamedTuple):
    """What looks at growing numbers of rounds find, each of shape [..., looks].

    Attributes:
        ratio: log of the ratio of head's mean cost to base's.
        error: its standard error.
        excess_error: standard error of the difference between that and the mean of the typical log ratios.
    """

    ratio: Floats
    error: Floats
    excess_error: Floats


def mean_ratios(
    base: Floats, head: Floats, typical: Floats, looks: Sequence[int], weight: Floats | None = None
) -> Means:
    """Ratios of mean costs of the first rounds.

    A ratio of sums, not a mean of ratios or logs: a slow call that comes once in several rounds counts with its
    whole cost. No round is cut off, for what is rare may be what differs. Errors are those of a ratio estimator,
    linearised (Cochran, Sampling Techniques, 1977, section 6.4), larger by the root of how many rounds count for one
    where they count differently (Kish, Survey Sampling, 1965, section 11.7).

    Args:
        base, head: each round's mean cost of either side, in units of that round's level, shape [..., n], above zero.
        typical: each round's typical log ratio, the same shape.
        looks: numbers of rounds, each from 2 to n. What lies beyond a look has no influence on it.
        weight: what each round's costs count for, above zero, the same shape; by default alike.
    """
    at = np.asarray(looks) - 1
    rounds = np.asarray(looks, dtype=float)
    weight = np.ones_like(typical) if weight is None else weight
    base, head = base * weight, head * weight

    def total(values: Floats) -> Floats:
        sums: Floats = np.cumsum(values, axis=-1)[..., at]
        return sums

    # Below, a round's weight is in units of the mean one.
    mean_weight = total(weight) / rounds
    below, above = total(base) / rounds, total(head) / rounds
    # A round deviates by head/above - base/below; its squares, and those less the typical ratio's, from plain sums.
    heads, bases, both = total(head**2) / above**2, total(base**2) / below**2, total(head * base) / (above * below)
    squares = heads + bases - 2 * both
    shift = typical - typical[..., :1]  # sums of squares about a value of the sample lose no digits
    stray = total(head * shift) / above - total(base * shift) / below
    inner = total(shift**2) - total(shift) ** 2 / rounds
    freedom = rounds * (rounds - 1) / (total(weight**2) / mean_weight**2 / rounds)
    return Means(
        np.log(above / below),
        np.sqrt(np.maximum(squares, 0.0) / freedom),
        np.sqrt(np.maximum(squares - 2 * stray + inner, 0.0) / freedom),
    )
