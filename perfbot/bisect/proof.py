"""Whether two commits differ: the verdict's own rules on the rounds in which both were measured.

What the search found is confirmed as a verdict is (:mod:`perfbot.stats.confirmation`), by the signs of rounds that had
no part in finding it. Each attempt may be wrong with a smaller share of alpha than the one before: 1/2, 1/6, 1/12 … of
it, which together is all of it, however many attempts there are and whatever made one try.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perfbot.bisect.records import CommonRound, Goal, Step
from perfbot.stats.confirmation import Confirmation, confirmation
from perfbot.stats.evidence import Evidence
from perfbot.stats.sequential import Decision, Plan, State, decide, restated


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that the search found.

    Attributes:
        after, at: the commits around it.
        upwards: the cost grows.
        known: rounds of both that found it; later ones are to bear it out.
        attempt: which of the search's claims it is, from 1.
        by_mean: it is one of the means.
    """

    after: int
    at: int
    upwards: bool
    known: int
    attempt: int
    by_mean: bool = False


def share_of(attempt: int) -> float:
    """Of alpha, for the n-th attempt.

    >>> round(sum(map(share_of, range(1, 1000))), 2)
    1.0
    """
    return 1 / (attempt * (attempt + 1))


def both_in(rounds: Sequence[CommonRound], one: int, other: int) -> Evidence:
    """What the rounds in which two commits met say about the second against the first."""
    met = [taken for taken in rounds if one in taken.typical and other in taken.typical]
    typical = np.array([taken.typical[other] - taken.typical[one] for taken in met], dtype=float)
    ratios = np.array([taken.means[other] - taken.means[one] for taken in met], dtype=float)
    return Evidence(typical, np.exp(-ratios / 2), np.exp(ratios / 2))


def compared(rounds: Sequence[CommonRound], one: int, other: int, goal: Goal, alpha: float) -> Decision:
    """The verdict's decision about two commits; no more rounds come."""
    return decide(both_in(rounds, one, other), Plan(goal.threshold, alpha, goal.beta), final=True)


def borne_out(claim: Claim, rounds: Sequence[CommonRound], goal: Goal) -> Confirmation:
    """How far fresh rounds bear out a claim."""
    every = both_in(rounds, claim.after, claim.at)
    known = np.arange(len(every)) < claim.known
    alpha = goal.alpha * share_of(claim.attempt)
    change = 0.0
    if claim.by_mean and every.base is not None and every.head is not None and known.any():
        change = math.expm1(float(np.log(every.head / every.base)[known].mean()))
    towards: State = "up" if claim.upwards else "down"
    found = Decision(towards, claim.known, change, -1.0, math.inf, 1 - alpha, math.inf, by_mean=claim.by_mean)
    plan = Plan(goal.threshold, alpha, goal.beta)
    return confirmation(found, every.chosen(known), every.chosen(~known), needed=1 / alpha, plan=plan)


def step_of(claim: Claim, rounds: Sequence[CommonRound], goal: Goal, so_far: Confirmation) -> Step:
    """A claim, with the size that all rounds together give it."""
    plan = Plan(goal.threshold, goal.alpha * share_of(claim.attempt), goal.beta)
    every = both_in(rounds, claim.after, claim.at)
    found = restated(every, plan, decide(every, plan, final=True), holds=True)
    return Step(
        claim.after, claim.at, found.change, (found.low, found.high), len(every), so_far.rounds, so_far.agreeing,
        proven=so_far.holds,
    )  # fmt: skip
