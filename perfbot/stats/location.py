"""Yuen's trimmed mean of the rounds, and how sure it is, after each of several numbers of rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from perfbot.stats.special import student_quantile

Floats = NDArray[np.float64]

UNTRIMMED = 5
"""Rounds that are never cut.

Few rounds cannot afford it: at six rounds Yuen's usual 20 % leave three degrees of freedom, and a critical value
twice as high."""

CUT_EVERY = 7
"""Of so many rounds beyond those, one is cut from each end. More costs degrees of freedom, less lets tails in."""


def trim_count(rounds: int) -> int:
    """How many of ``rounds`` values are cut from each end."""
    return max(0, (rounds - UNTRIMMED) // CUT_EVERY)


CUT_COSTS = 2.5
"""Degrees of degrees_of_freedom lost by cutting one value from each end.

Yuen's own count, 2, is right in the middle of the distribution; in the far tail, which decides here, her t is up
to 5 % too small for Gaussian rounds. 2.5 brings the quantiles of 1 in 100 to 1 in 5000 within 1 % from 10 to 90
rounds."""


def degrees_of_freedom(rounds: int) -> float:
    """Degrees of degrees_of_freedom of the standard error after ``rounds``."""
    return rounds - CUT_COSTS * trim_count(rounds) - 1


def estimates(values: Floats, looks: Sequence[int]) -> tuple[Floats, Floats]:
    """Trimmed means of the first rounds, and their standard errors from the winsorised variance (Yuen 1974).

    Args:
        values: shape [..., n], in the order measured.
        looks: numbers of rounds, each from 2 to n. What lies beyond a look has no influence on it.

    Returns:
        Means and standard errors, shape [..., looks].
    """
    rounds = np.asarray(looks)
    cut = np.array([trim_count(look) for look in looks])
    kept = rounds - 2 * cut
    first = values[..., :1]  # sums of squares about a value of the sample lose no digits
    there = np.arange(max(looks)) < rounds[:, None]
    ordered = np.where(there, (values - first)[..., None, : max(looks)], np.inf)
    ordered.sort(axis=-1)
    ordered[..., ~there] = 0.0

    at = np.arange(len(looks))
    low, high = ordered[..., at, cut], ordered[..., at, rounds - cut - 1]
    inner = _between(ordered, at, cut, rounds - cut)
    squares = _between(np.square(ordered), at, cut, rounds - cut) + cut * (low**2 + high**2)
    centre = (inner + cut * (low + high)) / rounds
    spread = np.maximum(squares - rounds * centre**2, 0.0)
    return first + inner / kept, np.sqrt(spread / (kept * (kept - 1)))


def _between(ordered: Floats, at: NDArray[np.intp], start: NDArray[np.int_], end: NDArray[np.int_]) -> Floats:
    """Sums of ``ordered`` [..., looks, n] from ``start`` to before ``end`` of each look."""
    sums = np.cumsum(ordered, axis=-1)
    before: Floats = np.where(start > 0, sums[..., at, start - 1], 0.0)
    total: Floats = sums[..., at, end - 1] - before
    return total


def spread(values: Sequence[float]) -> float | None:
    """Standard deviation of one value as the estimator feels it: its standard error times the root of their number.

    Outliers are winsorised as in :func:`estimates`, so the standard error of a mean of n such values is
    ``spread / sqrt(n)``. None for fewer than two values.
    """
    if len(values) < 2:
        return None
    _, errors = estimates(np.asarray(values, dtype=float), (len(values),))
    return float(errors[0]) * math.sqrt(len(values))


def mean_interval(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Student interval of the trimmed mean of one sample; the whole line for fewer than two values."""
    if len(values) < 2:
        return -math.inf, math.inf
    means, errors = estimates(np.asarray(values, dtype=float), (len(values),))
    reach = student_quantile(degrees_of_freedom(len(values)), (1 - confidence) / 2) * float(errors[0])
    return float(means[0]) - reach, float(means[0]) + reach
