"""One comment against somebody else's GitHub: the emulator `emulate`, behind a proxy that makes the faults."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import github
import httpx
import pytest

from perfbot.forge import github as github_forge
from perfbot.forge.base import Forge, Status
from perfbot.forge.body import Section, parse, put
from perfbot.forge.github_app import sign_in
from perfbot.forge.order import RunOrder, Told
from perfbot.forge.retry import Retries
from perfbot.forge.upsert import Upsert
from tests.fakes.contract import FOLDER, Contract
from tests.fakes.github import APP, APP_SLUG, app_pem
from tests.fakes.server import Answer, FakeServer, Fault, Request

SEED: dict[str, Any] = {
    "tokens": {
        "bot-token": {"login": "perfbot", "scopes": ["repo"]},
        "ada-token": {"login": "ada", "scopes": ["repo"]},
    },
    "github": {
        "users": [{"login": "perfbot"}, {"login": "ada"}],
        "repos": [{"owner": "ada", "name": "app", "auto_init": True}],
    },
}


SECRET = "github-webhook-secret"


class Proxy(FakeServer):
    """Hands requests on, checks every exchange against the contract, and strikes with faults.

    The emulator runs no workflows: what would be dispatched is remembered here.
    """

    def __init__(self, target: str) -> None:
        super().__init__([Contract(FOLDER / "github.json")])
        self.target = target
        self.session = httpx.Client(timeout=30)
        self.dispatched: list[dict[str, Any]] = []

    def dispatch(self, request: Request) -> Answer:
        if request.path.endswith("/dispatches"):
            self.dispatched.append(request.data)
            return Answer(204)
        if "/actions/workflows/" in request.path:
            return Answer(200, {"total_count": 0, "workflow_runs": []})
        sent = {"authorization": request.headers["authorization"], "content-type": "application/json"}
        content = None if request.data is None else json.dumps(request.data)
        got = self.session.request(request.method, self.target + request.raw_path, headers=sent, content=content)
        link = {"Link": got.headers["Link"].replace(self.target, self.url)} if "Link" in got.headers else {}
        return Answer(got.status_code, got.json() if got.content else None, link)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class World:
    """A pull request of ada's in the emulator."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.head = self._prepare()
        self.waits: list[float] = []

    def ada(self, method: str, path: str, **data: Any) -> Any:
        answer = httpx.request(
            method, f"{self.proxy.target}{path}", json=data or None, timeout=20,
            headers={"Authorization": "token ada-token"},
        )  # fmt: skip
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def _prepare(self) -> str:
        repo = "/repos/ada/app"
        main = self.ada("GET", f"{repo}/git/ref/heads/main")["object"]["sha"]
        self.ada("PUT", f"{repo}/collaborators/perfbot", permission="push")
        self.ada("POST", f"{repo}/git/refs", ref="refs/heads/topic", sha=main)
        content = base64.b64encode(b"x = 1\n").decode()
        self.ada("PUT", f"{repo}/contents/x.py", message="x", content=content, branch="topic")
        return str(self.ada("POST", f"{repo}/pulls", title="x", head="topic", base="main")["head"]["sha"])

    def connect(self) -> Forge:
        return self.connect_as(github.Auth.Token("bot-token"))

    def connect_as(self, auth: github.Auth.Auth, bot: str = "") -> Forge:
        return github_forge.connect(
            self.proxy.url,
            "ada/app",
            auth,
            bot=bot,
            workflow="perfbot.yml",
            pace=0,
            retries=Retries(sleep=self.waits.append),
        )

    def publish(self, text: str, run: int, **options: Any) -> str:
        part = Section("", self.head, RunOrder(run), text, said=Told(self.head, RunOrder(run), "success", text))
        options = {"settle": (0, 0), "lag": 0, "lost": 0, "stagger": 0, "sleep": lambda s: None, **options}
        return Upsert(self.connect().comments(1), "default", lambda body: put(body, part), **options).run()

    def only(self) -> str:
        comments = self.ada("GET", "/repos/ada/app/issues/1/comments?per_page=100")
        comments += self.ada("GET", "/repos/ada/app/issues/1/comments?per_page=100&page=2")
        bodies = [c["body"] for c in comments if c["user"]["login"] == "perfbot"]
        assert len(bodies) == 1
        body = parse(bodies[0], "default")
        assert body is not None
        return body.sections[0].text


@contextlib.contextmanager
def emulated(folder: Path, seed: dict[str, Any]) -> Iterator[World]:
    program, node = os.environ.get("PERFBOT_EMULATE", ""), shutil.which("node")
    assert program, "emulate is not installed: run .ci/external"
    assert node
    file = folder / "seed.json"
    file.write_text(json.dumps(seed))
    port = free_port()
    proxy = Proxy(f"http://127.0.0.1:{port}")
    with proxy.running():
        words = [node, program, "start", "--service", "github", "--port", str(port), "--seed", str(file)]
        emulator = subprocess.Popen([*words, "--base-url", proxy.url], stdout=subprocess.DEVNULL)
        try:
            for _ in range(200):
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(proxy.target, timeout=5)
                    break
                time.sleep(0.1)
            yield World(proxy)
        finally:
            emulator.kill()
            emulator.wait()
    proxy.session.close()
    assert proxy.violations == []


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with emulated(tmp_path, SEED) as world:
        yield world


