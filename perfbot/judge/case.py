"""One comparison with all that it is judged by. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from perfbot.judge.ratios import evidence_of_rounds, sides_of
from perfbot.model import (
    Comparison,
    Policy,
)
from perfbot.stats.evidence import Evidence
from perfbot.stats.rounds import Floats, flat
from perfbot.stats.sequential import Plan

CaseKind = Literal["kept", "empty", "infinite", "exact", "unrelated", "noisy"]


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
    def kind(self) -> CaseKind:
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

    def parted(self, evidence: Evidence) -> tuple[Evidence, Evidence]:
        """Of what its rounds say, that of those which may show a change, and of those taken to confirm it."""
        confirming = np.array([taken.confirming for taken in self.comparison.rounds], dtype=bool)
        return evidence.chosen(~confirming), evidence.chosen(confirming)


def cases_of(comparisons: Sequence[Comparison], policy: Policy, alpha: float) -> list[Case]:
    rounds = [one for comparison in comparisons for one in comparison.rounds]
    ends = np.cumsum([len(comparison.rounds) for comparison in comparisons])
    cases: list[Case] = []
    for comparison, sides in zip(comparisons, np.split(sides_of(rounds), ends[:-1]), strict=True):
        benchmark = comparison.benchmark
        threshold = policy.threshold_for(benchmark.full_name, comparison.metric)
        plan = Plan(threshold or policy.threshold, alpha, policy.beta)
        cases.append(Case(comparison, sides, threshold, plan))
    return cases


def evidence_of_each(cases: Sequence[Case]) -> list[Evidence]:
    """What each case's rounds say, those of one unit computed together."""
    found: dict[int, Evidence] = {}
    for unit in {case.comparison.metric.unit for case in cases}:
        these = [index for index, case in enumerate(cases) if case.comparison.metric.unit == unit]
        rounds = [one for index in these for one in cases[index].comparison.rounds]
        evidence = evidence_of_rounds(rounds, unit, np.concatenate([cases[index].sides for index in these]))
        found.update(zip(these, evidence.parted([len(cases[index].sides) for index in these]), strict=True))
    return [found[index] for index in range(len(cases))]
