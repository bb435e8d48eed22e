"""Measuring in a thread, one at a time, told to the client as it goes on and stopped when the client says so."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
from anyio.lowlevel import EventLoopToken, current_token

from perfbot.errors import UsageError
from perfbot.process import kill_all
from perfbot.render.progress import Asked, Silent

T = TypeVar("T")
Tell = Callable[[float, float | None, str], Coroutine[Any, Any, None]]
"""Progress: how much of how much, and a line."""

TELL_EVERY = 0.3
"""Seconds between two notifications."""


class Watching(Silent):
    """Progress as notifications; asks measuring to stop once nobody waits any more."""

    def __init__(self, tell: Tell, loop: EventLoopToken, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._loop = loop
        self._clock = clock
        self._last = float("-inf")
        self._limit: float | None = None
        self._done = 0.0
        self.cancelled = threading.Event()

    def stage(self, text: str, *, folded: bool = False) -> None:
        self._notify(text, now=True)

    def limit(self, seconds: float) -> None:
        self._limit = seconds

    def step(self, side: str, command: str, seconds: float, packages: int, *, ok: bool) -> None:
        self._notify(f"{side}: {command}", now=True)

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None:
        self._done = max(self._done, elapsed)
        self._notify(f"{decided} of {total} decided; {suite}, round {index + 1}: {benchmark}")

    def asked(self) -> Asked:
        return "stop" if self.cancelled.is_set() else ""

    def _notify(self, line: str, *, now: bool = False) -> None:
        if self.cancelled.is_set() or (not now and self._clock() - self._last < TELL_EVERY):
            return
        self._last = self._clock()
        self._done += 1e-3  # the protocol wants progress to increase
        with contextlib.suppress(Exception):  # whoever wanted to know may be gone; measuring goes on
            anyio.from_thread.run(self._tell, self._done, self._limit, line, token=self._loop)


@dataclass(slots=True)
class Workshop:
    """One measurement at a time: two would disturb each other."""

    _busy: threading.Lock = field(default_factory=threading.Lock)

    async def run(self, work: Callable[[Watching], T], tell: Tell) -> T:
        """Do some work in a thread; where the request is cancelled, it is stopped with all processes it started.

        Raises:
            UsageError: something else is being measured.
        """
        if not self._busy.acquire(blocking=False):
            raise UsageError(
                "another measurement is running", hint="Wait for it, or cancel it; two would disturb each other."
            )
        watching = Watching(tell, current_token())

        def done() -> T:
            try:
                return work(watching)
            finally:
                self._busy.release()

        try:
            return await anyio.to_thread.run_sync(done, abandon_on_cancel=True)
        except anyio.get_cancelled_exc_class():
            watching.cancelled.set()
            kill_all()
            raise
