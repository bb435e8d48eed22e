"""Whether a claim is true, false or undecided, given a judged report; pure.

A claim is true of a benchmark when the whole interval lies where the claim says, false when none of it does, and
undecided otherwise; it is true when it is true of every benchmark that it is about. The interval is the result's own,
at the confidence that allows for every look and every benchmark of the run.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from perfbot.claims.grammar import Claim
from perfbot.judge.ratios import sides_of
from perfbot.model import Result
from perfbot.stats.location import mean_interval

State = Literal["true", "false", "undecided"]
FEWEST_ROUNDS = 2
"""That say how far a value strays."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one benchmark says of a claim.

    Attributes:
        low, high: interval of what is claimed, in the claim's terms; None where nothing was measured.
        change: head/base − 1, and ``interval`` of it, for the reader.
        why: why it could not be told, in words; else empty.
    """

    name: str
    state: State
    low: float | None = None
    high: float | None = None
    change: float | None = None
    interval: tuple[float, float] | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """A claim with what every benchmark says of it. ``state`` is the whole's."""

    claim: Claim
    state: State
    found: tuple[Found, ...]


def verify(claim: Claim, results: Sequence[Result]) -> Verified:
    """Hold a claim against what was measured; nothing that it is about leaves it undecided."""
    about = [one for one in results if one.metric == claim.metric and _matches(claim, one)]
    found = tuple(_found(claim, one) for one in about)
    states = {one.state for one in found}
    whole: State = "false" if "false" in states else "true" if states == {"true"} else "undecided"
    return Verified(claim, whole, found)


def globs_of(claim: Claim) -> tuple[str, ...]:
    """Globs of ``suite/benchmark`` that a claim is about: a function's name alone is found in whatever file it is."""
    return (claim.match, f"*/{claim.match}", f"*::{claim.match}")


def _matches(claim: Claim, result: Result) -> bool:
    return any(fnmatch.fnmatchcase(result.full_name, glob) for glob in globs_of(claim))


def _found(claim: Claim, result: Result) -> Found:
    ends = _interval(claim, result)
    if ends is None:
        return Found(result.full_name, "undecided", change=result.change, why=result.reason or "not measured")
    low, high = ends
    state: State = "undecided"
    if claim.low <= low and high <= claim.high:
        state = "true"
    elif high < claim.low or low > claim.high:
        state = "false"
    return Found(result.full_name, state, low, high, result.change, result.interval)


def _interval(claim: Claim, result: Result) -> tuple[float, float] | None:
    if claim.subject == "value":
        return _head_interval(result)
    if result.interval is None:
        return None
    low, high = result.interval
    if claim.subject == "gain" and result.better == "lower":
        return -high, -low
    return (low, high) if claim.subject == "growth" or result.better == "higher" else None


def _head_interval(result: Result) -> tuple[float, float] | None:
    """Where head's own value lies: over rounds, whatever base was."""
    if len(result.raw) < FEWEST_ROUNDS:
        return None
    heads: list[float] = sides_of(result.raw)[:, 1].tolist()
    if not all(map(math.isfinite, heads)):
        return None
    if result.rule == "exact":
        return min(heads), max(heads)
    return mean_interval(heads, result.confidence or 0.99)
