"""Does jobs of the queue, one at a time: whoever takes jobs, a service's thread or a verb, takes them here.

While a job is done its lease is renewed, so that another consumer takes over from a dead one and never from a slow one.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from perfbot.errors import PerfbotError, StoreError
from perfbot.history.store import Store, queue
from perfbot.history.store.queue import Job

LEASE = 120.0
"""Seconds after which a job whose consumer died is done by another."""

RENEWALS = 3
"""Within each lease, so that a database that is away for a moment costs none."""

LONGEST = 3600.0
"""Seconds after which a job that still goes on is believed to hang: its lease is not renewed any more."""

log = logging.getLogger("perfbot.worker")

Handler = Callable[[Job], None]

Wait = Callable[[threading.Event, float], bool]
"""(over, seconds) → whether ``over`` was set within them."""

Ended = Literal["done", "forgotten", "postponed", "given up"]
"""What became of a job; ``forgotten``: the same may be asked for again."""


class MayBeAskedAgain(Exception):
    """Raised by a handler that did nothing: the job is forgotten, so that the same may be asked for later."""


class HopelessError(Exception):
    """Raised by a handler whose job cannot succeed, however often it is tried; the text says why."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """Takes jobs that are due. ``handlers`` by the kind of job."""

    store: Store
    handlers: Mapping[str, Handler]
    lease: float = LEASE
    clock: Callable[[], float] = time.time
    wait: Wait = threading.Event.wait
    holder: str = field(default_factory=lambda: secrets.token_hex(8))

    def one(self) -> Ended | None:
        """Do the next job; None when there is none due."""
        kinds, now = list(self.handlers), self.clock()
        job = self.store.write(lambda c: queue.claim(c, kinds, self.holder, now=now, lease=self.lease))
        return None if job is None else self._do(job)

    def _do(self, job: Job) -> Ended:
        try:
            with self._held(job):
                self.handlers[job.kind](job)
        except MayBeAskedAgain:
            self.store.write(lambda c: queue.forget(c, job.number, self.holder))
            return "forgotten"
        except HopelessError as error:
            return self._give_up(job, str(error))
        except Exception as error:
            if not isinstance(error, PerfbotError):
                log.exception("job %s failed", job.key)
            return self._failed(job, str(error))
        self.store.write(lambda c: queue.finish(c, job.number, self.holder, now=self.clock()))
        return "done"

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

    def _failed(self, job: Job, error: str) -> Ended:
        if job.tries >= queue.most_tries(job.kind):
            return self._give_up(job, error)
        log.warning("job %s, try %s: %s", job.key, job.tries, error)
        now = self.clock()
        self.store.write(lambda c: queue.postpone(c, job, self.holder, error=error, now=now))
        return "postponed"

    def _give_up(self, job: Job, error: str) -> Ended:
        log.warning("job %s is given up: %s", job.key, error)
        self.store.write(lambda c: queue.give_up(c, job.number, self.holder, error=error, now=self.clock()))
        return "given up"
