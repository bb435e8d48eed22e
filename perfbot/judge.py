"""Comparisons and policy in, verdicts and the gate out. Pure: the same rounds always get the same verdict.

Noisy metrics are decided by ``stats.sequential`` on the rounds' log ratios, at the run's ``alpha`` shared equally
among its ``family`` of comparisons. Exact metrics (instructions, bytes, counts) are compared round by round.
What could not be compared keeps its status as its verdict: nothing becomes "unchanged" for want of data.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median

from perfbot.model import (
    TIME,
    Acceptance,
    Benchmark,
    Better,
    Budget,
    BudgetState,
    Comparison,
    Control,
    Metric,
    Policy,
    Problem,
    Report,
    Result,
    Round,
    RunVerdict,
    Verdict,
)
from perfbot.stats.exact import compare
from perfbot.stats.location import mean_interval
from perfbot.stats.rounds import round_ratio
from perfbot.stats.sequential import FIRST_LOOK, Decision, Plan, decide
from perfbot.units import format_change, format_percentage

EXACT_SHARE = 0.5
"""An exact metric's change is reported from this share of its threshold on; it fails the gate from the threshold
on. Exact metrics repeat to 0.14 % at the worst, so half of the default 0.5 % is still far from noise."""

ROUNDING = 1e-9
"""A change of exactly its threshold counts as over it, whatever floating point makes of it."""


def judge(
    comparisons: Iterable[Comparison],
    policy: Policy,
    *,
    family: int,
    final: bool = True,
    acceptances: Sequence[Acceptance] = (),
    control: Control | None = None,
) -> tuple[Result, ...]:
    """Judge every comparison of a run; see :func:`judge_one`."""
    return tuple(
        judge_one(one, policy, family=family, final=final, acceptances=acceptances, control=control)
        for one in comparisons
    )


def judge_one(
    comparison: Comparison,
    policy: Policy,
    *,
    family: int,
    final: bool = True,
    acceptances: Sequence[Acceptance] = (),
    control: Control | None = None,
) -> Result:
    """Judge one comparison.

    Args:
        comparison: rounds of both sides, or why there are none.
        policy: the target branch's.
        family: noisy comparisons that share ``policy.alpha``; below one counts as one.
        final: no more rounds will come, so the last look spends the error that is left.
        acceptances: known costs; a regression that is not surely worse than accepted passes.
        control: base against itself; where it moved, noisy metrics fail nothing.
    """
    metric = comparison.metric
    name = f"{comparison.benchmark.suite}/{comparison.benchmark.name}"
    alpha = policy.alpha / max(family, 1)
    result = replace(_measured(comparison), threshold=policy.threshold_for(name, metric))
    if comparison.status == "measured":
        result = _decided(result, policy, alpha, final)
    result = _budgeted(result, policy.budget_for(name, metric), alpha)
    if not policy.gates(name, metric):
        return replace(result, reason=_join(result.reason, "does not gate"))
    return _accepted(_undisturbed(_gated(result), control), acceptances)


def gate_of(results: Sequence[Result], problems: Sequence[Problem]) -> RunVerdict:
    """The run's verdict.

    ``fail`` when a result fails the gate. Otherwise ``error`` when a problem is fatal, a benchmark failed on head,
    or nothing could be compared although benchmarks are not merely new. ``fail`` outranks ``error``: a job that
    tolerates errors (GitLab's ``allow_failure: exit_codes``) must not let a proven regression through because
    something else crashed as well.
    """
    failing = {result.verdict for result in results if result.gate == "fail"}
    if failing - {"failed"}:
        return "fail"
    if failing or any(problem.fatal for problem in problems):
        return "error"
    told = {result.verdict for result in results} - {"removed", "failed", "incomparable"}
    return "pass" if told else "error"


def again(report: Report, policy: Policy | None = None) -> Report:
    """Judge the raw rounds of a report again, under another policy or its own."""
    policy = policy or report.policy
    comparisons = [comparison_of(result) for result in report.results]
    noisy = sum(one.status == "measured" and one.metric.rule == "noisy" for one in comparisons)
    results = judge(
        comparisons,
        policy,
        family=report.family or noisy,
        acceptances=report.acceptances,
        control=report.control,
    )
    verdict = gate_of(results, report.problems)
    if verdict == "pass" and not report.complete:
        verdict = "error"
    return replace(report, results=results, policy=policy, verdict=verdict)


def comparison_of(result: Result) -> Comparison:
    """What was measured, out of what was judged."""
    status = result.verdict
    measured = status not in ("added", "removed", "failed", "incomparable") or (
        status == "incomparable" and bool(result.raw)
    )
    return Comparison(
        benchmark=Benchmark(
            result.suite, result.benchmark, result.file, result.line, source_changed=result.source_changed
        ),
        metric=Metric(result.metric, result.unit, result.better, result.rule),
        rounds=result.raw,
        status="measured" if measured else status,  # type: ignore[arg-type]  # the other verdicts are excluded
        reason="" if measured else result.reason,
        notes=result.notes,
        failed_side=result.failed_side,
    )


def control_of(rounds: Sequence[Round], policy: Policy) -> Control | None:
    """What base against its copy says; None before there are six rounds to say it with."""
    if len(rounds) < FIRST_LOOK:
        return None
    found = decide(_ratios(rounds, TIME.unit), Plan(policy.threshold, policy.alpha, policy.beta), final=True)
    return Control(found.change, (found.low, found.high), found.rounds, disturbed=found.state in ("up", "down"))


def _measured(comparison: Comparison) -> Result:
    """The result before anything is decided."""
    benchmark, metric, rounds = comparison.benchmark, comparison.metric, comparison.rounds
    status = comparison.status
    return Result(
        suite=benchmark.suite,
        benchmark=benchmark.name,
        metric=metric.name,
        unit=metric.unit,
        better=metric.better,
        rule=metric.rule,
        verdict="inconclusive" if status == "measured" else status,
        base=_typical(one.base for one in rounds),
        head=_typical(one.head for one in rounds),
        rounds=len(rounds),
        seconds=sum(one.seconds for one in rounds),
        reason=comparison.reason,
        file=benchmark.file,
        line=benchmark.line,
        source_changed=benchmark.source_changed,
        failed_side=comparison.failed_side,
        notes=comparison.notes,
        raw=rounds,
    )


def _typical(sides: Iterable[Sequence[float]]) -> float | None:
    medians = [float(median(values)) for values in sides]
    return float(median(medians)) if medians else None


def _decided(result: Result, policy: Policy, alpha: float, final: bool) -> Result:
    """The verdict of the rounds."""
    values = [value for one in result.raw for value in (*one.base, *one.head)]
    if not values:
        return replace(result, reason=result.reason or "not measured")
    if not all(map(math.isfinite, values)):
        return replace(result, verdict="incomparable", reason="a value is not a finite number")
    if result.rule == "exact" or not any(values):
        return _exact(result)
    if min(values) <= 0:
        return replace(result, verdict="incomparable", reason="values of zero or below have no ratio")
    return _noisy(result, Plan(result.threshold or policy.threshold, alpha, policy.beta), final)


def _noisy(result: Result, plan: Plan, final: bool) -> Result:
    found = decide(_ratios(result.raw, result.unit), plan, final=final)
    result = replace(
        result,
        verdict=_verdict(found, result.better),
        change=found.change,
        reason=_could_have_seen(found) if found.state == "open" else "",
    )
    if found.rounds < 2:
        return result
    return replace(result, interval=(found.low, found.high), confidence=found.confidence, detectable=found.detectable)


def _exact(result: Result) -> Result:
    base = [float(median(one.base)) for one in result.raw]
    head = [float(median(one.head)) for one in result.raw]
    found = compare(base, head, EXACT_SHARE * (result.threshold or 0.0))
    result = replace(result, verdict=_verdict(found, result.better))
    if not all(map(math.isfinite, (found.low, found.high))):
        return replace(result, reason="was 0 on base")
    return replace(
        result,
        change=found.change,
        interval=(found.low, found.high),
        detectable=found.detectable,
        reason="differs from round to round" if found.state == "open" else "",
    )


def _ratios(rounds: Sequence[Round], unit: str) -> list[float]:
    """The rounds' log ratios; values of time tell how long they took to measure."""
    return [
        round_ratio(one.base, one.head, value_seconds=median(one.base) * one.loops if unit == "s" else None)
        for one in rounds
    ]


def _verdict(found: Decision, better: Better) -> Verdict:
    if found.state == "same":
        return "unchanged"
    if found.state == "open":
        return "inconclusive"
    return "regressed" if (found.state == "up") == (better == "lower") else "improved"


def _could_have_seen(found: Decision) -> str:
    if found.rounds < FIRST_LOOK:
        return f"only {found.rounds} of at least {FIRST_LOOK} rounds"
    return f"could have seen {_share(found.detectable)}"


def _budgeted(result: Result, budget: Budget | None, alpha: float) -> Result:
    """How head's own value stands to its limit, whatever base was."""
    heads = [float(median(one.head)) for one in result.raw]
    if budget is None:
        return result
    state: BudgetState = "unclear"
    if heads and all(map(math.isfinite, heads)):
        exact = result.rule == "exact"
        low, high = (min(heads), max(heads)) if exact else mean_interval(heads, 1 - alpha)
        if budget.better == "higher":
            low, high, bound = -high, -low, -budget.bound
        else:
            bound = budget.bound
        state = "within" if high <= bound else "over" if low > bound else "unclear"
    return replace(result, budget=budget.text, budget_state=state)


def _gated(result: Result) -> Result:
    """Fails what is worse by its threshold, over its budget, or broken on head."""
    clauses = [result.reason]
    failing = result.verdict == "failed" and result.failed_side != "base"
    if result.verdict == "regressed":
        over = result.change is None or abs(result.change) >= (result.threshold or 0.0) * (1 - ROUNDING)
        failing = failing or over
        clauses.append(f"{'over' if over else 'under'} the {format_percentage(result.threshold or 0.0)} threshold")
    if result.budget_state == "over":
        failing = True
        clauses.append(f"over the budget of {result.budget}")
    return replace(result, gate="fail" if failing else "pass", reason=_join(*clauses))


def _undisturbed(result: Result, control: Control | None) -> Result:
    """On a disturbed runner a noisy metric fails nothing: what would have, is undecided."""
    noisy_failure = result.gate == "fail" and result.rule == "noisy" and result.verdict != "failed"
    if not (noisy_failure and control and control.disturbed):
        return result
    return replace(
        result,
        verdict="inconclusive" if result.verdict == "regressed" else result.verdict,
        budget_state="unclear" if result.budget_state == "over" else result.budget_state,
        gate="pass",
        reason=f"the runner was disturbed: base against itself moved by {format_change(control.change)}",
    )


def _accepted(result: Result, acceptances: Sequence[Acceptance]) -> Result:
    """A person's acceptance holds until the change is surely worse than the one that was accepted."""
    if result.gate != "fail" or result.verdict == "failed":
        return result
    for accepted in reversed(acceptances):
        if not fnmatch.fnmatchcase(result.name, accepted.match):
            continue
        if _surely_worse(result, accepted):
            clause = f"worse than the {format_change(accepted.change or 0.0)} accepted by {accepted.who}"
            return replace(result, reason=_join(result.reason, clause))
        clause = f"accepted by {accepted.who}: {accepted.reason}"
        return replace(result, gate="accepted", reason=clause)
    return result


def _surely_worse(result: Result, accepted: Acceptance) -> bool:
    if accepted.change is None:
        return False
    if result.interval is None:
        return result.change is None
    low, high = result.interval
    return low > accepted.change if result.better == "lower" else high < accepted.change


def _join(*clauses: str) -> str:
    return "; ".join(clause for clause in clauses if clause)


def _share(fraction: float) -> str:
    """A share to two digits, as much as an estimated one can bear."""
    return format_percentage(float(f"{fraction:.1e}"))
