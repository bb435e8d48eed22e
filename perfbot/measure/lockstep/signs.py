"""Waiting for signs of other processes, by a clock that stands still whenever this one does.

A machine that sleeps, a container that is paused and a process that is stopped let nobody give a sign. What could not
speak does not hang.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Sequence

SLICE_SECONDS = 1.0
"""How long one look lasts. One that takes twice as long was no wait: perfbot stood still meanwhile."""

Look = Callable[[Sequence[int], float], list[int]]


def _look(descriptors: Sequence[int], seconds: float) -> list[int]:
    return select.select(descriptors, [], [], seconds)[0]


class AwakeClock:
    """Seconds, less those in which this process stood still as far as those noticed who waited.

    Args:
        clock: monotonic seconds.
        look: waits so many seconds for descriptors at most.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, look: Look = _look) -> None:
        self._clock, self._look = clock, look
        self._lock = threading.Lock()
        self._stood = 0.0
        self._told_until = clock()

    def now(self) -> float:
        """Seconds since any one moment."""
        return self._clock() - self._stood

    def readable(self, descriptors: Sequence[int], deadline: float) -> list[int]:
        """Those that can be read, as soon as one can; none at the deadline, by this clock."""
        while True:
            wait = min(max(0.0, deadline - self.now()), SLICE_SECONDS)
            began = self._clock()
            found = self._look(descriptors, wait)
            stood = self._note(began + wait)
            if found or not (stood or wait == SLICE_SECONDS):
                return found

    def _note(self, should_be: float) -> bool:
        """Take off what a look lasted too long; several threads that stood still together did so once."""
        with self._lock:
            is_now = self._clock()
            stood = is_now - should_be >= SLICE_SECONDS
            if stood:
                self._stood += max(0.0, is_now - max(should_be, self._told_until))
                self._told_until = is_now
            return stood


AWAKE = AwakeClock()
"""This process's."""
