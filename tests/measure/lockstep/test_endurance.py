"""Whether later calls of a process are like the first ones, from values whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from perfbot.measure.lockstep import endurance
from perfbot.measure.lockstep.plan import Speed, ValuePlan
from perfbot.model import Round
from perfbot.reasons import LaterCallsDiffer, StillWarming

SECONDS, LEAST_SECONDS = endurance.SECONDS, endurance.LEAST_SECONDS
SHORT = Speed(1e-4, 1e-4, other=Speed(1e-4, 1e-4))
ROUND = ValuePlan("turns", 5, 3, 16)
USUAL = Round(0, (1.0, 1.01) * 8, (1.0, 1.01) * 8)


@pytest.fixture(autouse=True)
def _stretches_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as short as those of other tests."""
    monkeypatch.setattr(endurance, "SECONDS", SECONDS)
    monkeypatch.setattr(endurance, "LEAST_SECONDS", LEAST_SECONDS)


def noisy(values: Sequence[float], seed: int = 1) -> tuple[float, ...]:
    dice = np.random.default_rng(seed)
    return tuple((np.asarray(values) * np.exp(dice.normal(0, 0.02, len(values)))).tolist())


def long(head: Sequence[float]) -> Round:
    return Round(0, noisy([1.0] * len(head)), noisy(head, seed=2))


def test_a_stretch_is_as_long_as_steady_states_take_where_there_is_time():
    plan = endurance.stretch(SHORT, ROUND, benchmarks=1, left=60)
    assert plan is not None
    assert plan.pairs * plan.loops == pytest.approx(endurance.MOST_CALLS, rel=0.1)
    assert sum(plan.counts[0]) == sum(plan.counts[1]) == plan.pairs


@pytest.mark.parametrize(
    ("speed", "benchmarks", "left"),
    [
        (Speed(2.0, 2.0, other=Speed(2.0, 2.0)), 1, 600),
        (Speed(0.01, 0.01, other=Speed(0.01, 0.01)), 1000, 600),
        (SHORT, 1, 0.1),
    ],
)
def test_there_is_none_where_it_shows_nothing_more_than_rounds(speed: Speed, benchmarks: int, left: float):
    assert endurance.stretch(speed, ROUND, benchmarks, left) is None


def test_there_is_one_where_nothing_limits_the_time():
    """Whoever watches said to go on to the end."""
    longest = endurance.stretch(SHORT, ROUND, benchmarks=1, left=1e9)
    assert endurance.stretch(SHORT, ROUND, benchmarks=1, left=float("inf")) == longest is not None


def test_what_calls_do_unmeasured_takes_its_time_of_the_stretch():
    """A millisecond is measured of each call, which starts a program for fifty."""
    call, plan = Speed(1e-3, 1e-3, other=Speed(1e-3, 1e-3)), ValuePlan("turns", 1, 1, 12)
    assert endurance.stretch(call, plan, 1, 600, took=0.06) is not None
    assert endurance.stretch(call, plan, 1, 60, took=0.1 * plan.calls) is None


def test_a_slower_head_takes_its_time_of_the_stretch():
    slow = Speed(1e-4, 1e-4, other=Speed(1e-2, 1e-2))
    quick, slower = (endurance.stretch(one, ROUND, 1, 60) for one in (SHORT, slow))
    assert quick is not None
    assert slower is not None
    assert slower.calls < quick.calls / 5


class TestMoved:
    def test_not_where_all_stays_as_it_was(self):
        assert endurance.moved(USUAL, long([1.0] * 120)) == 0

    def test_not_where_both_sides_become_slower_alike(self):
        both = Round(0, noisy([1.0] * 60 + [2.0] * 60), noisy([1.0] * 60 + [2.0] * 60, seed=2))
        assert endurance.moved(USUAL, both) == 0

    @pytest.mark.parametrize(("late", "sign"), [(2.0, 1), (0.5, -1), (1.2, 1)])
    def test_where_one_becomes_another_on_the_way(self, late: float, sign: int):
        assert endurance.moved(USUAL, long([1.0] * 90 + [late] * 30)) == sign

    def test_where_slow_calls_come_now_and_then(self):
        assert endurance.moved(USUAL, long([1.0] * 19 + [13.0] + ([1.0] * 19 + [13.0]) * 5)) == 1

    def test_not_by_disturbances_of_both(self):
        spikes = [1.0] * 120
        base, head = list(spikes), list(spikes)
        for at in (3, 50, 77):
            base[at], head[(at * 2) % 120] = 9.0, 9.0
        assert endurance.moved(USUAL, Round(0, tuple(base), tuple(head))) == 0


class TestLasting:
    PLAN = endurance.stretch(SHORT, ROUND, 1, 60)

    def test_what_lies_before_a_change_is_left_out_and_told(self):
        assert self.PLAN is not None
        half = self.PLAN.pairs // 2
        stretch = long([1.0] * half + [2.0] * half)
        plan = endurance.lasting(self.PLAN, long([1.0] * 16), stretch, SHORT, left=50)
        assert plan.warmup == 0.5
        assert min(endurance.kept(stretch, plan).head) > 1.5
        (told,) = endurance.notes(stretch, ROUND, plan)
        assert isinstance(told, LaterCallsDiffer)
        assert (told.calls, told.compared_from > ROUND.calls) == (ROUND.calls, True)

    def test_so_it_is_where_the_change_comes_late(self):
        """After 3,000 calls of 4,000: of the second half, too, much is as it was at first."""
        assert self.PLAN is not None
        at = round(0.7 * self.PLAN.pairs)
        stretch = long([1.0] * at + [2.0] * (self.PLAN.pairs - at))
        plan = endurance.lasting(self.PLAN, long([1.0] * 16), stretch, SHORT, left=50)
        assert min(endurance.kept(stretch, plan).head) > 1.5
        (told,) = endurance.notes(stretch, ROUND, plan)
        assert isinstance(told, LaterCallsDiffer)
        assert 3000 < told.compared_from < 4000

    def test_a_warm_up_that_is_soon_over_is_left_out(self):
        """Too little of the first half to show in its mean; but each of the first calls was another one."""
        assert self.PLAN is not None
        usual = long([1.6] * 16)
        stretch = long([1.6] * 3 + [1.0] * (self.PLAN.pairs - 3))
        plan = endurance.lasting(self.PLAN, usual, stretch, SHORT, left=50)
        assert plan.warmup
        assert max(endurance.kept(stretch, plan).head) < 1.2

    def test_a_change_that_still_goes_on_is_told(self):
        assert self.PLAN is not None
        growing = long(np.linspace(1.0, 3.0, self.PLAN.pairs).tolist())
        plan = endurance.lasting(self.PLAN, long([1.0] * 16), growing, SHORT, left=50)
        assert isinstance(endurance.notes(growing, ROUND, plan)[1], StillWarming)

    def test_of_scattered_slow_calls_all_count_in_what_time_there_is(self):
        assert self.PLAN is not None
        scattered = long(([1.0] * 19 + [13.0]) * 6)
        plan = endurance.lasting(self.PLAN, long([1.0] * 16), scattered, SHORT, left=4.0)
        assert not plan.warmup
        assert endurance.kept(scattered, plan) == scattered
        assert self.PLAN.calls / 5 < plan.calls < self.PLAN.calls
