"""Critical values against published tables, the multivariate normal distribution, and simulation."""

import numpy as np
import pytest

from perfbot.stats.bounds import constant_bound, exit_probabilities, last_bound
from perfbot.stats.sequential import Plan


def stays_inside(looks: tuple[int, ...], lower: list[float], upper: list[float]) -> float:
    """P(the standardised sums stay between the bounds at all looks), by a numerical rectangle probability."""
    from scipy.stats import multivariate_normal  # a second

    times = np.array(looks, dtype=float)
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    return multivariate_normal(cov=correlation, abseps=1e-6, releps=1e-6, maxpts=200_000, seed=1).cdf(
        upper, lower_limit=lower
    )


@pytest.mark.parametrize(
    ("looks", "alpha", "expected"),
    [  # Jennison & Turnbull (2000), table 2.1: Pocock tests with equally spaced looks
        (1, 0.05, 1.960),
        (2, 0.05, 2.178),
        (3, 0.05, 2.289),
        (5, 0.05, 2.413),
        (10, 0.05, 2.555),
        (20, 0.05, 2.672),
        (5, 0.01, 2.986),
        (10, 0.01, 3.117),
    ],
)
def test_published_pocock_constants(looks, alpha, expected):
    assert constant_bound(tuple(range(1, looks + 1)), alpha, 2) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize(("alpha", "expected"), [(0.05, 2.672), (0.005, 3.431), (0.0025, 3.627), (0.001, 3.870)])
def test_constants_for_growing_looks(alpha, expected):
    looks = (6, 8, 10, 12, 15, 19, 24, 30, 38, 48, 60, 75, 94, 118, 120)
    assert constant_bound(looks, alpha, 2) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("sides", [1, 2])
def test_four_looks_against_the_multivariate_normal(sides):
    looks = (6, 7, 10, 24)
    bound = constant_bound(looks, 0.02, sides)
    lower = [-bound] * 4 if sides == 2 else [-np.inf] * 4
    assert 1 - stays_inside(looks, lower, [bound] * 4) == pytest.approx(0.02, abs=5e-5)


def test_a_last_look_spends_exactly_what_is_left():
    looks, alpha = (6, 7, 8), 0.03
    planned = constant_bound((*looks, 12, 20), alpha, 2)
    last = last_bound(looks, 10, planned, alpha, 2)
    bounds = [planned] * 3 + [last]
    assert last < planned
    assert 1 - stays_inside((*looks, 10), [-z for z in bounds], bounds) == pytest.approx(alpha, abs=5e-5)


def test_without_looks_before_it_a_last_look_is_an_ordinary_test():
    from scipy.stats import norm

    assert last_bound((), 4, 9.0, 0.05, 2) == pytest.approx(norm.isf(0.025))


def test_every_shipped_look_stops_as_many_random_walks_as_it_should():
    looks = Plan(0.02, 0.1).looks
    bound = constant_bound(looks, 0.1, 2)
    upper = bound * np.sqrt(looks)
    below, above = exit_probabilities(looks, -upper, upper)
    assert below == pytest.approx(above)
    steps = np.sqrt(np.diff((0, *looks)))
    walks = np.cumsum(np.random.default_rng(3).normal(size=(40_000, len(looks))) * steps, axis=1)
    crossed = (np.abs(walks) > upper).cumsum(axis=1) > 0
    expected = np.cumsum(below + above)
    deviation = np.sqrt(expected * (1 - expected) / len(walks))
    assert expected[-1] == pytest.approx(0.1, abs=1e-8)
    assert (np.abs(crossed.mean(axis=0) - expected) < 4 * deviation).all()
