"""Claims of a merge request's author, as lines of its comment. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from perfbot.claims.described import Described
from perfbot.claims.verdict import Found
from perfbot.reasons import words
from perfbot.render.escape import code, prose
from perfbot.units import format_change, format_interval

SIGNS = {"true": "✅ true", "false": "❌ false", "undecided": "⚪ undecided", "unreadable": "❔ not understood"}
SHOWN = 3
"""Benchmarks of a claim that are named: those that say most against it."""

LONGEST = 300


def lines(claims: Sequence[Described]) -> tuple[str, ...]:
    """One line a claim."""
    return tuple(_line(claim) for claim in claims)


def _line(claim: Described) -> str:
    said = code(claim.text[:LONGEST]) if claim.text else "a claim"
    return f"{SIGNS[claim.state]}: {said}{_because(claim)}"


def _because(claim: Described) -> str:
    if claim.why:
        return f" ({prose(claim.why, LONGEST)})"
    telling = [one for one in claim.found if one.state == claim.state] or list(claim.found)
    named = ", ".join(map(_found, telling[:SHOWN]))
    rest = len(telling) - SHOWN
    return f" ({named}{f', and {rest} more' if rest > 0 else ''})" if named else ""


def _found(one: Found) -> str:
    if one.change is None or one.interval is None:
        return f"{code(one.name)}{f': {prose(words.text(one.reasons), LONGEST)}' if one.reasons else ''}"
    return f"{code(one.name)} {format_change(one.change)} {format_interval(*one.interval)}"
