"""Means decide where both sides differ by more than a shift; the typical ratio where they do not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from perfbot.stats.evidence import Evidence, evidence_of
from perfbot.stats.looks import LOOSE
from perfbot.stats.means import mean_ratios
from perfbot.stats.sequential import Plan, decide, restated

PLAN = Plan(0.02, 0.01)
ROUNDS, CALLS = 40, 100


def calls(seed: int, *, slow: float = 0.0, times: float = 1.0, level: float = 1.0, rounds: int = ROUNDS):
    """Rounds of calls, of which a share is slow, with a little noise in calls and between processes."""
    dice = np.random.default_rng(seed)
    values = level * np.exp(dice.normal(0, 0.005, (rounds, CALLS)) + dice.normal(0, 0.003, (rounds, 1)))
    return values * np.where(dice.random(values.shape) < slow, times, 1.0)


def judged(base, head):
    return decide(evidence_of(base.tolist(), head.tolist(), [1e-4] * len(base)), PLAN, final=True)


@pytest.mark.parametrize(
    ("slow", "times", "truth"), [(0.5, 2.0, 0.5), (0.02, 26.0, 0.5), (0.01, 51.0, 0.5), (0.1, 2.0, 0.1)]
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_slow_calls_among_fast_ones_are_a_change_of_the_mean(slow, times, truth, seed):
    found = judged(calls(seed), calls(seed + 50, slow=slow, times=times))
    assert (found.state, found.by_mean) == ("up", True)
    assert found.low <= truth <= found.high
    assert found.typical == pytest.approx(0.0, abs=0.05) or slow > 0.2
    back = judged(calls(seed + 50, slow=slow, times=times), calls(seed))
    assert back.state == "down"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_slow_calls_on_both_sides_are_no_change(seed):
    found = judged(calls(seed, slow=0.1, times=2.0), calls(seed + 50, slow=0.1, times=2.0))
    assert found.state in ("same", "open")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_typical_call_that_is_slower_does_not_make_a_faster_mean_slower(seed):
    found = judged(calls(seed, slow=0.1, times=11.0), calls(seed + 50, level=1.05))
    assert (found.state, found.by_mean) == ("down", True)
    assert found.low <= 1.05 / 2 - 1 <= found.high


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_equal_means_of_other_distributions_are_no_regression(seed):
    found = judged(calls(seed, level=1.5, rounds=120), calls(seed + 50, slow=0.01, times=51.0, rounds=120))
    assert found.state in ("same", "open")


def test_a_shift_is_known_as_well_as_what_is_typical_tells_it():
    found = judged(calls(1), calls(2, level=1.03))
    assert (found.state, found.by_mean) == ("up", False)
    assert found.high - found.low < 0.03


def test_unchanged_says_how_far_the_mean_can_be_off():
    found = judged(calls(1), calls(2))
    assert found.state == "same"
    assert found.mean_bound is not None
    assert found.mean_bound < math.expm1(LOOSE * PLAN.margin)
    assert abs(found.mean or 0.0) < found.mean_bound


def test_a_mean_that_is_not_known_leaves_it_open():
    """Rare slow calls on both sides alike: what is typical is sure, the mean is not."""
    base, head = (calls(seed, slow=0.004, times=100.0, rounds=8) for seed in (1, 2))
    found = judged(base, head)
    assert found.state == "open"
    assert found.by_mean


def test_what_is_typical_is_not_enough_where_the_mean_probably_goes_the_other_way():
    """Also after confirming: what all rounds say has to say it of the mean, too."""
    typical = np.full(20, 0.03) + np.random.default_rng(3).normal(0, 0.001, 20)
    strays = np.random.default_rng(4).normal(0, 0.08, 20)
    strays -= strays.mean()
    along, against = (Evidence(typical, np.ones(20), np.exp(mean + strays)) for mean in (0.06, -0.02))
    plan = Plan(0.02, 0.01)
    found = decide(along, plan, final=True)
    assert (found.state, found.by_mean) == ("up", False)
    assert restated(along, plan, found, holds=True).state == "up"
    assert decide(against, plan, final=True).state == "open"
    assert restated(against, plan, found, holds=True).state == "open"


def test_an_interval_never_reaches_beyond_the_direction_that_is_decided():
    typical = np.full(12, 0.03)
    strays = np.tile([-0.05, 0.05], 6)
    found = decide(Evidence(typical, np.ones(12), np.exp(0.028 + strays)), Plan(0.02, 0.01), final=True)
    assert found.state == "up"
    assert found.low == 0


def test_swapping_the_sides_changes_the_sign_alone():
    base, head = calls(1), calls(2, slow=0.1, times=2.0)
    there, back = judged(base, head), judged(head, base)
    assert (there.state, back.state, there.rounds) == ("up", "down", back.rounds)
    assert math.log1p(there.change) == pytest.approx(-math.log1p(back.change))


def test_looks_see_no_later_round_and_add_up():
    base, head, typical = (np.random.default_rng(seed).uniform(1, 2, 30) for seed in (1, 2, 3))
    every = mean_ratios(base, head, typical, (6, 12, 30))
    few = mean_ratios(base[:12], head[:12], typical[:12], (6, 12))
    assert np.allclose(every.ratio[:2], few.ratio)
    assert np.allclose(every.error[:2], few.error)
    assert every.ratio[2] == pytest.approx(math.log(head.mean() / base.mean()))
    stray = head / head.mean() - base / base.mean()
    assert every.error[2] == pytest.approx(math.sqrt((stray**2).sum() / 30 / 29))
    apart = stray - (typical - typical.mean())
    assert every.excess_error[2] == pytest.approx(math.sqrt((apart**2).sum() / 30 / 29))


def test_what_a_round_counts_for_is_relative():
    base, head, typical, weight = (np.random.default_rng(seed).uniform(1, 2, 20) for seed in (1, 2, 3, 4))
    plain, alike = mean_ratios(base, head, typical, (6, 20)), mean_ratios(base, head, typical, (6, 20), 0 * weight + 7)
    one, larger = (mean_ratios(base, head, typical, (6, 20), times * weight) for times in (1, 5))
    for found, expected in zip((*alike, *larger), (*plain, *one), strict=True):
        assert found == pytest.approx(expected)
    assert one.ratio[1] == pytest.approx(math.log((weight * head).sum() / (weight * base).sum()))


def test_a_first_short_round_with_a_slow_value_does_not_hold_up_the_many_long_ones():
    """As measured: 16 values in the first round, one of them disturbed for longer than a call; 200 in the next ones."""
    base, head = calls(1, rounds=8), calls(2, level=1.03, rounds=8)
    base[0, 3] *= 2.5
    few, short = [base[0][:16].tolist()], [head[0][:16].tolist()]
    found = decide(evidence_of(few + base[1:].tolist(), short + head[1:].tolist(), [1e-4] * 8), PLAN)
    assert (found.state, found.rounds, found.by_mean) == ("up", 6, False)


@pytest.mark.parametrize("slow", [0.0, 0.02])
def test_errors_of_unequal_rounds_are_true(slow):
    """Rounds of 16 and of 256 calls, by turns or the long ones last: z beyond 2.2 as rarely as Student's t."""
    dice = np.random.default_rng(9)
    beyond = []
    for order in range(2):
        counts = np.array([16, 256] * 10 if order else [16] * 10 + [256] * 10)
        weight = np.sqrt(counts)
        strays = []
        for _ in range(2000):
            spikes = dice.binomial(counts, slow, (2, 20)) / counts
            base, head = 1 + spikes * 9 + dice.normal(0, 0.003 + 0.05 / weight, (2, 20))
            found = mean_ratios(base, head, np.zeros(20), (20,), weight)
            strays.append(found.ratio[0] / found.error[0])
        beyond.append(np.mean(np.abs(strays) > 2.2))
    assert max(beyond) < 0.045, "Student's t with 19 degrees of freedom: 0.040"


