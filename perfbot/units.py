"""Quantities as people write and read them: durations, percentages, bytes, rates, counts.

Inside perfbot a quantity is a float in a base unit, named as in :class:`perfbot.model.Metric`: ``s``, ``B``,
``1`` (a count), ``1/s``, or one of the user's own. Text is parsed once, where it enters, and formatted once,
where it is shown. Every parser raises :class:`ValueError` with what was found and what was expected.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Better = Literal["lower", "higher", "unknown"]

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+"

DURATIONS = {
    "d": 86_400.0, "h": 3_600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12,
}  # fmt: skip
"""Seconds in one of each; the order is that of a compound such as ``1h30m``."""

BYTES = {
    "B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3, "TiB": 1024.0**4,
}  # fmt: skip
"""Bytes in one of each: decimal prefixes are powers of 1000, those with an i powers of 1024."""

MULTIPLES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}

_DURATION_SPELLINGS = {
    "day": "d", "days": "d", "hour": "h", "hours": "h", "m": "min", "mins": "min", "minute": "min",
    "minutes": "min", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "us": "µs", "μs": "µs",
    "usec": "µs", "msec": "ms", "nsec": "ns",
}  # fmt: skip
_BYTE_SPELLINGS = {"KB": "kB", "byte": "B", "bytes": "B", "kiB": "KiB"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a tool means by a unit.

    Attributes:
        unit: the base unit that it is a multiple of; itself where it is of no known kind.
        scale: how many of the base unit one of it is.
        better: which direction is better, as far as the unit or the metric's name tells.
    """

    unit: str
    scale: float
    better: Better


_TIMES = {**DURATIONS, **{spelling: DURATIONS[unit] for spelling, unit in _DURATION_SPELLINGS.items()},
    "m": 60.0, "msecs": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3, "usecs": 1e-6, "microsecond": 1e-6,
    "microseconds": 1e-6, "nsecs": 1e-9, "nanosecond": 1e-9, "nanoseconds": 1e-9, "hours": 3_600.0
}  # fmt: skip
_SIZES = {**BYTES, **{spelling: BYTES[unit] for spelling, unit in _BYTE_SPELLINGS.items()},
    "KiByte": 1024.0, "Megabytes": 1e6, "Kilobytes": 1e3, "Gigabytes": 1e9, "megabytes": 1e6, "kilobytes": 1e3,
    "gigabytes": 1e9, "Bytes": 1.0
}  # fmt: skip
_DONE = frozenset({
    "op", "ops", "operation", "operations", "iter", "iters", "iteration", "iterations", "call", "calls", "req", "reqs",
    "request", "requests", "query", "queries", "row", "rows", "record", "records", "item", "items", "elem", "elems",
    "element", "elements", "event", "events", "msg", "msgs", "message", "messages", "tx", "txn", "txns", "transaction",
    "transactions", "doc", "docs", "document", "documents", "file", "files", "line", "lines", "word", "words", "token",
    "tokens", "page", "pages", "frame", "frames", "packet", "packets", "job", "jobs", "task", "tasks", "key", "keys",
    "entry", "entries", "lookup", "lookups", "insert", "inserts", "read", "reads", "write", "writes",
    "byte", "bytes", "test", "tests", "run", "runs", "flop", "flops", "",
})  # fmt: skip
"""What one wants to get done: more of it a second is better. Of what is not here (errors/s, GCs/s) nobody knows."""
_RATES = {"rps": 1.0, "qps": 1.0, "tps": 1.0, "iops": 1.0, "IOPS": 1.0, "fps": 1.0, "flops": 1.0, "FLOPS": 1.0}
_COST = frozenset({
    "alloc", "allocs", "allocation", "allocations", "instruction", "instructions", "cycle", "cycles", "branches",
    "branch-misses", "cache-misses", "cache-references", "page-faults", "context-switches", "syscalls", "error",
    "errors", "failure", "failures", "miss", "misses",
})  # fmt: skip
"""Counts of what one wants little of."""

