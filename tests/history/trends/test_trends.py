"""Steps, drift and chained ratios, on series whose truth is known."""

from __future__ import annotations

import dataclasses
import math
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perfbot.history.records import Point, Release, Series, Subject
from perfbot.history.trends import analyse, chained_levels
from perfbot.history.trends.levels import Levels, Measured, levels
from perfbot.history.trends.steps import bound

SUBJECT = Subject("core", "parse", "time", "s")


def make(
    levels_: list[float],
    *,
    noise: float = 0.04,
    error: float = 0.006,
    seed: int = 1,
    machine: list[str] | None = None,
    measured: list[bool] | None = None,
    subject: Subject = SUBJECT,
) -> Series:
    """A series whose true levels are given; ``measured`` says which links are there."""
    chance = random.Random(seed)  # noqa: S311
    points = []
    for i, level in enumerate(levels_):
        before = levels_[max(i - 1, 0)]
        linked = measured[i] if measured else True
        value = level * math.exp(chance.gauss(0, noise))
        change = math.log(level / before) + chance.gauss(0, error)
        points.append(
            Point(i, f"c{i - 1}" if linked else f"x{i}", f"c{i}", f"2026-01-01T00:{i // 60:02}:{i % 60:02}Z",
                  machine[i] if machine else "m", value, value, change, error)
        )  # fmt: skip
    return Series(subject, tuple(points))


def prepared(points: tuple[Point, ...]) -> Levels:
    """Points as the numbers that are looked at."""
    columns = zip(*((p.head_value or 0.0, p.log_change or 0.0, p.log_error or 0.0) for p in points), strict=True)
    return levels(Measured(points, *columns), exact=False)


def test_a_step_is_placed_between_its_commits_and_sized() -> None:
    trend = analyse(make([1.0] * 40 + [1.06] * 30))
    (step,) = trend.steps
    assert (step.index, step.after, step.first) == (40, "c39", "c40")
    assert step.interval[0] < 0.06 < step.interval[1]
    assert step.interval[1] - step.interval[0] < 0.03
    assert step.evidence < 0.001
    assert trend.drift is None


def test_a_step_is_seen_in_the_run_that_makes_it() -> None:
    assert [s.index for s in analyse(make([1.0] * 30 + [1.06])).steps] == [30]


def test_a_step_without_ratios_is_found_in_the_values() -> None:
    series = make([1.0] * 40 + [1.12] * 40, measured=[False] * 80)
    (step,) = analyse(series).steps
    assert abs(step.index - 40) <= 3
    assert step.change == pytest.approx(0.12, abs=0.04)


def test_a_change_of_machine_is_no_step() -> None:
    levels_ = [1.0] * 30 + [0.5] * 30
    machine = ["old"] * 30 + ["new"] * 30
    series = make(levels_, machine=machine)
    points = list(series.points)
    points[30] = dataclasses.replace(points[30], log_change=0.001)  # lock-step saw no change on the new machine
    trend = analyse(Series(SUBJECT, tuple(points)))
    assert trend.steps == ()
    assert trend.since is not None
    assert abs(trend.since.change) < 0.08


def test_a_step_is_found_although_the_machine_changed_with_it() -> None:
    machine = ["old"] * 30 + ["new"] * 30
    trend = analyse(make([1.0] * 30 + [1.06] * 30, machine=machine))
    assert [step.index for step in trend.steps] == [30]


def test_one_outlier_is_no_step_even_when_it_is_the_newest() -> None:
    series = make([1.0] * 50, measured=[False] * 50)
    for place in (25, 48, 49):
        points = list(series.points)
        points[place] = dataclasses.replace(points[place], head_value=2.0)
        assert analyse(Series(SUBJECT, tuple(points))).steps == ()


def test_a_slow_drift_is_a_drift_and_not_steps() -> None:
    trend = analyse(make([1.0 * 1.002**i for i in range(60)]))
    assert trend.steps == ()
    assert trend.drift is not None
    assert trend.drift.interval[0] < 1.002**59 - 1 < trend.drift.interval[1]
    assert trend.drift.points == 60


def test_a_drift_after_a_step_is_told_from_it() -> None:
    trend = analyse(make([1.0] * 40 + [1.2 * 1.003**i for i in range(50)]))
    assert [step.index for step in trend.steps] == [40]
    assert trend.drift is not None
    assert abs(int(trend.drift.first[1:]) - 40) <= 1


def test_a_step_that_was_taken_back_is_two_steps() -> None:
    trend = analyse(make([1.0] * 40 + [1.08] * 10 + [1.0] * 40))
    assert [step.index for step in trend.steps] == [40, 50]


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_found_where_nothing_is(seed: int) -> None:
    trend = analyse(make([1.0] * 100, seed=seed))
    assert (trend.steps, trend.drift) == ((), None)


def test_exact_metrics_step_by_the_slightest() -> None:
    exact = dataclasses.replace(SUBJECT, metric="instructions", unit="1", rule="exact")
    series = make([1000.0] * 10 + [1001.0] * 10, noise=0, error=0, subject=exact)
    points = tuple(dataclasses.replace(p, log_error=0.0) for p in series.points)
    (step,) = analyse(Series(exact, points)).steps
    assert (step.index, step.change) == (10, pytest.approx(0.001))


def test_the_chain_runs_from_the_newest_release_and_survives_machines() -> None:
    machine = ["a"] * 20 + ["b"] * 20
    levels_ = [1.0] * 10 + [1.05] * 30
    releases = [Release("v1", "c5", "2026-01-01T00:00:05Z"), Release("v2", "elsewhere", "2026-01-01T00:00:12Z")]
    series = make(levels_, machine=machine)
    since = analyse(series, releases).since
    assert since is not None
    assert (since.name, since.commit, since.links, since.missing) == ("v2", "c12", 27, 0)
    assert since.interval[0] < 0 < since.interval[1]
    older = analyse(series, releases[:1]).since
    assert older is not None
    assert older.name == "v1"
    assert older.interval[0] < 0.05 < older.interval[1]


