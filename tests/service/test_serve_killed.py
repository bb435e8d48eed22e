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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.gitlab import FakeGitLab
from tests.service.payloads import gitlab_note
from tests.worlds import HEAD

TOKEN = "a-secret-of-the-webhook"
REQUESTS = 25
COMMENTS = int(os.environ.get("PERFBOT_DELIVERIES", "50"))
"""Each is delivered twice."""


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


@pytest.mark.timeout(180)
def test_each_is_acted_on_exactly_once(tmp_path: Path) -> None:
    port = free_port()
    with FakeGitLab().running() as fake:
        assert isinstance(fake, FakeGitLab)
        events = []
        for number in range(COMMENTS):
            iid = number % REQUESTS + 1
            if iid not in fake.requests:
                fake.add_merge_request(iid, HEAD)
            note = fake.say("/perfbot help", iid=iid)
            moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            events.append(gitlab_note("/perfbot help", note["id"], iid, created_at=moment, updated_at=moment))

        def deliver(event: dict[str, Any]) -> int:
            answer = httpx.post(
                f"http://127.0.0.1:{port}/hooks/gitlab", json=event, headers={"X-Gitlab-Token": TOKEN}, timeout=30
            )
            return answer.status_code

        def acted() -> int:
            return sum(len(fake.by_bot(iid)) for iid in fake.requests)

        with ThreadPoolExecutor(8) as pool:
            with serving(fake, tmp_path, port) as process:
                assert set(pool.map(deliver, events)) == {202}
                wait_until(lambda: acted() >= COMMENTS // 5)
                process.kill()
            before = acted()
            assert before < COMMENTS, "killed in between"
            with serving(fake, tmp_path, port):
                assert set(pool.map(deliver, events)) == {202}
                wait_until(lambda: acted() >= COMMENTS)
                time.sleep(1)
        told = Counter(n["body"].partition("\n")[0] for iid in fake.requests for n in fake.by_bot(iid))
        assert len(told) == COMMENTS
        assert set(told.values()) == {1}
        assert fake.violations == []
