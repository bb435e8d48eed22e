"""Geometry of the page's pictures: numbers in, coordinates out; the page's script turns them into SVG.

Hand-made instead of a chart library: a page of 2,000 benchmarks has 2,000 pictures, must open at once from a file,
and may ask nothing of the network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from perfbot.model import Result, Round
from perfbot.render.escape import clean
from perfbot.units import format_change, format_quantity

WIDTH, HEIGHT = 560, 132
"""Of a picture of rounds, in its own units."""

LEFT, RIGHT, TOP, BOTTOM = 66, 8, 8, 20
"""Margins: the left one holds labels such as "−12.5 %" or "11.8 ms"."""

LABEL_LENGTH = 12
"""Characters that fit there; units may be anybody's text."""

TICKS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0, 9.0, 99.0)
"""Increases that an axis may name; on its other side stand the decreases below."""

DECREASES = (-0.005, -0.01, -0.02, -0.05, -0.1, -0.2, -0.5, -0.75, -0.9, -0.99)

TICK_DISTANCE = 15.0
"""Percent of the forest plot's width between two labels: they do not touch on a phone."""

LINEAR_UP_TO = 0.02
"""Changes below look linear, larger ones logarithmic: a factor of ten and 2 % fit into one plot."""


class Tick(NamedTuple):
    """A labelled place on an axis."""

    at: float
    label: str


class Span(NamedTuple):
    """From ``start``, so far."""

    start: float
    size: float


@dataclass(frozen=True, slots=True)
class Forest:
    """One row of the forest plot; all in percent of its width."""

    point: float
    interval: Span | None
    threshold: Span


@dataclass(frozen=True, slots=True)
class Axis:
    """The forest plot's scale: maps a change to percent of the width, 0 to 50."""

    reach: float
    """The scaled change at the plot's edge."""

    def at(self, change: float) -> float:
        """Where a change stands, in percent of the width, within it."""
        place = 50 + 48 * _scaled(change) / self.reach
        return round(min(max(place, 1.0), 99.0), 2)

    def change_at(self, place: float) -> float:
        """The change that stands at a place: the inverse of ``at``."""
        return math.expm1(LINEAR_UP_TO * math.sinh((place - 50) / 48 * self.reach))

    def span(self, low: float, high: float) -> Span:
        """A range of changes."""
        start = self.at(low)
        return Span(start, round(self.at(high) - start, 2))

    def ticks(self) -> tuple[Tick, ...]:
        """Labels for both directions and the middle, far enough apart to be read."""
        return (*reversed(self._labels(DECREASES)), Tick(50.0, "0"), *self._labels(TICKS))

    def _labels(self, changes: Iterable[float]) -> list[Tick]:
        kept = [Tick(50.0, "")]
        for change in changes:
            at = self.at(change)
            if abs(_scaled(change)) <= self.reach and abs(at - kept[-1].at) >= TICK_DISTANCE:
                kept.append(Tick(at, _axis_label(change)))
        return kept[1:]


def _axis_label(change: float) -> str:
    return f"×{1 + change:g}" if change >= 1 else f"{change * 100:+g} %".replace("-", "−")


def axis(results: Iterable[Result]) -> Axis:
    """A scale that holds every interval and threshold."""
    ends: list[float] = []
    for result in results:
        ends += result.interval or ()
        ends += [result.change] if result.change is not None else []
        ends += [result.threshold] if result.threshold else []
    return axis_to(ends)


def axis_to(changes: Iterable[float]) -> Axis:
    """A scale that holds all of these changes."""
    return Axis(max([_scaled(LINEAR_UP_TO), *(abs(_scaled(change)) for change in changes)]))


def _scaled(change: float) -> float:
    """Inverse hyperbolic sine of the log ratio: linear near nothing, logarithmic far out, odd."""
    return math.asinh(math.log(max(1 + change, 1e-6)) / LINEAR_UP_TO)


def forest(result: Result, scale: Axis) -> Forest | None:
    """A result's row; None without a change."""
    if result.change is None:
        return None
    threshold = result.threshold or 0.0
    return Forest(
        point=scale.at(result.change),
        interval=scale.span(*result.interval) if result.interval else None,
        threshold=scale.span(1 / (1 + threshold) - 1, threshold),
    )


