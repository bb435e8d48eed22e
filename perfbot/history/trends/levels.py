"""A series as the numbers that steps and drifts are found in.

One node a commit, in order: its log value with the run noise of its class of machine, and the link to the
node before it, the measured log ratio with its error. Noise is taken from the series itself, in ways that a
step does not disturb.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from perfbot.history.records import Point, Series

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
    """

    nodes: tuple[Point, ...]
    y: Floats
    machine: NDArray[np.intp]
    sigma: Floats
    link: Floats
    link_error: Floats
    exact: bool


def levels(series: Series) -> Levels:
    """Prepares a series; points without a positive value and without a ratio are left out."""
    exact = series.subject.rule == "exact"
    groups = [tuple(group) for _, group in groupby(filter(_known, series.points), key=lambda p: p.head)]
    nodes = tuple(group[-1] for group in groups)
    numbers: dict[str, int] = {}
    machine = np.array([numbers.setdefault(node.machine, len(numbers)) for node in nodes], dtype=np.intp)
    raw = np.array([_value(group) for group in groups], dtype=np.float64)
    link, error = _links(groups, exact)
    y, sigma = raw.copy(), np.full(len(nodes), EXACT)
    if not exact:
        for number in range(len(numbers)):
            mine = (machine == number) & np.isfinite(raw)
            y[mine], sigma[machine == number] = _settled(raw[mine])
    return Levels(nodes, y, machine, sigma, link, error, exact)


def _known(point: Point) -> bool:
    return bool(point.head_value and point.head_value > 0 and math.isfinite(point.head_value))


def _value(group: Sequence[Point]) -> float:
    """Mean log value of a commit measured several times, on the machine of its last measurement."""
    if len(group) == 1:  # nearly always, and a series has thousands
        return math.log(group[0].head_value or 0.0)
    same = [point for point in group if point.machine == group[-1].machine]
    return fmean(math.log(point.head_value) for point in same if point.head_value)


def _links(groups: Sequence[Sequence[Point]], exact: bool) -> tuple[Floats, Floats]:
    link = np.full(len(groups), np.nan)
    error = np.full(len(groups), np.inf)
    for index in range(1, len(groups)):
        before = groups[index - 1][-1].head
        measured = [p for p in groups[index] if p.base == before and p.log_change is not None]
        if measured:
            link[index], error[index] = _joined(measured, exact)
    return link, (error if exact else _calmed(link, error))


def _joined(measured: Sequence[Point], exact: bool) -> tuple[float, float]:
    """Several measurements of one step, weighted by how sure each is."""
    floor, unknown = (EXACT, EXACT) if exact else (SMALLEST_LINK_ERROR, UNKNOWN_LINK_ERROR)
    errors = [unknown if p.log_error is None else max(p.log_error, floor) for p in measured]
    if len(measured) == 1:
        return measured[0].log_change or 0.0, errors[0]
    weights = [error**-2 for error in errors]
    total = sum(weights)
    joined = sum(w * (p.log_change or 0.0) for w, p in zip(weights, measured, strict=True)) / total
    return joined, 1 / math.sqrt(total)


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
    for at in range(min(NEIGHBOURS - 1, count)):
        before[at] = np.median(raw[: at + 1] if at >= WITNESSES else raw[:NEIGHBOURS])
    for at in range(max(0, count - NEIGHBOURS + 1), count):
        after[at] = np.median(raw[at:]) if count - at >= WITNESSES else before[at]
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
