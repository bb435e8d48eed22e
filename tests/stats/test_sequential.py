"""The decision: when it stops, what it says, and what it must not depend on."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perfbot.stats.expectation import expected_rounds, rounds_for, visible_after
from perfbot.stats.location import spread
from perfbot.stats.looks import Region
from perfbot.stats.sequential import Plan, decide, decide_each

PLAN = Plan(delta=0.02, alpha=0.05, beta=0.05, n_max=120)
QUICK = Plan(delta=0.02, alpha=0.05, beta=0.05, n_max=25)
MIRRORED = {"up": "down", "down": "up", "same": "same", "open": "open"}

rounds = st.lists(st.floats(-0.5, 0.5, allow_subnormal=False), max_size=30)


def noise(count: int, spread: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, count)


def test_looks_are_every_round_at_first_and_end_at_the_most_rounds():
    assert PLAN.looks[:16] == tuple(range(6, 22))
    assert PLAN.looks[-3:] == (108, 114, 120)
    assert Plan(0.02, 0.05, n_max=6).looks == (6,)


@pytest.mark.parametrize(
    ("shift", "spread", "state"), [(0, 0.003, "same"), (0.1, 0.01, "up"), (-0.1, 0.01, "down"), (0, 0.5, "open")]
)
def test_what_it_says(shift, spread, state):
    decision = decide(noise(120, spread) + shift, PLAN)
    assert decision.state == state
    assert decision.low < math.expm1(shift) < decision.high


@settings(max_examples=200)
@given(rounds, st.booleans())
def test_verdict_and_interval_never_contradict(ratios, final):
    decision = decide(ratios, QUICK, final=final)
    assert decision.low <= decision.change <= decision.high
    match decision.state:
        case "up":
            assert decision.low >= 0
            assert decision.confidence == 1 - QUICK.alpha
        case "down":
            assert decision.high <= 0
        case "same":
            assert -QUICK.delta <= decision.low
            assert decision.high <= QUICK.delta
            assert decision.confidence == pytest.approx(0.9)
        case "open":
            assert decision.low <= 0 <= decision.high
            assert decision.rounds == min(len(ratios), QUICK.n_max)


@given(rounds, st.booleans(), st.floats(-0.3, 0.3))
@example([0.0] * 6, False, 0.0)
def test_the_end_of_a_region_is_decided_as_no_change_is(ratios, final, end):
    asked = decide(ratios, replace(QUICK, region=Region(high=end)), final=final)
    moved = decide([ratio - end for ratio in ratios], replace(QUICK, delta=1e-300), final=final)
    assert asked.state == {"down": "same", "same": "open"}.get(moved.state, moved.state), (
        "nothing is the same as an end"
    )
    assert asked.low <= asked.change <= asked.high
    if asked.state == "same":
        assert asked.high <= math.expm1(end) + 1e-9
    if asked.state == "up":
        assert asked.low >= math.expm1(end) - 1e-9


@given(rounds, st.booleans())
def test_swapped_sides_mirror_the_verdict(ratios, final):
    there = decide(ratios, QUICK, final=final)
    back = decide([-ratio for ratio in ratios], QUICK, final=final)
    assert (back.state, back.rounds) == (MIRRORED[there.state], there.rounds)
    assert math.log1p(max(back.change, -0.99)) == pytest.approx(-math.log1p(there.change), abs=1e-9)


@given(rounds, st.floats(0.1, 5))
def test_only_the_scale_of_the_noise_to_delta_counts(ratios, factor):
    scaled = Plan(math.expm1(QUICK.margin * factor), QUICK.alpha, QUICK.beta, QUICK.n_max)
    there, here = decide(ratios, QUICK), decide([ratio * factor for ratio in ratios], scaled)
    assert (here.state, here.rounds) == (there.state, there.rounds)


@given(rounds, st.lists(st.floats(-3, 3), max_size=5))
def test_never_looks_past_the_round_it_stops_at(ratios, later):
    there = decide(ratios, QUICK)
    if there.state != "open":
        assert decide(ratios[: there.rounds], QUICK) == there
        assert decide([*ratios[: there.rounds], *later], QUICK) == there


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_fewer_than_six_rounds_never_decide(count):
    for ratios in ([0.0] * count, [0.3] * count, list(noise(count, 1e-6) + 1)):
        decision = decide(ratios, PLAN, final=True)
        assert (decision.state, decision.rounds) == ("open", count)
        assert decision.low <= 0 <= decision.high


def test_one_round_says_nothing():
    decision = decide([0.1], PLAN, final=True)
    assert decision.change == pytest.approx(math.expm1(0.1))
    assert (decision.low, decision.high, decision.detectable) == (-1, math.inf, math.inf)


def test_identical_sides_are_the_same_at_the_first_look():
    decision = decide([0.0] * 20, PLAN)
    assert (decision.state, decision.rounds, decision.change) == ("same", 6, 0)


def test_a_constant_change_needs_no_spread():
    assert decide([0.1] * 6, PLAN).state == "up"
    assert decide([0.01] * 6, PLAN).state == "same"


def test_a_deadline_look_decides_where_an_interim_one_does_not():
    """22 rounds are not planned: only what is left of the error may be spent, and only at the end."""
    ratios = [-0.005, 0.035] * 11
    assert decide(ratios, PLAN).state == "open"
    assert decide(ratios, PLAN, final=True).state == "up"
    assert decide(ratios, PLAN, final=True).rounds == 22


def test_detectable_change_is_the_reach_of_the_interval():
    decision = decide(noise(120, 0.1), PLAN)
    assert decision.state == "open"
    assert math.log1p(decision.high) - math.log1p(decision.change) == pytest.approx(math.log1p(decision.detectable))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        decide([0.0] * 6 + [bad], PLAN)


@pytest.mark.parametrize(
    "wrong", [{"delta": 0}, {"alpha": 0}, {"alpha": 1}, {"beta": 0.5}, {"n_max": 5}, {"delta": math.inf}]
)
def test_impossible_plans_are_refused(wrong):
    with pytest.raises(ValueError, match="a plan needs"):
        Plan(**{"delta": 0.02, "alpha": 0.05, **wrong})


def test_wide_intervals_do_not_overflow():
    assert decide([-300.0, 300.0], PLAN, final=True).high == math.inf


class TestExpectedRounds:
    def test_before_anything_is_known_it_is_the_first_look(self):
        assert expected_rounds([], PLAN) == expected_rounds([0.1], PLAN) == 6

    def test_quiet_rounds_are_decided_soon_and_noisy_ones_late(self):
        forecasts = [
            expected_rounds(noise(6, spread) - noise(6, spread).mean(), PLAN) for spread in (0.001, 0.02, 0.03, 1)
        ]
        assert forecasts == sorted(forecasts)
        assert (forecasts[0], forecasts[-1]) == (7, 120)

    def test_it_is_near_the_truth_once_the_spread_is_known(self):
        ratios = noise(120, 0.03)
        assert expected_rounds(ratios[:20], PLAN) == pytest.approx(decide(ratios, PLAN).rounds, rel=0.5)

    def test_after_the_last_round_nothing_more_is_expected(self):
        assert expected_rounds(noise(130, 1), PLAN) == 120


class TestPlanning:
    """What is expected, from a spread alone."""

    PLAN = Plan(0.02, 0.01 / 12, n_max=120)

    @pytest.mark.parametrize("strays", [0.015, 0.02, 0.03, 0.04])
    def test_rounds_for_is_near_the_median_of_what_happens(self, strays: float) -> None:
        dice = np.random.default_rng(5)
        taken = [one.rounds for one in decide_each(list(dice.normal(0, strays, (400, 120))), [self.PLAN] * 400)]
        assert rounds_for(strays, self.PLAN) == pytest.approx(np.median(taken), rel=0.2, abs=1)

    def test_no_noise_takes_six_rounds_and_too_much_is_none(self) -> None:
        assert rounds_for(0.0, self.PLAN) == 6
        assert rounds_for(0.2, self.PLAN) is None

    def test_visible_is_what_that_many_rounds_detect(self) -> None:
        dice = np.random.default_rng(6)
        ratios = dice.normal(0, 0.3, 50)
        found = decide(ratios.tolist(), self.PLAN)
        assert found.state == "open"
        assert visible_after(50, spread(ratios) or 0.0, self.PLAN) == pytest.approx(found.detectable, rel=0.05)

    def test_what_is_known_is_believed_within_bounds(self) -> None:
        ratios = np.random.default_rng(7).normal(0, 0.03, 8).tolist()
        own = expected_rounds(ratios, self.PLAN)
        assert expected_rounds(ratios, self.PLAN, 0.001) < own < expected_rounds(ratios, self.PLAN, 0.08)
        assert expected_rounds(ratios, self.PLAN, 1e-9) == expected_rounds(ratios, self.PLAN, 0.001)
        assert expected_rounds(ratios, self.PLAN, 1e9) == expected_rounds(ratios, self.PLAN, 1.0)
        same = spread(ratios)
        assert expected_rounds(ratios, self.PLAN, same) == own
