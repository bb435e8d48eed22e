from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.errors import StoreError
from perfbot.history.store.documents import fingerprint, pack_report, pack_rounds, unpack_report, unpack_rounds
from perfbot.model import Round
from tests.builders import a_report, a_result

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.integers(min_value=-1, max_value=2**40)


@st.composite
def some_round(draw: st.DrawFn) -> Round:
    pairs = draw(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=8))
    base, head = zip(*pairs, strict=True)
    return Round(
        draw(NUMBERS), base, head, draw(NUMBERS), draw(FINITE), draw(NUMBERS),
        draw(st.sampled_from(["wall", "cpu", "count"])), draw(st.booleans()),
    )  # fmt: skip


@given(st.lists(some_round(), max_size=6))
def test_rounds_come_back_bit_for_bit(rounds: list[Round]) -> None:
    assert unpack_rounds(pack_rounds(rounds)) == tuple(rounds)


def test_a_report_comes_back_without_its_rounds() -> None:
    report = a_report(a_result("one|two`@all"), a_result("three", verdict="improved", change=-0.1))
    bare = tuple(dataclasses.replace(result, raw=()) for result in report.results)
    assert unpack_report(pack_report(report)) == dataclasses.replace(report, results=bare)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01rubbish", b"\x02" + b"x" * 40])
def test_damaged_rounds_are_an_error(data: bytes) -> None:
    with pytest.raises(StoreError, match="Kept rounds are"):
        unpack_rounds(data)


def test_damaged_report_is_an_error() -> None:
    with pytest.raises(StoreError, match="A kept report is damaged"):
        unpack_report(pack_report(a_report())[:-9])


def test_judging_again_is_the_same_run_and_measuring_again_is_not() -> None:
    report = a_report()
    judged = dataclasses.replace(report.results[0], verdict="regressed", gate="fail")
    again = dataclasses.replace(report, results=(judged,), verdict="fail")
    assert fingerprint(again) == fingerprint(report)
    assert fingerprint(dataclasses.replace(report, seed=99)) != fingerprint(report)
    first = report.results[0].raw[0]
    moved = dataclasses.replace(first, head=(first.head[0] * 1.01, *first.head[1:]))
    changed = dataclasses.replace(report.results[0], raw=(moved, *report.results[0].raw[1:]))
    assert fingerprint(dataclasses.replace(report, results=(changed,))) != fingerprint(report)
