"""What is taken in run by run, on both databases: the same as from the beginning, and only what a run touched."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from perfbot.errors import StoreError
from perfbot.history import recording
from perfbot.history.records import Trend, Way
from perfbot.history.store import Store, standings, ways, windows
from perfbot.history.trends import window
from perfbot.model import Report
from tests.builders import START, a_report, a_result, commit

PROJECT = "group/name"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that are full soon."""
    for name, value in (("LONGEST", 16), ("FEWEST", 4), ("MOST", 8)):
        monkeypatch.setattr(window, name, value)


def a_run(number: int, *names: str, of: int | None = None, day: float | None = None) -> Report:
    chance = random.Random(number)  # noqa: S311
    about = number if of is None else of
    results = [a_result(name, head=0.01 * chance.uniform(0.98, 1.02) * (1.5 if about > 21 else 1), seed=number,
                        change=0.5 if about == 22 else 0.0) for name in names]  # fmt: skip
    when = START + timedelta(days=number if day is None else day)
    return a_report(*results, base=commit(about - 1), head=commit(about), started=when)


def seen(store: Store) -> tuple[dict[int, Trend], dict[int, Way]]:
    with store.read() as connection:
        kept = standings.trends(connection, PROJECT, "main")
        levels = dict(ways.ways(connection, PROJECT, "main"))
    return {one.subject.number: dataclasses.replace(one, updated="") for one in kept}, levels


def held_against_all(store: Store) -> None:
    before = seen(store)
    recording.refresh(store, PROJECT, "main", everything=True)
    assert before == seen(store)


def keep(store: Store, *reports: Report) -> None:
    for report in reports:
        assert recording.keep(store, report, branch="main", kind="branch")


def added(store: Store, *reports: Report) -> None:
    """Taken in at once."""
    for report in reports:
        assert store.add(report, branch="main", kind="branch")
    recording.refresh(store, PROJECT, "main")


def test_runs_taken_in_one_by_one_are_all_of_them(store: Store) -> None:
    for number in range(1, 37):
        names = ["always", *(["often"] if number % 3 else []), *(["late"] if number > 31 else [])]
        keep(store, a_run(number, *names))
    trends, levels = seen(store)
    assert {one.points for one in trends.values()} == {36, 24, 5}
    assert sorted(len(one.runs) for one in levels.values()) == [5, 24, 36]
    assert all(any(step.first == commit(22) for step in one.steps) for one in trends.values() if one.points > 5)
    held_against_all(store)


def test_what_is_measured_again_or_comes_late_is_taken_in_where_it_belongs(store: Store) -> None:
    added(store, *(a_run(number, "parse", "walk") for number in range(1, 21)))
    keep(store, a_run(21, "parse", of=19), a_run(22, "parse", "walk", of=2))  # of the window, and of what is final
    held_against_all(store)
    keep(store, a_run(23, "parse", of=21), a_run(24, "walk", of=10, day=10.5))  # measured long ago, kept now
    held_against_all(store)


def test_only_what_a_run_touched_is_looked_at(store: Store) -> None:
    keep(store, *(a_run(number, "parse", "walk") for number in range(1, 4)))
    assert store.add(a_run(4, "walk"), branch="main", kind="branch")
    with store.read() as connection:
        assert [one.benchmark for one in windows.touched(connection, PROJECT, "main")] == ["walk"]
        assert windows.touched(connection, PROJECT, "other") == ()
    assert recording.refresh(store, PROJECT, "main") == 1
    assert recording.refresh(store, PROJECT, "main") == 0


def test_a_look_reads_no_more_rows_the_longer_the_history(store: Store, statements: Callable[[], list[str]]) -> None:
    added(store, *(a_run(number, "parse", "walk") for number in range(1, 21)))
    asked = statements()
    keep(store, a_run(21, "parse", "walk"))
    of_points = [one for one in asked if "FROM comparison" in one]
    assert of_points
    assert all("run_id IN" in one or "pending" in one for one in of_points)


def test_what_an_ended_look_left_is_found_by_the_next(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "AT_ONCE", 1)
    added(store, *(a_run(number, "parse", "walk") for number in range(1, 11)))
    for number in (11, 12):
        assert store.add(a_run(number, "parse", "walk"), branch="main", kind="branch")
    with monkeypatch.context() as ending:
        keep_trends, done = standings.keep_trends, []

        def once(*given: object) -> int:
            if done:
                raise KeyboardInterrupt
            done.append(True)
            return keep_trends(*given)  # type: ignore[arg-type]

        ending.setattr(standings, "keep_trends", once)
        with pytest.raises(KeyboardInterrupt):
            recording.refresh(store, PROJECT, "main")
    assert sorted(one.points for one in seen(store)[0].values()) == [10, 12]
    keep(store, a_run(13, "parse", "walk"))
    assert [one.points for one in seen(store)[0].values()] == [13, 13]
    held_against_all(store)


def test_who_knows_less_does_not_replace_who_knows_more(store: Store) -> None:
    """Two services look at once: what the slower one read first is older."""
    keep(store, *(a_run(number, "parse") for number in range(1, 6)))
    with store.read() as connection:
        (about,) = standings.subjects(connection, PROJECT, "main")
        reading = recording._Reading(store, "main", (), (), "")
        older = reading.look([about], everything=False)
    keep(store, a_run(6, "parse"))
    store.write(lambda connection: recording._keep(connection, PROJECT, "main", older))
    assert [one.points for one in seen(store)[0].values()] == [6]
    held_against_all(store)


def test_damage_is_said() -> None:
    for data in (b"", b"\x01", b"\x02x", b"\x01" + b"junk"):
        with pytest.raises(StoreError, match="window is damaged"):
            windows.unpack(data, {})
