"""What parsers of tools' outputs share: numbers, units, metrics, and how they complain.

Every parser is a pure function from what a tool wrote to its results. It returns right values or says why there is
none, with file, place, what was found and what was expected; it never guesses, and one bad result costs no other.
"""

from __future__ import annotations

import math
import re
from typing import NoReturn

from perfbot import units
from perfbot.errors import MeasureError
from perfbot.measure.processes.tools import Reading
from perfbot.model import TIME, Metric

CPU = Metric("cpu", "s")
THROUGHPUT = Metric("throughput", "1/s", "higher")
BYTES_THROUGHPUT = Metric("throughput", "B/s", "higher")
ALLOCATED = Metric("allocated", "B", rule="exact")
ALLOCATIONS = Metric("allocations", "1", rule="exact")
OWN = frozenset({TIME.name, CPU.name, THROUGHPUT.name, ALLOCATED.name, ALLOCATIONS.name})
"""Names that a metric of the user's must not have: it would be taken for perfbot's."""

NEVER_NEGATIVE = frozenset({"s", "B", "1/s", "B/s"})

NUMBER = r"[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
"""Commas part thousands; a decimal one (``1,5``) is refused, not read as ten times as much."""

LONGEST_SHOWN = 60

ERROR_RATE = Metric("error_rate", "1")
"""Share of the calls of a load test that ended in an error."""


def shown(found: object) -> str:
    """What was found, as short as a message can bear."""
    text = found if isinstance(found, str) else repr(found)
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…")


def wrong(where: str, found: object, expected: str) -> NoReturn:
    """Raise the error of every parser."""
    raise MeasureError(f"{where}: found {shown(found)}, expected {expected}")


def quantity(text: str, where: str) -> float:
    """A number as tools print it: ``1,234.5``, ``6.02e-4``."""
    if not re.fullmatch(NUMBER, text, re.ASCII):
        wrong(where, text, "a number")
    return float(text.replace(",", ""))


def reading(metric: Metric, value: float, where: str, scale: float = 1.0) -> Reading:
    """A value in the metric's unit, or why there is none: it must be finite, and no time or size is negative."""
    scaled = value * scale
    if scaled < 0 and metric.unit in NEVER_NEGATIVE:
        return Reading(metric, trouble=f"{where}: found {value}, expected nothing below 0 of a {metric.unit}")
    if units.is_sensible(scaled):
        return Reading(metric, scaled)
    expected = "a number of a sensible size" if math.isfinite(value) else "a finite number"
    return Reading(metric, trouble=f"{where}: found {value}, expected {expected}")


def printed(metric: Metric, text: str, where: str, scale: float = 1.0) -> Reading:
    """The same from a number as tools print it; what is none costs this value alone."""
    try:
        return reading(metric, quantity(text, where), where, scale)
    except MeasureError as error:
        return Reading(metric, trouble=error.message)


def share_of(failed: float, number: float) -> float:
    """Which share of so many calls failed: all of them where nobody says how many there were."""
    return 0.0 if failed <= 0 else min(1.0, failed / number) if number > 0 else 1.0


def with_errors(readings: tuple[Reading, ...], share: float, where: str) -> tuple[Reading, ...]:
    """What was read of a load test, and the share of its calls that failed: of what cannot be read nothing is known."""
    known = any(not one.trouble for one in readings)
    return (*readings, reading(ERROR_RATE, share, where)) if known else readings


def metric_in(name: str, unit: str, tool: str = "") -> tuple[Metric, float]:
    """A metric under a tool's or the user's own name, and the scale of its unit."""
    meaning = units.meaning(unit, tool, name)
    return Metric(name if name not in OWN else f"{name} (own)", meaning.unit, meaning.better), meaning.scale


def seconds_in(unit: str, where: str) -> float:
    """Seconds in one of a unit of time."""
    meaning = units.meaning(unit)
    if meaning.unit != "s":
        wrong(where, unit, 'a unit of time, such as "ns", "us", "ms", "s"')
    return meaning.scale
