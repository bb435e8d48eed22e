"""What starts processes, and waits for them: the command line, and a round of measuring."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from perfbot.measure.lockstep.link import WorkerSpec
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.session import Measured
from perfbot.model import SIDES

FUNCTIONS = {"own": [], "functions": {"now": "time:monotonic"}}


def test_start_of_the_command_line(benchmark) -> None:
    command = [sys.executable, "-m", "perfbot", "--version"]
    benchmark(subprocess.run, command, check=True, capture_output=True)


def test_round_of_next_to_nothing(benchmark, tmp_path: Path) -> None:
    """Two workers from their start to their end, 24 pairs of values of one function in between."""
    specs = {
        side: WorkerSpec(side, Path(sys.executable), tmp_path, dict(os.environ), "python", FUNCTIONS) for side in SIDES
    }
    suite = LockstepSuite("functions", specs, 60.0, Random(1))
    assert len(suite.discover().benchmarks) == 1
    (taken,) = benchmark(lambda: list(suite.measure_round(1, ["now"], time.monotonic() + 60)))
    assert isinstance(taken, Measured)
