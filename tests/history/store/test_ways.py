"""Levels that are kept: packed, read back, replaced; the commits of a branch."""

from __future__ import annotations

import dataclasses
import math
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.errors import StoreError
from perfbot.history import recording
from perfbot.history.records import Way
from perfbot.history.store import Store, ways
from perfbot.history.store.ways import pack, unpack
from tests.builders import a_history, a_report, commit

NUMBERS = st.lists(st.integers(0, 2**31 - 1), max_size=20)


@given(NUMBERS, st.data())
def test_ways_come_back(runs: list[int], data: st.DataObject) -> None:
    floats = st.lists(st.floats(-600, 600, width=32), min_size=len(runs), max_size=len(runs))
    way = Way(tuple(runs), tuple(data.draw(floats)), tuple(map(abs, data.draw(floats))), tuple(range(0, len(runs), 3)))
    assert unpack(pack(way)) == way


GOOD = pack(Way((1,), (0.0,), (0.0,)))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" + GOOD[1:], GOOD[:-3], b"\x01" + zlib.compress(b"\2\0\0\0abc")])
def test_damage_is_said(data: bytes) -> None:
    with pytest.raises(StoreError, match="Kept levels are"):
        unpack(data)


def test_a_run_that_is_kept_brings_its_levels_up_to_date(store: Store) -> None:
    reports = a_history([0.01] * 5 + [0.02] * 5, noise=0.01)
    for report in reports[:-1]:
        recording.keep(store, report, branch="main", kind="branch")
    with store.read() as connection:
        ((_, before),) = ways.ways(connection, "group/name", "main")
    change = dataclasses.replace(reports[-1].change, subject="Do it twice", author="Ada")
    recording.keep(store, dataclasses.replace(reports[-1], change=change), branch="main", kind="branch")
    recording.keep(store, a_report(number=77, merge_request=5), branch="main", kind="merge-request")
    with store.read() as connection:
        ((number, after),) = ways.ways(connection, "group/name", "main")
        seen = ways.stops(connection, "group/name", "main")
        assert list(ways.ways(connection, "group/name", "main", [number + 1])) == []
    assert (len(before.runs), len(after.runs), after.runs[:-1]) == (9, 10, before.runs)
    assert after.logs[-1] == pytest.approx(math.log(2), abs=0.05)
    assert [stop.head for stop in seen] == [commit(number) for number in range(1, 11)]
    assert (seen[-1].subject, seen[-1].author, seen[0].subject) == ("Do it twice", "Ada", "")
