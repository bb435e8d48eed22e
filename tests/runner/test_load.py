"""What other programs take of the machine, by a clock and counters that move when told."""

from __future__ import annotations

import pytest

from perfbot.runner.load import LOOK_SECONDS, Lookout


class Machine:
    """Seconds pass, others and this process are busy for some share of them."""

    def __init__(self, others: float, own: float) -> None:
        self.now, self.others, self.mine = 100.0, others, own
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def lookout(self) -> Lookout:
        return Lookout(
            lambda: self.now, self.sleep, lambda: self.now * (self.others + self.mine), lambda: self.now * self.mine
        )


@pytest.fixture(params=[0.0, 0.4, 1.2])
def machine(request: pytest.FixtureRequest) -> Machine:
    return Machine(request.param, 0.7)


def test_what_it_does_itself_does_not_count(machine: Machine) -> None:
    lookout = machine.lookout()
    machine.now += 1.3
    assert lookout.cores() == pytest.approx(min(machine.others, 8))
    assert machine.slept == [0.0]


def test_a_moment_is_waited_for(machine: Machine) -> None:
    assert machine.lookout().cores() == pytest.approx(machine.others)
    assert machine.slept == [pytest.approx(LOOK_SECONDS)]


def test_what_was_long_ago_does_not_count(machine: Machine) -> None:
    lookout = machine.lookout()
    machine.now += 200
    machine.mine = 0.0
    assert lookout.cores() < 200
    assert machine.slept == [pytest.approx(LOOK_SECONDS)]


def test_who_waits_for_something_else_knows_the_last_second_at_once() -> None:
    now, busy, slept = [100.0], [0.0], list[float]()
    lookout = Lookout(lambda: now[0], slept.append, lambda: busy[0], lambda: 0.0)
    for others in (1.5, 0.5):
        for _ in range(200):
            now[0] += 0.08
            busy[0] += 0.08 * others
            lookout.go_on()
        assert lookout.cores() == pytest.approx(others)
    assert slept == [0.0, 0.0]


def test_it_works_on_this_machine() -> None:
    assert Lookout().cores() >= 0
