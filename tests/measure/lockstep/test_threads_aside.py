"""Threads that compute on while it is the other side's turn: what they do is a part of what calls cost."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import fmean

import pytest

from perfbot.measure.lockstep.plan import LONG_TURN_SECONDS, in_long_turns
from perfbot.measure.session import Measured, SuiteSession
from perfbot.reasons import Unpinned, WorksAside
from tests.workers import Sides, take

FUNCTIONS = """\
import os, queue, threading, time

HEAD = os.path.basename(os.getcwd()) == "head"
tasks = queue.Queue(1)


def spin(n):
    for _ in range(n):
        pass


def work_off():
    while True:
        spin(tasks.get())


def poll():
    while True:
        spin(1_000_000)
        time.sleep(0.001)


def after():
    if not threading.active_count() > 1:
        threading.Thread(target=work_off, daemon=True).start()
    if HEAD:
        tasks.put(40_000)
    spin(20_000)


def beside():
    while HEAD and threading.active_count() < 4:
        threading.Thread(target=poll, daemon=True).start()
    spin(20_000)


def alone():
    spin(20_000)
"""


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    made = Sides(tmp_path, Path(sys.executable))
    made.write({"module.py": FUNCTIONS})
    return made


def measured(suite: SuiteSession, rounds: int) -> list[Measured]:
    return [one for one in take(suite, rounds=rounds).outcomes if isinstance(one, Measured)]


def test_what_calls_leave_to_a_thread_is_timed(sides: Sides) -> None:
    """Twice as much as the call itself: back to back, whoever calls waits for it."""
    for one in measured(sides.suite('harness = "python"\nfunctions = { after = "module:after" }'), rounds=2):
        assert fmean(one.round.head) > 1.5 * fmean(one.round.base)


def test_what_a_thread_computes_beside_is_timed(sides: Sides) -> None:
    """Three of them have the interpreter most of the time, and had it all in the other side's turns."""
    taken = measured(sides.suite('harness = "python"\nfunctions = { beside = "module:beside" }'), rounds=2)
    assert any(one.anew for one in taken), "what was measured in short turns does not count"
    for one in taken[1:]:
        assert fmean(one.round.head) > 1.5 * fmean(one.round.base)
        assert WorksAside() in one.notes
        assert Unpinned() not in one.notes


def test_who_has_idle_threads_is_measured_as_ever(sides: Sides) -> None:
    suite = sides.suite('harness = "python"\nfunctions = { alone = "module:alone" }')
    assert not any(WorksAside() in one.notes for one in measured(suite, rounds=2))


@pytest.mark.parametrize("call", [1e-7, 1e-3, 0.02, 0.3, 4.0])
def test_turns_are_long_and_rounds_are_not(call: float) -> None:
    planned = in_long_turns(call)
    assert planned.turn * planned.loops * call >= 0.8 * LONG_TURN_SECONDS or planned.turn == planned.loops == 1
    assert planned.seconds(call) < 1.6 + 12 * call
    first, second = planned.counts
    assert sum(first) == sum(second) == planned.pairs
