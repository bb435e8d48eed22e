"""What fails a merge request: verdicts, budgets and acceptances in, pass or fail out. Pure."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Sequence
from dataclasses import replace

from perfbot.judge.case import Case
from perfbot.judge.confirmation import is_over
from perfbot.judge.ratios import means_of
from perfbot.model import (
    Acceptance,
    BudgetState,
    Control,
    Metric,
    Policy,
    Problem,
    Result,
    RunVerdict,
)
from perfbot.overall import GeometricMean
from perfbot.reasons import Accepted, Disturbed, NotGating, OnlyMeanOverBudget, OwnVersions, WorseThanAccepted
from perfbot.stats.location import mean_interval

KEPT = ("added", "removed", "failed", "incomparable")
"""Statuses that are verdicts as they stand."""

DECIDED = ("regressed", "improved", "unchanged")
"""Verdicts that tell what the change did."""


def gated(result: Result, policy: Policy, acceptances: Sequence[Acceptance], control: Control | None) -> Result:
    """Whether it passes the gate."""
    if not policy.gates(result.full_name, Metric(result.metric, result.unit)):
        return replace(result, reasons=(*result.reasons, NotGating()))
    return _accepted(_undecided(_undisturbed(_failing(result, policy), control), policy), acceptances)


def gate_of(
    results: Sequence[Result],
    problems: Sequence[Problem],
    *,
    complete: bool = True,
    skipped: str = "",
    means: Sequence[GeometricMean] = (),
) -> RunVerdict:
    """The run's verdict.

    ``fail`` when a result fails the gate, or a suite's geometric mean. Otherwise ``error`` when a problem is fatal, a
    benchmark failed on head,
    nothing could be decided although benchmarks are not merely new, or the run did not come to its end. ``fail``
    outranks ``error``: a job that tolerates errors (GitLab's ``allow_failure: exit_codes``) must not let a proven
    regression through because something else crashed as well. A run that was ``skipped`` for a reason passes.
    """
    failing = {result.verdict for result in results if result.gate == "fail"}
    if failing - {"failed"} or any(mean.gate == "fail" for mean in means):
        return "fail"
    if failing or any(problem.fatal for problem in problems):
        return "error"
    if skipped:
        return "pass"
    known = any(result.verdict in (*DECIDED, "added") or _moved_somewhere(result) for result in results)
    return "pass" if complete and known else "error"


def _moved_somewhere(result: Result) -> bool:
    """Decided as far as it can be: what moved has no direction that is better."""
    return result.better == "unknown" and result.verdict == "incomparable" and result.change is not None


def budgeted(result: Result, case: Case, policy: Policy, alpha: float) -> Result:
    """How head's own values stand to their limit, whatever base was: what its calls cost on the mean, one a round.

    Slow calls among fast ones are part of the cost; where the row shows what is typical, the mean is told besides.
    """
    budget = policy.budget_for(result.full_name, case.comparison.metric)
    if budget is None:
        return result
    exact = result.rule == "exact"
    heads: list[float] = (case.sides if exact else means_of(case.comparison.rounds))[:, 1].tolist()
    state: BudgetState = "unclear"
    if heads and all(map(math.isfinite, heads)):
        low, high = (min(heads), max(heads)) if exact else mean_interval(heads, 1 - alpha)
        if budget.better == "higher":
            low, high, bound = -high, -low, -budget.bound
        else:
            bound = budget.bound
        state = "within" if high <= bound else "over" if low > bound else "unclear"
    found = replace(result, budget=budget.text, budget_state=state)
    if state != "over" or result.head is None or (result.head > budget.bound) != (budget.better == "higher"):
        return found
    return replace(found, reasons=(*result.reasons, OnlyMeanOverBudget(sum(heads) / len(heads), result.unit)))


def _failing(result: Result, policy: Policy) -> Result:
    """Fails what is worse by its threshold, over its budget, gone, or broken on head."""
    reasons = result.reasons
    failing = _lost(result, policy)
    if result.verdict == "regressed":
        over = result.change is None or is_over(result.change, result.threshold or 0.0)
        failing = over and not (result.rewritten and policy.rewritten == "pass")
        if over and not failing:
            reasons = (*reasons, OwnVersions())
    failing = failing or result.budget_state == "over"
    return replace(result, gate="fail" if failing else "pass", reasons=reasons)


def _lost(result: Result, policy: Policy) -> bool:
    """Whether head is to answer for a benchmark that can no longer be compared.

    What fails on both sides alike says nothing about the change; what only head lost, or broke, would otherwise be a
    way around the gate.
    """
    if result.verdict == "removed":
        return policy.removed == "fail"
    if result.verdict != "failed" or result.failed_side == "base":
        return False
    return result.failed_side != "both" or policy.broken_on_both == "fail"


def _undisturbed(result: Result, control: Control | None) -> Result:
    """On a disturbed runner a noisy metric fails nothing: what would have, is undecided."""
    noisy_failure = result.gate == "fail" and result.rule == "noisy" and result.verdict not in ("failed", "removed")
    if not (noisy_failure and control and control.disturbed):
        return result
    return replace(
        result,
        verdict="inconclusive" if result.verdict == "regressed" else result.verdict,
        budget_state="unclear" if result.budget_state == "over" else result.budget_state,
        gate="pass",
        reasons=(Disturbed(control.change),),
    )


def _undecided(result: Result, policy: Policy) -> Result:
    """Where the policy wants a decision, none is not good enough."""
    if policy.undecided == "pass" or result.verdict != "inconclusive":
        return result
    return replace(result, gate="fail")


def _accepted(result: Result, acceptances: Sequence[Acceptance]) -> Result:
    """A person's acceptance holds until the change is surely worse than the one that was accepted."""
    if result.gate != "fail" or result.verdict == "failed":
        return result
    for accepted in reversed(acceptances):
        if accepted.metric not in ("", result.metric) or not fnmatch.fnmatchcase(result.full_name, accepted.match):
            continue
        if _surely_worse(result, accepted):
            return replace(result, reasons=(*result.reasons, WorseThanAccepted(accepted.change or 0.0, accepted.who)))
        return replace(result, gate="accepted", reasons=(Accepted(accepted.who, accepted.reason),))
    return result


def _surely_worse(result: Result, accepted: Acceptance) -> bool:
    if accepted.change is None:
        return False
    if result.interval is None:
        return result.change is None
    low, high = result.interval
    return low > accepted.change if result.better == "lower" else high < accepted.change
