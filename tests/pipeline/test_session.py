"""Tries are counted once each, share alpha, and a session ends when it says so."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from perfbot.model import Change, Report, Result
from perfbot.pipeline.session import Counted, Sessions, note_of
from perfbot.stats.spending import share_of_try, spent_by

NOW = dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.UTC)
CHANGE = Change("a" * 40, "b" * 40)
ALPHA = 0.01


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path / "cache" / "session.json")


def tried(sessions: Sessions, count: int, now: dt.datetime = NOW) -> None:
    for _ in range(count):
        sessions.begin(now, CHANGE, "parse", ALPHA)


def test_each_try_gets_its_share(sessions: Sessions) -> None:
    tried(sessions, 3)
    session = sessions.read(NOW)
    assert [one.alpha for one in session.tries] == [ALPHA * share_of_try(number) for number in (1, 2, 3)]
    assert session.spent == spent_by(3)
    assert session.next_share == share_of_try(4)


def test_many_at_once_are_counted_once_each(sessions: Sessions) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: sessions.begin(NOW, CHANGE, "", ALPHA)[0], range(24)))
    assert sorted(numbers) == list(range(1, 25))


def test_what_came_out_is_kept(sessions: Sessions) -> None:
    number, _ = sessions.begin(NOW, CHANGE, "", ALPHA)
    results = tuple(
        Result("core", verdict, "time", "s", "lower", verdict)  # type: ignore[arg-type]
        for verdict in ("improved", "unchanged", "regressed", "improved")
    )
    sessions.end(number, Report(CHANGE, "fail", results, seconds=2.5))
    (only,) = sessions.read(NOW).tries
    assert (only.benchmarks, only.improved, only.regressed, only.seconds, only.ended) == (4, 2, 1, 2.5, True)


@pytest.mark.parametrize(
    ("verdicts", "left"), [((), 1), (("failed", "removed"), 1), (("failed", "inconclusive"), 2), (("added",), 2)]
)
def test_one_that_measured_nothing_is_none(sessions: Sessions, verdicts: tuple[str, ...], left: int) -> None:
    tried(sessions, 1)
    number, session = sessions.begin(NOW, CHANGE, "", ALPHA)
    results = tuple(Result("core", one, "time", "s", "lower", one) for one in verdicts)  # type: ignore[arg-type]
    Counted(sessions, number, session).end(Report(CHANGE, "error", results))
    assert len(sessions.read(NOW).tries) == left


def test_what_others_began_meanwhile_got_its_share_and_keeps_it(sessions: Sessions) -> None:
    number, session = sessions.begin(NOW, CHANGE, "", ALPHA)
    tried(sessions, 1)
    Counted(sessions, number, session).take_back()
    assert len(sessions.read(NOW).tries) == 2


def test_what_goes_on_with_an_earlier_try_takes_nothing_back(sessions: Sessions) -> None:
    number, session = sessions.begin(NOW, CHANGE, "", ALPHA)
    Counted(sessions, number, session, own=False).take_back()
    assert len(sessions.read(NOW).tries) == 1


def test_one_that_never_ended_is_spent(sessions: Sessions) -> None:
    tried(sessions, 1)
    assert not sessions.read(NOW).tries[0].ended
    assert sessions.begin(NOW, CHANGE, "", ALPHA)[0] == 2


@pytest.mark.parametrize(("hours", "number"), [(7.9, 3), (8.1, 1)])
def test_it_ends_when_nobody_tries_for_long(sessions: Sessions, hours: float, number: int) -> None:
    tried(sessions, 2)
    found, session = sessions.begin(NOW + dt.timedelta(hours=hours), CHANGE, "", ALPHA)
    assert found == number
    assert ("more than 8 hours ago" in note_of(found, session)) is (number == 1)


def test_fresh_begins_anew_and_says_so(sessions: Sessions) -> None:
    tried(sessions, 5)
    number, session = sessions.begin(NOW, CHANGE, "", ALPHA, fresh=True)
    assert number == 1
    assert note_of(number, session).endswith("A new session: asked for.")
    sessions.fresh(NOW)
    assert sessions.read(NOW).tries == ()
    sessions.end(1, Report(CHANGE, "pass"))  # of the one before
    assert sessions.read(NOW).tries == ()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"tries": [{}], "began": "x", "why": ""}', '{"tries": 3}'])
def test_a_damaged_file_is_none(sessions: Sessions, text: str) -> None:
    sessions.file.parent.mkdir(parents=True)
    sessions.file.write_text(text)
    assert sessions.begin(NOW, CHANGE, "", ALPHA)[0] == 1
