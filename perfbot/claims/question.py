"""What a claim asks of one comparison, in the terms of the sequential test; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perfbot.claims.grammar import Claim
from perfbot.judge.ratios import evidence_of_rounds, sides_of
from perfbot.model import Metric, Policy, Round
from perfbot.stats.evidence import Evidence
from perfbot.stats.looks import Region
from perfbot.stats.sequential import Plan

NOTHING_LEFT = 1e-9
"""Of base's cost, where a claim says that all of it is saved: a logarithm needs something."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a comparison lies in a region.

    Attributes:
        region: log ratios of head to base; of head to one unit of the metric where ``of_head``.
        of_head: it is about head's own value, whatever base was.
    """

    region: Region
    of_head: bool = False

    def evidence(self, rounds: Sequence[Round], unit: str) -> Evidence:
        """What some rounds say; of head's own value that is each round's median."""
        if not self.of_head:
            return evidence_of_rounds(rounds, unit)
        return Evidence(np.log(sides_of(rounds)[:, 1]))

    def plan(self, name: str, metric: Metric, policy: Policy, family: int) -> Plan:
        """How it is decided: an ``alpha`` for the answers to all of ``family``."""
        threshold = policy.threshold_for(name, metric) or policy.threshold
        return Plan(threshold, policy.alpha / max(1, family), policy.beta, region=self.region)


def question_of(claim: Claim, metric: Metric) -> Question | None:
    """None where nobody knows which direction of a metric the claim means."""
    if claim.subject == "value":
        return Question(Region(_log(claim.low), _log(claim.high)), of_head=True)
    low, high = claim.low, claim.high
    if claim.subject == "gain":
        if metric.better == "unknown":
            return None
        if metric.better == "lower":
            low, high = -high, -low
    return Question(Region(_log(1 + low), _log(1 + high)))


def _log(ratio: float) -> float:
    if math.isinf(ratio):
        return ratio
    return math.log(max(ratio, NOTHING_LEFT))
