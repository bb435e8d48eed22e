"""Before measuring: what the noise of earlier A/A runs does not let decide in the budget, and what would do.

Pure, and only words: it changes neither what is measured nor what is decided.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from perfbot.calibration.noise import Noise
from perfbot.measure.sequential_test import FIRST_ROUNDS, SequentialTest
from perfbot.model import Benchmark
from perfbot.stats.expectation import rounds_for
from perfbot.units import format_duration, format_percentage, typed_duration

SPARE = 1.3
"""A budget that is advised has this much room: half of all decisions take longer than their median."""

BUDGETS = (30, 60, 120, 180, 300, 480, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10_800)
"""Seconds that somebody would type."""

LARGEST_THRESHOLD = 50
"""Percent; what needs more is not worth watching."""

TOLD = 5
"""Benchmarks that are named; a summary counts the rest."""


@dataclass(frozen=True, slots=True)
class Need:
    """What deciding one benchmark and metric is expected to take. ``rounds`` is None where no time limit would do."""

    test: SequentialTest
    suite: str
    spread: float
    rounds: int | None
    seconds: float
    """Of one round."""

    @property
    def cost(self) -> float:
        """Seconds until it is decided, without start-up; it sorts what cannot be decided last."""
        return math.inf if self.rounds is None else self.rounds * self.seconds


@dataclass(slots=True)
class TimeEstimate:
    """Seconds of one lane: every benchmark's first rounds, and the rest of those that are to be decided.

    Metrics of one benchmark share its rounds, benchmarks of one suite share starting them.
    """

    noise: Noise
    rounds: dict[Benchmark, int] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def with_rounds(self, need: Need, rounds: int) -> float:
        """What it would come to."""
        more = max(0, rounds - self.rounds.get(need.test.benchmark, 0)) * need.seconds
        starts = max(0, rounds - self.longest.get(need.suite, 0)) * self.noise.startups.get(need.suite, 0.0)
        return self.seconds + more + starts

    def add(self, need: Need, rounds: int) -> None:
        """Add it to the estimate."""
        self.seconds = self.with_rounds(need, rounds)
        benchmark = need.test.benchmark
        self.rounds[benchmark] = max(rounds, self.rounds.get(benchmark, 0))
        self.longest[need.suite] = max(rounds, self.longest.get(need.suite, 0))


@dataclass(frozen=True, slots=True)
class Forecast:
    """``lines`` for whoever watches; ``notes`` of them that the report keeps: only what will not be decided."""

    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def forecast(tests: Sequence[SequentialTest], noise: Noise, budget: float, lanes: int) -> Forecast:
    """What to say before measuring; nothing where nothing is known of these benchmarks.

    Args:
        tests: noisy ones that are to be measured.
        budget: seconds of wall time for all of them.
        lanes: rounds that are measured at the same time.
    """
    needs = sorted(_needs(tests, noise), key=lambda need: need.cost)
    if not needs:
        return Forecast()
    estimate, first = _first_rounds(needs, noise, budget * lanes)
    late = [need for need in needs if not _settle(estimate, need, budget * lanes)]
    unknown = len(tests) - len(needs)
    told = f"noise calibrated {noise.moment[:10]}" + (f" ({unknown} not calibrated)" if unknown else "")
    if not late:
        lasting = format_duration(estimate.seconds / lanes)
        return Forecast((f"{told}: {_count(needs)} should be decided in about {lasting} of {format_duration(budget)}",))
    share = first + _share(late, noise, budget * lanes - estimate.seconds)
    summary = f"{told}: {len(late)} of {_count(needs)} will probably stay undecided in {format_duration(budget)}"
    advice = _advice(needs, noise, budget, lanes)
    more = [f"… and {len(late) - TOLD} more"] if len(late) > TOLD else []
    named = [_told(need, share) for need in late[:TOLD]]
    return Forecast((summary, *named, *more, advice), (summary, advice))


def _needs(tests: Iterable[SequentialTest], noise: Noise) -> list[Need]:
    found = []
    for test in tests:
        name = test.benchmark.full_name
        if test.known is None or name not in noise.round_seconds:
            continue
        rounds = rounds_for(test.known, test.plan)
        found.append(Need(test, test.benchmark.suite, test.known, rounds, noise.round_seconds[name]))
    return found


def _first_rounds(needs: Iterable[Need], noise: Noise, capacity: float) -> tuple[TimeEstimate, int]:
    """What everything gets before anything is decided: six rounds, or one, where those do not fit."""
    for first in (FIRST_ROUNDS, 1):
        estimate = TimeEstimate(noise)
        for need in needs:
            estimate.add(need, first)
        if estimate.seconds <= capacity:
            break
    return estimate, first


def _settle(estimate: TimeEstimate, need: Need, capacity: float) -> bool:
    """Whether it can be decided as well; then it is on the estimate."""
    if need.rounds is None or estimate.with_rounds(need, need.rounds) > capacity:
        return False
    estimate.add(need, need.rounds)
    return True


def _share(late: Sequence[Need], noise: Noise, left: float) -> int:
    """Rounds that each of the undecided ones gets beside the first when they share what the others leave."""
    a_round = sum({need.test.benchmark: need.seconds for need in late}.values())
    a_round += sum(noise.startups.get(suite, 0.0) for suite in {need.suite for need in late})
    return int(left / a_round) if a_round and left > 0 else 0


def _told(need: Need, share: int) -> str:
    plan = need.test.plan
    lasting = (
        f"about {need.rounds} rounds of {format_duration(need.seconds)}" if need.rounds else "no time limit would do"
    )
    name = need.test.benchmark.full_name
    words = [f"round-to-round standard deviation {format_percentage(float(f'{need.spread:.1e}'))}", lasting]
    for percent in range(math.floor(plan.delta * 100 + 1e-9) + 1, LARGEST_THRESHOLD + 1):
        wanted = rounds_for(need.spread, replace(plan, delta=percent / 100))
        if wanted is not None and wanted <= share:
            words.append(f'threshold = "{percent}%" would do')
            break
    metric = "" if need.test.metric.name == "time" else f" {need.test.metric.name}"
    return f"{name}{metric} at {format_percentage(plan.delta)} ({', '.join(words)})"


def _advice(needs: Sequence[Need], noise: Noise, budget: float, lanes: int) -> str:
    """What to type."""
    thresholds = "`perfbot calibrate --write` puts larger thresholds into the configuration"
    estimate, _ = _first_rounds(needs, noise, math.inf)
    reachable = [need for need in needs if _settle(estimate, need, math.inf)]
    wanted = SPARE * estimate.seconds / lanes
    enough = next((size for size in BUDGETS if size >= wanted and size > budget), None)
    if enough is None or not reachable:
        return f"what would do: {thresholds}"
    reach = "" if len(reachable) == len(needs) else f" for {len(reachable)} of them"
    return f"what would do{reach}: `--budget {typed_duration(enough)}`; or {thresholds}"


def _count(needs: Sequence[Need]) -> str:
    return f"{len(needs)} comparison{'s' * (len(needs) != 1)}"
