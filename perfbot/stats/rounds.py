"""The estimate of one round: how much slower head was than base in one fresh pair of processes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LONG_SECONDS = 3e-3
"""Timed values of this length and more are summarised by the median of their pairs: they catch an interruption
each, and no part of them is undisturbed."""

FAST_SHARE = 4
"""Short timed values: one in so many, the fastest of each side, is kept."""

MANY = 8
"""Pairs from which a fastest quarter is more than one value."""


def round_ratio(base: Sequence[float], head: Sequence[float], *, value_seconds: float | None = None) -> float:
    """The round's estimate of log(head/base).

    Noise only ever adds time, so the fastest values of both sides are the least disturbed, and the ratio of what
    they have in common varies half as much between rounds as one that uses all values.

    Args:
        base, head: values in any one unit, above zero; the i-th of one side was taken next to the i-th of the other.
        value_seconds: how long a value took to measure; ``None`` where the values are not times.

    Returns:
        Short times, eight pairs or more: the difference of both sides' mean log over their fastest quarter.
        Long times: the median of the pairs' log ratios. All else: the Hodges–Lehmann estimate of the pairs' log
        ratios; of one pair, its log ratio.

    Raises:
        ValueError: no pairs, sides of different length, or a value that is not finite and above zero.
    """
    if len(base) != len(head):
        raise ValueError(f"the sides have {len(base)} and {len(head)} values")
    values = np.array([base, head], dtype=float)
    if values.shape[1] == 0:
        raise ValueError("a round needs at least one pair of values")
    if not (np.isfinite(values) & (values > 0)).all():
        raise ValueError("log ratios need finite values above zero")
    logs = np.log(values)
    if value_seconds is None:
        return hodges_lehmann(logs[1] - logs[0])
    if value_seconds >= LONG_SECONDS:
        return float(np.median(logs[1] - logs[0]))
    if logs.shape[1] < MANY:
        return hodges_lehmann(logs[1] - logs[0])
    return float(fastest_quarter(logs))


def fastest_quarter(logs: Floats) -> Floats:
    """Difference of the sides' mean over their smallest quarter; ``logs`` [..., side, pair] gives [...]."""
    kept = logs.shape[-1] // FAST_SHARE
    fast: Floats = np.sort(logs, axis=-1)[..., :kept].mean(axis=-1)
    difference: Floats = fast[..., 1] - fast[..., 0]
    return difference


def hodges_lehmann(values: Floats) -> float:
    """The median of the averages of all pairs of ``values`` (shape [n], n >= 1), each with itself included."""
    first, second = np.triu_indices(len(values))
    return float(np.median(values[first] + values[second]) / 2)