FAULTS = [
    pytest.param(Fault(502), id="every-request-502-once"),
    pytest.param(Fault(429, headers={"Retry-After": "2"}), id="429-with-retry-after"),
    pytest.param(Fault(429), id="429-without-retry-after"),
    pytest.param(Fault(0), id="dropped-after-processing"),
    pytest.param(Fault(409), id="409-locked"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_one_comment_under_faults(world: World, fault: Fault) -> None:
    for number in range(120):
        world.ada("POST", "/repos/ada/app/issues/1/comments", body=f"foreign {number}")
    world.proxy.faults = [fault]
    assert world.publish("one", 1) == "created"
    world.publish("two", 2)
    assert world.only() == "two"
    assert world.waits


def test_twenty_at_once(world: World) -> None:
    world.proxy.faults = [Fault(502, methods=("POST", "PATCH"))]
    outcomes: list[str] = []

    def one(number: int) -> None:
        outcomes.append(world.publish(f"run {number}", number, settle=(0.2, 0.8), stagger=0.3, sleep=time.sleep))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(1, 21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(outcomes) == 20
    assert world.only() == "run 20"


def test_a_check_goes_from_running_to_its_end(world: World) -> None:
    statuses = world.connect().statuses
    statuses.show(Status("running", "perfbot", world.head, "Measuring."))
    statuses.show(Status("failed", "perfbot", world.head, "1 regression", summary="# table"))
    runs = world.ada("GET", f"/repos/ada/app/commits/{world.head}/check-runs")["check_runs"]
    shown = [(r["name"], r["status"], r["conclusion"]) for r in runs]
    assert shown == [("perfbot", "completed", "failure")]


def test_facts(world: World) -> None:
    repository = world.connect().repository
    request = repository.merge_request(1)
    assert (request.head, request.target, request.fork, request.open) == (world.head, "main", False, True)
    assert repository.find("ada", "topic") == [1]
    assert repository.file_at(world.head, "x.py") == "x = 1\n"
    assert repository.file_at("main", "x.py") is None
    assert repository.may_write("ada")
    assert not repository.may_write("nobody")


def test_as_an_app_from_its_key_to_its_buttons(tmp_path: Path) -> None:
    """The emulator checks the App's signature, hands out its tokens, and delivers signed webhooks to a real serve."""
    port = free_port()
    key = tmp_path / "app.pem"
    key.write_text(app_pem())
    permissions = {"contents": "read", "pull_requests": "write", "issues": "write", "checks": "write"}
    app = {
        "app_id": int(APP), "slug": APP_SLUG, "name": "perfbot", "private_key": app_pem(),
        "permissions": {**permissions, "actions": "write", "metadata": "read"},
        "events": ["check_run", "check_suite", "issue_comment"],
        "webhook_url": f"http://127.0.0.1:{port}/hooks/github", "webhook_secret": SECRET,
        "installations": [{"installation_id": 99, "account": "ada", "repository_selection": "all"}],
    }  # fmt: skip
    seed = {**SEED, "github": {**SEED["github"], "apps": [app]}}
    with emulated(tmp_path, seed) as world, serving_app(world, key, port):
        retries = Retries(sleep=world.waits.append)
        signed_in = sign_in(world.proxy.url, "ada/app", APP, app_pem(), retries=retries)
        forge = world.connect_as(signed_in, signed_in.bot)
        forge.statuses.show(Status("running", "perfbot", world.head, "Measuring."))
        forge.statuses.show(Status("failed", "perfbot", world.head, "1 regression"))
        part = Section("", world.head, RunOrder(1), "a table")
        Upsert(forge.comments(1), "default", lambda body: put(body, part), settle=(0, 0), stagger=0).run()
        (comment,) = world.ada("GET", "/repos/ada/app/issues/1/comments")
        assert comment["user"]["login"] == f"{APP_SLUG}[bot]"
        path = f"/repos/ada/app/commits/{world.head}"
        (check,) = world.ada("GET", f"{path}/check-runs")["check_runs"]
        assert check["conclusion"] == "failure"
        world.ada("POST", f"/repos/ada/app/check-runs/{check['id']}/rerequest")
        wait_until(lambda: len(world.proxy.dispatched) == 1)
        assert world.proxy.dispatched[0]["inputs"] == {"merge_request": "1", "head": world.head, "target": "main"}
        wait_until(lambda: "again; what follows is older" in world.ada("GET", f"{comments(1)}")[0]["body"])
        (suite,) = world.ada("GET", f"{path}/check-suites")["check_suites"]
        world.ada("POST", f"/repos/ada/app/check-suites/{suite['id']}/rerequest")
        wait_until(lambda: len(world.proxy.dispatched) == 2)


def comments(number: int) -> str:
    return f"/repos/ada/app/issues/{number}/comments"


@contextlib.contextmanager
def serving_app(world: World, key: Path, port: int) -> Iterator[None]:
    environ = {
        **os.environ, "PERFBOT_GITHUB_SECRET": SECRET, "PERFBOT_APP_ID": APP, "PERFBOT_APP_PRIVATE_KEY_FILE": str(key)
    }  # fmt: skip
    words = [sys.executable, "-m", "perfbot.cli.main", "serve", "--port", str(port), "--github-url", world.proxy.url]
    process = subprocess.Popen([*words, "--database", str(key.parent / "history.db")], env=environ)
    try:
        wait_until(lambda: httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).is_success)
        yield
    finally:
        process.kill()
        process.wait()


def wait_until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if done():
                return
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")