def test_a_missing_link_is_bridged_on_one_machine_and_breaks_the_chain_across_two() -> None:
    measured = [i != 20 for i in range(40)]
    bridged = analyse(make([1.0] * 40, measured=measured)).since
    assert bridged is not None
    assert (bridged.missing, bridged.broken, bridged.links) == (1, False, 39)
    machine = ["a"] * 20 + ["b"] * 20
    broken = analyse(make([1.0] * 40, measured=measured, machine=machine), [Release("v1", "c3", "x")]).since
    assert broken is not None
    assert (broken.broken, broken.commit, broken.links, broken.name) == (True, "c20", 19, "")


def test_a_link_is_only_between_neighbours_that_were_compared() -> None:
    seen = prepared(make([1.0] * 5, measured=[True, True, False, True, True]).points)
    assert [math.isfinite(link) for link in seen.link] == [False, True, False, True, True]


def test_a_commit_measured_twice_is_one_node_and_surer() -> None:
    series = make([1.0] * 10)
    twice = dataclasses.replace(series.points[4], run=99)
    seen = prepared((*series.points[:5], twice, *series.points[5:]))
    assert len(seen.nodes) == 10
    assert seen.link_error[4] <= seen.link_error[3]


def test_the_chain_does_not_jump_with_the_machine() -> None:
    machine = ["a"] * 20 + ["b"] * 20
    series = make([1.0] * 40, machine=machine)
    fast = [
        dataclasses.replace(p, head_value=(p.head_value or 0) / 3) if p.machine == "b" else p for p in series.points
    ]
    drawn = [level.factor for level in chained_levels(Series(SUBJECT, tuple(fast)))]
    assert drawn[0] == 1
    assert max(drawn) / min(drawn) < 1.15


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("levels_", "truth"), [([1.0] * 60, 1.0), ([1.0] * 30 + [1.9] * 30, 1.9)])
def test_many_missing_links_do_not_make_the_chain_wander(levels_: list[float], truth: float, seed: int) -> None:
    measured = [i % 4 != 3 for i in range(60)]
    drawn = chained_levels(make(levels_, measured=measured, noise=0.05, error=0.003, seed=seed))
    assert abs(math.log(drawn[-1].factor / truth)) < 0.04
    assert drawn[-1].low < truth < drawn[-1].high
    assert [level.link for level in drawn[3:5]] == ["bridged", "measured"]


def test_the_line_breaks_where_another_machine_begins_and_nothing_was_compared() -> None:
    machine = ["a"] * 20 + ["b"] * 20
    drawn = chained_levels(make([1.0] * 40, machine=machine, measured=[i != 20 for i in range(40)]))
    assert [index for index, level in enumerate(drawn) if level.link == "broken"] == [20]
    assert drawn[20].low == drawn[20].high == drawn[20].factor, "uncertainty begins anew"


def test_a_thumbnail_of_the_levels_is_kept_with_the_trend() -> None:
    assert analyse(make([1.0, 1.1], error=0)).thumbnail == (1.0, pytest.approx(1.1))
    thumbnail = analyse(make([1.0] * 50 + [2.0] * 50, error=0)).thumbnail
    assert (len(thumbnail), thumbnail[0], thumbnail[-1]) == (24, pytest.approx(1), pytest.approx(2))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_short_series_say_nothing_and_break_nothing(count: int) -> None:
    trend = analyse(make([1.0] * count))
    assert (trend.points, trend.steps, trend.drift) == (count, (), None)


def test_points_without_values_are_passed_over() -> None:
    series = make([1.0] * 20 + [1.06] * 20)
    holes = tuple(
        dataclasses.replace(p, head_value=None, log_change=None) if i % 7 == 3 else p
        for i, p in enumerate(series.points)
    )
    trend = analyse(Series(SUBJECT, holes))
    assert trend.points == 40
    assert [step.first for step in trend.steps] == ["c20"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(1e-12, 1e12)),
            st.one_of(st.none(), st.floats(-3, 3)),
            st.one_of(st.none(), st.floats(0, 1)),
            st.sampled_from(["a", "b"]),
        ),
        max_size=40,
    )
)
@example([(1.0, None, None, "a"), (1.0, 0.0, 1.0, "a"), (1.0, 1.0, 0.0, "a"), (1.0, 1.0, 0.0, "a")])
def test_any_series_is_survived(rows: list[tuple[float | None, float | None, float | None, str]]) -> None:
    points = tuple(
        Point(i, f"c{i - 1}", f"c{i}", f"{i:04}", machine, value, value, change, error)
        for i, (value, change, error, machine) in enumerate(rows)
    )
    trend = analyse(Series(SUBJECT, points))
    assert all(-1 <= step.interval[0] <= step.change <= step.interval[1] for step in trend.steps)
    assert len(chained_levels(Series(SUBJECT, points))) == sum(row[0] is not None for row in rows)


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-9, 1e9))
def test_the_unit_does_not_matter(factor: float) -> None:
    series = make([1.0] * 20 + [1.06] * 20)
    scaled = tuple(dataclasses.replace(p, head_value=(p.head_value or 0) * factor) for p in series.points)
    ours, theirs = analyse(series), analyse(Series(SUBJECT, scaled))
    assert [step.index for step in ours.steps] == [step.index for step in theirs.steps]


def test_bounds_grow_with_the_number_of_looks() -> None:
    assert bound(1) == pytest.approx(3.29, abs=0.01)
    assert bound(1) < bound(10) < bound(100) < 5
