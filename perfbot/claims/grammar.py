"""The grammar of claims; pure.

::

    [METRIC of] GLOB is [at least | at most | more than | less than] N % faster | slower | smaller | larger
    [METRIC of] GLOB is faster | slower | smaller | larger
    [METRIC of] GLOB is unchanged [within N %]
    nothing [under PREFIX | in GLOB] is more than N % slower | larger        (also: is slower than N %)
    METRIC of GLOB ≤ QUANTITY        (also <, <=, >, >=, ≥, "is at most", "is at least")

*Faster* and *slower* follow the metric (less time, more throughput); *smaller* and *larger* are of the value itself.
``N % faster`` means that base's cost fell by N per cent: 10 % faster is at most 0.9 of the time. Without a metric a
claim is about time. Case does not matter outside of globs.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from perfbot.config import unit_of
from perfbot.errors import UsageError
from perfbot.units import parse_percentage, parse_quantity

MOST_CHARACTERS = 500
"""Of a claim: nobody writes a longer one, and it may come from anybody."""

Subject = Literal["gain", "growth", "value"]
"""What is claimed: how much better (a fraction), how much more (a fraction), or head's own value."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is true or not of each benchmark it is about.

    Attributes:
        text: as it was written.
        match: glob of ``suite/benchmark``; one without a slash is looked for in every suite.
        metric: what it is about.
        subject: of what ``low`` and ``high`` speak.
        low, high: where it must lie; infinite where one end is open. Fractions, or base units of the metric.
    """

    text: str
    match: str
    metric: str
    subject: Subject
    low: float = -math.inf
    high: float = math.inf


_NUMBER = r"(?P<percent>[\d.,]+\s*%)"
_METRIC = r"(?:(?P<metric>[a-z][a-z0-9_]*)\s+of\s+)?"
_GLOB = r"(?P<glob>\S+)"
_BE = r"\s+(?:is|are)\s+"
_WORD = r"(?P<word>faster|slower|smaller|larger)"
_BOUND = r"(?P<bound>at\s+least|at\s+most|more\s+than|less\s+than|no\s+more\s+than)?\s*"
_SIGN = r"(?P<sign><=|>=|≤|≥|<|>|at\s+most|at\s+least)"
_FORMS = tuple(
    (name, re.compile(rf"{pattern}\.?", re.IGNORECASE))
    for name, pattern in (
        ("nothing", rf"(?P<metric>)nothing(?:\s+(?:under|in)\s+{_GLOB})?{_BE}(?:more\s+than\s+)?{_NUMBER}\s+{_WORD}"),
        ("nothing", rf"(?P<metric>)nothing(?:\s+(?:under|in)\s+{_GLOB})?{_BE}{_WORD}\s+than\s+{_NUMBER}"),
        ("nothing", rf"(?P<metric>)nothing(?:\s+(?:under|in)\s+{_GLOB})?{_BE}{_WORD}\s+by\s+more\s+than\s+{_NUMBER}"),
        ("unchanged", rf"{_METRIC}{_GLOB}{_BE}unchanged(?:\s+within\s+{_NUMBER})?"),
        ("change", rf"{_METRIC}{_GLOB}{_BE}{_BOUND}{_NUMBER}\s+{_WORD}(?:\s+than\s+base)?"),
        ("change", rf"{_METRIC}{_GLOB}{_BE}(?P<bound>)(?P<percent>){_WORD}(?:\s+than\s+base)?"),
        ("value", rf"(?P<metric>[a-z][a-z0-9_]*)\s+of\s+{_GLOB}(?:{_BE})?\s*{_SIGN}\s*(?P<quantity>.+)"),
    )
)  # fmt: skip

_QUOTED = re.compile(r"""(?<!\S)([`"'])([^\s`"']+)\1(?!\S)""")
"""A name as Markdown and people write it."""

EXPECTED = (
    'expected one such as "core/parse* is at least 10 % faster", "nothing under core/ is slower than 2 %", '
    '"memory of load_config ≤ 5 MiB", "core/render is unchanged within 3 %"'
)
SIGNS = {"faster": ("gain", 1), "slower": ("gain", -1), "smaller": ("growth", -1), "larger": ("growth", 1)}
UNCHANGED_WITHIN = 0.02
NO_NAMES = ("nothing", "everything", "all", "it")
"""Words that somebody may take for a glob."""


def parse_claim(text: str) -> Claim:
    """One claim.

    Raises:
        UsageError: it is none; says what was expected.
    """
    words = " ".join(text.split())
    if not words or len(words) > MOST_CHARACTERS:
        raise UsageError(f"a claim of {len(words)} characters: {EXPECTED}")
    plain = _QUOTED.sub(r"\2", words)
    for form, pattern in _FORMS:
        found = pattern.fullmatch(plain)
        if found is not None and (found["glob"] or "").lower() not in NO_NAMES:
            return _MAKERS[form](words, found)
    raise UsageError(f"{words[:80]!r} is not a claim that can be checked; {EXPECTED}")


def _nothing(text: str, found: re.Match[str]) -> Claim:
    where = found["glob"] or "*"
    return _bounded(text, f"{where}*" if where.endswith("/") else where, found, -math.inf, _share(found))


def _change(text: str, found: re.Match[str]) -> Claim:
    bound = " ".join((found["bound"] or "").lower().split())
    if not found["percent"]:
        return _bounded(text, found["glob"], found, 0.0, math.inf)
    share = _share(found)
    if bound in ("at most", "less than", "no more than"):
        return _bounded(text, found["glob"], found, -math.inf, share)
    return _bounded(text, found["glob"], found, share, math.inf)


def _bounded(text: str, match: str, found: re.Match[str], low: float, high: float) -> Claim:
    """``low`` to ``high`` of what the word says; turned round where the word is the opposite of the subject."""
    subject, sign = SIGNS[found["word"].lower()]
    ends = (low, high) if sign > 0 else (-high, -low)
    return Claim(text, match, (found["metric"] or "time").lower(), "gain" if subject == "gain" else "growth", *ends)


def _unchanged(text: str, found: re.Match[str]) -> Claim:
    share = _share(found) if found["percent"] else UNCHANGED_WITHIN
    return Claim(text, found["glob"], (found["metric"] or "time").lower(), "growth", -share, share)


def _value(text: str, found: re.Match[str]) -> Claim:
    metric = found["metric"].lower()
    try:
        quantity = parse_quantity(found["quantity"].strip(), unit_of(metric)[0])
    except ValueError as error:
        raise UsageError(f"{text[:80]!r}: {error}") from error
    upper = found["sign"].lower().split()[-1] in ("<=", "≤", "<", "most")
    low, high = (-math.inf, quantity) if upper else (quantity, math.inf)
    return Claim(text, found["glob"], metric, "value", low, high)


def _share(found: re.Match[str]) -> float:
    try:
        share = parse_percentage(found["percent"])
    except ValueError as error:
        raise UsageError(f"{found['percent']!r}: {error}") from error
    return share


_MAKERS = {"nothing": _nothing, "unchanged": _unchanged, "change": _change, "value": _value}
