"""What a call costs: wall time less the time that others had the core, whatever it does."""

from __future__ import annotations

import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from perfbot.worker import heap, stopwatch
from perfbot.worker.stopwatch import Reading, Times, idle, reading, times
from perfbot.worker.timers import Calls, WithSetup


def spin(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def by_a_lock() -> None:
    held = threading.Lock()
    held.acquire()
    held.acquire(timeout=0.002)


def for_a_child() -> None:
    subprocess.run([sys.executable, "-S", "-c", ""], check=True)


@pytest.fixture
def told() -> None:
    if stopwatch.reading().queued is None:
        pytest.skip("this system does not tell how long a thread waits for a core")


def test_the_cost_is_what_it_computed_and_what_it_waited():
    before, after = Reading(0, 0, 0), Reading(1_000, 300, 200)
    assert idle(before, after) == 500
    assert times(wall=990, cpu=290, thread=290, before=before, after=after) == Times(990, 290, 790)


def test_queueing_for_a_thread_of_its_own_is_a_cost():
    """Woken on the core where that one computes; what others had is none."""
    before, after = Reading(0, 0, 0, 1), Reading(1_000, 300, 600, 2)
    assert times(wall=1_000, cpu=300, thread=300, before=before, after=after).cost == 400
    assert times(wall=1_000, cpu=800, thread=300, before=before, after=after).cost == 900
    assert times(wall=1_000, cpu=2_300, thread=300, before=before, after=after).cost == 1_000


def test_a_stop_of_the_machine_is_no_wait():
    """Off the core, and not for want of anything: a stopped virtual machine, a share that is used up."""
    before, stopped, waited = Reading(0, 0, 0, 7), Reading(5_000_000, 300, 200, 7), Reading(5_000_000, 300, 200, 8)
    assert idle(before, stopped) == 0
    assert times(5_000_000, 300, 300, before, stopped).cost == 300
    assert idle(before, waited) == 5_000_000 - 500
    assert idle(before._replace(waits=-1), stopped._replace(waits=-1)) == 5_000_000 - 500, "where nobody counts"


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    "wait",
    [lambda: time.sleep(0.002), lambda: select.select([], [], [], 0.002), by_a_lock, for_a_child],
)
def test_whoever_waits_gives_the_core_away(wait: Callable[[], object]):
    before = reading()
    wait()
    after = reading()
    assert after.waits > before.waits >= 0
    assert idle(before, after) > 1_000_000


def test_where_it_is_not_told_the_cost_is_not_known():
    assert times(10, 5, 5, Reading(0, 0, None), Reading(10, 5, None)).cost == 0


def test_a_disturbed_reading_is_made_again(monkeypatch: pytest.MonkeyPatch):
    clock = iter([0, 5_000_000, 6_000_000, 6_003_000])
    monkeypatch.setattr(stopwatch, "CLOCKS", (clock.__next__, time.process_time_ns, time.thread_time_ns))
    assert stopwatch.reading().wall == 6_003_000


@pytest.mark.usefixtures("told")
class TestCalls:
    def test_that_sleep_cost_their_sleep(self):
        taken = Calls(time.sleep, (0.02,))(2)
        assert taken.cost > 0.035e9 > 5 * taken.cpu

    def test_that_compute_cost_their_processor_time(self):
        taken = Calls(spin, (0.02,))(3)
        assert taken.cost == pytest.approx(taken.cpu, rel=0.6), "what others had the core for is not counted"

    def test_are_not_charged_for_their_preparation(self):
        def prepare() -> tuple[tuple[()], dict[str, object]]:
            time.sleep(0.03)
            return (), {}

        taken = WithSetup(lambda: spin(0.001), prepare)(3)
        assert taken.cost < 0.03e9


class Freed:
    """Takes its time to be freed."""

    def __del__(self) -> None:
        spin(0.005)


@pytest.mark.parametrize("loops", [1, 2, 5])
@pytest.mark.parametrize("calls", [Calls(Freed), Calls(lambda _: Freed(), (1,)), WithSetup(Freed, lambda: ((), {}))])
def test_freeing_the_result_is_timed_whatever_the_loops(calls: Calls | WithSetup, loops: int):
    assert calls(loops).cpu >= 0.005e9 * loops


def test_a_result_that_somebody_wants_is_freed_later_and_timed():
    calls = Calls(Freed, wanted=True)
    assert calls.keeping().cpu < 0.005e9
    assert isinstance(calls.result(), Freed)
    assert calls.free().cpu >= 0.005e9


def test_warming_up_leaves_a_result_once():
    made: Iterator[int] = iter(range(100))
    calls = Calls(lambda: next(made), wanted=True)
    calls.warm(3)
    calls.warm(2)
    calls(4)
    assert calls.result() == 0
    assert next(made) == 9


def test_draws_differ_and_repeat():
    sizes = [[len(block) for block in heap.draw(seed)[:-2]] for seed in (1, 1, 2, 3)]
    assert sizes[0] == sizes[1]
    assert sizes[1] != sizes[2] != sizes[3]
    assert all(len(one) < heap.MOST_BLOCKS and max(one, default=0) < heap.MOST_BYTES for one in sizes)
