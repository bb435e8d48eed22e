"""What the target branch's history says beside a change: its last runs as bars, and what the change means there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from perfbot.history.records import Trend, worse
from perfbot.model import Result
from perfbot.render.history import sparkline

Trends = Mapping[tuple[str, str], Trend]
"""Trends by ``suite/benchmark`` and metric."""

BARS_SHOWN = 14
FEWEST = 3
"""Runs before a trend says anything."""

GIVEN_BACK = 0.5
"""Share of an earlier gain that a loss must take back to be told together with it."""

NO_TRENDS: Trends = MappingProxyType({})


def by_result(trends: Iterable[Trend]) -> Trends:
    """Trends as the comment looks them up."""
    return {(trend.subject.full_name, trend.subject.metric): trend for trend in trends}


def bars(trend: Trend, result: Result) -> str:
    """The branch's last levels and this change's behind them; empty where there are too few."""
    if len(trend.thumbnail) < FEWEST or result.change is None:
        return ""
    return sparkline((*trend.thumbnail[-BARS_SHOWN:], trend.thumbnail[-1] * (1 + result.change)))


def meaning(trend: Trend, result: Result) -> tuple[str, str]:
    """What the change would mean in the history: words, and the commit they are about.

    Returns:
        ("gives back", commit) of a gain of which at least half would be lost; ("highest ever", ""); or ("", "").
    """
    if len(trend.thumbnail) < FEWEST or result.change is None or result.verdict not in ("regressed", "improved"):
        return "", ""
    if gain := _given_back(trend, result):
        return "gives back", gain
    level = trend.thumbnail[-1] * (1 + result.change)
    return _record(trend.thumbnail, level, result.threshold or 0.0), ""


def _given_back(trend: Trend, result: Result) -> str:
    """The newest gain that this loss takes back."""
    if result.verdict != "regressed" or result.change is None or result.change <= -1:
        return ""
    for step in reversed(trend.steps):
        if worse(trend.subject, step.change):
            return ""
        if -math.log1p(result.change) / math.log1p(step.change) >= GIVEN_BACK:
            return step.first
    return ""


def _record(levels: Sequence[float], level: float, threshold: float) -> str:
    """Higher or lower than ever, by more than what matters."""
    if level > max(levels) * (1 + threshold):
        return "highest ever"
    return "lowest ever" if level < min(levels) / (1 + threshold) else ""
