"""Real disturbances of A/A rounds: what lock-step cancels, what the control catches, and what it cannot see.

Both sides have the same files, so every change that is reported is wrong. The rules look for changes of 100 %: what
smaller ones do on a disturbed machine is a matter of recorded rounds (see docs/decision-rule.md), not of a test.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from perfbot.judge.control import control_of
from perfbot.judge.verdict import judge
from perfbot.measure.session import Measured
from perfbot.model import TIME, Benchmark, Comparison, Control, Policy, Result, Round
from perfbot.reasons import words
from tests.workers import PATIENCE, Sides

ROUNDS = 6
POLICY = Policy(threshold=1.0, alpha=0.01)

PLAIN = """\
def spin():
    sum(range(300))
"""

SECOND_IS_SLOW = """\
import os

try:
    os.close(os.open(os.environ["LOG"] + ".lock." + os.environ["PYTHONHASHSEED"], os.O_CREAT | os.O_EXCL))
    WORK = 300
except FileExistsError:
    WORK = 3000


def spin():
    sum(range(WORK))
"""

LEFT_IS_SLOW = """\
import os


def spin():
    os.path.realpath(os.getcwd())
"""


def _burn() -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        sum(range(10_000))


@contextmanager
def noisy_neighbour() -> Iterator[None]:
    """Processes that want every core for themselves."""
    burning = [multiprocessing.get_context("spawn").Process(target=_burn) for _ in os.sched_getaffinity(0)]
    for process in burning:
        process.start()
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.join()
            process.close()


class Run:
    """Rounds of a suite with one benchmark, a control after each."""

    def __init__(self, sides: Sides) -> None:
        self._session = sides.suite('harness = "python"\nfunctions = { spin = "functions:spin" }')
        self._session.discover()
        self.rounds: list[Round] = []
        self.controls: list[Round] = []

    def go_on(self, rounds: int) -> None:
        for index in range(len(self.rounds), len(self.rounds) + rounds):
            (taken,) = self._session.measure_round(index, ["spin"], time.monotonic() + PATIENCE)
            assert isinstance(taken, Measured)
            self.rounds.append(taken.round)
            self.controls += self._session.control_round(index, time.monotonic() + PATIENCE)

    def control(self) -> Control:
        control = control_of(self.controls, POLICY)
        assert control is not None
        return control

    def judged(self) -> Result:
        compared = Comparison(Benchmark("s", "spin"), TIME, tuple(self.rounds))
        return judge([compared], POLICY, family=1, control=self.control())[0]


def test_a_neighbour_that_comes_in_between_changes_nothing(sides: Sides) -> None:
    """It slows both sides down alike: neither the comparison nor the control moves."""
    sides.write({"functions.py": PLAIN})
    run = Run(sides)
    run.go_on(ROUNDS // 2)
    with noisy_neighbour():
        run.go_on(ROUNDS // 2)
    assert run.judged().verdict in ("unchanged", "inconclusive")
    assert not run.control().disturbed


def test_what_only_the_second_to_start_suffers_is_no_regression(sides: Sides) -> None:
    """Ten times slower, whoever it is: the interval becomes wide, and stays where it is."""
    sides.write({"functions.py": SECOND_IS_SLOW})
    run = Run(sides)
    run.go_on(ROUNDS)
    ratios = [sum(taken.head) / sum(taken.base) for taken in run.rounds]
    assert min(ratios) < 0.5
    assert max(ratios) > 2
    assert run.judged().verdict == "inconclusive"


def test_a_slower_path_of_one_side_is_not_seen(sides: Sides) -> None:
    """The control compares base's checkout with itself: what slows down the other one looks like a change."""
    sides.write({"functions.py": LEFT_IS_SLOW})
    deep = sides.folder.joinpath("deep", *["d"] * 30)
    deep.parent.mkdir(parents=True)
    sides.tree("head").rename(deep)
    sides.tree("head").symlink_to(deep)
    run = Run(sides)
    run.go_on(6)
    assert not run.control().disturbed
    assert run.judged().verdict == "regressed"


def test_a_benchmark_that_is_slower_in_its_second_process_is_caught(sides: Sides) -> None:
    """A control that moves turns what would fail the gate into undecided, with the reason."""
    moved = tuple(Round(index, (1e-3,), (3e-3 + index * 1e-5,)) for index in range(6))
    control = control_of(moved, POLICY)
    assert control is not None
    assert control.disturbed
    (result,) = judge([Comparison(Benchmark("s", "spin"), TIME, moved)], POLICY, family=1, control=control)
    assert (result.verdict, result.gate) == ("inconclusive", "pass")
    assert "the runner was disturbed" in words.text(result.reasons)
