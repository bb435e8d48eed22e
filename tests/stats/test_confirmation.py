"""Signs of fresh rounds: a fair game where nothing changed, whatever the noise looks like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from evidence.confirmed import NOISES, count
from perfbot.stats.confirmation import ALONE, FEWEST_ALLOWED, Confirmation, confirmation, needed_of_fresh
from perfbot.stats.evidence import Evidence, evidence_of
from perfbot.stats.sequential import Plan, decide

PLAN = Plan(0.02, 0.01 / 30)
FOUND = decide([0.05, 0.051, 0.049, 0.05, 0.052, 0.05], PLAN)


def confirming(fresh: Sequence[float], before: Sequence[float] = (0.05,) * 6, needed: float = 3000.0) -> Confirmation:
    return confirmation(FOUND, Evidence(np.array(before)), Evidence(np.array(fresh)), needed=needed, plan=PLAN)


def test_twelve_rounds_that_agree_are_one_in_three_thousand() -> None:
    assert confirming([0.05] * 11).open
    assert confirming([0.05] * 12).holds
    assert confirming([0.001] * 12).holds, "how far they point is nothing to it"


def needed(before: Sequence[float], plan: Plan = PLAN, *, by_mean: bool = False) -> float:
    return needed_of_fresh(replace(FOUND, by_mean=by_mean), Evidence(np.array(before)), plan)


class TestWhatEarlierRoundsWon:
    def test_lessens_what_fresh_ones_need(self) -> None:
        assert needed([0.05, -0.05]) == pytest.approx(2 * 3000 / (1 + 3 / 8)), "half of the wealth was bet on them"
        assert ALONE < needed([0.05] * 5) < 600
        assert needed([-0.05] * 5) == needed([0.05] * 5), "improvements are as good"
        assert confirming([0.05] * 9, needed=needed([0.05] * 6)).holds

    def test_and_leaves_them_to_bear_it_out_by_themselves(self) -> None:
        assert needed([0.05] * 200) == ALONE
        assert needed([0.05] * 200, Plan(0.02, 0.01 / 5)) == ALONE, "as few comparisons do"
        assert needed([0.05] * 6, Plan(0.02, 0.01)) == pytest.approx(100), "all of it, where it is no more than that"

    def test_is_nothing_where_means_decided(self) -> None:
        assert needed([0.05] * 20, by_mean=True) == pytest.approx(3000)

    def test_is_as_much_where_each_round_is_one_value(self) -> None:
        ones = evidence_of([[1.0]] * 8, [[1.05]] * 8)
        by_mean = replace(FOUND, by_mean=True)
        assert needed_of_fresh(by_mean, ones, PLAN) == needed_of_fresh(FOUND, ones, PLAN) < 600
        several = evidence_of([[1.0, 1.0, 1.0, 1.2]] * 8, [[1.05, 1.05, 1.05, 1.0]] * 8)
        assert needed_of_fresh(by_mean, several, PLAN) == pytest.approx(3000)

    def test_is_a_fair_game_together_with_theirs(self) -> None:
        """Mean wealth over all outcomes of fair coins is one, half of it bet from the first round on."""
        rounds = 5
        signs = [[1 if at >> bit & 1 else -1 for bit in range(rounds)] for at in range(2**rounds)]
        won = [2 * 3000 / needed(list(map(float, one))) - 1 for one in signs]
        assert np.mean(won) == pytest.approx(1)


def test_what_is_expected_is_what_it_takes() -> None:
    assert [confirming([0.05] * rounds).rounds_left() for rounds in (0, 6, 11, 12)] == [12, 6, 1, 0]


def test_one_that_disagrees_costs_some_and_not_everything() -> None:
    once = [0.05] * 5 + [-0.05] + [0.05] * 30
    rounds = next(n for n in range(len(once)) if confirming(once[:n]).holds)
    assert 16 <= rounds <= 24


def test_wealth_once_won_is_not_lost_again() -> None:
    assert confirming([0.05] * 12 + [-0.05] * 3).holds


@pytest.mark.parametrize("fresh", [[0.0] * 8, [0.001, -0.001] * 5, [-0.05] * 8])
def test_fresh_rounds_that_say_otherwise_end_it(fresh: list[float]) -> None:
    found = confirming(fresh)
    assert found.given_up
    assert not found.holds


def test_it_is_given_up_when_the_rounds_that_are_left_cannot_make_up_for_it() -> None:
    wild = np.random.default_rng(1).choice([-0.3, 0.3], FEWEST_ALLOWED).tolist()
    assert confirming(wild).given_up
    assert confirming(wild[: FEWEST_ALLOWED // 2], before=[0.3, -0.3] * 30).allowed == 2 * 60


def test_wealth_is_that_of_a_fair_game() -> None:
    """Over all outcomes of a few fair coins the mean wealth is one, whatever the bets."""
    rounds = 8
    outcomes = [[(1 if at >> bit & 1 else -1) * 0.5 for bit in range(rounds)] for at in range(2**rounds)]
    wealth = [confirming(one).now for one in outcomes]
    assert math.isclose(sum(wealth) / len(wealth), 1.0, rel_tol=1e-9)


def test_where_means_decide_rounds_without_a_slow_call_say_nothing() -> None:
    rng = np.random.default_rng(2)
    calls = rng.normal(1.0, 0.01, (2, 200, 24))
    calls[1] += 50 * (rng.random((200, 24)) < 0.01)
    base, head = calls.mean(axis=-1)
    evidence = Evidence(rng.normal(0, 0.003, 200), base, head)
    found = decide(evidence, Plan(0.02, 0.01))
    assert (found.state, found.by_mean) == ("up", True)
    before, later = evidence.first(found.rounds), evidence.chosen(np.arange(200) >= found.rounds)
    so_far = confirmation(found, before, later, needed=100, plan=Plan(0.02, 0.01))
    assert so_far.holds
    assert so_far.agreeing < 0.8 * so_far.rounds


@pytest.mark.parametrize("name", NOISES)
def test_unchanged_suites_turn_red_no_more_often_than_they_may(name: str) -> None:
    """A reduced ``python -m evidence.confirmed``; the full one is in docs/decision-rule.md."""
    alpha, suites = 0.05, 12
    found = count(NOISES[name], alpha, suites, np.random.default_rng(5))
    assert found.after <= 2, "12 suites at 5 %: three or more have a probability of 2 %"
    assert found.before >= found.after
