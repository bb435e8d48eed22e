"""The workers that list a suite go on to be its first round, and the suite is none the worse where they cannot."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.session import Measured
from tests.workers import PATIENCE, Sides

MODULE = """\
import os

with open(os.environ["LOG"], "a") as file:
    file.write(os.path.basename(os.getcwd()) + " " + str(os.getpid()) + "\\n")


def work():
    sum(range(100))
"""
SUITE = 'harness = "python"\nfunctions = { work = "module:work" }'


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    made = Sides(tmp_path, Path(sys.executable))
    made.write({"module.py": MODULE})
    return made


def session_of(sides: Sides, *, goes_on: bool) -> LockstepSuite:
    session = sides.suite(SUITE)
    assert isinstance(session, LockstepSuite)
    session.goes_on = goes_on
    return session


def measured(session: LockstepSuite, index: int) -> list[Measured]:
    outcomes = session.measure_round(index, ["work"], time.monotonic() + PATIENCE)
    return [one for one in outcomes if isinstance(one, Measured)]


@pytest.mark.parametrize(("goes_on", "starts"), [(True, 4), (False, 6)])
def test_one_start_less(sides: Sides, goes_on: bool, starts: int) -> None:
    session = session_of(sides, goes_on=goes_on)
    assert [one.name for one in session.discover().benchmarks] == ["work"]
    rounds = [measured(session, index) for index in range(2)]
    assert all(len(one) == 1 for one in rounds)
    assert len(sides.logged()) == starts


def test_a_round_of_it_is_as_long_as_any_first_round(sides: Sides) -> None:
    session = session_of(sides, goes_on=True)
    session.discover()
    (first,) = measured(session, 0)
    assert len(first.round.base) >= 8
    assert session.startup_seconds > 0.01


def test_workers_that_die_meanwhile_are_started_again(sides: Sides) -> None:
    session = session_of(sides, goes_on=True)
    session.discover()
    for line in sides.logged():
        os.kill(int(line.split()[1]), signal.SIGKILL)
    assert len(measured(session, 0)) == 1
    assert len(sides.logged()) == 4
