"""A series as the numbers that steps and drifts are found in.

One node a commit, in order: its log value with the run noise of its class of machine, and the link to the
node before it, the measured log ratio with its error. Noise is taken from the series itself, in ways that a
step does not disturb.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from perfbot.history.records import Point

Floats = NDArray[np.float64]

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation, for Gaussian values."""

SMALLEST_NOISE = 1e-4
"""No run repeats its values more exactly than this, counts and sizes apart."""

SMALLEST_LINK_ERROR = 1e-3
"""What two builds of the same source may differ by; no ratio is believed more exactly."""

UNKNOWN_LINK_ERROR = 0.05
"""Of a ratio that came without its rounds or an interval."""

EXACT = 1e-7
"""Noise and link error of exact metrics, where every difference is one."""

CLIP = 3.0
"""Values further from their neighbours than this many sigma count as this far: one of them is no step."""

NEIGHBOURS = 7
"""Nodes, its own included, on each side that say what a value's level is, for finding noise and outliers."""


WITNESSES = 3
"""Values that make a new level believable."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Arrays of one length, a node each.

    Attributes:
        nodes: the points, one a commit (the last measurement of it).
        y: log of head's value, outliers clipped; NaN where unknown.
        machine: number of the machine class.
        sigma: standard deviation of ``y`` around its level, by machine, allowing for autocorrelation.
        link: log(node / node before), measured; NaN where it was not.
        link_error: its standard error; infinite where it was not measured.
        weight, pulled: of the links: 1/variance, 0 where not measured, and log ratio times that.
        summed: of ``y`` before each node and after the last, where one class of machine measured all; else empty.
    """

    nodes: tuple[Point, ...]
    y: Floats
    machine: NDArray[np.intp]
    sigma: Floats
    link: Floats
    link_error: Floats
    exact: bool
    weight: Floats
    pulled: Floats
    summed: Floats


def known(point: Point) -> bool:
    """Whether a point says something of its series: it has a positive value on head."""
    return bool(point.head_value and point.head_value > 0 and math.isfinite(point.head_value))


@dataclass(frozen=True, slots=True)
class Measured:
    """Points of a series, those of one commit beside each other; only :func:`known` ones.

    Attributes:
        points: who measured what; of their numbers none is read.
        values: on head, positive.
        changes, errors: log(head/base) and its standard error; NaN where unknown.
    """

    points: Sequence[Point]
    values: Sequence[float]
    changes: Sequence[float]
    errors: Sequence[float]


def levels(measured: Measured, *, exact: bool) -> Levels:
    """Prepares points for looking at them."""
    heads = [point.head for point in measured.points]
    starts = [at for at, head in enumerate(heads) if at == 0 or head != heads[at - 1]]
    ends = [*starts[1:], len(heads)]
    nodes = tuple(measured.points[end - 1] for end in ends) if heads else ()
    numbers: dict[str, int] = {}
    machine = np.array([numbers.setdefault(node.machine, len(numbers)) for node in nodes], dtype=np.intp)
    raw, link, error = _each(measured, exact=exact)
    if len(nodes) < len(heads):
        raw, link, error = _joined(measured, starts, raw, link, error)
    error = error if exact else _calmed(link, error)
    y, sigma = raw.copy(), np.full(len(nodes), EXACT)
    if not exact:
        for number in range(len(numbers)):
            mine = (machine == number) & np.isfinite(raw)
            y[mine], sigma[machine == number] = _settled(raw[mine])
    weight = 1 / error**2
    pulled = np.where(weight > 0, link, 0.0) * weight
    alike = len(numbers) == 1 and bool(np.isfinite(y).all())
    summed = np.concatenate([[0.0], np.cumsum(y)]) if alike else np.empty(0)
    return Levels(nodes, y, machine, sigma, link, error, exact, weight, pulled, summed)


def _each(measured: Measured, *, exact: bool) -> tuple[Floats, Floats, Floats]:
    """Of each point: its log value, and its link to the commit before with its error."""
    floor, unknown = (EXACT, EXACT) if exact else (SMALLEST_LINK_ERROR, UNKNOWN_LINK_ERROR)
    points = measured.points
    raw = np.log(np.asarray(measured.values, dtype=np.float64))
    changes, errors = (np.asarray(each, dtype=np.float64) for each in (measured.changes, measured.errors))
    follows = np.zeros(len(points), dtype=bool)
    before = ""
    for at, point in enumerate(points):
        if at and point.head != points[at - 1].head:
            before = points[at - 1].head
        follows[at] = bool(before) and point.base == before
    follows &= np.isfinite(changes)
    sure = np.where(np.isnan(errors), unknown, np.maximum(errors, floor))
    return raw, np.where(follows, changes, np.nan), np.where(follows, sure, np.inf)


