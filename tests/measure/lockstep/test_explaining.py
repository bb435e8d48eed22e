"""Explaining rounds with real workers: counts are exact, and most of the time is found where it goes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from perfbot.measure.lockstep.explaining import Explaining
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.model import Side
from perfbot.why.profile import Observation, Profile
from tests.workers import Sides, take

SHOP = """
import functools

def fold(name):
    return name.casefold()

@functools.lru_cache(maxsize=None)
def rank(name):
    return sum(ord(letter) for letter in name)

def find(names, key):
    for name in names:
        if name == key:
            return name
    return max(names, key=rank)

async def later(names):
    return find(names, "nobody")
"""
TESTS = """
import pytest
import shop
NAMES = ["customer%d" % number for number in range(50)]

def test_find(benchmark):
    benchmark(shop.find, NAMES, "nobody")

def test_prepared(benchmark):
    benchmark.pedantic(shop.find, setup=lambda: ((sorted(NAMES * 5), "nobody"), {}), rounds=10)

@pytest.mark.benchmark
async def test_later():
    await shop.later(NAMES)

def test_leaves(benchmark):
    import os
    benchmark(lambda: os.path.exists("/tmp/leave") and 1)

def test_once(benchmark):
    benchmark.pedantic(shop.find, args=(NAMES, "nobody"))
"""


@dataclass(frozen=True)
class Observed:
    """What explaining rounds found about each benchmark."""

    of: Mapping[str, list[Observation]]
    rounds: Explaining


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    """At least a round of each benchmark, where head folds each name; and of one that is not there."""
    sides = Sides(tmp_path_factory.mktemp("explaining"), Path(sys.executable))
    sides.write({"shop.py": SHOP, "test_shop.py": TESTS})
    sides.write({"shop.py": SHOP.replace("if name == key", "if fold(name) == key")}, sides=["head"])
    suite = sides.suite('harness = "pytest"\npaths = ["test_shop.py"]')
    assert isinstance(suite, LockstepSuite)
    take(suite, names=None)
    rounds = Explaining(suite, Random(1))  # noqa: S311 - an order, not a secret
    found: dict[str, list[Observation]] = {}
    for one in rounds.observe(["test_find", "test_prepared", "test_later", "test_once", "test_gone"], 1.0):
        found.setdefault(one.name, []).append(one)
    return Observed(found, rounds)


def counts(profile: Profile) -> dict[str, float]:
    found: Counter[str] = Counter()
    for (_, callee), often in profile.calls.edges.items():
        found[profile.calls.functions[callee].name] += often  # type: ignore[assignment]
    return dict(found)


def shares(profile: Profile) -> dict[str, float]:
    """Of all samples, by innermost function."""
    found: Counter[str] = Counter()
    for path, count in profile.samples.stacks.items():
        found[profile.samples.functions[path[-1]].name if path else ""] += count
    return {name: count / profile.samples.count for name, count in found.items()}


def test_calls_are_counted_exactly_and_time_is_found_where_it_goes(observed: Observed) -> None:
    assert observed.of["test_find"]
    assert observed.of["test_prepared"]
    for one in observed.of["test_find"]:
        assert not one.refused
        base, head = (counts(one.sides[side]) for side in ("base", "head"))
        assert base == {"find": 1, "max": 1}
        assert head == {"find": 1, "max": 1, "fold": 50, "str.casefold": 50}
        assert shares(one.sides["head"])["find"] + shares(one.sides["head"])["fold"] > 0.8
        assert "fold" not in shares(one.sides["base"])
    for one in observed.of["test_prepared"]:
        assert counts(one.sides["head"]) == {"find": 1, "max": 1, "fold": 250, "str.casefold": 250}
        assert not any("lambda" in name for name in shares(one.sides["head"]))
    assert set(observed.rounds.surroundings) == {"base", "head"}
    assert "pytest" in observed.rounds.surroundings["head"].packages


def test_what_a_coroutine_awaits_is_followed(observed: Observed) -> None:
    head = observed.of["test_later"][0].sides["head"]
    assert counts(head)["fold"] == 50
    assert {name for name, share in shares(head).items() if share > 0.1} == {"find", "fold"}


def test_files_and_lines_are_told_from_the_suites_folder(observed: Observed) -> None:
    functions = {one.name: one for one in observed.of["test_find"][0].sides["head"].calls.functions}
    find = functions["find"]
    assert (find.place, find.file, find.module, find.line, find.end) == ("own", "shop.py", "shop", 11, 15)
    assert functions["str.casefold"].compiled


def test_only_what_may_be_called_again_is_explained(observed: Observed) -> None:
    assert set(observed.of) == {"test_find", "test_prepared", "test_later"}
    assert observed.rounds.failed == {
        "test_once": "only the first call in a process counts",
        "test_gone": "not measured",
    }


@pytest.mark.parametrize("side", ["head"])
def test_a_benchmark_that_dies_while_it_is_looked_at_costs_itself_alone(sides: Sides, side: Side) -> None:
    dying = TESTS.replace('os.path.exists("/tmp/leave") and 1', "sys.getprofile() and os._exit(3)").replace(
        "    import os\n", "    import os, sys\n"
    )
    sides.write({"shop.py": SHOP, "test_shop.py": TESTS})
    sides.write({"test_shop.py": dying}, sides=[side])
    suite = sides.suite('harness = "pytest"\npaths = ["test_shop.py"]')
    assert isinstance(suite, LockstepSuite)
    take(suite)
    rounds = Explaining(suite, Random(1))  # noqa: S311 - an order, not a secret
    names = ["test_leaves", "test_find"]
    found = Counter(one.name for one in rounds.observe(names, 0.5))
    assert found["test_find"]
    assert not found["test_leaves"]


@pytest.mark.parametrize("timed", [True, False])
def test_what_is_allocated_is_told_by_function(sides: Sides, timed: bool) -> None:
    sides.write({"keep.py": "def keep(count):\n    return [bytes(1000) for _ in range(count)]\n"})
    sides.write(
        {"test_keep.py": "import keep\ndef test_keep(benchmark):\n    benchmark(keep.keep, 10)\n"}, sides=["base"]
    )
    sides.write(
        {"test_keep.py": "import keep\ndef test_keep(benchmark):\n    benchmark(keep.keep, 30)\n"}, sides=["head"]
    )
    suite = sides.suite('harness = "pytest"\npaths = ["test_keep.py"]')
    assert isinstance(suite, LockstepSuite)
    if timed:  # with `metrics = ["allocated"]` nothing is
        take(suite)
    else:
        suite.discover()
    rounds = Explaining(suite, Random(1), memory=True)  # noqa: S311 - an order, not a secret
    one = next(rounds.observe(["test_keep"], 0.1))
    assert not one.refused
    for side, count in (("base", 10), ("head", 30)):
        samples = one.sides[side].samples  # type: ignore[index]
        sizes = {samples.functions[path[0]].name: size for path, size in samples.stacks.items()}
        assert {name.partition(".")[0] for name, size in sizes.items() if size > 1000} == {"keep"}
        assert 1000 * count < sum(sizes.values()) < 1200 * count
