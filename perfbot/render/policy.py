"""A policy, and what a change would alter in it, in words."""

from __future__ import annotations

from perfbot.model import Limit, Policy, Report
from perfbot.units import format_percentage


def rule(policy: Policy) -> str:
    """A policy's numbers in words."""
    return (
        f"threshold {format_percentage(policy.threshold)}, exact metrics {format_percentage(policy.exact_threshold)}, "
        f"{format_percentage(policy.alpha)} false alarms a run"
    )


def policy_differences(report: Report) -> tuple[str, ...]:
    """What the change would alter in the policy, a line each; empty when it leaves the policy alone."""
    now, then = report.policy, report.proposed_policy
    if then is None:
        return ()
    numbers = {
        "threshold": "threshold",
        "exact_threshold": "threshold of exact metrics",
        "alpha": "alpha",
        "beta": "beta",
    }
    words_of = {
        "removed": "benchmarks that are gone",
        "rewritten": "rewritten benchmarks that regress",
        "broken_on_both": "benchmarks that fail on both sides",
    }
    lines = [
        f"{words}: {format_percentage(getattr(now, name))} → {format_percentage(getattr(then, name))}"
        for name, words in numbers.items()
        if getattr(now, name) != getattr(then, name)
    ]
    lines += [
        f"{words}: {getattr(now, name)} → {getattr(then, name)}"
        for name, words in words_of.items()
        if getattr(now, name) != getattr(then, name)
    ]
    lines += [f"no longer: {_limit(one)}" for one in now.limits if one not in then.limits]
    lines += [f"new: {_limit(one)}" for one in then.limits if one not in now.limits]
    if not lines and now.limits != then.limits:
        lines.append("the order of the limits")
    return tuple(lines)


def _limit(limit: Limit) -> str:
    clauses = [
        f"threshold {format_percentage(limit.threshold)}" if limit.threshold is not None else "",
        *(f"{budget.metric} budget {budget.text}" for budget in limit.budgets),
        {True: "gates", False: "does not gate", None: ""}[limit.gate],
    ]
    of = f" ({limit.metric})" if limit.metric else ""
    return f"`{limit.match}`{of} {', '.join(clause for clause in clauses if clause)}".strip()
