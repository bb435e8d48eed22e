"""Takes jobs from the queue and does them, one at a time; several services on one database share the work.

While a job is done its lease is renewed, so that another service takes over from a dead worker and never from a slow
one.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from perfbot.errors import PerfbotError, StoreError
from perfbot.history.store import Store, care, queue
from perfbot.history.store.queue import Job

MAX_TRIES = 8
LEASE = 120.0
"""Seconds after which a job whose worker died is done by another."""

RENEWALS = 3
"""Within each lease, so that a database that is away for a moment costs none."""

LONGEST = 3600.0
"""Seconds after which a job that still goes on is believed to hang: its lease is not renewed any more."""

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

Handler = Callable[[Job], None]

Wait = Callable[[threading.Event, float], bool]
"""(over, seconds) → whether ``over`` was set within them."""


class MayBeAskedAgain(Exception):
    """Raised by a handler that did nothing: the job is forgotten, so that the same may be asked for later."""


class HopelessError(Exception):
    """Raised by a handler whose job cannot succeed, however often it is tried; the text says why."""


@dataclass(slots=True)
class Worker:
    """A thread that does jobs until it is stopped. ``handlers`` by the kind of job."""

    store: Store
    handlers: Mapping[str, Handler]
    lease: float = LEASE
    pause: float = PAUSE
    clock: Callable[[], float] = time.time
    wait: Wait = threading.Event.wait
    holder: str = field(default_factory=lambda: secrets.token_hex(8))
    _tidy_next: float = field(default=0.0, init=False)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

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
        now = self.clock()
        job = self.store.write(
            lambda connection: queue.claim(
                connection, list(self.handlers), self.holder, now=now, lease=self.lease, tries=MAX_TRIES
            )
        )
        if job is None:
            self._tidy(now)
            return False
        self._do(job)
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

    def _do(self, job: Job) -> None:
        try:
            with self._held(job):
                self.handlers[job.kind](job)
        except MayBeAskedAgain:
            self.store.write(lambda c: queue.forget(c, job.number, self.holder))
        except HopelessError as error:
            self._hopeless(job, str(error))
        except Exception as error:
            if not isinstance(error, PerfbotError):
                log.exception("job %s failed", job.key)
            self._failed(job, str(error))
        else:
            self.store.write(lambda c: queue.finish(c, job.number, self.holder, now=self.clock()))

    @contextmanager
    def _held(self, job: Job) -> Iterator[None]:
        """Renews the lease until the job is over."""
        over = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(job, over), name="perfbot-lease", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            over.set()
            renewing.join()

    def _renew(self, job: Job, over: threading.Event) -> None:
        began = self.clock()
        while not self.wait(over, self.lease / RENEWALS):
            now = self.clock()
            if now - began > LONGEST:
                log.error("job %s has taken more than %.0f s; another worker may take it over", job.key, LONGEST)
                return
            try:
                held = self.store.write(
                    lambda c, now=now: queue.renew(c, job.number, self.holder, now=now, lease=self.lease)  # type: ignore[misc]
                )
            except StoreError as error:
                log.warning("the lease of job %s was not renewed: %s", job.key, error)
                continue
            if not held:
                log.warning("job %s went to another worker", job.key)
                return

    def _hopeless(self, job: Job, error: str) -> None:
        log.warning("job %s is given up: %s", job.key, error)
        self.store.write(lambda c: queue.give_up(c, job.number, self.holder, error=error, now=self.clock()))

    def _failed(self, job: Job, error: str) -> None:
        log.warning("job %s, try %s: %s", job.key, job.tries, error)
        now = self.clock()
        if job.tries >= MAX_TRIES:
            self.store.write(lambda c: queue.give_up(c, job.number, self.holder, error=error, now=now))
        else:
            self.store.write(lambda c: queue.postpone(c, job, self.holder, error=error, now=now))
