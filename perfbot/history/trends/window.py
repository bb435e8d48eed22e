"""A series looked at as it grows: a point costs the same, however many came before it.

The newest commits of a series are its window; they are looked at again with every point. When a window is full, its
oldest commits are closed: the change points and levels found there are final, and the window begins anew at the last
change point among them, or a while before that, so that what comes later still has levels to be held against. Looking
at a series from its beginning does the very same, one point after the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from perfbot.history.records import Level, LinkKind, Point, Release, Series, Subject, Trend, Way
from perfbot.history.trends.chain import Chain, Closed, bounded, chained, since_release, start_of
from perfbot.history.trends.levels import Levels, Measured, known, levels
from perfbot.history.trends.steps import REACH_95, StepsAndDrift, steps_and_drift

LONGEST = 256
"""Commits at which a window is full."""

FEWEST, MOST = 64, 128
"""How many of the oldest commits are closed then: up to the last change point among the latter, or the former."""

THUMBNAIL = 24
"""Levels of a series in a list."""

PART, PARTS = 16, 64
"""Closed commits in one part of a thumbnail; when there are more parts than the latter, pairs are joined."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is kept of a series from one look to the next.

    Attributes:
        points: how many points were taken in, those without values as well.
        last: when the newest of them was measured, and the number of its run.
        open: the points of the window.
    """

    points: int
    last: tuple[str, int]
    closed: Closed
    open: Measured


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look found.

    Attributes:
        ways: the levels of the commits that were closed, part by part, and last of the window; each with how many
            commits come before it.
    """

    trend: Trend
    window: Window
    ways: tuple[tuple[int, Way], ...]


def look(series: Series, releases: Sequence[Release] = (), *, updated: str = "") -> Looked:
    """What a series says, from its beginning.

    Args:
        series: its points are taken in as they were measured; those without values are passed over.
        releases: oldest first; the chain starts at the newest one that lies within the series.
        updated: when this was asked, for the reader.
    """
    return _folded(series, releases).look(updated)


def look_on(
    about: Subject,
    window: Window,
    fresh: Iterable[tuple[Point, bool]],
    releases: Sequence[Release] = (),
    *,
    updated: str = "",
) -> Looked:
    """What a series says with more points than were taken in already.

    Args:
        fresh: points measured after all others, in order, and whether the series had the commit before.
        releases: the same as before.
    """
    fold = _Fold(about, releases, window)
    for point, again in fresh:
        fold.add(point, again=again)
    return fold.look(updated)


def chained_levels(series: Series) -> tuple[Level, ...]:
    """One level a commit against the first, by chained ratios.

    What a picture of a series shows: unlike values, it does not jump when the machine changes.
    """
    fold = _folded(series, ())
    chain = fold.chain()
    ways = [*(way for _, way in fold.ways), chain.way(len(chain.nodes))]
    points = {point.run: point for point in series.points}
    found, kinds = [], (*fold.kinds, *chain.kinds)
    for run, log, variance, kind in zip(
        (run for way in ways for run in way.runs),
        (log for way in ways for log in way.logs),
        (variance for way in ways for variance in way.variances),
        kinds,
        strict=True,
    ):
        reach = REACH_95 * math.sqrt(max(variance, 0.0))
        level, low, high = (math.exp(bounded(each)) for each in (log, log - reach, log + reach))
        found.append(Level(points[run], level, low, high, kind))
    return tuple(found)


def _folded(series: Series, releases: Sequence[Release]) -> _Fold:
    fold = _Fold(series.subject, releases)
    seen: set[str] = set()
    for point in sorted(series.points, key=lambda point: (point.started, point.run)):
        fold.add(point, again=point.head in seen)
        if known(point):
            seen.add(point.head)
    return fold


