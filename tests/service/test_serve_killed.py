"""``perfbot serve`` as a process: many deliveries, killed in between, each acted on exactly once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.fakes.gitlab import FakeGitLab
from tests.serving import COMMENTS, Sender, acted, comments, free_port, serving, wait_until


@pytest.mark.timeout(300)
def test_each_is_acted_on_exactly_once(tmp_path: Path) -> None:
    """Killed while deliveries arrive: what was answered is done after the restart, before anything is sent again."""
    port = free_port()
    with FakeGitLab().running() as fake, httpx.Client(timeout=30) as client, ThreadPoolExecutor(8) as pool:
        assert isinstance(fake, FakeGitLab)
        events, send = comments(fake), Sender(f"http://127.0.0.1:{port}/hooks/gitlab", client)
        with serving(fake, str(tmp_path / "history.db"), port) as process:
            arriving = pool.map(send, events)
            wait_until(lambda: len(send.answered) >= COMMENTS // 2)
            process.kill()
            assert set(arriving) <= {202, 0}
        kept, before = set(send.answered), acted(fake).total()
        assert before < len(kept), "killed with work left"
        with serving(fake, str(tmp_path / "history.db"), port):
            wait_until(lambda: acted(fake).total() >= len(kept), 200)
            assert set(pool.map(send, events)) == {202}
            wait_until(lambda: acted(fake).total() >= COMMENTS, 200)
            time.sleep(0.3)
        told = acted(fake)
        assert len(told) == COMMENTS
        assert set(told.values()) == {1}
        assert fake.violations == []
