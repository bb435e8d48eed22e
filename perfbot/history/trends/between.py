"""Two commits of a branch compared, benchmark by benchmark, by what runs measured between them. Pure.

The change of one benchmark is the product of the links between the two commits. Of many benchmarks some would seem to
have changed by chance alone, so one is told as worse or better only where an interval that allows for all of them
excludes no change, or where a change point lies between the commits, and the change is as large as matters.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perfbot.history.records import Release, Step, Stop, Subject, Trend, Way, worse
from perfbot.history.trends.chain import bounded
from perfbot.history.trends.levels import Floats
from perfbot.history.trends.steps import REACH_95

ALPHA = 0.01
"""Probability that any benchmark of one comparison seems changed though its links say nothing."""

Outcome = Literal["worse", "better", "changed", "unclear", "added", "gone", "apart"]
"""``changed``: nobody knows which way is better. ``unclear``: no change that is clear and matters. ``apart``: nothing
bridges the two."""


@dataclass(frozen=True, slots=True)
class Between:
    """What became of one subject between two commits.

    Attributes:
        change, interval: fractions, at 95 %; None where it was not measured on both sides, or they are apart.
        steps: change points on the way that matter.
        links: how many measured commits the way has.
    """

    subject: Subject
    outcome: Outcome
    change: float | None = None
    interval: tuple[float, float] | None = None
    steps: tuple[Step, ...] = ()
    links: int = 0
    levels: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one place of a branch's stops to a later one; places count from 0."""

    stops: Sequence[Stop]
    first: int
    last: int

    @property
    def places(self) -> dict[int, int]:
        """The place of each run's commit."""
        return {run: place for place, stop in enumerate(self.stops) for run in stop.runs}


def find_stop(stops: Sequence[Stop], releases: Sequence[Release], branch: str, text: str) -> int | None:
    """The place of a commit, a release, a date, or the branch itself (its newest commit); None where there is none.

    A release or a date that was not measured stands for the last commit that was measured before it.
    """
    if text in (branch, "HEAD", ""):
        return len(stops) - 1 if stops else None
    named = {one.name: one for one in releases}
    if text in named:
        exact = next((place for place, stop in enumerate(stops) if stop.head == named[text].commit), None)
        return _before(stops, named[text].moment) if exact is None else exact
    if re.fullmatch(r"[0-9a-f]{4,64}", text):
        found = [place for place, stop in enumerate(stops) if stop.head.startswith(text)]
        return found[0] if len(found) == 1 else None
    return _before(stops, f"{text}T23:59:59Z") if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None


def _before(stops: Sequence[Stop], moment: str) -> int | None:
    return next((place for place in range(len(stops) - 1, -1, -1) if stops[place].started <= moment), None)


def compare(stretch: Stretch, known: Iterable[tuple[Trend, Way]]) -> tuple[Between, ...]:
    """Every subject that was measured on or before the stretch's end, the worst first."""
    pairs = tuple(known)
    reach = NormalDist().inv_cdf(1 - ALPHA / 2 / max(len(pairs), 1))
    places = stretch.places
    found = (_between(stretch, places, trend, way, reach) for trend, way in pairs)
    return tuple(sorted(filter(None, found), key=_order))


def _order(one: Between) -> tuple[int, float, str, str]:
    rank = ("worse", "better", "changed", "added", "gone", "apart", "unclear").index(one.outcome)
    size = abs(math.log1p(one.change)) if one.change is not None and one.change > -1 else 0.0
    return rank, -size, one.subject.full_name, one.subject.metric


