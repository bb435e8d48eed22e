"""Two ``perfbot serve`` on one database: what one of them was killed at, the other does, and nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.fakes.gitlab import FakeGitLab
from tests.serving import COMMENTS, Sender, acted, comments, free_port, serving, wait_until


@pytest.mark.timeout(300)
def test_one_is_killed_and_the_other_goes_on(fresh: Callable[[str], str]) -> None:
    """Every delivery comes twice, once to each; the one that has most of them is killed at its work."""
    database = fresh("postgresql")
    with FakeGitLab().running() as fake, httpx.Client(timeout=30) as client, ThreadPoolExecutor(8) as pool:
        assert isinstance(fake, FakeGitLab)
        events, ports = comments(fake), (free_port(), free_port())
        first, second = (Sender(f"http://127.0.0.1:{port}/hooks/gitlab", client) for port in ports)
        with ExitStack() as both:
            doomed = both.enter_context(serving(fake, database, ports[0]))
            both.enter_context(serving(fake, database, ports[1]))
            arriving = pool.map(first, events)
            wait_until(lambda: len(first.answered) >= COMMENTS // 2)
            doomed.kill()
            assert set(arriving) <= {202, 0}
            kept = set(first.answered)
            # Before anything is sent again: the rest of what was answered is the survivor's.
            wait_until(lambda: acted(fake).total() >= len(kept), 200)
            assert set(pool.map(second, events)) == {202}
            wait_until(lambda: acted(fake).total() >= COMMENTS, 200)
            time.sleep(0.3)
        told = acted(fake)
        assert len(told) == COMMENTS
        assert set(told.values()) == {1}, "each of them once, whoever did it"
        assert fake.violations == []