DIRECTIONS: dict[str, dict[str, Better]] = {
    "k6": {
        "http_reqs": "higher", "iterations": "higher", "checks": "higher", "grpc_reqs": "higher",
        "dropped_iterations": "lower", "http_req_failed": "lower",
    },
    "jmh": {"gc.alloc.rate": "unknown", "gc.count": "lower"},
    "google_benchmark": {
        "allocs_per_iter": "lower", "max_bytes_used": "lower", "total_allocated_bytes": "lower",
        "net_heap_growth": "lower",
    },
}  # fmt: skip
"""Of what each tool itself reports under a name, whatever the unit says."""

_MULTIPLES = {**MULTIPLES, "K": 1e3}


def meaning(unit: str, tool: str = "", name: str = "") -> Meaning:
    """What a tool's unit means; every reader asks here, so that one unit means one thing.

    A direction is given where the unit or the name leaves no doubt, and ``unknown`` otherwise: turned round, a ten
    times worse count of errors would be told as an improvement.

    Args:
        tool, name: of the metric, where it may be the tool's own (:data:`DIRECTIONS`).

    >>> meaning("ns/op"), meaning("p50-ns").unit, meaning("rows/second").better
    (Meaning(unit='s', scale=1e-09, better='lower'), 's', 'higher')
    >>> meaning("errors/s")
    Meaning(unit='errors/s', scale=1.0, better='unknown')
    """
    found = _meaning(unit.strip())
    return Meaning(found.unit, found.scale, DIRECTIONS.get(tool, {}).get(name, found.better))


def _meaning(unit: str) -> Meaning:
    what, _, per = (part.strip() for part in unit.partition("/"))
    if per in _TIMES:
        return _rate(unit, what, _TIMES[per])
    plain = what if what in _TIMES or what in _SIZES else what.rsplit("-", 1)[-1]
    if plain in _TIMES and (plain == what or len(plain) > 1):
        return Meaning("s", _TIMES[plain], "lower")
    if plain in _SIZES:
        return Meaning("B", _SIZES[plain], "lower")
    if unit in _RATES:
        return Meaning("1/s", 1.0, "higher")
    if what in _COST or what.lower() in _COST:
        return Meaning("1", 1.0, "lower")
    return Meaning(unit or "1", 1.0, "unknown")


def _rate(unit: str, what: str, seconds: float) -> Meaning:
    """So much in a time: ``ops/us``, ``MiB/s``, ``Melem/s``, ``1/s``."""
    if what in _SIZES:
        return Meaning("B/s", _SIZES[what] / seconds, "higher")
    if what == "1" or what.lower() in _DONE:
        return Meaning("1/s", 1 / seconds, "higher")
    if what[:1] in _MULTIPLES and what[1:].lower() in _DONE:
        return Meaning("1/s", _MULTIPLES[what[:1]] / seconds, "higher")
    return Meaning(unit, 1.0, "unknown")


_PART = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<unit>[A-Za-zµμ]+)\s*")
_QUANTITY = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<unit>.*)")
_RATE_UNIT = re.compile(r"(?P<prefix>[kMGT]?)\s?(?P<what>[A-Za-z]*)\s?/\s?(?P<per>s|sec|second|min|minute)")
_PERIODS = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0}

_SHOWN: dict[str, tuple[tuple[float, str], ...]] = {
    "s": tuple((DURATIONS[name], f" {name}") for name in ("s", "ms", "µs", "ns", "ps")),
    "B": tuple((BYTES[name], f" {name}") for name in ("TiB", "GiB", "MiB", "KiB", "B")),
    "1": tuple((MULTIPLES[name], f" {name}".rstrip()) for name in ("T", "G", "M", "")),
    "1/s": tuple((MULTIPLES[name], f" {name}/s") for name in ("T", "G", "M", "")),
}
"""Steps to show each unit in, largest first."""

LARGEST = 1e100
"""No quantity is larger; what is written so is a slip, and would overflow when scaled."""

_UNPREFIXED = {"s": "s", "B": "B", "1": "", "1/s": "/s"}

