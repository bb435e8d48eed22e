"""What later runs take from a calibration: spreads and times, to plan with. No verdict depends on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

from perfbot.calibration.records import Calibration, Observation

WRONG = ("regressed", "improved")
"""Verdicts that are false alarms where both sides are equal."""

K = TypeVar("K")

Key = tuple[str, str]
"""``suite/benchmark`` and the metric's name."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Medians over A/A runs.

    Attributes:
        spreads: standard deviation of a round's log ratio, for noisy metrics.
        round_seconds: wall time of one round by benchmark (all its metrics), without start-up.
        decision_seconds: wall time that deciding a benchmark takes, without start-up.
        startups: wall time of starting a round, by suite.
        moment: of the newest run, ISO 8601; empty where there is no calibration.
    """

    spreads: Mapping[Key, float] = field(default_factory=dict)
    round_seconds: Mapping[str, float] = field(default_factory=dict)
    decision_seconds: Mapping[str, float] = field(default_factory=dict)
    startups: Mapping[str, float] = field(default_factory=dict)
    moment: str = ""


NOTHING = Noise()
"""What is known without a calibration."""


def noise_of(calibration: Calibration) -> Noise:
    """The medians of all runs."""
    spreads: dict[Key, list[float]] = defaultdict(list)
    a_round: dict[str, list[float]] = defaultdict(list)
    decisions: dict[str, list[float]] = defaultdict(list)
    startups: dict[str, list[float]] = defaultdict(list)
    for run in calibration.runs:
        for name, seen in _by_name(run.observations).items():
            longest = max(one.seconds for one in seen)
            decisions[name].append(longest)
            a_round[name].append(longest / max(1, *(one.rounds for one in seen)))
        for one in run.observations:
            if one.spread is not None:
                spreads[one.name, one.metric].append(one.spread)
        for start in run.startups:
            startups[start.suite].append(start.seconds)
    return Noise(_medians(spreads), _medians(a_round), _medians(decisions), _medians(startups), calibration.moment)


def _by_name(observations: tuple[Observation, ...]) -> Mapping[str, list[Observation]]:
    """Metrics of one benchmark are measured in the same rounds: their times are the same time."""
    found: dict[str, list[Observation]] = defaultdict(list)
    for one in observations:
        found[one.name].append(one)
    return found


def _medians(values: Mapping[K, list[float]]) -> dict[K, float]:
    return {key: median(found) for key, found in values.items()}
