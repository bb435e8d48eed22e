"""Quantities as people write and read them: durations, percentages, bytes, rates, counts.

Inside perfbot a quantity is a float in a base unit, named as in :class:`perfbot.model.Metric`: ``s``, ``B``,
``1`` (a count), ``1/s``, or one of the user's own. Text is parsed once, where it enters
(:mod:`~perfbot.units.reading`), and formatted once, where it is shown (:mod:`~perfbot.units.showing`); what tools mean
by their units is known in :mod:`~perfbot.units.of_tools`.
"""

from perfbot.units.of_tools import DIRECTIONS, Meaning, meaning
from perfbot.units.reading import (
    is_sensible,
    milliseconds,
    parse_bytes,
    parse_count,
    parse_duration,
    parse_percentage,
    parse_quantity,
    parse_rate,
)
from perfbot.units.showing import (
    AS_FACTOR_FROM,
    UNTOLD_FROM,
    format_change,
    format_duration,
    format_estimate,
    format_interval,
    format_noise,
    format_percentage,
    format_quantity,
    typed_duration,
)

__all__ = [
    "AS_FACTOR_FROM",
    "DIRECTIONS",
    "UNTOLD_FROM",
    "Meaning",
    "format_change",
    "format_duration",
    "format_estimate",
    "format_interval",
    "format_noise",
    "format_percentage",
    "format_quantity",
    "is_sensible",
    "meaning",
    "milliseconds",
    "parse_bytes",
    "parse_count",
    "parse_duration",
    "parse_percentage",
    "parse_quantity",
    "parse_rate",
    "typed_duration",
]