_WHOLE_BELOW = {"1": 1e6, "B": 1024.0}
"""Whole counts and bytes below this are shown digit by digit: they are exact, and read as such."""

AS_FACTOR_FROM = 2.0
"""Changes from +200 % on are shown as a factor: "×3.1" is read faster than "+210 %"."""

UNTOLD_FROM = 1e4
"""A factor this large is the end of an interval that knows nothing; it is written as infinity."""

AS_DIVISOR_FROM = -0.9
"""Changes from −90 % down are shown as a divisor: rounded percentages near −100 % say nothing."""

MOST_DECIMALS = 12
"""Of a share that needs them: the smallest that anybody configures."""


def parse_duration(text: str) -> float:
    """Seconds in ``10m``, ``90s``, ``1h30m``, ``0.5 ms``, ``6 min``; a number alone has no meaning."""
    expected = 'a duration such as "90s", "10m", "1h30m" or "0.5 ms"'
    seconds, position, previous = 0.0, 0, -1
    stripped = text.strip()
    order = list(DURATIONS)
    while position < len(stripped):
        part = _PART.match(stripped, position)
        unit = _DURATION_SPELLINGS.get(part["unit"], part["unit"]) if part else ""
        if part is None or unit not in DURATIONS or order.index(unit) <= previous:
            raise ValueError(_complaint(text, expected))
        seconds += _number(part["number"]) * DURATIONS[unit]
        previous, position = order.index(unit), part.end()
    if previous < 0:
        raise ValueError(_complaint(text, expected))
    return seconds


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
    unit = _BYTE_SPELLINGS.get(unit, unit)
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


def format_quantity(value: float, unit: str) -> str:
    """Three significant digits in engineering steps: ``11.8 ms``, ``2.00 KiB``, ``5,010 /s``, ``9,876``."""
    if not math.isfinite(value) or unit not in _SHOWN:
        return f"{_plain(value)} {unit}".rstrip()
    if value == 0:
        return f"0 {_UNPREFIXED[unit]}".rstrip()
    if value == int(value) and abs(value) < _WHOLE_BELOW.get(unit, 0):
        return f"{int(value):,} {_UNPREFIXED[unit]}".rstrip().replace("-", "−")
    steps = _SHOWN[unit]
    size, suffix = next((step for step in steps if abs(_rounded(value / step[0])) >= 1), steps[-1])
    return f"{_significant(value / size)}{suffix}".replace("-", "−")


def format_change(fraction: float) -> str:
    """A relative change: ``+38 %``, ``−22 %``, ``+0.4 %``, ``×3.1`` from +200 % and ``÷12`` from −90 % on."""
    return f"{_percent(fraction)} %" if _in_percent(fraction) else _factor(fraction)


def format_interval(low: float, high: float) -> str:
    """The interval of a change on one scale: ``[+35, +41]`` in percent, ``[×1.9, ×3.2]`` where an end is a factor."""
    if _in_percent(low) and _in_percent(high):
        return f"[{_percent(low)}, {_percent(high)}]"
    return f"[{_factor(low)}, {_factor(high)}]"


def format_estimate(change: float, interval: tuple[float, float] | None) -> tuple[str, str]:
    """A change and how sure it is, both on one scale.

    Returns:
        ``("+38 %", "±3")``, the farther end of the interval; ``("×6.9", "×5.7 to ×8.2")`` where one of the three is a
        factor, ``("×3.4", "±0.4 %")`` where its ends look alike; nothing for how sure where the interval is unknown,
        or has no width (exact values).
    """
    if interval is None or interval[0] == interval[1]:
        return format_change(change), ""
    if all(map(_in_percent, (change, *interval))):
        margin = max(interval[1] - change, change - interval[0])
        return format_change(change), f"±{_margin(margin)}"
    low, high = map(_factor, interval)
    if low == high:
        apart = max((1 + interval[1]) / (1 + change), (1 + change) / (1 + interval[0])) - 1
        return _factor(change), f"±{_margin(apart)} %"
    return _factor(change), f"{low} to {high}"


