"""The estimate of one round: how much slower head was than base in one fresh pair of processes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SHORT_SECONDS = 3e-3
"""Values of this length and more are summarised by the median of their pairs, shorter ones by Hodges–Lehmann.

Short values sit close together and lose little to trimming; long ones catch an interruption each, and with it
tails that only the median ignores."""


def round_ratio(base: Sequence[float], head: Sequence[float], *, value_seconds: float | None = None) -> float:
    """The round's estimate of log(head/base).

    Args:
        base, head: values in any one unit, above zero; the i-th of one side was taken next to the i-th of the other.
        value_seconds: how long a value took to measure; ``None`` stands for a short one.

    Returns:
        The Hodges–Lehmann estimate (the median of all pairwise averages) of the pairs' log ratios, their median
        where values are long, or the one pair's log ratio.

    Raises:
        ValueError: no pairs, sides of different length, or a value that is not finite and above zero.
    """
    values = np.array([base, head], dtype=float)
    if values.shape[1] == 0:
        raise ValueError("a round needs at least one pair of values")
    if not (np.isfinite(values) & (values > 0)).all():
        raise ValueError("log ratios need finite values above zero")
    logs = np.log(values[1]) - np.log(values[0])
    if value_seconds is not None and value_seconds >= SHORT_SECONDS:
        return float(np.median(logs))
    return hodges_lehmann(logs)


def hodges_lehmann(values: np.ndarray) -> float:
    """The median of the averages of all pairs of ``values`` (shape [n], n >= 1), each with itself included."""
    first, second = np.triu_indices(len(values))
    return float(np.median(values[first] + values[second]) / 2)
