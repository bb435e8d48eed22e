"""One number of one round."""

import itertools
import math
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.stats.rounds import centre, hodges_lehmann, round_ratio, round_ratios, side_medians

LENGTHS = (None, 5e-4, 0.5)
"""No time, short and long: each has an estimate of its own."""

times = st.floats(1e-9, 1e3)
pairs = st.lists(st.tuples(times, times), min_size=1, max_size=30)


def by_definition(values: list[float]) -> float:
    return median((a + b) / 2 for a, b in itertools.combinations_with_replacement(values, 2))


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_hodges_lehmann_is_the_median_of_all_averages(values):
    assert hodges_lehmann(np.array(values)) == pytest.approx(by_definition(values), abs=1e-12)


@pytest.mark.parametrize("seconds", LENGTHS)
@given(pairs=pairs)
def test_swapped_sides_change_only_the_sign(seconds, pairs):
    base, head = zip(*pairs, strict=True)
    there = round_ratio(base, head, value_seconds=seconds)
    assert round_ratio(head, base, value_seconds=seconds) == pytest.approx(-there, abs=1e-12)


@pytest.mark.parametrize("seconds", LENGTHS)
@given(pairs=pairs, factor=st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(seconds, pairs, factor):
    base, head = zip(*pairs, strict=True)
    scaled = round_ratio([b * factor for b in base], [h * factor for h in head], value_seconds=seconds)
    assert scaled == pytest.approx(round_ratio(base, head, value_seconds=seconds), abs=1e-9)


@pytest.mark.parametrize("seconds", LENGTHS)
@given(pairs=pairs, factor=st.floats(0.5, 2))
def test_a_slower_head_adds_its_log(seconds, pairs, factor):
    base, head = zip(*pairs, strict=True)
    slower = round_ratio(base, [h * factor for h in head], value_seconds=seconds)
    assert slower == pytest.approx(round_ratio(base, head, value_seconds=seconds) + math.log(factor), abs=1e-9)


def test_a_sharp_peak_among_disturbed_values_is_the_centre():
    peak, disturbed = [0.1, 0.101, 0.099, 0.1] * 3, [*np.linspace(0.3, 0.9, 8), *np.linspace(-0.4, -0.1, 4)]
    assert centre(np.array([*peak, *disturbed])) == pytest.approx(0.1, abs=0.001)
    assert hodges_lehmann(np.array([*peak, *disturbed])) > 0.15


def test_turns_of_two_kinds_are_averaged():
    """Neither kind is where the values lie, though the innermost ones all belong to one of them."""
    kinds = [*np.linspace(-0.11, -0.09, 12), *np.linspace(0.09, 0.11, 12)]
    assert centre(np.array(kinds)) == pytest.approx(0, abs=1e-12)
    assert centre(np.array(kinds[1:])) == hodges_lehmann(np.array(kinds[1:]))


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_mirrored_values_have_a_mirrored_centre(values):
    assert centre(-np.array(values)) == pytest.approx(-centre(np.array(values)), abs=1e-12)


def test_one_pair_is_itself():
    assert round_ratio([2.0], [3.0], value_seconds=1e-4) == pytest.approx(math.log(1.5))


def test_short_times_ignore_what_disturbed_all_but_the_fastest():
    base = [1.0] * 6 + [1.5, 1.7, 1.9] * 6
    head = [9.0] * 9 + [5.0] * 9 + [1.1] * 6
    assert round_ratio(base, head, value_seconds=5e-4) == pytest.approx(math.log(1.1))


def test_short_times_compare_neighbours_where_everything_was_disturbed():
    """A load that never ceases: both sides of a pair share it, and no value is free of it."""
    load = np.geomspace(1, 8, 24)
    head = load * 1.1
    head[0] = 0.5
    assert round_ratio(load, head, value_seconds=5e-4) == pytest.approx(math.log(1.1))


def test_long_times_take_the_median_pair():
    assert round_ratio([1.0] * 9, [1.1] * 5 + [4.0] * 4, value_seconds=0.02) == pytest.approx(math.log(1.1))


def test_many_rounds_are_what_each_is_alone():
    rng = np.random.default_rng(2)
    sizes, lasted = (1, 24, 16, 24, 15), (1e-4, 1e-4, 0.1, 0.1, 1e-4)
    bases, heads = ([rng.lognormal(size=size).tolist() for size in sizes] for _ in range(2))
    alone = [round_ratio(b, h, value_seconds=s) for b, h, s in zip(bases, heads, lasted, strict=True)]
    assert round_ratios(bases, heads, lasted).tolist() == alone
    assert side_medians(bases, heads).tolist() == [[median(b), median(h)] for b, h in zip(bases, heads, strict=True)]


@pytest.mark.parametrize(
    ("base", "head", "complaint"),
    [
        ([], [], "0 values of base and 0 of head"),
        ([1.0], [0.0], "above zero"),
        ([1.0, -1.0], [1.0, 1.0], "above zero"),
        ([1.0], [math.nan], "finite"),
        ([math.inf], [1.0], "finite"),
        ([1.0, 2.0], [1.0], "2 values of base and 1 of head"),
    ],
)
def test_what_has_no_ratio_is_refused(base, head, complaint):
    with pytest.raises(ValueError, match=complaint):
        round_ratio(base, head)
