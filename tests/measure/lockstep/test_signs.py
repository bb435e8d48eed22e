"""Patience counts the time in which perfbot itself ran."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from perfbot.measure.lockstep.signs import SLICE_SECONDS, AwakeClock


class Machine:
    """A clock, and looks that last as long as they are told to; ``stands`` at some of them for so many seconds more."""

    def __init__(self, *, speaks_at: float = float("inf"), stands: dict[int, float] | None = None) -> None:
        self.now, self.ran, self.looks = 100.0, 0.0, 0
        self._speaks_at, self._stands = speaks_at, stands or {}

    def clock(self) -> float:
        return self.now

    def look(self, descriptors: Sequence[int], seconds: float) -> list[int]:
        self.looks += 1
        waits = min(seconds, max(0.0, self._speaks_at - self.ran))
        self.ran += waits
        self.now += waits + self._stands.get(self.looks, 0.0)
        return list(descriptors) if self.ran >= self._speaks_at else []

    def waits(self, seconds: float) -> list[int]:
        awake = AwakeClock(self.clock, self.look)
        return awake.readable([7], awake.now() + seconds)


def test_a_sign_ends_the_wait_and_the_deadline_does() -> None:
    assert (machine := Machine(speaks_at=2.5)).waits(10) == [7]
    assert machine.ran == pytest.approx(2.5)
    assert (machine := Machine()).waits(3.25) == []
    assert machine.ran == pytest.approx(3.25)
    assert Machine(speaks_at=0.0).waits(-1) == [7], "what was said already is heard after the deadline, too"
    assert Machine().waits(-1) == []


@pytest.mark.parametrize("stands", [{1: 3600.0}, {2: 60.0, 4: 3600.0}, {5: 500.0}])
def test_what_stood_still_does_not_hang(stands: dict[int, float]) -> None:
    """A machine that sleeps, a paused container: everybody stands still, and goes on where he was."""
    assert (machine := Machine(speaks_at=4.5, stands=stands)).waits(5) == [7]
    assert machine.ran == pytest.approx(4.5)
    assert (machine := Machine(stands=stands)).waits(5) == []
    assert machine.ran == pytest.approx(5.0, abs=SLICE_SECONDS), "and what hangs still hangs"


def test_what_stood_still_is_not_counted_again_for_the_next_one_who_is_waited_for() -> None:
    machine = Machine(stands={2: 3600.0})
    awake = AwakeClock(machine.clock, machine.look)
    deadline = awake.now() + 5
    machine._speaks_at = 3.0
    assert awake.readable([7], deadline) == [7]
    machine._speaks_at = 4.5
    assert awake.readable([8], deadline) == [8]
    assert awake.now() == pytest.approx(104.5)


def test_threads_that_stood_still_together_did_so_once() -> None:
    machine = Machine()
    awake = AwakeClock(machine.clock, machine.look)
    machine.now += 3600
    assert [awake._note(began) for began in (100.5, 100.0, 101.0)] == [True, True, True]
    assert awake.now() == pytest.approx(100.5)


def test_of_real_descriptors() -> None:
    reading, writing = os.pipe()
    awake = AwakeClock()
    assert awake.readable([reading], awake.now() + 0.05) == []
    os.write(writing, b"x")
    assert awake.readable([reading], awake.now() + 60) == [reading]
    os.close(reading)
    os.close(writing)
