"""Quantities as people write them. Parsers raise :class:`ValueError` with what was found and what was expected."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from perfbot.units.scales import BYTE_SPELLINGS, BYTES, DURATION_SPELLINGS, DURATIONS, MULTIPLES

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+"

_PART = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<unit>[A-Za-zµμ]+)\s*")
_QUANTITY = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<unit>.*)")
_RATE_UNIT = re.compile(r"(?P<prefix>[kMGT]?)\s?(?P<what>[A-Za-z]*)\s?/\s?(?P<per>s|sec|second|min|minute)")
_PERIODS = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0}

LARGEST, SMALLEST = 1e100, 1e-100
"""No quantity is larger, or smaller and not zero; what is written so is a slip, and would overflow on the way."""


def parse_duration(text: str) -> float:
    """Seconds in ``10m``, ``90s``, ``1h30m``, ``0.5 ms``, ``6 min``; a number alone has no meaning."""
    expected = 'a duration such as "90s", "10m", "1h30m" or "0.5 ms"'
    seconds, position, previous = 0.0, 0, -1
    stripped = text.strip()
    order = list(DURATIONS)
    while position < len(stripped):
        part = _PART.match(stripped, position)
        unit = DURATION_SPELLINGS.get(part["unit"], part["unit"]) if part else ""
        if part is None or unit not in DURATIONS or order.index(unit) <= previous:
            raise ValueError(_complaint(text, expected))
        seconds += _number(part["number"]) * DURATIONS[unit]
        previous, position = order.index(unit), part.end()
    if previous < 0:
        raise ValueError(_complaint(text, expected))
    return seconds


def is_sensible(value: float) -> bool:
    """Whether something can have been measured to be so much: finite, and of a size that can be computed with."""
    return value == 0 or SMALLEST <= abs(value) <= LARGEST


def milliseconds(moment: str) -> int:
    """Milliseconds since the epoch of an ISO 8601 text (UTC where it does not say); 0 when it is none."""
    try:
        found = datetime.fromisoformat(moment.replace(" UTC", "+00:00"))
        return max(0, round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        return 0


def parse_percentage(text: str) -> float:
    """The fraction meant by ``2%`` or ``0.5 %``; never negative."""
    number, unit = _split(text, expected := 'a percentage such as "2%" or "0.5 %"')
    if unit != "%":
        raise ValueError(_complaint(text, expected))
    return number / 100


def parse_bytes(text: str) -> float:
    """Bytes in ``2 KiB`` (2048), ``2 KB`` (2000), ``64 MB``, ``512 B``."""
    number, unit = _split(text, expected := 'a size such as "512 B", "2 KiB" (1024) or "64 MB" (1000²)')
    unit = BYTE_SPELLINGS.get(unit, unit)
    if unit not in BYTES:
        raise ValueError(_complaint(text, expected))
    return number * BYTES[unit]


def parse_rate(text: str) -> float:
    """Events a second in ``5000 ops/s``, ``5000/s``, ``1.2 M/s``, ``90 req/min``."""
    number, unit = _split(text, expected := 'a rate such as "5000 ops/s", "5000/s" or "1.2 M/s"')
    found = _RATE_UNIT.fullmatch(unit)
    if found is None:
        raise ValueError(_complaint(text, expected))
    return number * MULTIPLES[found["prefix"]] / _PERIODS[found["per"]]


def parse_count(text: str) -> float:
    """A bare number: ``12``, ``5,010``, ``1.5 M``."""
    number, unit = _split(text, expected := 'a number such as "12", "5,010" or "1.5 M"')
    if unit not in MULTIPLES:
        raise ValueError(_complaint(text, expected))
    return number * MULTIPLES[unit]


_PARSERS = {"s": parse_duration, "B": parse_bytes, "1/s": parse_rate, "1": parse_count}


def parse_quantity(text: str, unit: str = "") -> float:
    """Parse in a known base unit (``s``, ``B``, ``1``, ``1/s``); with none given, whichever unit the text has."""
    if unit:
        return _PARSERS[unit](text)
    for parser in _PARSERS.values():
        try:
            return parser(text)
        except ValueError:
            continue
    raise ValueError(_complaint(text, 'a quantity such as "0.5 ms", "2 KiB", "5000 ops/s" or "12"'))


def _split(text: str, expected: str) -> tuple[float, str]:
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        raise ValueError(_complaint(text, expected))
    return _number(found["number"]), found["unit"].strip()


def _number(digits: str) -> float:
    if (value := float(digits.replace(",", ""))) > LARGEST:
        raise ValueError(_complaint(digits, f"a number below {LARGEST:g}"))
    return value


def _complaint(text: str, expected: str) -> str:
    return f'found "{text}", expected {expected}'