def format_percentage(fraction: float) -> str:
    """A share or threshold without a sign: ``2 %``, ``0.5 %``, ``12.5 %``; never with an exponent."""
    percent = abs(fraction) * 100
    text = f"{percent:.4g}"
    if "e" in text:
        text = f"{percent:,.0f}" if percent >= 1 else f"{percent:.{MOST_DECIMALS}f}".rstrip("0").rstrip(".")
    return f"{'−' if fraction < 0 and text != '0' else ''}{text} %"


def format_noise(fraction: float) -> str:
    """How far values scatter: ``±4 %``, ``±0.6 %``; what cannot be seen any more is ``±0 %``."""
    return f"±{_margin(fraction)} %"


def format_duration(seconds: float) -> str:
    """Time as one tells it: ``0.4 s``, ``45 s``, ``1 min 30 s``, ``6 min``, ``1 h 30 min``, ``2 d 3 h``."""
    if seconds < 9.95:
        return f"{_trimmed(seconds, 1)} s" if seconds >= 0.05 or seconds == 0 else format_quantity(seconds, "s")
    if seconds < 600:
        return _compound(round(seconds), 60, "min", "s")
    if seconds < 86_400 - 30:
        return _compound(round(seconds / 60), 60, "h", "min")
    return _compound(round(seconds / 3_600), 24, "d", "h")


def typed_duration(seconds: float) -> str:
    """A duration as one types it, rounded up to whole seconds: ``30s``, ``2m``, ``90s``, ``1h``."""
    whole = math.ceil(seconds)
    size, letter = next((size, letter) for size, letter in ((3600, "h"), (60, "m"), (1, "s")) if whole % size == 0)
    return f"{whole // size}{letter}"


def _compound(total: int, size: int, large: str, small: str) -> str:
    whole, rest = divmod(total, size)
    parts = [f"{whole} {large}"] if whole else []
    return " ".join([*parts, f"{rest} {small}"] if rest or not parts else parts)


def _in_percent(fraction: float) -> bool:
    """Whether a change is told in percent when it stands alone."""
    return AS_DIVISOR_FROM < fraction < AS_FACTOR_FROM


def _percent(fraction: float) -> str:
    """The number of a change in percent, with its sign."""
    digits = _digits(abs(fraction) * 100)
    return digits if digits == "0" else f"{'−' if fraction < 0 else '+'}{digits}"


def _digits(percent: float) -> str:
    """As many decimals as anybody reads: none from 10 on, one from 0.1 on, two below."""
    decimals = 0 if percent >= 9.95 else 1 if percent >= 0.095 else 2
    digits = f"{percent:.{decimals}f}"
    return digits if float(digits) else "0"


def _margin(fraction: float) -> str:
    """The number after a ±: digits as of a change, and no decimal that is zero."""
    return _digits(fraction * 100).removesuffix(".0")


def _factor(fraction: float) -> str:
    """A change as a factor or divisor: ``×3.1``, ``÷12``, ``×1.02``."""
    if 1 + fraction >= 1:
        return f"×{_two_digits(1 + fraction)}" if 1 + fraction < UNTOLD_FROM else "×∞"
    if (1 + fraction) * UNTOLD_FROM <= 1:
        return "÷∞"
    divisor = _two_digits(1 / (1 + fraction))
    return f"÷{divisor}" if float(divisor.replace(",", "")) > 1 else "×1.00"


def _two_digits(factor: float) -> str:
    """Two digits; three close to 1, where two would say nothing."""
    if factor < 1.995:
        return f"{factor:.2f}"
    return f"{factor:.1f}" if factor < 9.95 else f"{_rounded(factor, 2):,.0f}"


def _trimmed(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".")


def _rounded(value: float, digits: int = 3) -> float:
    return float(f"{value:.{digits - 1}e}")


def _significant(value: float, digits: int = 3) -> str:
    rounded = _rounded(value, digits)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}"


def _plain(value: float) -> str:
    """A number in a unit that has no steps: as written up to a million, scientific outside."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "?")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = "0" if value == 0 else _significant(value)
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−")


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
