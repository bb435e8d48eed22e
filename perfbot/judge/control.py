"""Base against a second process of base: what moves there says nothing about the change. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from perfbot.judge.ratios import ratios_of
from perfbot.model import TIME, Control, Policy, Round
from perfbot.stats.sequential import FIRST_LOOK, Plan, decide


def control_of(rounds: Sequence[Round], policy: Policy) -> Control | None:
    """What base against its copy says; None before there are six rounds to say it with.

    What benchmarks of one round have in common, their processes, is not evidence more than once: a round counts as the
    median of its benchmarks.
    """
    shared: dict[int, list[float]] = {}
    for taken, ratio in zip(rounds, ratios_of(rounds, TIME.unit), strict=True):
        shared.setdefault(taken.index, []).append(ratio)
    if len(shared) < FIRST_LOOK:
        return None
    ratios = [median(ratios) for ratios in shared.values()]
    found = decide(ratios, Plan(policy.threshold, policy.alpha, policy.beta), final=True)
    return Control(found.change, (found.low, found.high), found.rounds, disturbed=found.state in ("up", "down"))
