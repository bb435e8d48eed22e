"""What the launcher tells of a command that is not alone on its core."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfbot.measure.lockstep.launching import Command, Launcher, Usage
from perfbot.runner.cores import allowed_cores

COMPUTE = f"{sys.executable} -c 'sum(i * i for i in range(3000000))'"


@pytest.fixture
def crowded() -> Iterator[int]:
    """A core with two busy processes on it."""
    core = allowed_cores()[0]
    spin = f"import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    busy = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(2)]
    yield core
    for one in busy:
        one.kill()
        one.wait()


def probed(line: str, core: int) -> Usage:
    launcher = Launcher(None)
    try:
        command = Command(line, Path("/"), {"PATH": os.environ["PATH"]})
        return launcher.run([command], timeout=60, core=core, look_every=0.01)[0]
    finally:
        launcher.close()


@pytest.mark.parametrize("line", [COMPUTE, f"sh -c '{COMPUTE.replace(chr(39), chr(34))}; true'", f"{COMPUTE} & wait"])
def test_a_computing_command_does_not_wait_whoever_computes(line: str, crowded: int) -> None:
    used = probed(line, crowded)
    assert used.wall > 1.2 * used.cpu, "the core is shared by three"
    assert used.cpu + used.queued > 0.6 * used.wall


def test_a_sleeping_one_does(crowded: int) -> None:
    used = probed("sh -c 'sleep 0.6; true'", crowded)
    assert used.cpu + used.queued < 0.5 * used.wall
