"""``perfbot serve`` as a process, deliveries to it, and what came of them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

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
def serving(fake: FakeGitLab, database: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    argv = [sys.executable, "-m", "perfbot.cli.main", "serve", "--port", str(port), "--gitlab-url", fake.url]
    argv += ["--lease", "2"]
    environ = {**os.environ, "PERFBOT_GITLAB_SECRET": TOKEN, "PERFBOT_GITLAB_TOKEN": fake.token,
               "PERFBOT_DATABASE": database}  # fmt: skip
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
