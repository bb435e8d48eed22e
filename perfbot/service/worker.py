"""Takes jobs from the queue and does them, one at a time; several services on one database share the work."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from perfbot.history.store import Store, care, queue
from perfbot.history.store.consumer import LEASE, Consumer, Handler, Wait

PAUSE = 0.5
"""Seconds between two looks at an empty queue."""

KEPT = 30 * 24 * 3600.0
"""Seconds that done jobs are remembered, so that a delivery that is repeated is known."""

DAY = 24 * 3600.0
AFTER_START = 600.0
"""Seconds until the first look for what is old, so that a service that ends again and again does nothing else."""

RUNS_KEPT = 180 * DAY
"""Seconds that runs of merge requests are kept, with names that no branch's benchmarks have. No trend needs them."""

log = logging.getLogger("perfbot.worker")


@dataclass(slots=True)
class Worker:
    """A thread that does jobs until it is stopped. ``handlers`` by the kind of job."""

    store: Store
    handlers: Mapping[str, Handler]
    lease: float = LEASE
    pause: float = PAUSE
    clock: Callable[[], float] = time.time
    wait: Wait = threading.Event.wait
    _consumer: Consumer = field(init=False)
    _tidy_next: float = field(default=0.0, init=False)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._consumer = Consumer(self.store, self.handlers, self.lease, self.clock, self.wait)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="perfbot-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the job at hand and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def alive(self) -> bool:
        """Whether it is at work."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self.one()
            except Exception:
                log.exception("the queue cannot be used; trying again")
                busy = False
            if not busy:
                self._stop.wait(self.pause)

    def one(self) -> bool:
        """Do the next job; False when there is none due."""
        if self._consumer.one() is None:
            self._tidy(self.clock())
            return False
        return True

    def _tidy(self, now: float) -> None:
        """Done jobs are forgotten at every idle moment; old runs of merge requests once a day."""
        self.store.write(lambda connection: queue.forget_done(connection, before=now - KEPT))
        if not self._tidy_next:
            self._tidy_next = now + AFTER_START
        elif now >= self._tidy_next:
            self._tidy_next = now + DAY
            before = datetime.fromtimestamp(now - RUNS_KEPT, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.store.write(lambda connection: care.prune(connection, runs_before=before))
