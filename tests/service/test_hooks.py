"""Deliveries over the whole way: signature, queue, worker, forge."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from perfbot.service.app import command_handler, create_app
from perfbot.service.hooks import KIND, MAX_BYTES, Hooks
from perfbot.service.worker import MAX_TRIES, Worker
from perfbot.store import Store, open_store, queue
from tests.fakes.gitlab import FakeGitLab
from tests.service.payloads import github_comment, gitlab_note
from tests.worlds import InCI, gitlab_ci

TOKEN = "gitlab-webhook-secret"
SECRET = "github-webhook-secret"
NOON = 1_795_435_260.0
"""2026-11-23 12:01 UTC."""


@dataclass
class Service:
    client: TestClient
    store: Store
    ci: InCI
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        self.now = NOON
        self.worker = Worker(
            self.store, {KIND: command_handler(lambda kind, project: self.ci.forge())}, clock=lambda: self.now
        )

    def gitlab(self, event: Any, token: str = TOKEN, **headers: str) -> Any:
        content = event if isinstance(event, bytes) else json.dumps(event).encode()
        sent = {"X-Gitlab-Token": token, "X-Gitlab-Event": "Note Hook", **headers}
        return self.client.post("/hooks/gitlab", content=content, headers=sent)

    def github(self, event: Any, secret: str = SECRET) -> Any:
        content = json.dumps(event).encode()
        signature = "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
        return self.client.post("/hooks/github", content=content, headers={"X-Hub-Signature-256": signature})

    def waiting(self) -> int:
        with self.store.read() as connection:
            return queue.waiting(connection).get(KIND, 0)

    def work(self) -> None:
        while self.worker.one():
            pass


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with gitlab_ci() as ci, open_store(tmp_path / "history.db") as store:
        hooks = Hooks(store, {"gitlab": TOKEN, "github": SECRET}, clock=lambda: NOON)
        yield Service(TestClient(create_app(store, hooks, lambda kind, project: ci.forge())), store, ci)


def test_a_command_is_queued_and_done(service: Service) -> None:
    assert isinstance(service.ci.fake, FakeGitLab)
    service.ci.fake.add_job(int(service.ci.environ["CI_PIPELINE_ID"]), "perfbot", "manual")
    note = service.ci.fake.say("/rebench")
    answer = service.gitlab(gitlab_note(number=note["id"]))
    assert (answer.status_code, answer.json()) == (202, {"queued": True})
    service.work()
    assert [e["name"] for e in service.ci.fake.emojis[note["id"]]] == ["eyes", "white_check_mark"]
    assert next(j for j in service.ci.fake.jobs if j["name"] == "perfbot")["status"] == "pending"


def test_github_is_queued(service: Service) -> None:
    assert service.github(github_comment()).json() == {"queued": True}
    assert service.waiting() == 1


def test_repeated_and_replayed_deliveries_are_done_once(service: Service) -> None:
    """A replay may carry any delivery number: what counts is the comment."""
    for number in range(5):
        answer = service.gitlab(gitlab_note(), **{"X-Gitlab-Event-UUID": str(number), "Idempotency-Key": str(number)})
        assert answer.json() == {"queued": number == 0}
    assert service.waiting() == 1


def test_a_replay_after_it_was_done(service: Service) -> None:
    note = service.ci.fake.say("/perfbot help")
    service.gitlab(gitlab_note("/perfbot help", note["id"]))
    service.work()
    assert service.gitlab(gitlab_note("/perfbot help", note["id"])).json() == {"queued": False}
    assert len(service.ci.fake.by_bot()) == 1


def test_an_old_comment_is_a_replay(service: Service) -> None:
    answer = service.gitlab(gitlab_note(created_at="2026-11-20 12:00:00 UTC"))
    assert (answer.status_code, answer.json()) == (200, {"ignored": True})


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x"])
def test_unsigned_and_wrongly_signed(service: Service, token: str) -> None:
    assert service.gitlab(gitlab_note(), token).status_code == 401
    assert service.github(github_comment(), token or "x").status_code == 401
    assert service.client.post("/hooks/github", json=github_comment()).status_code == 401
    assert service.waiting() == 0


def test_oversized(service: Service) -> None:
    assert service.gitlab(b"x" * (MAX_BYTES + 1)).status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_malformed(service: Service, body: bytes) -> None:
    assert service.gitlab(body).status_code == 400


@pytest.mark.parametrize(
    "event",
    [
        [],
        None,
        {},
        {"object_kind": "push"},
        gitlab_note(action="update"),
        gitlab_note("no command"),
        gitlab_note("```\n/rebench\n```"),
        gitlab_note("> /rebench"),
        github_comment(),
    ],
)
def test_what_is_merely_ignored_is_answered_with_200(service: Service, event: Any) -> None:
    answer = service.gitlab(event)
    assert (answer.status_code, answer.json()) == (200, {"ignored": True})
    assert service.waiting() == 0


def test_only_chosen_projects(service: Service) -> None:
    hooks = Hooks(service.store, {"gitlab": TOKEN}, ("group/other",), lambda: NOON)
    client = TestClient(create_app(service.store, hooks, lambda kind, project: service.ci.forge()))
    answer = client.post("/hooks/gitlab", json=gitlab_note(), headers={"X-Gitlab-Token": TOKEN})
    assert answer.json() == {"ignored": True}
    assert client.post("/hooks/github", json={}).status_code == 404


def test_strangers_and_the_bot_itself(service: Service) -> None:
    stranger = service.ci.fake.say("/rebench", 12)
    service.gitlab(gitlab_note(number=stranger["id"], author_id=12))
    own = service.ci.fake.say("/rebench", 7)
    service.gitlab(gitlab_note(number=own["id"], author_id=7))
    service.work()
    assert all(job["status"] != "pending" for job in service.ci.fake.jobs)
    assert [e["name"] for e in service.ci.fake.emojis[stranger["id"]]] == ["no_entry_sign"]


def test_a_forge_that_is_down_is_asked_again_later(service: Service) -> None:
    note = service.ci.fake.say("/perfbot help")
    service.gitlab(gitlab_note("/perfbot help", note["id"]))
    service.ci.fake.token, good = "rotated", service.ci.fake.token
    service.work()
    assert service.waiting() == 1
    assert service.ci.fake.by_bot() == []
    service.ci.fake.token = good
    service.now += 3600
    service.work()
    assert service.waiting() == 0
    assert len(service.ci.fake.by_bot()) == 1


def test_what_cannot_succeed_ends(service: Service) -> None:
    service.gitlab(gitlab_note("/perfbot help", iid=404))
    service.ci.fake.token = "gone"
    for _ in range(MAX_TRIES):
        service.work()
        service.now += 7200
    assert service.waiting() == 0


def test_health(service: Service) -> None:
    with service.client as client:
        assert client.get("/healthz").json() == {"alive": True}
        assert client.get("/readyz").json()["ready"] is True
    assert service.client.get("/readyz").status_code == 503


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.binary(max_size=200) | st.text(max_size=50).map(lambda t: json.dumps(gitlab_note(t)).encode()),
    headers=st.dictionaries(
        st.sampled_from(["X-Gitlab-Token", "X-Gitlab-Event", "X-Hub-Signature-256", "Content-Type", "webhook-id"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30) | st.just(TOKEN),
    ),
    path=st.sampled_from(["/hooks/gitlab", "/hooks/github"]),
)
def test_fuzzed(service: Service, body: bytes, headers: dict[str, str], path: str) -> None:
    """Whatever arrives is answered, and never with a fault of ours."""
    answer = service.client.post(path, content=body, headers=headers)
    assert answer.status_code in {200, 202, 400, 401}
    if headers.get("X-Gitlab-Token") != TOKEN or path == "/hooks/github":
        assert answer.status_code == 401
