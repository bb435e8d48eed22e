"""Change points, slow drift and chained ratios of one series.

Two kinds of evidence are joined. A run's *values* scatter by several per cent between runs, and may be
compared within one class of machine only; a run's *ratio* head/base was measured in lock-step on one machine
and is good to a fraction of that, but says nothing about anything but its own two commits. A step between two
commits shows in both: as a shift of all later values against all earlier ones, and in the one ratio that
spans it. Each estimate is weighted by how sure it is.

``analyse(series)`` gives a :class:`~perfbot.history.records.Trend`. Pure: numbers in, records out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from perfbot.history.records import Chain, Level, Release, Series, Trend
from perfbot.history.trends.chain import chain_of, path, since_release
from perfbot.history.trends.levels import Levels, levels
from perfbot.history.trends.steps import find_course

__all__ = ["analyse", "course", "look"]

THUMBNAIL = 24
"""Levels of a series in a list."""


def analyse(series: Series, releases: Sequence[Release] = (), *, updated: str = "") -> Trend:
    """What a series' history says.

    Args:
        series: of one subject, oldest first; points without values are passed over.
        releases: oldest first; the chain starts at the newest one that lies within the series.
        updated: when this was asked, for the reader.
    """
    return look(series, releases, updated=updated)[0]


def look(series: Series, releases: Sequence[Release] = (), *, updated: str = "") -> tuple[Trend, Chain]:
    """:func:`analyse`, and the levels that it rests on."""
    seen = levels(series)
    course = find_course(seen) if len(seen.nodes) > 1 else None
    chain = chain_of(seen, course)
    trend = Trend(
        subject=series.subject,
        points=len(series.points),
        latest=series.points[-1].head_value if series.points else None,
        machine=series.points[-1].machine if series.points else "",
        noise=_noise(seen),
        steps=course.steps if course else (),
        drift=course.drift if course else None,
        since=since_release(seen, course, releases),
        course=_thumbnail([math.exp(log) for log in chain.logs]),
        updated=updated,
    )
    return trend, chain


def _thumbnail(levels_: Sequence[float]) -> tuple[float, ...]:
    """At most ``THUMBNAIL`` levels, each the mean of its part."""
    count = len(levels_)
    if count <= THUMBNAIL:
        return tuple(levels_)
    edges = [round(i * count / THUMBNAIL) for i in range(THUMBNAIL + 1)]
    return tuple(sum(levels_[a:b]) / (b - a) for a, b in pairwise(edges))


def _noise(seen: Levels) -> float | None:
    return float(seen.sigma[-1]) if len(seen.nodes) > 2 else None


def course(series: Series) -> tuple[Level, ...]:
    """One level a commit against the first, by chained ratios.

    What a picture of a series shows: unlike values, it does not jump when the machine changes.
    """
    seen = levels(series)
    return path(seen, find_course(seen) if len(seen.nodes) > 1 else None)
