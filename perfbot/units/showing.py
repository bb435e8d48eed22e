"""Quantities as people read them: as many digits as anybody reads, in steps of their unit."""

from __future__ import annotations

import math

from perfbot.units.scales import BYTES, DURATIONS, MULTIPLES

_SHOWN: dict[str, tuple[tuple[float, str], ...]] = {
    "s": tuple((DURATIONS[name], f" {name}") for name in ("s", "ms", "µs", "ns", "ps")),
    "B": tuple((BYTES[name], f" {name}") for name in ("TiB", "GiB", "MiB", "KiB", "B")),
    "1": tuple((MULTIPLES[name], f" {name}".rstrip()) for name in ("T", "G", "M", "")),
    "1/s": tuple((MULTIPLES[name], f" {name}/s") for name in ("T", "G", "M", "")),
}
"""Steps to show each unit in, largest first."""

_UNPREFIXED = {"s": "s", "B": "B", "1": "", "1/s": "/s"}

_WHOLE_BELOW = {"1": 1e6, "B": 1024.0}
"""Whole counts and bytes below this are shown digit by digit: they are exact, and read as such."""

AS_FACTOR_FROM = 2.0
"""Changes from +200 % on are shown as a factor: "×3.1" is read faster than "+210 %"."""

UNTOLD_FROM = 1e4
"""Ends of an interval that are further apart know nothing: one that is itself so large is written as infinity."""

COUNTED_TO = 1e7
"""Factors from here on are written with an exponent."""

AS_DIVISOR_FROM = -0.9
"""Changes from −90 % down are shown as a divisor: rounded percentages near −100 % say nothing."""

FACTOR_DIGITS, MOST_FACTOR_DIGITS = 2, 4
"""Of a factor, and at most where two of them would look alike."""

MOST_DECIMALS = 12
"""Of a share that needs them: the smallest that anybody configures."""


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
    return f"[{', '.join(_ends(low, high))}]"


def format_estimate(change: float, interval: tuple[float, float] | None) -> tuple[str, str]:
    """A change and how sure it is, both on one scale.

    Returns:
        ``("+38 %", "±3")``, the farther end of the interval; ``("−4.8 %", "−10 to −2.0")`` where that would hold no
        change, and the interval does not; ``("×6.9", "×5.7 to ×8.2")`` where one of the three is a factor,
        ``("×3.4", "±0.4 %")`` where its ends look alike; nothing for how sure where the interval is unknown, or has no
        width (exact values).
    """
    if interval is None or interval[0] == interval[1]:
        return format_change(change), ""
    if all(map(_in_percent, (change, *interval))):
        margin = max(interval[1] - change, change - interval[0])
        one_way = interval[0] >= 0 or interval[1] <= 0
        lopsided = one_way and margin >= abs(change)
        told = " to ".join(map(_percent, interval)) if lopsided else f"±{_margin(margin)}"
        return format_change(change), told
    low, high = _ends(*interval)
    if _factor(interval[0]) == _factor(interval[1]):
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


def _factor(fraction: float, digits: int = FACTOR_DIGITS) -> str:
    """A change as a factor or divisor: ``×3.1``, ``÷12``, ``×1.02``, ``×10,000``."""
    if 1 + fraction >= 1:
        return f"×{_digits_of(1 + fraction, digits)}"
    if 1 + fraction <= 0:
        return "÷∞"
    divisor = _digits_of(1 / (1 + fraction), digits)
    return f"÷{divisor}" if float(divisor.replace(",", "")) > 1 else f"×{_digits_of(1.0, digits)}"


def _ends(low: float, high: float) -> tuple[str, str]:
    """The ends of an interval as factors; infinite where they are so large and so far apart that they know nothing."""
    if 1 + high < (1 + low) * UNTOLD_FROM:
        return _apart(low, high)
    return (
        "÷∞" if (1 + low) * UNTOLD_FROM <= 1 else _factor(low),
        "×∞" if 1 + high >= UNTOLD_FROM else _factor(high),
    )


def _apart(low: float, high: float) -> tuple[str, str]:
    """Both ends as factors, in as many digits as tell them from what lies in their middle."""
    middle = math.sqrt((1 + low) * (1 + high)) - 1
    for digits in range(FACTOR_DIGITS, MOST_FACTOR_DIGITS):
        told = [_factor(end, digits) for end in (low, middle, high)]
        if len(set(told)) == len(told):
            return told[0], told[-1]
    return _factor(low, MOST_FACTOR_DIGITS), _factor(high, MOST_FACTOR_DIGITS)


def _digits_of(factor: float, digits: int) -> str:
    """So many digits; one more close to 1, where they would say nothing."""
    if factor < 1.995:
        return f"{factor:.{digits}f}"
    if factor >= COUNTED_TO:
        return f"{factor:.{digits - 1}e}".replace("e+0", "e").replace("e+", "e") if math.isfinite(factor) else "∞"
    rounded = _rounded(factor, digits)
    return f"{rounded:,.{max(0, digits - 1 - math.floor(math.log10(rounded)))}f}"


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
