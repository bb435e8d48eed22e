"""Intervals of many functions over few rounds: how often they are wrong, where that is known."""

from __future__ import annotations

import numpy as np
import pytest

from perfbot.why.intervals import means_of


def blamed(rounds: int, unlike: float, beyond: float, times: int = 300) -> float:
    """How often any of 60 functions that did nothing is called changed."""
    random = np.random.default_rng(7)
    found = 0
    for _ in range(times):
        least = np.exp(random.normal(0, 1, 60))
        spread = least * np.exp(random.normal(beyond, unlike, 60)) ** 0.5
        found += bool(means_of(random.normal(0, 1, (rounds, 60)) * spread, least).proven.any())
    return found / times


@pytest.mark.parametrize("rounds", [5, 8, 12])
@pytest.mark.parametrize(("unlike", "beyond"), [(0.0, 0.0), (0.3, 1.0), (0.8, 0.5)])
def test_nobody_is_blamed_more_often_than_allowed(rounds: int, unlike: float, beyond: float) -> None:
    assert blamed(rounds, unlike, beyond) <= 0.03  # 1 % allowed; three times that for spreads that differ fivefold


def test_a_few_rounds_prove_what_their_own_spread_could_not() -> None:
    random = np.random.default_rng(3)
    values = random.normal(0, 1.0, (5, 60))
    values[:, 0] += 4.0
    alone, together = means_of(values), means_of(values, np.ones(60))
    assert together.proven[0]
    assert together.half[0] < 0.6 * np.median(alone.half)


def test_what_all_rounds_share_is_no_spread_but_an_error() -> None:
    values = np.ones((5, 3)) * np.array([1.0, 2.0, 0.0])
    assert means_of(values).proven.tolist() == [False, False, False]
    exact = means_of(values, 1e-9)
    assert exact.proven.tolist() == [True, True, False]
    unsure = means_of(values, 1e-9, besides=np.array([1.0, 0.0, 0.0]))
    assert unsure.proven.tolist() == [False, True, False]


def test_the_family_is_what_may_have_changed() -> None:
    values = np.zeros((5, 100))
    values[:, :10] = np.random.default_rng(1).normal(0, 1, (5, 10))
    assert means_of(values).family == 10
    assert means_of(values, family=3).family == 3
