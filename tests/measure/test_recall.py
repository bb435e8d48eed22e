"""Rounds that nobody needs any more are called off: with real lanes, and with real workers."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.recall import Recall
from perfbot.measure.scheduler import Scheduler
from perfbot.measure.sequential_test import FIRST_ROUNDS
from perfbot.measure.session import ANYWHERE, Failed, Measured, Outcome, Placement
from perfbot.model import Policy
from perfbot.reasons import Said
from perfbot.render.progress import Silent
from tests.measure.conftest import Clock, FakeSuite, Simulated
from tests.workers import PATIENCE, Sides

POLICY = Policy(threshold=0.02, alpha=0.05)


def test_what_is_called_off_ends_at_once_and_once() -> None:
    recall, ended = Recall(), []
    with recall.ends(lambda: ended.append("before")):
        pass
    recall.call()
    recall.call()
    assert (recall.called, ended) == (True, [])
    with recall.ends(lambda: ended.append("late")):
        assert ended == ["late"], "what begins after it was called off ends, too"


@dataclass
class Endless(FakeSuite):
    """After the first rounds, which decide, a round ends only when it is called off."""

    begun: threading.Event = field(default_factory=threading.Event)
    called_off: list[int] = field(default_factory=list)

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        if index < FIRST_ROUNDS:
            if index == FIRST_ROUNDS - 1:  # the deciding one, beside which another lane was free
                assert self.begun.wait(PATIENCE)
            yield from super().measure_round(index, names, until, place)
            return
        self.begun.set()
        over = threading.Event()
        assert place.recall is not None
        with place.recall.ends(over.set):
            assert over.wait(PATIENCE), "nobody called it off"
        self.called_off.append(index)
        yield Failed(names[0], "both", (Said("its workers are gone"),))


def test_the_round_beside_the_deciding_one_is_called_off_and_changes_nothing() -> None:
    suite = Endless("s", {"b": Simulated()}, Clock())
    found = Scheduler([suite], POLICY, 1000.0, Silent(), cores=(0, 1), lanes=2, controls=False).run()
    (one,) = found.comparisons
    assert (len(one.rounds), one.status, found.problems) == (FIRST_ROUNDS, "measured", ())
    assert suite.called_off == [FIRST_ROUNDS]


MODULE = """\
import os, time

def log(text):
    with open(os.environ["LOG"], "a") as file:
        file.write(text + chr(10))

def first():
    log("first")
    time.sleep(0.03)

def second():
    log("second")
    time.sleep(0.03)
"""
SUITE = 'harness = "python"\nfunctions = { first = "module:first", second = "module:second" }'


def recalled(sides: Sides, *, brief: bool) -> list[Outcome]:
    """What a round says that is called off in its first call."""
    session = sides.suite(SUITE)
    assert isinstance(session, LockstepSuite)
    session.brief = brief
    session.discover()
    recall = Recall()

    def call_off() -> None:
        while not sides.logged():
            time.sleep(0.01)
        recall.call()

    threading.Thread(target=call_off, daemon=True).start()
    names, until = ["first", "second"], time.monotonic() + PATIENCE
    return list(session.measure_round(0, names, until, Placement(recall=recall)))


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    made = Sides(tmp_path, Path(sys.executable))
    made.write({"module.py": MODULE})
    return made


def test_where_somebody_waits_it_ends_in_the_middle_of_a_call_and_is_no_failure(sides: Sides) -> None:
    found = recalled(sides, brief=True)
    assert found == []
    assert set(sides.logged()) == {"first"}


def test_elsewhere_a_benchmark_is_left_as_ever_and_the_next_is_not_entered(sides: Sides) -> None:
    found = recalled(sides, brief=False)
    assert [one.name for one in found if isinstance(one, Measured)] == ["first"]
    assert set(sides.logged()) == {"first"}
