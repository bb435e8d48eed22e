"""Comparisons and policy in, verdicts and the gate out. Pure: the same rounds always get the same verdict.

Noisy metrics are decided by ``stats.sequential`` on the rounds' log ratios, at the run's ``alpha`` shared equally
among its ``family`` of comparisons. Exact metrics (instructions, bytes, counts) are compared round by round.
What could not be compared keeps its status as its verdict: nothing becomes "unchanged" for want of data.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import numpy as np

from perfbot.model import (
    TIME,
    Acceptance,
    Benchmark,
    Better,
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
    Status,
    Verdict,
)
from perfbot.stats.exact import compare
from perfbot.stats.location import mean_interval
from perfbot.stats.rounds import Floats, flat, round_ratios, side_medians
from perfbot.stats.sequential import FIRST_LOOK, Decision, Plan, decide_each
from perfbot.units import format_change, format_percentage

EXACT_SHARE = 0.5
"""An exact metric's change is reported from this share of its threshold on; it fails the gate from the threshold
on. Exact metrics repeat to 0.14 % at the worst, so half of the default 0.5 % is still far from noise."""

WIDEST = 100.0
"""Of an interval's upper end: two or three rounds give such, and they tell nothing but that there were too few."""

_KEPT = ("added", "removed", "failed", "incomparable")
"""Statuses that are verdicts as they stand."""

AT_A_TIME = 256
"""Comparisons judged together; their numbers need 10 MB or so."""

Kind = Literal["kept", "empty", "infinite", "exact", "unrelated", "noisy"]
_INCOMPARABLE = {"infinite": "a value is not a finite number", "unrelated": "values of zero or below have no ratio"}

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
    """Judge every comparison of a run.

    Args:
        comparisons: rounds of both sides, or why there are none.
        policy: the target branch's.
        family: noisy comparisons that share ``policy.alpha``; below one counts as one.
        final: no more rounds will come, so the last look spends the error that is left.
        acceptances: known costs; a regression that is not surely worse than accepted passes.
        control: base against itself; where it moved, noisy metrics fail nothing.
    """
    alpha = policy.alpha / max(family, 1)
    every = tuple(comparisons)
    blocks = (every[begin : begin + AT_A_TIME] for begin in range(0, len(every), AT_A_TIME))
    return tuple(
        _passed(_budgeted(result, case, policy, alpha), policy, acceptances, control)
        for block in blocks
        for case, result in _decided(_cases(block, policy, alpha), final)
    )


@dataclass(frozen=True, slots=True)
class Case:
    """One comparison, and what it is judged by.

    Attributes:
        sides: each round's median of base and of head, shape [round, side].
        threshold: the smallest change that matters; may be zero where the metric is exact.
    """

    comparison: Comparison
    sides: Floats
    threshold: float
    plan: Plan

    @property
    def kind(self) -> Kind:
        """What its rounds can say."""
        rounds, metric = self.comparison.rounds, self.comparison.metric
        if self.comparison.status != "measured":
            return "kept"
        if not rounds:
            return "empty"
        values = flat([side for one in rounds for side in (one.base, one.head)])
        if not np.isfinite(values).all():
            return "infinite"
        if metric.rule == "exact" or not values.any():
            return "exact"
        return "noisy" if values.min() > 0 else "unrelated"


def _cases(comparisons: Sequence[Comparison], policy: Policy, alpha: float) -> list[Case]:
    rounds = [one for comparison in comparisons for one in comparison.rounds]
    ends = np.cumsum([len(comparison.rounds) for comparison in comparisons])
    cases: list[Case] = []
    for comparison, sides in zip(comparisons, np.split(_sides(rounds), ends[:-1]), strict=True):
        benchmark = comparison.benchmark
        threshold = policy.threshold_for(f"{benchmark.suite}/{benchmark.name}", comparison.metric)
        plan = Plan(threshold or policy.threshold, alpha, policy.beta)
        cases.append(Case(comparison, sides, threshold, plan))
    return cases


