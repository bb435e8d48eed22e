"""Claims in the description of a merge request: found, and held against its report. Pure.

::

    [[claim]]
    that = "core/parse* is at least 10 % faster"

as a block of its own lines, in a fence or not. Whoever writes one may be anybody: claims are shown and judged, and gate
nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from perfbot.claims.grammar import EXPECTED, MOST_CHARACTERS, parse_claim
from perfbot.claims.verdict import Found, State, Verified, verify
from perfbot.errors import UsageError
from perfbot.model import Report

MOST_CLAIMS = 10
LONGEST_DESCRIPTION = 100_000
"""Characters that are looked at."""

_KEY = r"[ \t]*[A-Za-z_]+[ \t]*=[^\n]*(?:\n|\Z)"
_BLOCK = re.compile(rf"^[ \t]*\[\[claim\]\][ \t]*\n(?P<keys>(?:{_KEY}){{1,3}})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Described:
    """A claim, and what became of it. ``text`` is its author's; ``why`` says what is wrong with it, or nothing."""

    text: str
    state: State | Literal["unreadable"]
    found: tuple[Found, ...] = ()
    why: str = ""
    verified: Verified | None = None


def judged_claims(description: str, report: Report) -> tuple[Described, ...]:
    """Every claim of a description, in its order, held against a report."""
    texts = list(_texts(description))
    return tuple(_judged(text, report) for text in texts[:MOST_CLAIMS])


def _texts(description: str) -> Iterator[str]:
    plain = description[:LONGEST_DESCRIPTION].replace("\r\n", "\n")
    for block in _BLOCK.finditer(plain):
        try:
            that = tomllib.loads("\n".join(line.strip() for line in block["keys"].splitlines())).get("that")
        except (ValueError, RecursionError):  # numbers and tables without end are no TOML that could be said
            that = None
        yield that[: MOST_CHARACTERS + 1] if isinstance(that, str) else ""


def _judged(text: str, report: Report) -> Described:
    if not text:
        return Described("", "unreadable", why='expected that = "…" below [[claim]]')
    try:
        found = verify(parse_claim(text), report)
    except UsageError as error:
        why = error.message if EXPECTED not in error.message else EXPECTED
        return Described(text, "unreadable", why=why)
    return Described(text, found.state, found.found, found.why, found)
