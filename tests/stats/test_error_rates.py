"""Error rates and coverage by seeded simulation, at every look, at the deadline, and at the smallest n.

Each distribution is that of an A/A: symmetric about zero, for the sides of a round are interchangeable. Bounds
on what was counted allow for three standard deviations of the count, no more.
"""

import math

import numpy as np
import pytest

from perfbot.stats.evidence import Evidence
from perfbot.stats.location import estimates
from perfbot.stats.looks import OPEN, SAME, UP, Region, classify, first_stop, seen
from perfbot.stats.sequential import Plan, critical_values, decide_each

STREAMS = 3000
ALPHA, BETA = 0.05, 0.05
PLAN = Plan(delta=0.02, alpha=ALPHA, beta=BETA, n_max=30)


def autocorrelated(rng, shape, rho=0.03):
    noise = rng.normal(size=shape)
    for index in range(1, shape[1]):
        noise[:, index] = rho * noise[:, index - 1] + math.sqrt(1 - rho**2) * noise[:, index]
    return noise


NOISE = {
    "gaussian": lambda rng, shape: rng.normal(size=shape),
    "heavy-tailed": lambda rng, shape: rng.standard_t(3, size=shape) / 1.5,
    "skewed sides": lambda rng, shape: (rng.lognormal(size=shape) - rng.lognormal(size=shape)) / 2,
    "bimodal sides": lambda rng, shape: (
        rng.integers(0, 2, shape) - rng.integers(0, 2, shape) + rng.normal(0, 0.3, shape)
    ),
    "contaminated": lambda rng, shape: rng.normal(size=shape) * np.where(rng.random(shape) < 0.05, 10, 1),
    "changing spread": lambda rng, shape: rng.normal(size=shape) * np.exp(rng.normal(0, 0.7, shape)),
    "tied": lambda rng, shape: np.round(rng.normal(size=shape) * 4) / 4,
    "autocorrelated": autocorrelated,
}
"""Rounds with a spread of about one, as differences between two sides that do not differ."""


def at_most(count: int, share: float, of: int) -> bool:
    return count <= of * share + 3 * math.sqrt(of * share * (1 - share))


def stops(streams, plan):
    """State and number of rounds of each stream, by the shipped parts."""
    codes = classify(seen(Evidence(streams), plan.looks), critical_values(plan), plan.margin).codes
    index = first_stop(codes)
    return codes[np.arange(len(streams)), index], np.array(plan.looks)[index]


def draw(name, spread, count=STREAMS, n_max=PLAN.n_max):
    return spread * NOISE[name](np.random.default_rng(7), (count, n_max))


@pytest.mark.parametrize("name", NOISE)
@pytest.mark.parametrize("spread", [0.01, 0.03, 0.3])
def test_false_alarms_after_every_look(name, spread):
    """Quiet, middling and hopeless: whatever the spread, alarms up to any look stay below alpha."""
    state, rounds = stops(draw(name, spread), PLAN)
    alarm = (state != SAME) & (state != OPEN)
    for look in PLAN.looks:
        assert at_most(int((alarm & (rounds <= look)).sum()), ALPHA, STREAMS)


@pytest.mark.parametrize("name", NOISE)
@pytest.mark.parametrize("spread", [0.005, 0.01, 0.03])
def test_wrong_unchanged_after_every_look(name, spread):
    state, rounds = stops(draw(name, spread) + PLAN.margin, PLAN)
    for look in PLAN.looks:
        assert at_most(int(((state == SAME) & (rounds <= look)).sum()), BETA, STREAMS)


@pytest.mark.parametrize("name", NOISE)
def test_one_look_at_the_fewest_rounds(name):
    smallest = Plan(0.02, ALPHA, BETA, n_max=6)
    state, _ = stops(draw(name, 0.3, n_max=6), smallest)
    assert at_most(int((state != OPEN).sum()), ALPHA, STREAMS)


def at_the_end(streams):
    """What is decided of each when no more rounds come."""
    return decide_each(list(streams), [PLAN] * len(streams), final=True)


