"""Yuen's trimmed mean of the rounds, and how sure it is, for every prefix asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TRIM = 0.2
"""Share cut from each end. Rounds have tails: one in twenty runs into something else."""


def trimmed(rounds: int) -> int:
    """How many of ``rounds`` values are cut from each end."""
    return int(TRIM * rounds + 1e-9)


def freedom(rounds: int) -> int:
    """Degrees of freedom of the standard error."""
    return rounds - 2 * trimmed(rounds) - 1


def yuen(values: Floats) -> tuple[Floats, Floats]:
    """20 % trimmed means and their standard errors from the winsorised variance (Yuen 1974).

    Args:
        values: shape [..., n], n >= 2.

    Returns:
        Means and standard errors, shape [...].
    """
    n = values.shape[-1]
    cut = trimmed(n)
    kept = n - 2 * cut
    ordered = np.sort(values, axis=-1)
    mean = ordered[..., cut : n - cut].mean(axis=-1)
    ordered[..., :cut] = ordered[..., cut : cut + 1]
    ordered[..., n - cut :] = ordered[..., n - cut - 1 : n - cut]
    centred = ordered - ordered.mean(axis=-1, keepdims=True)
    return mean, np.sqrt(np.square(centred).sum(axis=-1) / (kept * (kept - 1)))


def mean_interval(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Student interval of Yuen's mean of one sample; the whole line for fewer than two values."""
    if len(values) < 2:
        return -math.inf, math.inf
    from scipy.special import stdtrit  # noqa: PLC0415 - 0.4 s that only deciding needs

    mean, error = (float(number) for number in yuen(np.asarray(values, dtype=float)))
    reach = float(stdtrit(freedom(len(values)), (1 + confidence) / 2)) * error
    return mean - reach, mean + reach
