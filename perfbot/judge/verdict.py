"""Comparisons and policy in, verdicts and the gate out. Pure: the same rounds always get the same verdict.

Noisy metrics are decided by ``stats.sequential`` on what the rounds say, at the run's ``alpha`` shared equally
among its ``family`` of comparisons. Exact metrics (instructions, bytes, counts) are compared round by round.
What could not be compared keeps its status as its verdict: nothing becomes "unchanged" for want of data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from perfbot.judge.builds import built, moved
from perfbot.judge.case import Case, cases_of, evidence_of_each
from perfbot.judge.confirmation import confirmation_of, confirmed, is_confirmed
from perfbot.judge.gate import KEPT, budgeted, gate_of, gated
from perfbot.judge.geometric import geometric_means
from perfbot.judge.machines import apart, means_together, together
from perfbot.judge.ratios import means_of, ratios_of
from perfbot.judge.shape import shape_of
from perfbot.model import (
    Acceptance,
    Benchmark,
    Better,
    Comparison,
    Control,
    Metric,
    Policy,
    Report,
    Result,
    Round,
    Status,
    Verdict,
)
from perfbot.overall import GeometricMean
from perfbot.reasons import (
    FewCalls,
    Judgement,
    MeanWithin,
    NoDirection,
    NoRatio,
    NotFinite,
    NotMeasured,
    TooFewRounds,
    Unsteady,
    WasZero,
)
from perfbot.stats.evidence import Evidence
from perfbot.stats.exact import compare
from perfbot.stats.rounds import Floats
from perfbot.stats.sequential import FIRST_LOOK, Decision, decide_each
from perfbot.stats.zeros import order_of, rounds_for_sign

EXACT_SHARE = 0.5
"""An exact metric's change is reported from this share of its threshold on; it fails the gate from the threshold
on. Exact metrics repeat to 0.14 % at the worst, so half of the default 0.5 % is still far from noise."""

WIDEST = 100.0
"""Of an interval's upper end: two or three rounds give such, and they tell nothing but that there were too few."""

MANY_CALLS = 3000
"""Of a side: from here on nobody is told how many were made."""

AT_A_TIME = 256
"""Comparisons judged together; their numbers need 10 MB or so."""


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
        gated(budgeted(result, case, policy, alpha), policy, acceptances, control)
        for block in blocks
        for case, result in _decided(cases_of(block, policy, alpha), policy, final)
    )


def _decided(cases: Sequence[Case], policy: Policy, final: bool) -> Iterator[tuple[Case, Result]]:
    """The verdicts of the rounds; noisy ones are decided together, for numbers are quicker by the thousand."""
    kinds = [case.kind for case in cases]
    noisy = [case for case, kind in zip(cases, kinds, strict=True) if kind == "noisy"]
    parts = [case.parted(evidence) for case, evidence in zip(noisy, evidence_of_each(noisy), strict=True)]
    found = decide_each([before for before, _ in parts], [case.plan for case in noisy], final=final)
    decisions = zip(found, parts, strict=True)
    for case, kind in zip(cases, kinds, strict=True):
        result = _measured(case)
        if kind == "noisy":
            decision, before_and_after = next(decisions)
            result = _undirected(_confirmed(result, case, policy, decision, before_and_after))
            result = moved(result, np.array(ratios_of(result.raw, result.unit))) if built(result.raw) else result
        elif kind == "exact":
            result = _undirected(_exact(result, case.sides))
        elif kind == "unrelated":
            result = _undirected(_ordered(result, case))
        elif kind == "empty":
            result = replace(result, reasons=result.reasons or (NotMeasured(),))
        elif kind != "kept":
            result = replace(result, verdict="incomparable", reasons=(NotFinite(),))
        yield case, replace(result, verdict="added") if result.new and result.rounds and kind != "kept" else result


