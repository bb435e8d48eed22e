"""What a run takes from the machine it is on and cannot be told by anybody: made here, passed to the story."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from perfbot import __version__
from perfbot.measure.lockstep.pair import Pair
from perfbot.measure.lockstep.waiting import Starter, Waiting
from perfbot.model import Runner
from perfbot.runner.cores import allowed_cores
from perfbot.runner.load import Lookout, lookout_beside
from perfbot.runner.machine import read_machine
from perfbot.sides.scratch import scratch


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _runner() -> Runner:
    return read_machine().runner(version=__version__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Clocks, processors and a place for files; by default those of this machine.

    Attributes:
        clock: monotonic seconds.
        now: the time of day.
        cores: numbers of the processors that may be used.
        lookout: watches what others take of the machine.
        scratch: a folder that goes when it is left.
        runner: what the report says of the machine.
        start: starts the pair of workers of a round.
    """

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], dt.datetime] = _now
    cores: Callable[[], Sequence[int]] = allowed_cores
    lookout: Callable[[], Lookout] = Lookout
    scratch: Callable[[], AbstractContextManager[Path]] = scratch
    runner: Callable[[], Runner] = _runner
    start: Starter = Pair


HERE = Surroundings()


def beside(waiting: Waiting, lookout: Lookout | None = None) -> Surroundings:
    """Those of this machine, with workers that wait.

    Args:
        lookout: of :func:`lookout_beside`, where one watches already.
    """
    return replace(HERE, start=waiting.start, lookout=lambda: lookout or lookout_beside(waiting))
