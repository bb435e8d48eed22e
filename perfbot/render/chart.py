"""What a benchmark's chart shows, as JSON for the page's script: units of its axis, texts, and no more points than a
screen can show.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from perfbot.history.records import Level, Release, Trend, tone_of
from perfbot.render.escape import clean
from perfbot.units import format_change, format_quantity

NAME_LENGTH = 200

SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "B": ((2.0**30, "GiB"), (2.0**20, "MiB"), (1024.0, "KiB"), (1.0, "B")),
}
"""Units of an axis, the largest first."""


def _scale(unit: str, values: Sequence[float]) -> tuple[float, str]:
    largest = max(values, default=1.0)
    known = SCALES.get(unit, ((1.0, "" if unit == "1" else unit.removeprefix("1")),))
    return next((scale for scale in known if largest >= scale[0]), known[-1])


def chart(
    trend: Trend,
    levels: Sequence[Level],
    releases: Sequence[Release],
    run_page: Callable[[int], str],
) -> dict[str, Any]:
    """What the page's script draws: a list entry a point; texts are shown as they are.

    Args:
        levels: of :func:`perfbot.history.trends.chained_levels`; a long one is thinned.
        run_page: the address of a run's page; empty where it has none.
    """
    subject, budget = trend.subject, trend.budget
    drawn = _thinned(levels, trend)
    points = [level.point for level in drawn]
    values = [point.head_value or 0.0 for point in points]
    factor, unit = _scale(subject.unit, values)
    machines = list(dict.fromkeys(point.machine for point in points))
    return {
        "when": [seconds_of(point.started) for point in points],
        "days": [point.started[:10] for point in points],
        "heads": [_shown(point.head[:7]) for point in points],
        "links": [run_page(point.run) for point in points],
        "chain": [_percent(level.factor) for level in drawn],
        "low": [_percent(level.low) for level in drawn],
        "high": [_percent(level.high) for level in drawn],
        "kind": [level.link for level in drawn],
        "chain_text": [format_change(level.factor - 1) for level in drawn],
        "values": [_short(value / factor) for value in values],
        "value_text": [_shown(format_quantity(value, subject.unit)) for value in values],
        "machine": [machines.index(point.machine) for point in points],
        "machines": [_shown(name) for name in machines],
        "unit": unit,
        "budget": budget.bound / factor if budget else None,
        "budget_text": _shown(f"budget {budget.text}") if budget else "",
        "steps": [
            {"when": seconds_of(s.started), "text": format_change(s.change), "tone": tone_of(subject, s.change)}
            for s in trend.told_steps
        ],
        "releases": [
            {"when": seconds_of(r.moment), "text": _shown(r.name)}
            for r in releases
            if points and points[0].started <= r.moment <= points[-1].started
        ],
    }


def seconds_of(moment: str) -> int:
    """Of an ISO 8601 moment in UTC, since 1970."""
    return int(datetime.fromisoformat(moment).timestamp())


def _percent(factor: float) -> float:
    return _short(100 * (factor - 1))


MOST_POINTS = 800
"""Points of a chart: what a wide screen can show apart."""


def _thinned(levels: Sequence[Level], trend: Trend) -> Sequence[Level]:
    """Of a longer series the newest quarter whole; before it, of each stretch the extremes of value and level.

    A point where the level stepped is always among them.
    """
    if len(levels) <= MOST_POINTS:
        return levels
    newest = len(levels) - MOST_POINTS // 4
    stretches = MOST_POINTS * 3 // 4 // 4
    edges = [round(n * newest / stretches) for n in range(stretches + 1)]
    stepped = {step.first for step in trend.steps}
    kept = {index for index in range(newest) if levels[index].point.head in stepped}
    for start, end in pairwise(edges):
        for measure in (_level_at(levels), _value_at(levels)):
            kept |= {min(range(start, end), key=measure), max(range(start, end), key=measure)}
    return [levels[index] for index in sorted(kept)] + list(levels[newest:])


def _level_at(levels: Sequence[Level]) -> Callable[[int], float]:
    return lambda index: levels[index].factor


def _value_at(levels: Sequence[Level]) -> Callable[[int], float]:
    return lambda index: levels[index].point.head_value or 0.0


def thinned_way(points: Sequence[tuple[int, float]]) -> Sequence[tuple[int, float]]:
    """A long way, as places and levels, with no more points than a screen shows: of each stretch the extremes."""
    if len(points) <= MOST_POINTS:
        return points
    edges = [round(n * len(points) / (MOST_POINTS // 2)) for n in range(MOST_POINTS // 2 + 1)]
    kept: list[tuple[int, float]] = []
    for start, end in pairwise(edges):
        part = points[start:end]
        kept += sorted({min(part, key=lambda one: one[1]), max(part, key=lambda one: one[1])})
    return kept


def _short(number: float) -> float:
    """To five digits: more than any screen resolves."""
    return float(f"{number:.5g}")


def _shown(text: str) -> str:
    """Text for a chart, which is drawn as it stands and never read as markup."""
    return clean(text, NAME_LENGTH)


def as_json(data: dict[str, Any]) -> Any:
    """JSON that can stand inside a page's script element."""
    from markupsafe import Markup  # noqa: PLC0415  (comes with jinja2)

    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704  (nothing left to escape)
