"""The estimate of one round: how much slower head was than base in one fresh pair of processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from perfbot.values import Values

Floats = NDArray[np.float64]

LONG_SECONDS = 3e-3
"""Timed values of this length and more are summarised by the median of their pairs: they catch an interruption
each, and no part of them is undisturbed."""

MANY = 16
"""Pairs from which the fastest eighth is more than one value."""

AGREE = 4.0
"""The fastest values count as undisturbed while they lie within this many standard errors of the pairs' median.

From 2 to 8 the spread of rounds hardly differs."""

AT_A_TIME = 2_000_000
"""Pairs of pairs whose averages are in memory at once."""

MEDIAN_ERROR = 0.93
"""Standard error of a median, in interquartile ranges by the root of the number of values (Gaussian)."""


def round_ratio(base: Sequence[float], head: Sequence[float], *, value_seconds: float | None = None) -> float:
    """One round's estimate of log(head/base); see :func:`round_ratios`."""
    return float(round_ratios([base], [head], None if value_seconds is None else [value_seconds])[0])


def round_ratios(
    bases: Sequence[Sequence[float]], heads: Sequence[Sequence[float]], value_seconds: Sequence[float] | None = None
) -> Floats:
    """Each round's estimate of log(head/base), shape [round].

    Noise only ever adds time. Where the fastest values of each side agree among themselves, they were not disturbed,
    and their ratio varies least from round to round. Where they do not, everything was disturbed, and neighbours
    are compared, for what disturbed both cancels.

    Args:
        bases, heads: values of each round in any one unit, above zero; the i-th of one side was taken next to the
            i-th of the other.
        value_seconds: how long a value of each round took to measure; ``None`` where the values are not times.

    Returns:
        Short times, sixteen pairs or more: the difference of both sides' mean log over their fastest eighth, or the
        median of the pairs' log ratios where the fastest quarter of a side is too wide. Long times: that median.
        All else: the Hodges–Lehmann estimate of the pairs' log ratios; of one pair, its log ratio.

    Raises:
        ValueError: no pairs, sides of different length, or a value that is not finite and above zero.
    """
    found = np.empty(len(bases))
    for rounds, values in _by_length(bases, heads):
        if not (np.isfinite(values) & (values > 0)).all():
            raise ValueError("log ratios need finite values above zero")
        logs = np.log(values)
        pairs = logs[:, 1] - logs[:, 0]
        if value_seconds is None:
            found[rounds] = hodges_lehmann(pairs)
            continue
        long = np.asarray(value_seconds)[rounds] >= LONG_SECONDS
        short = hodges_lehmann(pairs) if pairs.shape[1] < MANY else least_disturbed(logs)
        found[rounds] = np.where(long, np.median(pairs, axis=1), short)
    return found


def side_medians(bases: Sequence[Sequence[float]], heads: Sequence[Sequence[float]]) -> Floats:
    """Each round's median of base and of head, shape [round, side]."""
    found = np.empty((len(bases), 2))
    for rounds, values in _by_length(bases, heads):
        found[rounds] = np.median(values, axis=-1)
    return found


def least_disturbed(logs: Floats) -> Floats:
    """The fastest eighth of both sides where their fastest quarter is narrow, else the median pair.

    Args:
        logs: of the values, shape [..., side, pair].

    Returns:
        Estimates of log(head/base), shape [...].
    """
    count = logs.shape[-1]
    sides = np.sort(logs, axis=-1)
    pairs = np.sort(logs[..., 1, :] - logs[..., 0, :], axis=-1)
    fastest = sides[..., : count // 8].mean(axis=-1)
    width = (sides[..., count // 4 - 1] - sides[..., 0]).max(axis=-1)
    error = MEDIAN_ERROR * (pairs[..., -1 - count // 4] - pairs[..., count // 4]) / np.sqrt(count)
    narrow = width <= AGREE * error + 1e-9  # values without any spread are narrow, whatever rounding does
    chosen: Floats = np.where(narrow, fastest[..., 1] - fastest[..., 0], np.median(pairs, axis=-1))
    return chosen


def hodges_lehmann(values: Floats) -> Floats:
    """The median of the averages of all pairs of ``values`` [..., n], each with itself included; shape [...]."""
    first, second = np.triu_indices(values.shape[-1])
    middle: Floats = np.median(values[..., first] + values[..., second], axis=-1) / 2
    return middle


def _by_length(
    bases: Sequence[Sequence[float]], heads: Sequence[Sequence[float]]
) -> Iterator[tuple[list[int], Floats]]:
    """Rounds with equally many pairs, some at a time: their indices, and their values [round, side, pair]."""
    same: dict[int, list[int]] = {}
    for index, (base, head) in enumerate(zip(bases, heads, strict=True)):
        length = len(base)
        if length == 0 or length != len(head):
            raise ValueError(f"round {index} has {length} values of base and {len(head)} of head")
        same.setdefault(length, []).append(index)
    for length, every in same.items():
        step = max(1, AT_A_TIME // length**2)
        for begin in range(0, len(every), step):
            rounds = every[begin : begin + step]
            values = flat([side for index in rounds for side in (bases[index], heads[index])])
            yield rounds, values.reshape(-1, 2, length)


def flat(rows: Sequence[Sequence[float]]) -> Floats:
    """All numbers of some rows, one row after the other; where they are packed, without making objects of them."""
    if all(isinstance(row, Values) for row in rows):
        return np.frombuffer(b"".join(row.packed for row in rows if isinstance(row, Values)))
    return np.concatenate(rows).astype(float)
