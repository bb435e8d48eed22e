"""Coroutines are awaited to their end, and code that replaces the clocks does not reach those that measure."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.reasons import words
from tests.environments import environment
from tests.workers import Sides, Taken, take

SPIN = """\
import asyncio, functools, gc, sys, time
import pytest
REAL = (time.process_time, time.perf_counter)

def spin(seconds=0.0008):
    process_time = REAL[0]
    end = process_time() + seconds
    while process_time() < end:
        pass

"""

COROUTINES = """\
async def work(value=7):
    spin()
    await asyncio.sleep(0)
    return value

class Callable:
    async def __call__(self):
        return await work()

def test_function(benchmark):
    assert benchmark(work) == 7

def test_arguments(benchmark):
    assert benchmark(work, 3) == 3

def test_lambda(benchmark):
    assert benchmark(lambda: work(4)) == 4

def test_partial(benchmark):
    assert benchmark(functools.partial(work, 5)) == 5

def test_callable(benchmark):
    assert benchmark(Callable()) == 7

def test_pedantic(benchmark):
    assert benchmark.pedantic(work, setup=lambda: ((8,), {}), rounds=3) == 8

def test_pedantic_once(benchmark):
    assert benchmark.pedantic(work, args=(9,)) == 9

def test_one_loop(benchmark):
    lock = asyncio.Lock()
    async def locked():
        async with lock:
            return await work()
    benchmark(locked)

def test_in_a_running_loop(benchmark):
    async def inside():
        return await benchmark(work)
    assert asyncio.run(inside()) == 7

@pytest.mark.benchmark
async def test_marked():
    await work()

@pytest.mark.benchmark
@pytest.mark.anyio
async def test_marked_for_anyio():
    await work()

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_anyio_with_the_fixture(benchmark):
    assert await benchmark(work) == 7

def test_generator(benchmark):
    async def values():
        yield 1
    benchmark(values)
"""

CLOCKS = """\
import freezegun

@freezegun.freeze_time("2020-01-01")
def test_frozen(benchmark):
    benchmark(spin)

def test_frozen_inside(benchmark):
    def frozen():
        with freezegun.freeze_time("2020-01-01"):
            spin()
    benchmark(frozen)

@pytest.mark.benchmark
@freezegun.freeze_time("2020-01-01")
def test_marked_and_frozen():
    spin()

def test_replaced(benchmark, monkeypatch):
    for name in ("perf_counter", "perf_counter_ns", "process_time_ns", "monotonic", "time"):
        monkeypatch.setattr(time, name, lambda: 0)
    benchmark(spin)
"""


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """A round of all of them, and one more of what can be called once only, of which the first is a probe."""
    folder = tmp_path_factory.mktemp("coroutines")
    sides = Sides(folder, environment(folder / "env", "pytest", "anyio", "freezegun"))
    sides.write({"bench/test_coroutines.py": SPIN + COROUTINES, "bench/test_clocks.py": SPIN + CLOCKS})
    once = ["test_coroutines.py::test_pedantic_once"]
    return take(sides.suite('harness = "pytest"\npaths = ["bench"]'), rounds=2, later=once)


def names(file: str, text: str) -> list[str]:
    """The tests of a file."""
    return [f"{file}::{line.split('(')[0].split()[-1]}" for line in text.splitlines() if "def test_" in line]


@pytest.mark.parametrize("name", names("test_coroutines.py", COROUTINES)[:-1])
def test_coroutines_are_timed_to_their_end(taken: Taken, name: str) -> None:
    one = taken.rounds(name)[-1]
    assert all(0.00079 < value < 0.3 for value in (*one.base, *one.head))


@pytest.mark.parametrize("name", names("test_clocks.py", CLOCKS))
def test_replaced_clocks_are_not_those_that_measure(taken: Taken, name: str) -> None:
    one = taken.rounds(name)[-1]
    assert all(0.00079 < value < 0.3 for value in (*one.base, *one.head))


def test_an_asynchronous_generator_is_not_comparable(taken: Taken) -> None:
    failure = taken.failures()["test_coroutines.py::test_generator"]
    assert failure.skipped
    assert "asynchronous generator, of which nothing has run" in words.text(failure.reasons)


def test_asv_awaits_too(tmp_path: Path, bare: Path) -> None:
    text = """\
import asyncio, time
class Suite:
    async def setup(self):
        self.ready = True
    async def time_work(self):
        assert self.ready
        end = time.process_time() + 0.0008
        while time.process_time() < end: pass
        await asyncio.sleep(0)
    async def track_value(self):
        await asyncio.sleep(0)
        return 5
"""
    sides = Sides(tmp_path, bare)
    sides.write({"asv.conf.json": '{"benchmark_dir": "benches"}', "benches/__init__.py": "", "benches/a.py": text})
    found = take(sides.suite('harness = "asv"'))
    (timed,) = found.rounds("a.Suite.time_work")
    assert min(*timed.base, *timed.head) > 0.00079
    assert [one.head for one in found.rounds("a.Suite.track_value")] == [(5.0,)]


def test_what_raises_inside_its_call_says_so_and_costs_itself(sides: Sides) -> None:
    text = """\
import os, pytest
def broken(): raise ValueError("no luck")
def test_swallowed(benchmark):
    with pytest.raises(ValueError):
        benchmark(broken)
def test_later(benchmark):
    calls = []
    def sometimes():
        calls.append(1)
        if len(calls) > 3: raise ValueError("no luck")
    with pytest.raises(ValueError):
        benchmark(sometimes)
def test_closes(benchmark):
    benchmark(lambda: os.closerange(3, 5000))
def test_sound(benchmark):
    benchmark(lambda: sum(range(1000)))
"""
    sides.write({"bench/test_a.py": text})
    taken = take(sides.suite('harness = "pytest"\npaths = ["bench/test_a.py"]'))
    assert taken.measured() == {"test_sound"}
    for name in ("test_swallowed", "test_later"):
        failure = taken.failures()[name]
        assert words.text(failure.reasons).startswith(
            "the call that is measured raised this, and the benchmark went on:"
        )
        assert words.text(failure.reasons).endswith("ValueError: no luck\n")
        assert failure.side == "both"
    assert "closed file descriptors that it had not opened" in words.text(taken.failures()["test_closes"].reasons)
