"""Trimmed means of prefixes against a direct computation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.stats.location import degrees_of_freedom, estimates, mean_interval, trim_count


def directly(values: np.ndarray) -> tuple[float, float]:
    """Yuen (1974), by scipy's trimmed mean and winsorised sample."""
    from scipy.stats import trim_mean  # a second
    from scipy.stats.mstats import winsorize

    n, cut = len(values), trim_count(len(values))
    kept = n - 2 * cut
    share = (cut + 0.1) / n if cut else 0.0
    winsorised = np.asarray(winsorize(values, limits=(share, share)))
    return trim_mean(values, share), math.sqrt(winsorised.var(ddof=1) * (n - 1) / (kept * (kept - 1)))


def test_every_prefix_is_what_a_direct_computation_gives():
    values = np.random.default_rng(1).standard_t(3, size=(4, 120)) * 0.02 + 7
    looks = (2, 3, 6, 9, 10, 11, 24, 61, 120)
    means, errors = estimates(values, looks)
    for row, stream in enumerate(values):
        for column, look in enumerate(looks):
            assert (means[row, column], errors[row, column]) == pytest.approx(directly(stream[:look]), rel=1e-9)


def test_few_rounds_are_not_trimmed_and_many_by_nearly_a_seventh():
    assert [trim_count(n) for n in (2, 6, 11, 12, 18, 19, 26, 120)] == [0, 0, 0, 1, 1, 2, 3, 16]
    assert [degrees_of_freedom(n) for n in (6, 11, 12, 20)] == [5, 10, 8.5, 14]


@given(st.lists(st.floats(-1, 1), min_size=8, max_size=30), st.floats(-1, 1))
def test_later_rounds_have_no_influence(values, later):
    one, other = (np.array([*values, *end]) for end in ([later] * 3, [0.0, -1.0, 1.0]))
    assert np.array_equal(estimates(one, (6, 8)), estimates(other, (6, 8)))


def test_equal_rounds_have_no_spread():
    means, errors = estimates(np.full((2, 30), 0.1), (6, 12, 30))
    assert (means == 0.1).all()
    assert (errors == 0).all()


def test_untrimmed_interval_is_students():
    from scipy.stats import ttest_1samp

    values = [1.0, 1.2, 0.9, 1.4, 1.1, 1.0]
    expected = ttest_1samp(values, 0).confidence_interval(0.99)
    assert mean_interval(values, 0.99) == pytest.approx((expected.low, expected.high))


def test_interval_of_one_value_is_the_whole_line():
    assert mean_interval([3.0], 0.9) == (-math.inf, math.inf)