class _Fold:
    """Takes in points, and closes what is old."""

    def __init__(self, about: Subject, releases: Sequence[Release], window: Window | None = None) -> None:
        self.about, self.releases, self.exact = about, releases, about.rule == "exact"
        self.taken = window.points if window else 0
        self.last = window.last if window else ("", 0)
        self.closed = window.closed if window else Closed()
        self.points = list(window.open.points) if window else []
        self.values = list(window.open.values) if window else []
        self.changes = list(window.open.changes) if window else []
        self.errors = list(window.open.errors) if window else []
        self.commits = len({point.head for point in self.points})
        self.ways: list[tuple[int, Way]] = []
        self.kinds: list[LinkKind] = []

    def add(self, point: Point, *, again: bool) -> None:
        self.taken += 1
        self.last = (point.started, point.run)
        if not known(point):
            return
        at = len(self.points)
        if again:
            at = max((place + 1 for place, one in enumerate(self.points) if one.head == point.head), default=-1)
            if at < 0:
                return  # what was found of it is final
        else:
            self.commits += 1
        self.points.insert(at, point)
        self.values.insert(at, point.head_value or 0.0)
        self.changes.insert(at, math.nan if point.log_change is None else point.log_change)
        self.errors.insert(at, math.nan if point.log_error is None else point.log_error)
        while self.commits >= LONGEST:
            self._close()

    def chain(self) -> Chain:
        return chained(*self._seen(), self.closed)

    def _seen(self) -> tuple[Levels, StepsAndDrift | None]:
        seen = levels(Measured(self.points, self.values, self.changes, self.errors), exact=self.exact)
        return seen, steps_and_drift(seen) if len(seen.nodes) > 1 else None

    def _close(self) -> None:
        seen, found = self._seen()
        steps = found.steps if found else ()
        cut = max([FEWEST, *(step.index for step in steps if step.index <= MOST)])
        chain, closed = chained(seen, found, self.closed), self.closed
        way = chain.way(cut)
        self.ways.append((closed.index, way))
        self.kinds += chain.kinds[:cut]
        final = tuple(replace(step, index=step.index + closed.index) for step in steps if step.index <= cut)
        self.closed = Closed(
            closed.index + cut, float(chain.logs[cut]), float(chain.variances[cut]), int(chain.bridged[cut]),
            chain.kinds[cut], start_of(chain, closed, self.releases, cut, cut), (*closed.steps, *final),
            _parts(closed.parts, way.logs),
        )  # fmt: skip
        self._drop(chain.nodes[cut].head, cut)

    def _drop(self, first: str, commits: int) -> None:
        count = next(at for at, point in enumerate(self.points) if point.head == first)
        for each in (self.points, self.values, self.changes, self.errors):
            del each[:count]
        self.commits -= commits

    def look(self, updated: str) -> Looked:
        seen, found = self._seen()
        chain, closed = chained(seen, found, self.closed), self.closed
        way = chain.way(len(chain.nodes))
        steps = tuple(replace(step, index=step.index + closed.index) for step in (found.steps if found else ()))
        trend = Trend(
            subject=self.about,
            points=self.taken,
            latest=self.values[-1] if self.values else None,
            machine=self.points[-1].machine if self.points else "",
            noise=float(seen.sigma[-1]) if len(seen.nodes) > 2 else None,
            steps=(*closed.steps, *steps),
            drift=found.drift if found else None,
            since=since_release(chain, closed, self.releases),
            thumbnail=_thumbnail(closed.parts, way.logs),
            updated=updated,
        )
        open_ = Measured(tuple(self.points), tuple(self.values), tuple(self.changes), tuple(self.errors))
        return Looked(trend, Window(self.taken, self.last, closed, open_), (*self.ways, (closed.index, way)))


def _parts(parts: tuple[tuple[float, int], ...], logs: Sequence[float]) -> tuple[tuple[float, int], ...]:
    """Parts of a thumbnail with more closed commits; few enough, however many commits they stand for."""
    more = [logs[at : at + PART] for at in range(0, len(logs), PART)]
    found = [*parts, *((math.fsum(map(math.exp, each)), len(each)) for each in more)]
    while len(found) > PARTS:
        pairs = [found[at : at + 2] for at in range(0, len(found), 2)]
        found = [(sum(total for total, _ in pair), sum(count for _, count in pair)) for pair in pairs]
    return tuple(found)


def _thumbnail(parts: Sequence[tuple[float, int]], logs: Sequence[float]) -> tuple[float, ...]:
    """At most ``THUMBNAIL`` levels, each the mean of its part of the series."""
    counts = np.array([0, *(count for _, count in parts), *(1 for _ in logs)], dtype=np.float64)
    totals = np.array([0.0, *(total for total, _ in parts), *map(math.exp, logs)])
    places, summed = np.cumsum(counts), np.cumsum(totals)
    edges = np.round(np.linspace(0, places[-1], min(THUMBNAIL, int(places[-1])) + 1))
    return tuple((np.diff(np.interp(edges, places, summed)) / np.diff(edges)).tolist())
