"""What a benchmark does in each n-th call is timed as often as it comes: a fake timer, no processes."""

from __future__ import annotations

import gc
from dataclasses import replace
from random import Random
from statistics import fmean
from typing import Any

import pytest

from perfbot.measure.lockstep import endurance
from perfbot.measure.lockstep.endurance import stretch
from perfbot.measure.lockstep.plan import Speed, ValuePlan, plan_values
from perfbot.measure.lockstep.spread import Spread
from perfbot.model import Round
from perfbot.worker.stopwatch import Times
from perfbot.worker.turns import turns

CALL = 160_000
"""Nanoseconds of a usual call."""

SLOWER = 26
EVERY = 50
TRUTH = CALL * (1 + (SLOWER - 1) / EVERY)
PROBED = 23
"""Calls that a process made before its round: the same number in each."""


@pytest.fixture(autouse=True, scope="module")
def _as_small_as_a_worker() -> None:
    """What this process holds is set aside, as a worker's harness is: it is collected before each round's values."""
    gc.collect()
    gc.freeze()


class Counter:
    """A benchmark whose every n-th call is slow, in a fresh process."""

    def __init__(self, made: int = PROBED) -> None:
        self.made = made

    def __call__(self, loops: int) -> Times:
        cost = 0
        for _ in range(loops):
            self.made += 1
            cost += CALL * SLOWER if self.made % EVERY == 0 else CALL
        return Times(cost, cost, cost)


class NoToken:
    """Nobody to take turns with."""

    def take(self) -> None:
        pass

    def give(self) -> None:
        pass


def mean_call(plan: ValuePlan, random: Random) -> float:
    """Of one round of a side."""
    counts = plan.counts[0]
    order: dict[str, Any] = {
        "loops": plan.loops,
        "counts": counts,
        "discards": plan.discards(len(counts), random),
        "draw": 1,
        "drawn_every": 1 << 20,
        "first": True,
        "hand_over_last": False,
    }
    return fmean(turns(Counter(), NoToken(), order)["costs"]) / plan.loops  # type: ignore[arg-type]


def mean_of_rounds(plan: ValuePlan, rounds: int = 400) -> float:
    random = Random(5)  # noqa: S311
    return fmean(mean_call(plan, random) for _ in range(rounds))


@pytest.fixture
def plan() -> ValuePlan:
    return plan_values(Speed(CALL / 1e9, CALL / 1e9), 0.02, uneven=True)


def test_slow_calls_count_as_often_as_they_come(plan: ValuePlan) -> None:
    assert mean_of_rounds(plan) == pytest.approx(TRUTH, rel=0.04)


def test_without_a_drawn_beginning_each_round_would_be_wrong_alike(plan: ValuePlan) -> None:
    """What the draw is there for: a third too much or too little, in each round the same."""
    fixed = replace(plan, phase=0)
    assert mean_of_rounds(fixed, 2) == mean_call(fixed, Random(9))  # noqa: S311
    assert abs(mean_of_rounds(fixed, 2) / TRUTH - 1) > 0.1


def test_in_each_round_where_turns_are_as_long_as_their_period() -> None:
    """Rounds would else see all slow calls or none, and scatter by the whole change."""
    speed = Speed(CALL / 1e9 * 1.05, CALL / 1e9 * 1.05)
    plan = replace(plan_values(speed, 0.02, uneven=True), loops=4, discard=2, jitter=1, pairs=100)
    random = Random(5)  # noqa: S311
    rounds = [mean_call(plan, random) / CALL - 1 for _ in range(200)]
    aliased = [mean_call(replace(plan, jitter=0), random) / CALL - 1 for _ in range(200)]
    assert max(rounds) < 3 * min(rounds), "none sees all or none"
    assert min(aliased) == 0


def test_in_a_stretch_they_do_too_even_where_turns_are_as_long_as_their_period(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endurance, "SECONDS", 0.1)
    speed = Speed(CALL / 1e9, CALL / 1e9)
    usual = plan_values(speed, 0.02)
    long = stretch(speed, usual, 1, 600.0)
    assert long is not None
    turn = EVERY - 1 - long.discard
    aliased = replace(long, loops=1, turn=turn // 2, pairs=turn // 2 * 16)
    assert mean_of_rounds(aliased, 100) == pytest.approx(TRUTH, rel=0.08)


def test_it_costs_little_where_no_slow_calls_were_seen() -> None:
    speed = Speed(CALL / 1e9, CALL / 1e9)
    even = plan_values(speed, 0.02)
    assert 0 < even.phase <= even.calls // 4
    assert even.seconds(speed.wall) < 1.2 * replace(even, phase=0).seconds(speed.wall)


def test_slow_values_are_seen_once_they_come_again() -> None:
    spread, usual = Spread(), (1e-4,) * 16
    spread.add(Round(0, usual, usual, loops=3, clock="cost"))
    for index in (1, 2):
        assert not spread.uneven
        spread.add(Round(index, usual, (*usual[:15], 1e-3), loops=3, clock="cost"))
    assert spread.uneven


def test_a_single_cold_call_has_nothing_before_it() -> None:
    assert plan_values(Speed(1.0, 1.0), 0.02).phase == 0
    assert plan_values(Speed(1e-5, 1e-5), 0.02, once=True).phase == 0