def _joined(
    measured: Measured, starts: Sequence[int], raw: Floats, link: Floats, error: Floats
) -> tuple[Floats, Floats, Floats]:
    """Several measurements of a commit as one: values on the last machine, links weighted by how sure each is."""
    ends = [*starts[1:], len(measured.points)]
    found = np.array([raw[end - 1] for end in ends]), np.array(link[starts]), np.array(error[starts])
    for at, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if end - start == 1:
            continue
        machine = measured.points[end - 1].machine
        found[0][at] = np.mean([raw[i] for i in range(start, end) if measured.points[i].machine == machine])
        weights = error[start:end] ** -2
        total = float(weights.sum())
        if total > 0:
            found[1][at] = float((weights * np.nan_to_num(link[start:end])).sum()) / total
            found[2][at] = 1 / math.sqrt(total)
    return found


def _calmed(link: Floats, error: Floats) -> Floats:
    """Errors of a few rounds are themselves uncertain: none counts as better than the series' usual one.

    When the links scatter more than their errors say, all errors are raised to match.
    """
    known = np.isfinite(link)
    if known.sum() < 3:
        return error
    usual = float(np.median(error[known]))
    calm = np.maximum(error, usual)
    scatter = MAD_TO_SIGMA * float(np.median(np.abs(link[known] / calm[known])))
    return calm * max(1.0, scatter)


def _settled(raw: Floats) -> tuple[Floats, float]:
    """Values with outliers clipped, and their noise; for one class of machine."""
    if len(raw) < 3:
        return raw, 0.1  # nothing to learn from: what two runs a day apart differ by
    around = _around(raw)
    differences = np.diff(raw)
    noise = max(_mad(differences) / math.sqrt(2), 0.8 * _mad(raw - around), SMALLEST_NOISE)
    clipped = np.clip(raw, around - CLIP * noise, around + CLIP * noise)
    jumps = np.diff(around)  # a step of the level is no noise
    differences = np.diff(clipped) - np.where(np.abs(jumps) > CLIP * noise, jumps, 0.0)
    spread = math.sqrt(float((differences**2).mean()) / 2)  # of two-humped noise the MAD sees one hump
    return clipped, max(noise, spread) * _inflation(differences)


def _mad(values: Floats) -> float:
    return MAD_TO_SIGMA * float(np.median(np.abs(values - np.median(values))))


def _around(raw: Floats) -> Floats:
    """What stands around each value: of the medians before and after it (it included), the nearer one.

    The nearer, so that the first values after a step are not clipped back to the level before it; but the
    newest values, with less than ``WITNESSES`` to speak for them, are held against those before.
    """
    count = len(raw)
    before, after = np.empty(count), np.empty(count)
    if count >= NEIGHBOURS:
        full = np.median(np.lib.stride_tricks.sliding_window_view(raw, NEIGHBOURS), axis=1)
        before[NEIGHBOURS - 1 :], after[: len(full)] = full, full
    few = raw[:NEIGHBOURS].tolist()  # of so few numbers, in half the time
    for at in range(min(NEIGHBOURS - 1, count)):
        before[at] = median(few[: at + 1] if at >= WITNESSES else few[:NEIGHBOURS])
    few = raw[-NEIGHBOURS:].tolist()
    for at in range(max(0, count - NEIGHBOURS + 1), count):
        after[at] = median(few[at - count :]) if count - at >= WITNESSES else before[at]
    return np.where(np.abs(raw - before) < np.abs(raw - after), before, after)


def _inflation(differences: Floats) -> float:
    """By how much autocorrelated values say less than independent ones, as a factor on sigma.

    From the correlation of neighbouring differences, which steps hardly touch: −1/2 for independent values.
    """
    count = len(differences)
    if count < 20 or not differences.any():
        return 1.0
    first, second = differences[:-1], differences[1:]
    correlation = float((first * second).mean() / (differences**2).mean())
    rho = min(max(1 + 2 * correlation, 0.0), 0.8)
    return math.sqrt((1 + rho) / (1 - rho))
