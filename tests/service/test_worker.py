"""A worker's hold on its job, under a clock of the test's own: slow is not dead, and hung is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from perfbot.errors import StoreError
from perfbot.history.store import Store, open_store, queue
from perfbot.history.store.consumer import LONGEST, RENEWALS
from perfbot.history.store.queue import Job
from perfbot.history.store.tables import job as jobs
from perfbot.service.worker import Worker

LEASE = 120.0


class Clock:
    """Time that passes when it is told to, for everybody who waits."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.passed = threading.Condition()
        self.waiting = 0

    def __call__(self) -> float:
        return self.now

    def wait(self, over: threading.Event, seconds: float) -> bool:
        with self.passed:
            end = self.now + seconds
            self.waiting += 1
            while self.now < end and not over.is_set():
                self.passed.wait(0.01)
            self.waiting -= 1
        return over.is_set()

    def advance(self, seconds: float) -> None:
        """Lets time pass once somebody waits for it: who comes later would count from then."""
        until(lambda: self.waiting > 0)
        with self.passed:
            self.now += seconds
            self.passed.notify_all()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "history.db") as opened:
        opened.write(lambda c: queue.enqueue(c, "work", "a", b"", now=0.0))
        yield opened


def due(store: Store) -> float:
    with store.read() as connection:
        return float(connection.execute(select(jobs.c.due)).scalar_one())


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


def worker(store: Store, clock: Clock, handle: Callable[[Job], None]) -> Worker:
    return Worker(store, {"work": handle}, LEASE, clock=clock, wait=clock.wait)


def test_a_job_longer_than_its_lease_stays_with_its_worker(store: Store) -> None:
    clock, taken = Clock(), []
    rival = worker(store, clock, taken.append)

    def slow(job: Job) -> None:
        for _ in range(5 * RENEWALS):
            until(lambda: due(store) == pytest.approx(clock.now + LEASE))
            clock.advance(LEASE / RENEWALS)
            assert not rival.one()

    assert worker(store, clock, slow).one()
    assert taken == []
    with store.read() as connection:
        assert queue.waiting(connection) == {}


def test_a_hung_job_goes_to_another_worker_and_counts_once(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    clock, taken = Clock(), []
    rival = worker(store, clock, taken.append)

    def hung(job: Job) -> None:
        clock.advance(LONGEST + 1)
        until(lambda: "has taken more than" in caplog.text)
        assert rival.one()

    assert worker(store, clock, hung).one()
    assert [(job.key, job.tries) for job in taken] == [("a", 2)]
    with store.read() as connection:
        assert queue.waiting(connection) == {}


def test_a_worker_that_was_away_does_not_take_its_job_back(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    clock, seen = Clock(), []

    def paused(job: Job) -> None:
        store.write(lambda c: queue.claim(c, ["work"], "another", now=clock.now + LEASE + 1, lease=LEASE))
        clock.advance(LEASE / RENEWALS)
        until(lambda: "went to another worker" in caplog.text)
        seen.append(due(store) - clock.now)

    assert worker(store, clock, paused).one()
    assert seen[0] > LEASE
    with store.read() as connection:
        assert queue.waiting(connection) == {"work": 1}


def test_a_renewal_that_fails_is_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = Clock(), []

    def renew(*args: object, **kinds: object) -> bool:
        asked.append(kinds["now"])
        if len(asked) == 1:
            raise StoreError("away")
        return True

    def slow(job: Job) -> None:
        monkeypatch.setattr(queue, "renew", renew)
        for seen in (1, 2):
            clock.advance(LEASE / RENEWALS)
            until(lambda seen=seen: len(asked) == seen)  # type: ignore[misc]

    assert worker(store, clock, slow).one()
    assert len(asked) == 2
