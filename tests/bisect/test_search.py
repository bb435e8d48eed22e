"""Searches over simulated rounds: what is named, what is not, and how often that is wrong."""

from __future__ import annotations

import math
from random import Random

import pytest

from perfbot.bisect.answer import answer_of
from perfbot.bisect.records import Answer, CommonRound, Goal
from perfbot.bisect.search import Search
from tests.bisect.series import Series, gauss


def named(answer: Answer) -> list[int]:
    return [step.at for step in answer.steps if step.single]


def ranges(answer: Answer) -> list[tuple[int, int]]:
    return [(step.after, step.at) for step in answer.steps if not step.single]


@pytest.mark.parametrize("last", [1, 2, 4, 16, 64])
@pytest.mark.parametrize("size", [0.03, 0.1, -0.1])
def test_one_commit_is_named_with_its_size(last: int, size: float) -> None:
    for seed in range(6):
        guilty = Random(seed).randint(1, last)  # noqa: S311
        answer = Series(last, {guilty: size}).search(seed)
        assert (answer.kind, named(answer)) == ("commit", [guilty])
        (step,) = answer.steps
        assert step.interval[0] < size < step.interval[1]
        assert step.change == pytest.approx(size, abs=0.015)


@pytest.mark.parametrize("last", [4, 16, 64])
def test_nothing_is_named_where_nothing_changed(last: int) -> None:
    for seed in range(10):
        answer = Series(last, {}).search(seed)
        assert (answer.kind, answer.steps) == ("none", ())


def test_several_commits_are_named_each_with_its_size() -> None:
    answer = Series(16, {3: 0.10, 9: 0.05, 10: 0.08}).search(1)
    assert named(answer) == [3, 9, 10]
    assert [round(step.change, 2) for step in answer.steps] == pytest.approx([0.10, 0.05, 0.08], abs=0.015)
    assert answer.change == pytest.approx(1.10 * 1.05 * 1.08 - 1, abs=0.02)


def test_what_a_later_commit_takes_back_is_found_where_all_are_looked_at() -> None:
    answer = Series(4, {2: 0.10, 3: 1 / 1.1 - 1}).search(1)
    assert (answer.kind, named(answer)) == ("commit", [2, 3])
    assert answer.change == pytest.approx(0.0, abs=0.01)


def test_commits_that_cannot_be_measured_are_answered_by_a_range() -> None:
    answer = Series(16, {8: 0.1}, broken={7, 8, 9}).search(1)
    assert (answer.kind, ranges(answer)) == ("range", [(6, 10)])
    assert answer.lost == (7, 8, 9)
    beside = Series(16, {6: 0.1}, broken={7, 8, 9}).search(1)
    assert named(beside) == [6]


def test_a_guilty_commit_beside_many_broken_ones_is_still_named() -> None:
    answer = Series(64, {33: 0.1}, broken={*range(20, 32), *range(34, 50)}).search(1)
    assert named(answer) == [33]


def test_ends_that_cannot_be_measured_are_said_to_be() -> None:
    assert Series(8, {4: 0.1}, broken={8}).search(1).kind == "failed"


def test_many_small_steps_are_no_single_commits() -> None:
    answer = Series(16, dict.fromkeys(range(1, 17), 0.004), noise=gauss(0.002)).search(1)
    assert answer.kind in ("spread", "range")
    assert not named(answer)
    assert answer.change == pytest.approx(1.004**16 - 1, abs=0.01)


def test_what_is_found_when_it_is_stopped_is_a_range_that_holds_the_commit() -> None:
    answer = Series(64, {40: 0.1}).search(1, most=50)
    assert not named(answer)
    assert answer.why == "time was up"
    assert all(after < 40 <= at for after, at in ranges(answer))
    assert Series(64, {40: 0.1}).search(1, most=1).kind == "open"


def test_slow_calls_are_found_by_the_means() -> None:
    answer = Series(16, {}, slow_calls={11: 0.5}).search(1)
    assert (named(answer), answer.by_mean) == ([11], True)


