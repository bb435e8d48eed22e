"""Pairs that wait are what pairs that are started when they are needed would be."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfbot.measure.lockstep.ahead import started_ahead
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.lockstep.waiting import Waiting
from perfbot.measure.session import Failed, Measured
from perfbot.worker.waiting import began_in, look_for_paths
from tests.workers import PATIENCE, Sides

BENCH = """\
import os
import sys

import module


def test_it(benchmark):
    with open(os.environ["LOG"], "a") as file:
        said = (os.path.basename(os.getcwd()), os.environ["PYTHONHASHSEED"], module.VERSION, os.getpid())
        file.write(" ".join(map(str, said)) + "\\n")
    benchmark(sum, range(100))
"""
SUITE = 'harness = "pytest"\npaths = ["bench.py"]'


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    made = Sides(tmp_path, Path(sys.executable))
    made.write({"bench.py": BENCH, "module.py": "VERSION = 1\n"})
    return made


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    with contextlib.closing(Waiting(most=2)) as made:
        yield made


def session_of(sides: Sides, waiting: Waiting) -> LockstepSuite:
    session = sides.suite(SUITE)
    assert isinstance(session, LockstepSuite)
    session.goes_on, session.start = True, waiting.start
    return session


def rounds(session: LockstepSuite, count: int) -> list[str]:
    """The outcomes of some rounds."""
    (found,) = session.discover().benchmarks
    outcomes = [
        one for index in range(count) for one in session.measure_round(index, [found.name], time.monotonic() + PATIENCE)
    ]
    assert not [one for one in outcomes if isinstance(one, Failed)]
    return [type(one).__name__ for one in outcomes if isinstance(one, Measured)]


def waiting_pids(waiting: Waiting) -> set[str]:
    return {str(link.child.pid) for _, pair in waiting._pairs for link in pair.links.values()}


def test_what_waited_measures_what_was_saved_meanwhile(sides: Sides, waiting: Waiting) -> None:
    session = session_of(sides, waiting)
    assert not waiting.add(), "nobody asked for anything yet"
    assert rounds(session, 1) == ["Measured"]
    assert waiting.add()
    assert waiting.add()
    assert not waiting.add(), "two are enough here"
    pids = waiting_pids(waiting)
    for _, pair in waiting._pairs:
        pair.ready(time.monotonic() + PATIENCE)
    for side in ("base", "head"):  # as a run does: trees are made anew under their names
        tree = sides.tree(side)
        tree.rename(tree.with_name(f"old-{side}"))
    sides.write(
        {
            "bench.py": BENCH,
            "module.py": "VERSION = 2  # of another length: bytecode knows its source by second and size\n",
        }
    )
    assert rounds(session_of(sides, waiting), 3) == ["Measured"] * 3
    told = [line.split() for line in sides.logged()[2:]]
    assert [version for _, _, version, _ in told] == ["2"] * 6
    assert {folder for folder, *_ in told} == {"base", "head"}
    assert {pid for *_, pid in told[:4]} == pids, "the ones that waited were used, and used first"
    assert not {pid for *_, pid in told[4:]} & pids
    assert len({seed for _, seed, *_ in told}) == 3, "each round has a hash seed of its own"


def test_what_began_in_a_checkout_that_was_taken_away_meanwhile_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    (tree / "part").mkdir(parents=True)
    monkeypatch.chdir(tree / "part")
    assert began_in(str(tree))
    tree.rename(tmp_path / "old")
    assert not began_in(str(tree))
    (tree / "part").mkdir(parents=True)
    assert not began_in(str(tree)), "another one of the same name"


def test_folders_that_were_not_there_at_the_start_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, tree = tmp_path / "site-packages", tmp_path / "tree"
    site.mkdir()
    (site / "a.pth").write_text(f"# a comment\nimport os\n{tree}/src\n{tree}/nowhere\n")
    (site / "b.pth").write_text("../tree\n")
    monkeypatch.setattr(sys, "path", ["first", str(site), "last"])
    look_for_paths()
    assert sys.path == ["first", str(site), "last"]
    (tree / "src").mkdir(parents=True)
    look_for_paths()
    look_for_paths()
    assert sys.path == ["first", str(site), f"{tree}/src", str(tree), "last"]


def test_nothing_waits_that_has_loaded_something_of_the_checkout(sides: Sides, waiting: Waiting) -> None:
    for side in ("base", "head"):
        sides.write({"early/sitecustomize.py": "import module\n"}, sides=[side])  # type: ignore[list-item]
    sides.variables = {"PYTHONPATH": os.pathsep.join(["early", "."])}
    session = session_of(sides, waiting)
    assert rounds(session, 1) == ["Measured"]
    assert waiting.add()
    sides.write({"module.py": "VERSION = 2  # of another length: bytecode knows its source by second and size\n"})
    assert rounds(session_of(sides, waiting), 1) == ["Measured"]
    assert [line.split()[2] for line in sides.logged()] == ["1", "1", "2", "2"]
    assert not waiting.add(), "it would be in vain again"


def test_another_environment_finds_none_of_them(sides: Sides, waiting: Waiting) -> None:
    assert rounds(session_of(sides, waiting), 1) == ["Measured"]
    assert waiting.add()
    pids = waiting_pids(waiting)
    sides.variables = {"OTHER": "1"}
    assert rounds(session_of(sides, waiting), 1) == ["Measured"]
    assert not pids & {line.split()[3] for line in sides.logged()}


def test_what_died_while_it_waited_costs_nothing(sides: Sides, waiting: Waiting) -> None:
    assert rounds(session_of(sides, waiting), 1) == ["Measured"]
    assert waiting.add()
    waiting._pairs[0][1].links["head"].child.kill()
    assert rounds(session_of(sides, waiting), 1) == ["Measured"]
    assert len(sides.logged()) == 4


def test_what_the_last_run_used_is_started_ahead_of_the_next(sides: Sides, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / "local").mkdir(parents=True)
    with started_ahead(cache, ["here"]) as nothing_known:
        assert rounds(session_of(sides, nothing_known), 1) == ["Measured"]
    with started_ahead(cache, ["elsewhere"]) as unknown:
        assert unknown.specs is None
    with started_ahead(cache, ["here"]) as waiting:
        assert waiting.specs is not None
        assert rounds(session_of(sides, waiting), 1) == ["Measured"]
        pids = {line.split()[3] for line in sides.logged()[-2:]}
        assert not pids & waiting_pids(waiting)
        assert waiting._number == waiting.most, "all that a verdict takes were started"
        left = waiting_pids(waiting)
        assert waiting.used > 0
    assert left, "one round has not used them up"
    assert not [pid for pid in left if Path("/proc", pid).exists()]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"base": {}, "head": {}}', '{"base": 1, "head": 2}'])
def test_what_makes_no_sense_is_no_expectation(sides: Sides, tmp_path: Path, text: str) -> None:
    cache = tmp_path / "cache"
    (cache / "local").mkdir(parents=True)
    with started_ahead(cache, ["here"]) as waiting:
        waiting.specs = session_of(sides, waiting).specs
    (file,) = (cache / "local").iterdir()
    file.write_text(text)
    with started_ahead(cache, ["here"]) as waiting:
        assert waiting.specs is None
