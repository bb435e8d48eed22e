"""Sizes of rounds, from 50 ns to 5 s a call: pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.measure.lockstep import plan
from perfbot.measure.lockstep.plan import (
    DISCARD_SECONDS,
    FEWEST_CALLS,
    LATE_SECONDS,
    LEAST_PATIENCE_SECONDS,
    LONG_SECONDS,
    LONGEST_SHARE,
    MOST_PAIRS,
    PAIRS,
    VALUE_SECONDS,
    Speed,
    patience,
    plan_values,
    share_of_each,
    turn_counts,
)

WHOLE_MICROSECONDS = 1e-9


def busy(call: float) -> Speed:
    """A call that computes and does nothing else."""
    return Speed(call, call, call)


class TestPatience:
    def test_an_unknown_call_gets_what_lets_it_be_decided(self) -> None:
        assert patience(120.0, 60.0, known=False) == 60.0 / FEWEST_CALLS
        assert patience(120.0, 3600.0, known=False) == 120.0
        assert patience(120.0, -1.0, known=False) == LEAST_PATIENCE_SECONDS

    def test_a_known_one_may_end_a_little_late(self) -> None:
        assert patience(120.0, 60.0, known=True) == 60.0 + LATE_SECONDS
        assert patience(120.0, 3600.0, known=True) == 120.0
        assert patience(120.0, -1.0, known=True) == LATE_SECONDS


class TestNoise:
    def test_pairs_take_no_more_than_twice_as_long_as_starting(self) -> None:
        """However little processes seem to differ: three rounds agree by chance often enough."""
        share = 0.02
        values = plan_values(busy(10e-6), share, within=1e6)
        assert values.seconds(10e-6) < 2.5 * share
        assert plan_values(busy(10e-6), 100 * share, within=1e6).pairs == MOST_PAIRS


class TestCalls:
    @pytest.mark.parametrize("call", [50e-9, 100e-9, 10e-6, 0.4e-3])
    def test_short_ones_fill_a_value_and_are_warmed_up(self, call: float) -> None:
        values = plan_values(busy(call), share=0.01)
        assert values.mode == "turns"
        assert VALUE_SECONDS <= values.loops * call < VALUE_SECONDS + call + WHOLE_MICROSECONDS
        assert values.discard * call >= DISCARD_SECONDS
        assert values.pairs == PAIRS

    def test_fifty_nanoseconds_need_ten_thousand_loops(self) -> None:
        assert plan_values(busy(50e-9), share=0.0).loops == 10_000

    def test_a_millisecond_is_a_value_by_itself(self) -> None:
        values = plan_values(busy(1e-3), share=0.0)
        assert (values.mode, values.loops, values.discard) == ("turns", 1, 1)
        assert values.pairs >= 16

    @pytest.mark.parametrize("call", [20e-3, 200e-3])
    def test_long_ones_run_at_once(self, call: float) -> None:
        values = plan_values(busy(call), share=0.0)
        assert (values.mode, values.discard) == ("together", 1)
        assert values.pairs < PAIRS
        assert values.seconds(call) <= max(1.0, 6 * call)

    def test_five_seconds_are_measured_once_and_not_warmed_up(self) -> None:
        values = plan_values(busy(5.0), share=0.0)
        assert (values.mode, values.loops, values.discard, values.pairs) == ("together", 1, 0, 1)
        assert values.seconds(5.0) == 10.0

    @pytest.mark.parametrize("call", [1e-6, 2e-3, 0.1, 5.0])
    def test_what_cannot_be_repeated_is_called_once(self, call: float) -> None:
        values = plan_values(busy(call), share=10.0, once=True)
        assert (values.loops, values.discard, values.pairs) == (1, 0, 1)

    def test_dear_starts_are_used_for_more_pairs(self) -> None:
        assert PAIRS < plan_values(busy(1e-6), share=0.2).pairs <= MOST_PAIRS
        assert plan_values(busy(1e-6), share=100.0).pairs == MOST_PAIRS


class TestClock:
    def test_what_waits_is_compared_by_wall_time_in_turns(self) -> None:
        sleeping = Speed(wall=0.2, cpu=0.01)
        assert (sleeping.waits, sleeping.clock) == (True, "wall")
        assert plan_values(sleeping, share=0.0).mode == "turns"

    def test_what_merely_queued_for_a_core_does_not_wait(self) -> None:
        preempted = Speed(wall=0.2, cpu=0.1, queued=0.1)
        assert (preempted.waits, preempted.clock) == (False, "cpu")

    def test_threads_are_not_pinned(self) -> None:
        threaded = Speed(wall=0.2, cpu=0.39)
        values = plan_values(threaded, share=0.0)
        assert (threaded.threaded, threaded.clock, values.mode, values.pinned) == (True, "wall", "turns", False)


calls = st.floats(min_value=1e-9, max_value=100.0)


@given(call=calls, cpu=st.floats(0, 4), share=st.floats(0, 1000), once=st.booleans())
def test_every_plan_can_be_carried_out(call: float, cpu: float, share: float, once: bool) -> None:
    values = plan_values(Speed(call, cpu * call), share, once=once)
    assert values.loops >= 1
    assert values.discard >= 0
    assert 1 <= values.pairs <= MOST_PAIRS
    assert values.seconds(call) >= 2 * call
    if call < LONG_SECONDS and not once:
        assert values.discard >= 1, "the first call after a switch is cold"


@given(pairs=st.integers(1, 1000))
def test_turns_alternate_abba(pairs: int) -> None:
    first, second = turn_counts(pairs)
    assert sum(first) == sum(second) == pairs
    assert len(first) - len(second) in (0, 1)
    sides = [side for turn in range(len(first)) for side, counts in (("A", first), ("B", second)) if turn < len(counts)]
    values = [
        letter for turn, letter in enumerate(sides) for _ in range((first if letter == "A" else second)[turn // 2])
    ]
    blocks = ["".join(values[at : at + 4]) for at in range(0, 4 * (pairs // 2), 4)]
    assert set(blocks) <= {"ABBA"}


@given(pairs=st.integers(1, 1000))
def test_a_turn_has_one_or_two_values(pairs: int) -> None:
    for counts in turn_counts(pairs):
        assert set(counts) <= {1, 2}


def test_a_long_benchmark_lengthens_a_round_by_a_third_of_it_at_most(monkeypatch: pytest.MonkeyPatch):
    """However many there are beside it; without it, starting the processes decides."""
    monkeypatch.setattr(plan, "LONGEST_SHARE", LONGEST_SHARE)
    for benchmarks in (3, 20, 84):
        others = (benchmarks - 1) * share_of_each(benchmarks, 0.4, 3.0, hurried=False)
        assert others <= max(0.4, 0.3 * 3.0) + 1e-9
    assert share_of_each(2, 0.4, 3.0, hurried=False) == pytest.approx(0.45)
    assert share_of_each(30, 0.4, 0.03, hurried=False) == pytest.approx(0.4 / 30)
