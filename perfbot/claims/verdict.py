"""Whether a claim is true, false or undecided, given a judged report; pure.

A claim is a region that the change, or head's own value, lies in. It is decided as changes are: at every look that the
plan allows, at an ``alpha`` shared among the benchmarks of the run, each end of the region in the place of 0. What says
that something changed counts once fresh rounds have borne it out. So a claim holds of the same rounds for ever.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from perfbot.claims.grammar import Claim
from perfbot.claims.names import named, nothing_named
from perfbot.claims.question import Question, question_of
from perfbot.judge.confirmation import confirmation_of, confirmed, is_confirmed
from perfbot.judge.machines import hull
from perfbot.judge.ratios import sides_of
from perfbot.model import Metric, Policy, Report, Result
from perfbot.reasons import (
    BetterUnknown,
    MachinesDiffer,
    NoInterval,
    NoRatio,
    NotConfirmed,
    NotFinite,
    NotMeasured,
    Reason,
)
from perfbot.stats.evidence import NOTHING
from perfbot.stats.sequential import Decision, Plan, decide
from perfbot.stats.sequential import State as Decided

State = Literal["true", "false", "undecided"]

FEWEST_ROUNDS = 2
"""That say how far an exact value strays."""

STATES: dict[Decided, State] = {"same": "true", "up": "false", "down": "false", "open": "undecided"}


@dataclass(frozen=True, slots=True)
class Found:
    """What one benchmark says of a claim.

    Attributes:
        low, high: interval of what is claimed, in the claim's terms; None where nothing was measured.
        change: head/base − 1, and ``interval`` of it, for the reader; None where the claim is about head's own value.
        confidence: of the interval, which allows for every look and every benchmark; None of exact metrics.
        reasons: why it could not be told; else empty.
    """

    name: str
    state: State
    low: float | None = None
    high: float | None = None
    change: float | None = None
    interval: tuple[float, float] | None = None
    reasons: tuple[Reason, ...] = ()
    confidence: float | None = None
    rounds: int = 0


@dataclass(frozen=True, slots=True)
class Verified:
    """A claim with what every benchmark says of it. ``state`` is the whole's."""

    claim: Claim
    state: State
    found: tuple[Found, ...]
    why: str = ""
    """There is nothing that it is about."""


def verify(claim: Claim, report: Report) -> Verified:
    """Hold a claim against what was measured; nothing that it is about leaves it undecided.

    Raises:
        UsageError: it may be about one or another benchmark.
    """
    meant = named(claim, [one.full_name for one in report.results])
    about = [one for one in report.results if one.metric == claim.metric and one.full_name in meant]
    found = tuple(_found(claim, one, report.policy, report.family) for one in about)
    states = {one.state for one in found}
    whole: State = "false" if "false" in states else "true" if states == {"true"} else "undecided"
    return Verified(claim, whole, found, "" if about else _nothing(claim, report, meant))


def _nothing(claim: Claim, report: Report, meant: Collection[str]) -> str:
    if meant:
        return f"{claim.metric} of {claim.match} was not measured"
    return nothing_named(claim, [one.full_name for one in report.results])


def _found(claim: Claim, result: Result, policy: Policy, family: int) -> Found:
    metric = Metric(result.metric, result.unit, result.better, result.rule)
    question = question_of(claim, metric)
    undecided = Found(result.full_name, "undecided", change=result.change, rounds=len(result.raw))
    if question is None:
        return replace(undecided, reasons=(BetterUnknown(metric.name),))
    if not result.raw or result.verdict in ("failed", "removed"):
        return replace(undecided, reasons=result.reasons or (NotMeasured(),))
    sides = sides_of(result.raw)
    if not np.isfinite(sides).all():
        return replace(undecided, reasons=(NotFinite(),))
    if metric.rule == "exact" or (sides <= 0).any():
        return _by_range(claim, question, result, undecided)
    plan = question.plan(result.full_name, metric, policy, family)
    machines = sorted({one.machine for one in result.raw})
    apart = [replace(result, raw=tuple(one for one in result.raw if one.machine == machine)) for machine in machines]
    return _together([_by_test(claim, question, one, plan, policy) for one in apart], result)


