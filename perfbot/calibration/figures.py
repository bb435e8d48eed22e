"""What is normal for each benchmark, how often the rule was wrong, and which threshold would be decided."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from perfbot.calibration.noise import WRONG, Noise, noise_of
from perfbot.calibration.records import Calibration, Observation
from perfbot.model import Rule
from perfbot.stats.expectation import ruled_out_after, visible_after
from perfbot.stats.sequential import FIRST_LOOK, Plan
from perfbot.stats.special import proportion_interval
from perfbot.units import format_percentage

DECIDING_SHARE = 0.9
"""A suggested threshold is one that at least this share of the runs could have decided."""

LARGEST = 0.5
"""The largest threshold that is suggested."""

RULE = (
    "Suggested is the smallest whole percent at which at least "
    f"{format_percentage(DECIDING_SHARE)} of the runs were decided or could have been: a run that found the benchmark "
    "unchanged needs the threshold it had, an undecided one the smallest change that it ruled out, a false alarm the "
    "change it saw. None above 50 % is suggested: it would watch nothing."
)
"""The rule behind a suggestion, as documents, pages and the command line tell it."""


@dataclass(frozen=True, slots=True)
class Normal:
    """What is normal for one benchmark and metric.

    Attributes:
        threshold: the smallest change that mattered (the largest, where runs differ).
        changes: of each run with its verdict, in order; of two equal sides.
        spread: standard deviation of a round's log ratio, median over runs; None for exact metrics.
        rounds, seconds: a decision needs, medians over runs.
        visible: the smallest change that can be seen when the whole budget is spent, shared by all benchmarks; None
            where unknown.
        suggested: threshold by ``RULE``; None for exact metrics.
    """

    name: str
    metric: str
    rule: Rule
    threshold: float
    changes: tuple[tuple[float, str], ...]
    spread: float | None
    rounds: float
    seconds: float
    visible: float | None
    suggested: float | None

    @property
    def lowest(self) -> float:
        """The lower end of what is normal."""
        return min(change for change, _ in self.changes)

    @property
    def highest(self) -> float:
        """The upper end of what is normal."""
        return max(change for change, _ in self.changes)

    @property
    def alarms(self) -> int:
        """Runs that called it changed."""
        return sum(verdict in WRONG for _, verdict in self.changes)

    @property
    def undecided(self) -> int:
        """Runs whose budget ended first."""
        return sum(verdict == "inconclusive" for _, verdict in self.changes)


def false_alarms(calibration: Calibration) -> tuple[int, float, float]:
    """Runs with any alarm, and the exact (Clopper-Pearson) 95 % interval of their share."""
    count = sum(any(one.verdict in WRONG for one in run.observations) for run in calibration.runs)
    return count, *proportion_interval(count, len(calibration.runs), 0.95)


def starved(calibration: Calibration) -> int:
    """Runs in which a noisy benchmark got fewer than six rounds, so that nothing could be said of it."""
    return sum(
        any(one.rule == "noisy" and one.rounds < FIRST_LOOK for one in run.observations) for run in calibration.runs
    )


def summarise(calibration: Calibration) -> tuple[Normal, ...]:
    """What is normal for every benchmark and metric, by name."""
    groups: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    for run in calibration.runs:
        for one in run.observations:
            groups[one.name, one.metric].append(one)
    noise = noise_of(calibration)
    return tuple(_normal(groups[key], calibration, noise) for key in sorted(groups))


def _normal(seen: Sequence[Observation], calibration: Calibration, noise: Noise) -> Normal:
    key = (seen[0].name, seen[0].metric)
    return Normal(
        *key,
        seen[0].rule,
        max(one.threshold for one in seen),
        tuple((one.change, one.verdict) for one in seen),
        noise.spreads.get(key),
        median(one.rounds for one in seen),
        median(one.seconds for one in seen),
        _visible(key, calibration, noise),
        _suggested(seen, _plan(calibration)),
    )


def _visible(key: tuple[str, str], calibration: Calibration, noise: Noise) -> float | None:
    spread = noise.spreads.get(key)
    if spread is None:
        return None
    plan = _plan(calibration)
    a_round = sum(noise.startups.values()) + sum(noise.round_seconds.values())
    rounds = min(plan.n_max, int(calibration.setting.budget / a_round)) if a_round else plan.n_max
    return visible_after(rounds, spread, plan) if rounds >= FIRST_LOOK else None


def _plan(calibration: Calibration) -> Plan:
    """What decisions had to keep to; the error probabilities are those of one comparison."""
    setting = calibration.setting
    family = max(1, *(run.family for run in calibration.runs))
    return Plan(setting.threshold or 0.01, setting.alpha / family, setting.beta)


def _suggested(seen: Sequence[Observation], plan: Plan) -> float | None:
    if any(one.rule == "exact" for one in seen):
        return None
    needed = sorted(_needed(one, plan) for one in seen)
    share = needed[math.ceil(DECIDING_SHARE * len(needed)) - 1]
    return max(1, math.ceil(round(share * 100, 6))) / 100 if share <= LARGEST else None


def _needed(one: Observation, plan: Plan) -> float:
    """The smallest threshold at which this run would have called the benchmark unchanged, as far as it tells."""
    if one.verdict == "unchanged":
        return one.threshold
    if one.verdict in WRONG:
        return max(one.threshold, abs(one.change))
    if one.spread is None or one.rounds < FIRST_LOOK:
        return math.inf
    return max(one.threshold, ruled_out_after(one.rounds, one.spread, one.change, plan))