def test_dear_environments_are_set_up_few_at_a_time() -> None:
    cheap, dear = (Series(64, {40: 0.1}).search(3, Goal(steps=steps)) for steps in (3, 1))
    assert named(cheap) == named(dear) == [40]
    assert len(dear.measured) < len(cheap.measured) <= 12


def test_where_nothing_changed_and_commits_are_dear_only_the_ends_are_set_up() -> None:
    assert Series(64, {}).search(1, Goal(steps=1)).measured == (0, 64)


def test_long_ranges_take_few_more_processes_than_short_ones() -> None:
    taken = {}
    for last in (4, 64):
        series = Series(last, {3: 0.1})
        series.search(1)
        taken[last] = series.processes
    assert taken[64] < 3 * taken[4]


@pytest.mark.parametrize(
    "noise",
    [
        gauss(0.012),
        lambda random: 0.01 * (random.random() < 0.5) + random.gauss(0, 0.002),
        lambda random: random.gauss(0, 0.05 if random.random() < 0.05 else 0.005),
        lambda random: random.expovariate(1 / 0.01),
    ],
    ids=["wide", "of two speeds", "with outliers", "skewed"],
)
def test_whatever_the_shape_of_the_noise_no_innocent_commit_is_named(noise: object) -> None:
    for seed in range(12):
        guilty = Random(seed).randint(1, 16)  # noqa: S311
        answer = Series(16, {guilty: 0.05}, noise=noise).search(seed)  # type: ignore[arg-type]
        assert set(named(answer)) <= {guilty}
        assert all(after < guilty <= at for after, at in ranges(answer))


def test_hopeless_noise_ends_without_a_name() -> None:
    answer = Series(16, {5: 0.02}, noise=gauss(0.3)).search(1)
    assert (answer.kind, answer.steps) == ("open", ())


def test_commits_that_nothing_is_open_about_are_measured_no_more() -> None:
    series, search = Series(16, {9: 0.1}, noise=gauss(0.001)), Search(16, Goal())
    random, met = Random(1), dict.fromkeys(range(17), 0)  # noqa: S311
    while wanted := search.wanted():
        for commit in wanted:
            met[commit] += 1
        levels = {commit: series.level(commit) + series.noise(random) for commit in wanted}
        search.add(CommonRound(levels, levels))
    assert met[8] > 8 < met[9]
    assert all(count <= 6 for commit, count in met.items() if commit not in (8, 9))


def test_the_size_of_a_step_is_that_of_both_commits_alone() -> None:
    (step,) = Series(16, {9: math.expm1(0.1)}, noise=gauss(0.002)).search(4).steps
    assert step.change == pytest.approx(math.expm1(0.1), abs=0.005)


def test_what_is_wanted_stays_until_something_happens() -> None:
    """Commits are set up by one answer, and measured by another."""
    series, random = Series(64, {7: 0.1, 30: 0.03, 41: -0.05}, noise=gauss(0.01)), Random(2)  # noqa: S311
    search = Search(64, Goal())
    while wanted := search.wanted():
        assert search.wanted() == wanted
        levels = {commit: series.level(commit) + series.noise(random) for commit in wanted}
        search.add(CommonRound(levels, levels))
        if len(search.rounds) == 30:
            search.lose(wanted[1] if wanted[1] not in (0, 64) else 33)


def test_a_commit_that_breaks_while_it_is_proven_is_asked_for_no_more() -> None:
    series, random, search = Series(16, {9: 0.1}, noise=gauss(0.002)), Random(2), Search(16, Goal())  # noqa: S311
    while wanted := search.wanted():
        assert 9 not in search.lost & set(wanted)
        if wanted == (8, 9):
            search.lose(9)
            continue
        levels = {commit: series.level(commit) + series.noise(random) for commit in wanted}
        search.add(CommonRound(levels, levels))
    assert ranges(answer_of(search)) == [(8, 10)]