def _together(found: Sequence[Found], result: Result) -> Found:
    """What every machine says by itself; nothing is told by one of several alone."""
    if len(found) == 1:
        return found[0]
    states = {one.state for one in found}
    known = [one for one in found if one.low is not None and one.high is not None and one.confidence is not None]
    whole = replace(
        found[0],
        state=states.pop() if len(states) == 1 else "undecided",
        rounds=len(result.raw),
        change=result.change if found[0].change is not None else None,
        interval=hull([one.interval for one in found]),
        low=None, high=None, confidence=None,
        reasons=tuple(dict.fromkeys(reason for one in found for reason in one.reasons))
        or ((MachinesDiffer(),) if states else ()),
    )  # fmt: skip
    if len(known) < len(found):
        return whole
    low, high = min(one.low or 0.0 for one in known), max(one.high or 0.0 for one in known)
    return replace(whole, low=low, high=high, confidence=1 - sum(1 - (one.confidence or 0.0) for one in known))


def _by_range(claim: Claim, question: Question, result: Result, undecided: Found) -> Found:
    """Of values that repeat: the range over the rounds."""
    if question.of_head:
        heads = sides_of(result.raw)[:, 1].tolist()
        ends = (min(heads), max(heads)) if result.rule == "exact" and len(heads) >= FEWEST_ROUNDS else None
    else:
        ends = result.interval if result.rule == "exact" else None
    if ends is None:
        return replace(undecided, reasons=result.reasons or (NoRatio(),))
    low, high = ends if question.of_head else _in_terms(claim, result, ends)
    inside, outside = claim.low <= low and high <= claim.high, high < claim.low or low > claim.high
    state: State = "true" if inside else "false" if outside else "undecided"
    return replace(undecided, state=state, low=low, high=high, interval=None if question.of_head else ends)


def _by_test(claim: Claim, question: Question, result: Result, plan: Plan, policy: Policy) -> Found:
    """Of noisy values: what the sequential test says of the region, borne out where that implies a change."""
    found, unconfirmed = _decided(question, result, plan, confirms=is_confirmed(policy) and not question.of_head)
    known = math.isfinite(found.high)
    told = Found(
        result.full_name,
        STATES[found.state],
        reasons=(unconfirmed,) if unconfirmed is not None else () if known else (NoInterval(),),
        confidence=found.confidence if known else None,
        rounds=len(result.raw),
    )
    if question.of_head:
        return replace(told, low=1 + found.low, high=1 + found.high) if known else told
    low, high = _in_terms(claim, result, (found.low, found.high)) if known else (None, None)
    return replace(told, low=low, high=high, change=found.change, interval=(found.low, found.high) if known else None)


def _decided(question: Question, result: Result, plan: Plan, *, confirms: bool) -> tuple[Decision, NotConfirmed | None]:
    parts = [[one for one in result.raw if one.confirming is fresh] for fresh in (False, True)]
    if question.of_head:
        parts = [list(result.raw), []]
    before, fresh = (question.evidence(part, result.unit) if part else NOTHING for part in parts)
    found = decide(before, plan, final=True)
    metric = Metric(result.metric, result.unit, result.better, result.rule)
    so_far = confirmation_of(found, before, fresh, metric, plan, gates=False) if confirms else None
    return (found, None) if so_far is None else confirmed(found, before, fresh, so_far, plan)


def _in_terms(claim: Claim, result: Result, ends: tuple[float, float]) -> tuple[float, float]:
    """An interval of the change in the claim's terms: how much better, or how much more."""
    low, high = ends
    return (-high, -low) if claim.subject == "gain" and result.better == "lower" else (low, high)