def _decided(cases: Sequence[Case], final: bool) -> Iterator[tuple[Case, Result]]:
    """The verdicts of the rounds; noisy ones are decided together, for numbers are quicker by the thousand."""
    kinds = [case.kind for case in cases]
    noisy = [case for case, kind in zip(cases, kinds, strict=True) if kind == "noisy"]
    decisions = iter(decide_each(_ratios(noisy), [case.plan for case in noisy], final=final))
    for case, kind in zip(cases, kinds, strict=True):
        result = _measured(case)
        if kind == "noisy":
            result = _noisy(result, next(decisions))
        elif kind == "exact":
            result = _exact(result, case.sides)
        elif kind == "empty":
            result = replace(result, reason=result.reason or "not measured")
        elif kind != "kept":
            result = replace(result, verdict="incomparable", reason=_INCOMPARABLE[kind])
        yield case, result


def _passed(result: Result, policy: Policy, acceptances: Sequence[Acceptance], control: Control | None) -> Result:
    """Whether it passes the gate."""
    if not policy.gates(result.name, Metric(result.metric, result.unit)):
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
    compared = any(result.rounds and result.verdict not in _KEPT for result in results)
    return "pass" if compared or any(result.verdict == "added" for result in results) else "error"


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
    """What was measured, out of what was judged: rounds are judged whatever verdict stands beside them.

    A benchmark that failed stays failed, even where rounds were taken before.
    """
    kept: Status = result.verdict if result.verdict in _KEPT else "measured"  # type: ignore[assignment]
    if result.raw and kept != "failed":
        kept = "measured"
    return Comparison(
        benchmark=Benchmark(
            result.suite, result.benchmark, result.file, result.line, source_changed=result.source_changed
        ),
        metric=Metric(result.metric, result.unit, result.better, result.rule),
        rounds=result.raw,
        status=kept,
        reason="" if kept == "measured" else result.reason,
        notes=result.notes,
        failed_side=result.failed_side,
    )


def _measured(case: Case) -> Result:
    """The result before anything is decided."""
    comparison = case.comparison
    benchmark, metric, rounds = comparison.benchmark, comparison.metric, comparison.rounds
    base, head = np.median(case.sides, axis=0).tolist() if rounds else (None, None)
    status = comparison.status
    return Result(
        suite=benchmark.suite,
        benchmark=benchmark.name,
        metric=metric.name,
        unit=metric.unit,
        better=metric.better,
        rule=metric.rule,
        verdict="inconclusive" if status == "measured" else status,
        base=base,
        head=head,
        threshold=case.threshold,
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


def _noisy(result: Result, found: Decision) -> Result:
    known = found.high < WIDEST  # a report holds finite numbers, and its reader wants none without meaning
    return replace(
        result,
        verdict=_verdict(found, result.better),
        change=found.change,
        interval=(found.low, found.high) if known else None,
        confidence=found.confidence if known else None,
        detectable=found.detectable if known else None,
        reason=_could_have_seen(found) if found.state == "open" else "",
    )


def _exact(result: Result, sides: Floats) -> Result:
    base, head = sides.T.tolist()
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


def ratios_of(rounds: Sequence[Round], unit: str, sides: Floats | None = None) -> list[float]:
    """The rounds' log ratios; values of time tell how long they took to measure.

    Args:
        sides: each round's median of base and of head, where they are known already.
    """
    sides = _sides(rounds) if sides is None else sides
    lasted = sides[:, 0] * [one.loops for one in rounds] if unit == TIME.unit else None
    ratios: list[float] = round_ratios(
        [one.base for one in rounds], [one.head for one in rounds], None if lasted is None else lasted.tolist()
    ).tolist()
    return ratios


def _ratios(cases: Sequence[Case]) -> list[list[float]]:
    """Each case's log ratios, those of one unit computed together."""
    found: dict[int, list[float]] = {}
    for unit in {case.comparison.metric.unit for case in cases}:
        these = [index for index, case in enumerate(cases) if case.comparison.metric.unit == unit]
        rounds = [one for index in these for one in cases[index].comparison.rounds]
        ratios = iter(ratios_of(rounds, unit, np.concatenate([cases[index].sides for index in these])))
        found.update((index, list(islice(ratios, len(cases[index].sides)))) for index in these)
    return [found[index] for index in range(len(cases))]


def _sides(rounds: Sequence[Round]) -> Floats:
    """Medians of base and head, [round, side]."""
    return side_medians([one.base for one in rounds], [one.head for one in rounds])


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


def _budgeted(result: Result, case: Case, policy: Policy, alpha: float) -> Result:
    """How head's own values, one a round, stand to their limit, whatever base was."""
    budget = policy.budget_for(result.name, case.comparison.metric)
    if budget is None:
        return result
    heads: list[float] = case.sides[:, 1].tolist()
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