@pytest.mark.parametrize("name", NOISE)
def test_the_deadline_look_spends_no_more_than_is_left(name):
    """Time runs out after 22 rounds, between two looks."""
    streams = draw(name, 0.1, count=1000, n_max=22)
    alarms = sum(found.state in ("up", "down") for found in at_the_end(streams))
    missed = sum(found.state == "same" for found in at_the_end(streams / 5 + PLAN.margin))
    assert at_most(alarms, ALPHA, len(streams))
    assert at_most(missed, BETA, len(streams))


@pytest.mark.parametrize("name", NOISE)
@pytest.mark.parametrize("effect", [0.0, 0.03])
def test_the_interval_covers_the_true_change(name, effect):
    """Whenever the rule stopped, and at the confidence it says."""
    streams = draw(name, 0.02, count=1000) + math.log1p(effect)
    missed: dict[float, int] = {}
    for found in at_the_end(streams):
        missed[found.confidence] = missed.get(found.confidence, 0) + (not found.low <= effect <= found.high)
    for confidence, count in missed.items():
        assert at_most(count, 1 - confidence, len(streams))


def test_a_suite_of_twenty_raises_no_more_alarms_than_one_benchmark():
    plan = Plan(0.02, ALPHA / 20, BETA, n_max=30)
    spreads = np.tile(np.geomspace(0.005, 0.1, 20), 400)[:, None]
    state, _ = stops(spreads * np.random.default_rng(8).normal(size=(8000, 30)), plan)
    alarms = ((state != SAME) & (state != OPEN)).reshape(400, 20).any(axis=1)
    assert at_most(int(alarms.sum()), ALPHA, 400)


@pytest.mark.parametrize(("effect", "share"), [(0.02, 0.95), (0.03, 0.99)])
def test_changes_from_delta_on_are_declared(effect, share):
    """At a spread that a decision needs some 15 rounds for, with 60 at hand."""
    plan = Plan(0.02, ALPHA, BETA, n_max=60)
    state, _ = stops(draw("gaussian", 0.02, n_max=60) + math.log1p(effect), plan)
    assert at_most(int((state != UP).sum()), 1 - share, STREAMS)


def test_a_rule_that_looks_without_paying_for_it_would_be_caught():
    """The same simulation with the critical values of a single look: it can fail."""
    single = Plan(0.02, ALPHA, BETA, n_max=6)
    change_t = critical_values(single).change[0]
    means, errors = estimates(draw("gaussian", 0.3), PLAN.looks)
    alarms = (np.abs(means) > change_t * errors).any(axis=1)
    assert not at_most(int(alarms.sum()), ALPHA, STREAMS)


class TestRegions:
    """Where a change lies, asked of rounds whose true change is an end of what is asked about."""

    @pytest.mark.parametrize("name", NOISE)
    @pytest.mark.parametrize(("low", "high"), [(-math.inf, -0.1), (0.05, math.inf), (-0.03, 0.03)])
    def test_wrong_answers_after_every_look(self, name, low, high):
        end = high if math.isfinite(high) else low
        plan = Plan(0.02, ALPHA, BETA, PLAN.n_max, Region(low, high))
        for outside in (1, -1):  # just outside and just inside of it
            streams = end + draw(name, 0.01) + outside * (1e-9 if end == high else -1e-9)
            codes = plan.classify(seen(Evidence(streams), plan.looks), critical_values(plan)).codes
            said = codes[np.arange(STREAMS), first_stop(codes)]
            wrong = (said == SAME) if outside > 0 else (said != SAME) & (said != OPEN)
            assert at_most(int(wrong.sum()), ALPHA, STREAMS)

    def test_the_far_side_is_answered(self):
        plan = Plan(0.02, ALPHA, BETA, PLAN.n_max, Region(-math.inf, -0.1))
        for centre, state in ((-0.12, "same"), (-0.08, "up")):
            states = [found.state for found in decide_each(list(centre + draw("gaussian", 0.01, 200)), [plan] * 200)]
            assert states.count(state) >= 195
