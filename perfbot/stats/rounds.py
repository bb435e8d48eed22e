"""The estimate of one round: how much slower head was than base in one fresh pair of processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from perfbot.packed import Packed

Floats = NDArray[np.float64]

LONG_SECONDS = 3e-3
"""Timed values of this length and more are summarised by the median of their pairs: they catch an interruption
each, and no part of them is undisturbed."""

MANY = 8
"""Pairs from which the fastest quarter is more than one value, and shows whether these were disturbed."""

PEAKED_FROM = 16
"""Pairs from which a peak among them can be told from chance."""

PEAKED = 0.25
"""Width of the middle quarter in that of the middle three quarters (0.28 for Gaussian values), below which values
count as peaked. From 0.2 to 0.3 the spread of rounds hardly differs."""

INNER = 5
"""Of peaked values, one in so many is averaged, from the middle."""

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
        Short times, eight pairs or more: the difference of both sides' mean log over their fastest eighth, or the
        :func:`centre` of the pairs' log ratios where the fastest quarter of a side is too wide. Long times: the
        median of the pairs' log ratios. All else: their centre; of one pair, its log ratio.

    Raises:
        ValueError: no pairs, sides of different length, or a value that is not finite and above zero.
    """
    found = np.empty(len(bases))
    for rounds, values in by_length(bases, heads):
        found[rounds] = estimate(values, None if value_seconds is None else np.asarray(value_seconds)[rounds])
    return found


def estimate(values: Floats, value_seconds: Floats | None) -> Floats:
    """:func:`round_ratios` of rounds with equally many pairs: values [round, side, pair], seconds [round]."""
    if not (np.isfinite(values) & (values > 0)).all():
        raise ValueError("log ratios need finite values above zero")
    logs = np.log(values)
    pairs = logs[:, 1] - logs[:, 0]
    if value_seconds is None:
        return centre(pairs)
    short = centre(pairs) if pairs.shape[1] < MANY else least_disturbed(logs)
    found: Floats = np.where(value_seconds >= LONG_SECONDS, np.median(pairs, axis=1), short)
    return found


def side_medians(bases: Sequence[Sequence[float]], heads: Sequence[Sequence[float]]) -> Floats:
    """Each round's median of base and of head, shape [round, side]."""
    found = np.empty((len(bases), 2))
    for rounds, values in by_length(bases, heads):
        found[rounds] = np.median(values, axis=-1)
    return found


def side_means(bases: Sequence[Sequence[float]], heads: Sequence[Sequence[float]]) -> Floats:
    """Each round's mean of base and of head, shape [round, side]."""
    found = np.empty((len(bases), 2))
    for rounds, values in by_length(bases, heads):
        found[rounds] = values.mean(axis=-1)
    return found


def least_disturbed(logs: Floats) -> Floats:
    """The fastest eighth of both sides where their fastest quarter is narrow, else the centre of the pairs.

    Args:
        logs: of the values, shape [..., side, pair]; eight pairs at least.

    Returns:
        Estimates of log(head/base), shape [...].
    """
    count = logs.shape[-1]
    sides = np.sort(logs, axis=-1)
    ratios = logs[..., 1, :] - logs[..., 0, :]
    pairs = np.sort(ratios, axis=-1)
    fastest = sides[..., : count // 8].mean(axis=-1)
    width = (sides[..., count // 4 - 1] - sides[..., 0]).max(axis=-1)
    error = MEDIAN_ERROR * (pairs[..., -1 - count // 4] - pairs[..., count // 4]) / np.sqrt(count)
    narrow = width <= AGREE * error + 1e-9  # values without any spread are narrow, whatever rounding does
    chosen: Floats = np.where(narrow, fastest[..., 1] - fastest[..., 0], centre(ratios))
    return chosen


def centre(values: Floats) -> Floats:
    """Where values lie: the mean of the innermost fifth where many of them are peaked, else Hodges–Lehmann.

    A few disturbed values in many leave a sharp peak, which the innermost values find best. Where there is none, as
    with turns of two kinds, they scatter most, and averages of all are better. Mirrored values have a mirrored centre.

    Args:
        values: shape [..., n].
    """
    count = values.shape[-1]
    broad = hodges_lehmann(values)
    if count < PEAKED_FROM:
        return broad
    ordered = np.sort(values, axis=-1)
    middle, most, cut = 3 * count // 8, count // 8, (count - count // INNER) // 2
    peaked = _width(ordered, middle) < PEAKED * _width(ordered, most)
    chosen: Floats = np.where(peaked, ordered[..., cut : count - cut].mean(axis=-1), broad)
    return chosen


def _width(ordered: Floats, cut: int) -> Floats:
    """The range of what is left when ``cut`` values are taken from each end."""
    width: Floats = ordered[..., -1 - cut] - ordered[..., cut]
    return width


def hodges_lehmann(values: Floats) -> Floats:
    """The median of the averages of all pairs of ``values`` [..., n], each with itself included; shape [...]."""
    first, second = np.triu_indices(values.shape[-1])
    middle: Floats = np.median(values[..., first] + values[..., second], axis=-1) / 2
    return middle


def by_length(bases: Sequence[Sequence[float]], heads: Sequence[Sequence[float]]) -> Iterator[tuple[list[int], Floats]]:
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
    if all(isinstance(row, Packed) for row in rows):
        return np.frombuffer(b"".join(row.packed for row in rows if isinstance(row, Packed)))
    return np.concatenate(rows).astype(float)