def _between(stretch: Stretch, places: Mapping[int, int], trend: Trend, way: Way, reach: float) -> Between | None:
    start, end = _indices(stretch, places, way)
    if end < 0:
        return None
    if start < 0:
        return Between(trend.subject, "added", links=end + 1)
    if end == start:
        return Between(trend.subject, "gone") if end == len(way.runs) - 1 else None
    levels = tuple(math.exp(bounded(log - way.logs[start])) for log in way.logs[start : end + 1])
    if any(start < index <= end for index in way.breaks):
        return Between(trend.subject, "apart", links=end - start, levels=levels)
    size = way.logs[end] - way.logs[start]
    error = math.sqrt(max(way.variances[end] - way.variances[start], 0.0))
    among = {stop.head for stop in stretch.stops[stretch.first + 1 : stretch.last + 1]}
    steps = tuple(step for step in trend.told_steps if step.first in among)
    interval = (math.expm1(bounded(size - REACH_95 * error)), math.expm1(bounded(size + REACH_95 * error)))
    clear = abs(size) > reach * error or any(step.change * size > 0 for step in steps)
    outcome = _outcome(trend, math.expm1(bounded(size))) if clear and size else "unclear"
    return Between(trend.subject, outcome, math.expm1(bounded(size)), interval, steps, end - start, levels)


def _indices(stretch: Stretch, places: Mapping[int, int], way: Way) -> tuple[int, int]:
    """Of a way's last commits up to both ends of a stretch; −1 where it begins later."""

    def upto(place: int) -> int:
        return bisect_right(way.runs, place, key=lambda run: places.get(run, -1)) - 1

    return upto(stretch.first), upto(stretch.last)


def _outcome(trend: Trend, change: float) -> Outcome:
    if not trend.matters(change):
        return "unclear"
    if trend.subject.better == "unknown":
        return "changed"
    return "worse" if worse(trend.subject, change) else "better"


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of one group of subjects in one week: the mean log change, and its standard error."""

    change: float
    error: float


def weeks(stretch: Stretch, known: Iterable[tuple[Trend, Way]]) -> dict[tuple[str, str], dict[str, Cell]]:
    """Suites and metrics by week: (suite, metric) to the Monday of each week to the geometric mean's change.

    A change for the worse is positive, whichever way is better. Breaks count as no change.
    """
    places, mondays = stretch.places, [_monday(stop.started) for stop in stretch.stops]
    names = sorted(set(mondays))
    week_of = np.array([names.index(monday) for monday in mondays], dtype=np.intp)
    sums: dict[tuple[str, str], Floats] = {}
    counts: dict[tuple[str, str], int] = {}
    for trend, way in known:
        about = trend.subject
        if about.better == "unknown":
            continue
        key = (about.suite, about.metric)
        counts[key] = counts.get(key, 0) + 1
        sign = 1.0 if about.better == "lower" else -1.0
        moved = _moved(stretch, places, week_of, way, len(names)) * np.array([[sign], [1.0], [1.0]])
        sums[key] = sums.get(key, 0.0) + moved
    return {key: _cells(names, row, counts[key]) for key, row in sums.items() if row[2].any()}


def _cells(names: Sequence[str], row: Floats, count: int) -> dict[str, Cell]:
    return {
        names[week]: Cell(float(row[0, week]) / count, math.sqrt(float(row[1, week])) / count)
        for week in np.flatnonzero(row[2]).tolist()
    }


def _moved(stretch: Stretch, places: Mapping[int, int], week_of: NDArray[np.intp], way: Way, weeks_: int) -> Floats:
    """By week: the sum of a way's links within the stretch, of their variances, and how many there are."""
    start, end = _indices(stretch, places, way)
    part = slice(max(start, 0), end + 1)
    at = week_of[[places.get(run, 0) for run in way.runs[part]][1:]]
    size = np.diff(np.array(way.logs[part], dtype=np.float64))
    variance = np.maximum(np.diff(np.array(way.variances[part], dtype=np.float64)), 0.0)
    whole = np.ones(len(size))
    whole[[index - part.start - 1 for index in way.breaks if part.start < index <= end]] = 0.0
    return np.array([np.bincount(at, weights * whole, weeks_) for weights in (size, variance, np.ones(len(size)))])


def _monday(moment: str) -> str:
    day = date.fromisoformat(moment[:10])
    return (day - timedelta(days=day.weekday())).isoformat()
