"""Packed floats behave as the tuple they stand for."""

from __future__ import annotations

import copy
import math
import pickle
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from perfbot.model import Round
from perfbot.packed import Packed

LISTS = st.lists(st.floats(allow_nan=False), max_size=8)


@given(LISTS, LISTS)
def test_equal_to_a_tuple_of_the_same_numbers(one: list[float], other: list[float]) -> None:
    packed = Packed(one)
    assert packed == tuple(one) == packed
    assert hash(packed) == hash(tuple(one))
    assert (packed == Packed(other)) == (packed == tuple(other)) == (one == other)
    assert packed != one, "a list is no tuple"


@given(LISTS)
def test_reads_as_a_tuple(numbers: list[float]) -> None:
    packed = Packed(numbers)
    assert (len(packed), [*packed], packed[:], packed[1:3], repr(packed)) == (
        len(numbers), numbers, tuple(numbers), tuple(numbers[1:3]), repr(tuple(numbers)),
    )  # fmt: skip
    assert [packed[index] for index in range(-len(numbers), len(numbers))] == numbers * 2
    assert copy.deepcopy(packed) == pickle.loads(pickle.dumps(packed)) == Packed(packed) == packed  # noqa: S301


def test_keeps_what_is_not_a_number() -> None:
    assert math.isnan(Packed([math.nan])[0])


def test_a_round_of_24_pairs_takes_less_than_a_kilobyte() -> None:
    count = 500
    tracemalloc.start()
    try:
        kept = [Round(0, tuple(i / 7 for i in range(24)), tuple(i / 9 for i in range(24))) for _ in range(count)]
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(kept) == count
    assert size / count < 1000, "a tuple of 48 floats alone takes 1,600 bytes"
