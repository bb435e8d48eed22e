"""Two commits compared, on histories whose truth is known by construction."""

from __future__ import annotations

import math
import random

import pytest

from perfbot.history.records import Point, Release, Series, Stop, Subject, Trend, Way
from perfbot.history.trends import look
from perfbot.history.trends.between import Between, Stretch, compare, find_stop, weeks
from tests.builders import commit

RUNS = 60


def moment(number: int) -> str:
    return f"2026-{1 + number // 28:02d}-{1 + number % 28:02d}T12:00:00Z"


def stops(count: int = RUNS) -> tuple[Stop, ...]:
    return tuple(Stop(commit(number), moment(number), (number,)) for number in range(1, count + 1))


def known(
    name: str, moves: dict[int, float] | None = None, *, seed: int, link: float = 0.005, better: str = "lower",
    missing: frozenset[int] = frozenset(), machines: int = 1, last: int = RUNS,
) -> tuple[Trend, Way]:  # fmt: skip
    """One benchmark's history: values scatter by 5 %, links by ``link``; ``moves`` is the truth, as factors."""
    chance = random.Random(seed)  # noqa: S311
    level, points = 0.01, []
    for number in range(1, last + 1):
        factor = (moves or {}).get(number, 1.0)
        level *= factor
        if number in missing:
            continue
        ratio = math.log(factor) + chance.gauss(0, link)
        value = level * math.exp(chance.gauss(0, 0.05))
        machine = f"m{number * machines // (RUNS + 1)}"
        ends = (commit(number - 1), commit(number))
        points.append(Point(number, *ends, moment(number), machine, value, value, ratio, link))
    subject = Subject("core", name, "time", "s", better, number=seed)  # type: ignore[arg-type]
    looked = look(Series(subject, tuple(points)))
    ((_, way),) = looked.ways
    return looked.trend, way


def outcomes(found: tuple[Between, ...]) -> dict[str, str]:
    return {one.subject.benchmark: one.outcome for one in found}


def test_what_moved_is_told_and_only_between_the_two_commits() -> None:
    histories = [known("slower", {30: 1.08}, seed=1), known("faster", {40: 0.9}, seed=2), known("calm", seed=3)]
    whole = compare(Stretch(stops(), 9, 59), histories)
    assert outcomes(whole) == {"slower": "worse", "faster": "better", "calm": "unclear"}
    assert whole[0].change == pytest.approx(0.08, abs=0.08)
    assert [step.first for step in whole[0].steps] == [commit(30)]
    before = compare(Stretch(stops(), 4, 24), histories)
    assert set(outcomes(before).values()) == {"unclear"}
    assert outcomes(compare(Stretch(stops(), 34, 59), histories))["slower"] == "unclear"


def test_higher_is_better_turns_it_round() -> None:
    moves = {30: 1.2}
    histories = [known("throughput", moves, seed=1, better="higher"), known("any", moves, seed=2, better="unknown")]
    assert outcomes(compare(Stretch(stops(), 9, 59), histories)) == {"throughput": "better", "any": "changed"}


def test_among_many_that_never_changed_none_is_told() -> None:
    """By 95 % intervals alone 15 of 300 would seem to have changed."""
    histories = [known(f"b{seed}", seed=seed, link=0.004) for seed in range(300)]
    found = compare(Stretch(stops(), 9, 59), histories)
    ends = [one.interval for one in found if one.interval and abs(one.change or 0) > 0.02]
    assert sum(not low <= 0 <= high for low, high in ends) >= 5
    assert [one.subject.benchmark for one in found if one.outcome != "unclear"] == []


def test_a_change_below_the_threshold_is_not_told() -> None:
    found = compare(Stretch(stops(), 9, 59), [known("little", {30: 1.012}, seed=4, link=0.0005)])
    assert outcomes(found) == {"little": "unclear"}


def test_what_begins_ends_or_is_cut_says_so() -> None:
    late = frozenset(range(1, 31))
    cut = frozenset(range(30, 34))
    histories = [known("late", seed=1, missing=late), known("gone", seed=2, last=20),
                 known("cut", seed=3, missing=cut, machines=2), known("whole", seed=4)]  # fmt: skip
    found = outcomes(compare(Stretch(stops(), 24, 59), histories))
    assert found == {"late": "added", "gone": "gone", "cut": "apart", "whole": "unclear"}
    assert "late" not in outcomes(compare(Stretch(stops(), 4, 24), histories)), "not there yet"


def test_places_are_found_by_release_commit_date_and_branch() -> None:
    given = stops()
    later = Release("v2", "f" * 40, moment(20)[:10] + "T18:00:00Z")
    releases = (Release("v1", commit(10), "2030-01-01T00:00:00Z"), later)

    def place(text: str) -> int | None:
        return find_stop(given, releases, "main", text)

    assert (place("v1"), place("v2"), place("main"), place("")) == (9, 19, 59, 59)
    assert place(commit(7)) == place(commit(7)[:12]) == 6
    assert place("0000") is None, "several begin so"
    assert place(moment(5)[:10]) == 4
    assert (place("2020-01-01"), place("v3"), find_stop((), (), "main", "main")) == (None, None, None)


def test_weeks_add_up_to_the_whole_and_a_loss_is_positive() -> None:
    histories = [known("a", {30: 1.2}, seed=1, link=0.001), known("b", {30: 1.2}, seed=2, link=0.001)]
    row = weeks(Stretch(stops(), 9, 59), histories)[("core", "time")]
    assert len(row) in (8, 9)
    assert sum(cell.change for cell in row.values()) == pytest.approx(math.log(1.2), abs=0.02)
    worst = max(row, key=lambda week: row[week].change)
    assert worst == "2026-02-02", "the 30th run was on the third of February, a Tuesday"
    assert row[worst].change > 10 * row[worst].error
    faster = [known("a", {30: 1.2}, seed=1, better="higher")]
    assert sum(cell.change for cell in weeks(Stretch(stops(), 9, 59), faster)[("core", "time")].values()) < 0


def test_weeks_of_what_was_not_measured_there_are_empty() -> None:
    late = known("late", seed=1, missing=frozenset(range(1, 41)))
    assert weeks(Stretch(stops(), 4, 24), [late]) == {}
    assert weeks(Stretch(stops(), 4, 59), [(late[0], Way((), (), ()))]) == {}
    assert weeks(Stretch(stops(), 4, 59), [late])[("core", "time")]
