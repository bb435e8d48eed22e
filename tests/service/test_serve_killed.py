"""``perfbot serve`` as a process: many deliveries, killed in between, each acted on exactly once."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import HEAD
from tests.fakes.gitlab import FakeGitLab
from tests.service.payloads import gitlab_note

TOKEN = "a-secret-of-the-webhook"
REQUESTS = 12
COMMENTS = int(os.environ.get("PERFBOT_DELIVERIES", "24"))
"""Those that are answered before it is killed are delivered twice."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(fake: FakeGitLab, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    argv = [sys.executable, "-m", "perfbot.cli.main", "serve", "--port", str(port), "--gitlab-url", fake.url]
    argv += ["--database", str(folder / "history.db"), "--lease", "2"]
    environ = {**os.environ, "PERFBOT_GITLAB_SECRET": TOKEN, "PERFBOT_GITLAB_TOKEN": fake.token}
    process = subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200)
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(done: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError):
            if done():
                return
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


@dataclass
class Sender:
    """Delivers as a forge does, on connections that stay open; remembers what was answered with 2xx."""

    url: str
    client: httpx.Client
    answered: set[int] = field(default_factory=set)

    def __call__(self, event: dict[str, Any]) -> int:
        """The answer's status; 0 when there was none."""
        try:
            answer = self.client.post(self.url, json=event, headers={"X-Gitlab-Token": TOKEN})
        except httpx.HTTPError:
            return 0
        if answer.status_code == 202:
            self.answered.add(event["object_attributes"]["id"])
        return int(answer.status_code)


def comments(fake: FakeGitLab) -> list[dict[str, Any]]:
    """Many commands in some merge requests, as events."""
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    events = []
    for number in range(COMMENTS):
        iid = number % REQUESTS + 1
        if iid not in fake.requests:
            fake.add_merge_request(iid, HEAD)
        note = fake.say("/perfbot help", iid=iid)
        events.append(gitlab_note("/perfbot help", note["id"], iid, created_at=moment, updated_at=moment))
    return events


def acted(fake: FakeGitLab) -> Counter[str]:
    """The first line of each reply, which names the comment it answers."""
    return Counter(n["body"].partition("\n")[0] for iid in fake.requests for n in fake.by_bot(iid))


@pytest.mark.timeout(300)
def test_each_is_acted_on_exactly_once(tmp_path: Path) -> None:
    """Killed while deliveries arrive: what was answered is done after the restart, before anything is sent again."""
    port = free_port()
    with FakeGitLab().running() as fake, httpx.Client(timeout=30) as client, ThreadPoolExecutor(8) as pool:
        assert isinstance(fake, FakeGitLab)
        events, send = comments(fake), Sender(f"http://127.0.0.1:{port}/hooks/gitlab", client)
        with serving(fake, tmp_path, port) as process:
            arriving = pool.map(send, events)
            wait_until(lambda: len(send.answered) >= COMMENTS // 2)
            process.kill()
            assert set(arriving) <= {202, 0}
        kept, before = set(send.answered), acted(fake).total()
        assert before < len(kept), "killed with work left"
        with serving(fake, tmp_path, port):
            wait_until(lambda: acted(fake).total() >= len(kept), 200)
            assert set(pool.map(send, events)) == {202}
            wait_until(lambda: acted(fake).total() >= COMMENTS, 200)
            time.sleep(0.3)
        told = acted(fake)
        assert len(told) == COMMENTS
        assert set(told.values()) == {1}
        assert fake.violations == []
