"""Where it is known which files hold what is asked for, nothing else of a suite is read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.workers import Sides, take

SUITE = 'harness = "pytest"\npaths = ["bench"]'
BENCH = """\
import os

with open(os.environ["LOG"], "a") as file:
    file.write(__name__ + "\\n")


def test_NAME(benchmark):
    benchmark(sum, range(100))
"""
ONE = {"test_one.py::test_one": "bench/test_one.py"}


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    made = Sides(tmp_path, Path(sys.executable))
    made.write({f"bench/test_{name}.py": BENCH.replace("NAME", name) for name in ("one", "two")})
    return made


def read(sides: Sides) -> set[str]:
    return {name.rpartition("_")[2] for name in sides.logged()}


def test_no_other_file_is_read(sides: Sides) -> None:
    taken = take(sides.suite(SUITE, listed=ONE))
    assert taken.measured() == set(ONE)
    assert read(sides) == {"one"}


def test_all_are_read_where_that_is_not_what_the_files_hold(sides: Sides) -> None:
    moved = {"test_one.py::test_gone": "bench/test_one.py"}
    taken = take(sides.suite(SUITE, listed=moved))
    assert taken.measured() == {"test_one.py::test_one", "test_two.py::test_two"}
    assert read(sides) == {"one", "two"}


def test_all_are_read_where_one_side_cannot_read_the_file(sides: Sides) -> None:
    sides.write({"bench/test_one.py": "import nothing_of_that_name\n"}, sides=["base"])
    taken = take(sides.suite(SUITE, listed=ONE))
    assert taken.measured() == {"test_two.py::test_two"}
    assert [one.status for one in taken.discovery.settled] == ["failed"]
