"""pytest's plugins for coroutines and clocks, as their users have them; ``.ci/external`` installs them."""

from __future__ import annotations

import os
from pathlib import Path

from perfbot.reasons import words
from tests.workers import Sides, take

SUITE = """\
import asyncio, time
import pytest, time_machine

def spin():
    end = CLOCK() + 0.003
    while CLOCK() < end: pass

CLOCK = time.process_time

@pytest.fixture
async def ready():
    return asyncio.get_running_loop()

@pytest.mark.benchmark
@pytest.mark.asyncio
async def test_on_the_plugins_loop(ready):
    assert asyncio.get_running_loop() is ready
    spin()

@pytest.mark.asyncio
async def test_inside(benchmark):
    async def work():
        spin()
        return 7
    assert await benchmark(work) == 7

@pytest.mark.benchmark
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_of_anyio(anyio_backend):
    spin()

@time_machine.travel("2020-01-01", tick=False)
def test_travelled(benchmark):
    benchmark(spin)
"""

INI = "[pytest]\nasyncio_mode = auto\n"


def test_coroutines_of_plugins_are_timed_to_their_end(tmp_path: Path) -> None:
    sides = Sides(tmp_path, Path(os.environ["PERFBOT_PLUGINS"]))
    sides.write({"test_a.py": SUITE, "pytest.ini": INI})
    taken = take(sides.suite('harness = "pytest"\npaths = ["test_a.py"]'))
    measured = {"test_on_the_plugins_loop", "test_inside", "test_of_anyio[asyncio]", "test_travelled"}
    assert taken.measured() == measured
    for name in measured:
        (one,) = taken.rounds(name)
        assert all(0.0029 < value < 0.3 for value in (*one.base, *one.head)), name
    (failure,) = taken.failures().values()
    assert (failure.name, failure.skipped) == ("test_of_anyio[trio]", True)
    assert "trio" in words.text(failure.reasons)
