"""What is called a change only once fresh rounds have borne it out. Pure.

What would fail the gate has to be borne out by all rounds at the comparison's own share of the run's false alarms, and
by the fresh ones alone at 1 in 390, by a bound that takes nothing for granted about the shape of the noise
(:mod:`perfbot.stats.confirmation`); what would only be shown, at one in a hundred.
"""

from __future__ import annotations

from perfbot.model import Metric, Policy
from perfbot.reasons import NotConfirmed
from perfbot.stats.confirmation import SHOWN, Confirmation, confirmation, end_to_confirm, needed_of_fresh
from perfbot.stats.evidence import Evidence
from perfbot.stats.sequential import Decision, Plan, restated

ROUNDING = 1e-9
"""A change of exactly its threshold counts as over it, whatever floating point makes of it."""


def is_worse(found: Decision, metric: Metric) -> bool:
    """Whether head is the worse side of a change."""
    return (found.state == "up") == (metric.better == "lower")


def is_over(change: float, threshold: float) -> bool:
    """Whether a regression is as large as one that matters."""
    return abs(change) >= threshold * (1 - ROUNDING)


def confirmation_of(
    found: Decision, before: Evidence, fresh: Evidence, metric: Metric, plan: Plan, *, gates: bool
) -> Confirmation | None:
    """How far ``fresh`` rounds bear out what was found ``before``; None where no change was found, nor one that a
    region which was asked about implies.

    Args:
        before, fresh: what rounds say, in the order measured.
        gates: whether a regression of this comparison may fail the merge request.
    """
    if end_to_confirm(found, plan) is None:
        return None
    fails = plan.region is None and gates and is_worse(found, metric) and is_over(found.change, plan.delta)
    needed = needed_of_fresh(found, before, plan) if fails else SHOWN
    return confirmation(found, before, fresh, needed=needed, plan=plan)


def confirmed(
    found: Decision, before: Evidence, fresh: Evidence, so_far: Confirmation, plan: Plan
) -> tuple[Decision, NotConfirmed | None]:
    """The decision with what all rounds say, and why it is none after all, where it is not borne out."""
    stated = restated(before.and_then(fresh), plan, found, holds=so_far.holds)
    if stated.state != "open":
        return stated, None
    seen = (so_far.rounds, so_far.agreeing) if len(fresh) else (0, 0)
    return stated, NotConfirmed(found.change, len(before), *seen)


def is_confirmed(policy: Policy) -> bool:
    """Whether changes are measured again before they count."""
    return policy.confirm != "no"