def rejudge(report: Report, policy: Policy | None = None) -> Report:
    """Judge the raw rounds of a report again, under another policy or its own."""
    policy = policy or report.policy
    comparisons = [comparison_of(result) for result in report.results]
    noisy = sum(one.status == "measured" and one.metric.rule == "noisy" for one in comparisons)
    found = replace(report, family=report.family or noisy)
    results, means = (_by_machines if report.machines else _by_rounds)(found, comparisons, policy)
    verdict = gate_of(results, report.problems, complete=report.complete, skipped=report.skipped, means=means)
    return replace(report, results=results, policy=policy, verdict=verdict, geometric_means=means)


def _by_rounds(
    report: Report, comparisons: Sequence[Comparison], policy: Policy
) -> tuple[tuple[Result, ...], tuple[GeometricMean, ...]]:
    """Results and suites' means of the rounds of one machine."""
    results = judge(comparisons, policy, family=report.family, acceptances=report.acceptances, control=report.control)
    return results, geometric_means(results, policy, report.control)


def _by_machines(
    report: Report, comparisons: Sequence[Comparison], policy: Policy
) -> tuple[tuple[Result, ...], tuple[GeometricMean, ...]]:
    """The same of several, each of which is judged by itself."""
    split = [apart(one, len(report.machines)) for one in comparisons]
    words: list[list[Result | None]] = [[None] * len(report.machines) for _ in comparisons]
    means = []
    for machine, told in enumerate(report.machines):
        there = [
            index for index, parts in enumerate(split) if parts[machine] is not None and _judged(comparisons[index])
        ]
        own = replace(report, control=told.control)
        results, of_machine = _by_rounds(own, [part for i in there if (part := split[i][machine])], policy)
        means.append(of_machine)
        for index, result in zip(there, results, strict=True):
            words[index][machine] = result
    silent = [one for one, said in zip(comparisons, words, strict=True) if not any(said)]
    rest = iter(_by_rounds(report, silent, policy)[0])
    found = tuple(together(said, report.machines, policy) if any(said) else next(rest) for said in words)
    return found, means_together(means)


def _judged(comparison: Comparison) -> bool:
    """Whether rounds decide, and not that something failed."""
    return comparison.status == "measured" and bool(comparison.rounds)


def comparison_of(result: Result) -> Comparison:
    """What was measured, out of what was judged: rounds are judged whatever verdict stands beside them.

    A benchmark that failed stays failed, even where rounds were taken before.
    """
    kept: Status = result.verdict if result.verdict in KEPT else "measured"  # type: ignore[assignment]
    if result.raw and kept != "failed":
        kept = "measured"
    return Comparison(
        benchmark=Benchmark(
            result.suite,
            result.benchmark,
            result.file,
            result.line,
            source_changed=result.source_changed,
            new=result.new,
            rewritten=result.rewritten,
        ),
        metric=Metric(result.metric, result.unit, result.better, result.rule),
        rounds=result.raw,
        status=kept,
        reasons=() if kept == "measured" else result.reasons,
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
        reasons=comparison.reasons,
        file=benchmark.file,
        line=benchmark.line,
        source_changed=benchmark.source_changed,
        new=benchmark.new,
        rewritten=benchmark.rewritten,
        failed_side=comparison.failed_side,
        notes=comparison.notes,
        raw=rounds,
    )


def _confirmed(result: Result, case: Case, policy: Policy, found: Decision, parts: tuple[Evidence, Evidence]) -> Result:
    """A change that fresh rounds did not bear out is none that anybody can rely on."""
    before, fresh = parts
    metric, plan = case.comparison.metric, case.plan
    gates = policy.gates(result.full_name, metric)
    so_far = confirmation_of(found, before, fresh, metric, plan, gates=gates) if is_confirmed(policy) else None
    if so_far is None:
        return _noisy(result, case, found)
    stated, why = confirmed(found, before, fresh, so_far, plan)
    judged = _noisy(result, case, stated)
    return replace(judged, reasons=(why,)) if why is not None else judged