def test_evidence_in_parts_is_the_evidence_of_all():
    base, head = calls(1, rounds=5).tolist(), calls(2, rounds=5).tolist()
    seconds = [1e-4] * 5
    whole = evidence_of(base, head, seconds)
    joined = evidence_of(base[:2], head[:2], seconds[:2]).and_then(evidence_of(base[2:], head[2:], seconds[2:]))
    for one, other in zip((whole.typical, *whole.means), (joined.typical, *joined.means), strict=True):
        assert np.array_equal(one, other)
    assert [len(part) for part in whole.parted([2, 3])] == [2, 3]


def test_ratios_alone_are_judged_as_what_is_typical():
    ratios = np.random.default_rng(5).normal(0.05, 0.01, 12)
    assert decide(ratios.tolist(), PLAN) == decide(Evidence(ratios), PLAN)
    assert decide(ratios.tolist(), PLAN).mean is None


@pytest.mark.parametrize(
    ("slow", "times", "usual"), [(0.02, 11.0, 1.1), (0.05, 5.0, 1.1), (0.01, 51.0, 1.3), (0.05, 11.0, 0.8)]
)
@pytest.mark.parametrize("batch", [1, 4, 20])
def test_the_interval_holds_the_mean_where_slow_calls_are_alike_and_usual_ones_are_not(slow, times, usual, batch):
    """A slow call costs the same on both sides: the mean moves less than what is typical."""
    extra = slow * (times - 1)
    truth = (usual + extra) / (1 + extra) - 1
    missed = 0
    for seed in range(20):
        base, head = (
            _batches(100 * seed + side, slow, times - 1, level, batch) for side, level in enumerate((1, usual))
        )
        found = judged(base, head)
        missed += found.state != "open" and not found.low <= truth <= found.high
    assert missed <= 2


def _batches(seed, slow, extra, level, size):
    """Values of calls of a level, to some of which as much is added, each the mean of so many calls."""
    dice = np.random.default_rng(seed)
    shape = (ROUNDS, 24)
    noise = np.exp(dice.normal(0, 0.005, shape) + dice.normal(0, 0.003, (ROUNDS, 1)))
    return (level + extra * dice.binomial(size, slow, shape) / size) * noise
