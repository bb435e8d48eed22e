"""Freeing what a call returned belongs to its cost, even where the test itself still asks for the result."""

from __future__ import annotations

from perfbot.measure.lockstep.freed import with_freed
from perfbot.measure.session import Failed, Measured
from perfbot.model import TIME, Round
from perfbot.reasons import Said
from tests.workers import Sides, take

SUITE = """
import time

class Dear:
    def __del__(self):
        time.sleep(0.01)

def test_once(benchmark):
    assert isinstance(benchmark.pedantic(Dear), Dear)

def test_often(benchmark):
    assert isinstance(benchmark(Dear), Dear)
"""


def test_of_a_call_that_is_made_once_and_of_one_that_is_repeated(sides: Sides):
    sides.write({"test_dear.py": SUITE})
    taken = take(sides.suite('harness = "pytest"\npaths = ["test_dear.py"]'), rounds=2)
    assert not taken.failures()
    for name in taken.names:
        for one in taken.rounds(name):
            assert min(*one.base, *one.head) > 0.01


def test_it_is_added_to_the_last_value_by_the_clock_of_the_round():
    taken = Measured("b", TIME, Round(0, (1.0, 2.0), (3.0, 4.0), clock="cost"))
    ready = {side: {"inner": 2} for side in ("base", "head")}
    done = {"base": {"freed": [9, 9, 4_000_000_000]}, "head": {"freed": []}}
    found = with_freed(taken, ready, done)
    assert isinstance(found, Measured)
    assert (tuple(found.round.base), tuple(found.round.head)) == ((1.0, 4.0), (3.0, 4.0))


def test_nothing_is_added_to_what_failed():
    failed = Failed("b", "head", (Said("why"),))
    assert with_freed(failed, {}, {}) is failed
