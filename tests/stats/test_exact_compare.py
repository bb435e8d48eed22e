"""Metrics that repeat exactly: every combination of zero, sign and spread has a meaning."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.stats.exact import compare

values = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("base", "head", "state", "change"),
    [
        ([100, 100], [100, 100], "same", 0),
        ([1000], [1002], "same", 0.002),
        ([1000], [1003], "up", 0.003),
        ([1000], [997], "down", -0.003),
        ([1000, 1000, 1000], [1010, 990, 1011], "open", 0.01),
        ([1000, 1000, 1000], [1009, 1010, 1012], "up", 0.01),
        ([1000, 1000, 1000], [1001, 1010, 1011], "open", 0.01),
        ([0.0522, 0.0530, 0.0519], [0.0531, 0.0565, 0.0558], "open", None),
        ([0, 0], [0, 0], "same", 0),
        ([0, 0], [3, 4], "up", math.inf),
        ([0, 0], [-3, -4], "down", -math.inf),
        ([0, 0], [3, -4], "open", None),
        ([5, 0], [5, 1], "open", None),
        ([4, 4], [0, 0], "down", -1),
        ([-10], [-11], "down", -0.1),
        ([-10], [-9], "up", 0.1),
    ],
)
def test_meaning(base, head, state, change):
    decision = compare(base, head, 0.0025)
    assert decision.state == state
    if change is not None:
        assert decision.change == pytest.approx(change)


@given(values)
def test_every_answer_is_consistent(pairs):
    base, head = zip(*pairs, strict=True)
    decision = compare(base, head, 0.0025)
    assert decision.low <= decision.change <= decision.high
    assert not math.isnan(decision.detectable)
    if decision.state == "up":
        assert decision.low > 0
    if all(before == after for before, after in pairs):
        assert decision.state == "same"


def test_a_threshold_of_zero_reports_any_difference():
    assert compare([10**9], [10**9 + 1], 0).state == "up"
    assert compare([10**9], [10**9], 0).state == "same"