def _noisy(result: Result, case: Case, found: Decision) -> Result:
    known = found.high < WIDEST  # a report holds finite numbers, and its reader wants none without meaning
    rounds = case.comparison.rounds
    sides = means_of(rounds) if found.by_mean else case.sides
    base, head = _apart_by(found.change, *np.median(sides, axis=0).tolist())
    said = _too_few(found) if found.state == "open" else _loosely(found, case.threshold, rounds)
    return replace(
        result,
        base=base,
        head=head,
        verdict=_verdict(found, result.better),
        change=found.change,
        interval=(found.low, found.high) if known else None,
        confidence=found.confidence if known else None,
        detectable=found.detectable if known else None,
        error=found.error if math.isfinite(found.error) else None,
        reasons=(*said, *shape_of(found, rounds, result.unit)),
    )


def _apart_by(change: float, base: float, head: float) -> tuple[float, float]:
    """Values around the middle of both that differ by exactly the change that stands beside them."""
    apart = math.sqrt(1 + change) if -1 < change < math.inf else 1.0
    middle = math.sqrt(base * head)
    return middle / apart, middle * apart


def _loosely(found: Decision, threshold: float, rounds: Sequence[Round]) -> tuple[Judgement, ...]:
    """What is surely true of the mean of an unchanged benchmark, where that is less than of what is typical.

    What is rarer than the calls that were made cannot have been seen: where they were few, their number is told.
    """
    if found.mean_bound is None:
        return ()
    calls = sum(one.loops * len(one.base) for one in rounds) + max(one.reach for one in rounds)
    few = calls if calls < MANY_CALLS and any(one.reach for one in rounds) else 0
    if found.mean_bound <= threshold:
        return (FewCalls(few),) if few else ()
    return (MeanWithin(found.mean_bound, few),)


def _exact(result: Result, sides: Floats) -> Result:
    base, head = sides.T.tolist()
    found = compare(base, head, EXACT_SHARE * (result.threshold or 0.0))
    result = replace(result, verdict=_verdict(found, result.better))
    if not all(map(math.isfinite, (found.low, found.high))):
        return replace(result, reasons=(WasZero(),))
    return replace(
        result,
        change=found.change,
        interval=(found.low, found.high),
        detectable=found.detectable,
        reasons=(Unsteady(),) if found.state == "open" else (),
    )


def _ordered(result: Result, case: Case) -> Result:
    """Values without a ratio: what is above or below in every round is told, though not by how much."""
    base, head = case.sides.T.tolist()
    order, enough = order_of(base, head, case.plan.delta), min(case.plan.n_max, rounds_for_sign(case.plan.alpha))
    if order == "open":
        return replace(result, verdict="incomparable", reasons=(NoRatio(),))
    if len(base) < enough:
        return replace(result, reasons=(NoRatio(), TooFewRounds(len(base), enough)))
    better = result.better
    worse: Verdict = "regressed" if (order == "up") == (better == "lower") else "improved"
    return replace(
        result,
        verdict="incomparable" if better == "unknown" else worse,
        reasons=(NoRatio("above" if order == "up" else "below"),),
    )


def _verdict(found: Decision, better: Better) -> Verdict:
    if found.state == "same":
        return "unchanged"
    if found.state == "open":
        return "inconclusive"
    if better == "unknown":
        return "incomparable"
    return "regressed" if (found.state == "up") == (better == "lower") else "improved"


def _undirected(result: Result) -> Result:
    """It moved, and nobody knows whether that is good: shown, and no failure, until the configuration says."""
    if result.better != "unknown" or result.verdict != "incomparable" or result.reasons == (NoRatio(),):
        return result
    return replace(result, reasons=(*result.reasons, NoDirection(result.suite, result.metric)))


def _too_few(found: Decision) -> tuple[Judgement, ...]:
    return (TooFewRounds(found.rounds, FIRST_LOOK),) if found.rounds < FIRST_LOOK else ()
