"""How busy other programs keep this machine."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import psutil

LOOK_SECONDS = 0.5
"""The shortest stretch that says something."""

STALE_SECONDS = 10.0
"""What a longer one says is no longer so."""


def _busy_seconds() -> float:
    """Processor seconds that the whole machine has been busy since it started."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    return float(sum(times[:8]) - idle)  # what guests take is in user time already


def own_seconds() -> float:
    """Those of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Starting(Protocol):
    """Processes that get ready: :class:`perfbot.measure.lockstep.waiting.Waiting`."""

    @property
    def used(self) -> float:
        """Their processor seconds."""


@dataclass(slots=True)
class Lookout:
    """Watches since it was made, without taking time of its own, what others take of the machine."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    busy: Callable[[], float] = _busy_seconds
    own: Callable[[], float] = own_seconds
    _began: tuple[float, float, float] = field(init=False)
    _later: tuple[float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        self._began = self._later = self._now()

    def go_on(self) -> None:
        """Keep watching the last second or two alone. To be called now and then by who waits for something else."""
        now = self._now()
        if now[0] - self._later[0] >= LOOK_SECONDS:
            self._began, self._later = self._later, now

    def _now(self) -> tuple[float, float, float]:
        return self.clock(), self.busy(), self.own()

    def cores(self) -> float:
        """How many cores others keep busy; waits where it has not watched for long, or for too long."""
        if self.clock() - self._began[0] > STALE_SECONDS:
            self._began = self._now()
        self.sleep(max(0.0, self._began[0] + LOOK_SECONDS - self.clock()))
        began, busy, own = self._began
        now, busy_now, own_now = self._now()
        others = (busy_now - busy - (own_now - own)) / (now - began)
        return min(max(others, 0.0), float(os.cpu_count() or 1))


def lookout_beside(waiting: Starting) -> Lookout:
    """A lookout that begins now; what processes take that get ready for this run is perfbot's own."""
    return Lookout(own=lambda: own_seconds() + waiting.used)
