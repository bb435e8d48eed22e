"""Benchmarks shared out over runners, and put together again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.errors import ReportError, UsageError
from perfbot.model import Report, Shard
from perfbot.shards import fingerprint, merge, parse_shard, split
from perfbot.shards import part as part_of
from tests.builders import OTHER, report, result

names = st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=30)


@given(names, st.integers(1, 8), st.randoms(use_true_random=False))
def test_every_benchmark_is_in_one_shard_whatever_their_order(
    given_names: list[str], count: int, dice: random.Random
) -> None:
    shares = split(given_names, {}, count)
    assert sorted(name for share in shares for name in share) == sorted(given_names)
    shuffled = list(given_names)
    dice.shuffle(shuffled)
    assert split(shuffled, {}, count) == shares
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.floats(0.01, 100), min_size=1, max_size=30), st.integers(1, 6)
)
def test_shards_take_about_equally_long(seconds: dict[str, float], count: int) -> None:
    loads = [sum(seconds[name] for name in share) for share in split(list(seconds), seconds, count)]
    assert max(loads) <= sum(loads) / count + max(seconds.values()) + 1e-9


def test_unknown_ones_count_as_average() -> None:
    shares = split(["slow", "new", "quick", "quicker"], {"slow": 10.0, "quick": 1.0, "quicker": 1.0}, 2)
    assert shares[0] == ("slow",)


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "a/b", "1/0", "-1/2", "1/2/3"])
def test_what_is_no_shard(text: str) -> None:
    with pytest.raises(UsageError, match="expected I/N"):
        parse_shard(text)


def test_a_shard() -> None:
    assert parse_shard("2/4") == Shard(2, 4)


def part(index: int, count: int = 2, name: str = "", **more: object) -> Report:
    return report(result(name or f"b{index}"), shard=Shard(index, count), **{"family": 2, **more})


def test_together() -> None:
    whole = merge([part(2), part(1)])
    assert [r.benchmark for r in whole.results] == ["b1", "b2"]
    assert whole.complete
    assert whole.problems == ()
    assert whole.shard is None


def test_a_missing_one_is_fatal() -> None:
    whole = merge([part(1, 3), part(3, 3)])
    (problem,) = whole.problems
    assert problem.where == "shard 2 of 3"
    assert problem.fatal
    assert not whole.complete


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ([part(1)], "there twice"),
        ([part(2, 3)], "do not agree"),
        ([part(3)], "no shard 3 of 2"),
        ([part(2, head=OTHER)], "different changes"),
        ([part(2, family=9)], "different changes or suites"),
        ([part(2, name="b1")], "is in two shards"),
        ([report(result())], "do not agree"),
    ],
)
def test_what_does_not_belong_together(others: list[Report], words: str) -> None:
    with pytest.raises(ReportError, match=words):
        merge([part(1), *others])


TIMES = {"s/slow": 9.0, "s/a": 3.0, "s/b": 3.0, "s/c": 3.0}


def parts(count: int, split_by: str = "") -> list[list[str]]:
    """What each shard takes, each given the names in an order of its own."""
    found = []
    for index in range(count):
        given_names = list(TIMES)
        random.Random(index).shuffle(given_names)  # noqa: S311
        found.append(sorted(part_of(Shard(index + 1, count, split_by), TIMES)(given_names)))
    return found


def test_calibrated_times_share_out_the_time() -> None:
    assert parts(2, fingerprint(TIMES)) == [["s/slow"], ["s/a", "s/b", "s/c"]]


def test_without_them_a_name_falls_where_its_hash_says() -> None:
    found = parts(3)
    assert sorted(name for share in found for name in share) == sorted(TIMES)
    alone = [part_of(Shard(index + 1, 3), {})(["s/slow"]) for index in range(3)]
    assert [["s/slow"] if "s/slow" in share else [] for share in found] == [list(one) for one in alone]


def test_other_times_have_another_fingerprint() -> None:
    assert fingerprint(TIMES) == fingerprint(dict(reversed(TIMES.items())))
    assert fingerprint(TIMES) != fingerprint({**TIMES, "s/a": 3.1})


def test_shards_of_different_splits_are_never_put_together() -> None:
    """Their benchmarks may overlap, or leave some out that nobody would miss."""
    other = report(result("b2"), shard=Shard(2, 2, "cafe"), family=2)
    with pytest.raises(ReportError, match="split by different calibrations") as refused:
        merge([part(1), other])
    assert "--calibration" in refused.value.hint