class Series(NamedTuple):
    """Marks of one colour: a dot for each round, and the middle half of its values as a line.

    Attributes:
        marks: three bytes a round: where the dot stands, how far below it the line ends, and how far above it begins,
            in the picture's units, which are about a screen's dots.
        shift: to the right, so that two series do not cover each other.
    """

    name: str
    marks: bytes
    shift: float = 0.0

    @property
    def rounds(self) -> int:
        """How many there are."""
        return len(self.marks) // 3


@dataclass(frozen=True, slots=True)
class Picture:
    """Something over the rounds."""

    title: str
    series: tuple[Series, ...]
    ticks: tuple[Tick, ...]
    bands: tuple[tuple[str, Span], ...] = ()
    """Named ranges behind the marks, from top to bottom."""
    zero: float | None = None
    last_round: int = 0


def pictures(result: Result) -> tuple[Picture, ...]:
    """The rounds of a result: their changes, and the values behind them; none without rounds."""
    if not result.raw:
        return ()
    return tuple(picture for picture in (_changes_picture(result), _values_picture(result)) if picture is not None)


def _changes_picture(result: Result) -> Picture | None:
    found = [_changes(one) for one in result.raw]
    if not all(found):
        return None
    marks = [_quartiles(changes) for changes in found]
    ranges = {"threshold": (-(result.threshold or 0.0), result.threshold or 0.0)}
    if result.interval is not None:
        ranges["interval"] = result.interval
    ends = [
        *(value for mark in marks for value in (mark[0], mark[2])),
        *(end for pair in ranges.values() for end in pair),
    ]
    place, ticks = _vertical(min(ends), max(ends), format_change)
    bands = ((name, Span(place(high), round(place(low) - place(high), 1))) for name, (low, high) in ranges.items())
    return Picture(
        title="Change of each round",
        series=(_series("change", marks, place),),
        ticks=ticks,
        bands=tuple(bands),
        zero=place(0.0),
        last_round=len(marks),
    )


def _values_picture(result: Result) -> Picture:
    base = [_quartiles(one.base) for one in result.raw]
    head = [_quartiles(one.head) for one in result.raw]
    ends = [value for mark in (*base, *head) for value in (mark[0], mark[2])]
    place, ticks = _vertical(
        min(ends), max(ends), lambda value: clean(format_quantity(value, result.unit), LABEL_LENGTH)
    )
    return Picture(
        title="Values of each round",
        series=(_series("base", base, place, -2.5), _series("head", head, place, 2.5)),
        ticks=ticks,
        last_round=len(base),
    )


def _changes(one: Round) -> list[float]:
    """The change of each pair; empty when a value has no ratio."""
    if min(one.base) <= 0:
        return []
    return [head / base - 1 for base, head in zip(one.base, one.head, strict=True)]


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """About the lower quartile, the median, about the upper quartile: the middle half of a round's values."""
    ordered = sorted(values)
    quarter = len(ordered) // 4
    return ordered[quarter], median(ordered), ordered[-1 - quarter]


def _series(
    name: str, marks: Sequence[tuple[float, float, float]], place: Callable[[float], float], shift: float = 0.0
) -> Series:
    packed = bytearray()
    for low, middle, high in marks:
        at = round(place(middle))
        packed += bytes((at, max(0, round(place(low)) - at), max(0, at - round(place(high)))))
    return Series(name, bytes(packed), shift)


def _vertical(
    low: float, high: float, label: Callable[[float], str]
) -> tuple[Callable[[float], float], tuple[Tick, ...]]:
    """A linear scale from ``low`` at the bottom to ``high`` at the top, with a few labels."""
    room = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    low, high = low - room, high + room
    height = HEIGHT - TOP - BOTTOM

    def place(value: float) -> float:
        return round(TOP + height * (high - min(max(value, low), high)) / (high - low), 1)

    return place, tuple(Tick(place(value), label(value)) for value in _round_numbers(low, high))


def _round_numbers(low: float, high: float, most: int = 5) -> list[float]:
    """Two to ``most`` multiples of 1, 2, 2.5 or 5 times a power of ten."""
    size = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next((size * factor for factor in (1, 2, 2.5, 5, 10) if (high - low) / (size * factor) <= most), size * 10)
    first = math.ceil(low / step)
    return [0.0 if not index else index * step for index in range(first, math.floor(high / step) + 1)]
