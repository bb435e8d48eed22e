"""Change points, slow drift and chained_levels ratios of one series.

Two kinds of evidence are joined. A run's *values* scatter by several per cent between runs, and may be
compared within one class of machine only; a run's *ratio* head/base was measured in lock-step on one machine
and is good to a fraction of that, but says nothing about anything but its own two commits. A step between two
commits shows in both: as a shift of all later values against all earlier ones, and in the one ratio that
spans it. Each estimate is weighted by how sure it is.

``analyse(series)`` gives a :class:`~perfbot.history.records.Trend`. Pure: numbers in, records out.
"""

from __future__ import annotations

from collections.abc import Sequence

from perfbot.history.records import Release, Series, Trend
from perfbot.history.trends.window import Looked, Window, chained_levels, look, look_on

__all__ = ["Looked", "Window", "analyse", "chained_levels", "look", "look_on"]


def analyse(series: Series, releases: Sequence[Release] = (), *, updated: str = "") -> Trend:
    """What a series' history says: :func:`~perfbot.history.trends.window.look` without what is kept for the next."""
    return look(series, releases, updated=updated).trend
