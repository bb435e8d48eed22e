"""Deliveries over the whole way: signature, queue, worker, forge."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from starlette.testclient import TestClient

from perfbot.cli.main import main
from perfbot.errors import StoreError
from perfbot.forge.events import Asked, comment_of, loads
from perfbot.history.store import Store, ledger, open_store, queue
from perfbot.history.store.tables import job
from perfbot.service.app import command_handler, create_app, kept_in
from perfbot.service.hooks import KIND, MAX_BYTES, Hooks
from perfbot.service.intake import Intake
from perfbot.service.worker import Worker
from tests.ci_jobs import InCI, gitlab_ci
from tests.fakes.gitlab import AUTHOR, STRANGER, FakeGitLab
from tests.service.payloads import github_button, github_comment, github_suite, gitlab_note

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
            self.store,
            {KIND: command_handler(lambda kind, project: self.ci.forge(), kept_in(self.store))},
            clock=lambda: self.now,
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


def test_who_asked_for_what_is_kept_and_shown(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What people who may typed, and nothing of what strangers or they themselves wrote besides."""
    for author, said in ((AUTHOR, "Please!\n/perfbot help\nThanks"), (STRANGER, "/perfbot help")):
        note = service.ci.fake.say(said, author)
        service.gitlab(gitlab_note(said, note["id"], author_id=author))
    service.work()
    with service.store.read() as connection:
        (kept,) = ledger.commands(connection, service.ci.fake.project)
    assert (kept.merge_request, kept.who, kept.text, kept.outcome) == (1, "ada", "/perfbot help", "helped")
    assert main(["history", "commands", "--database", str(tmp_path / "history.db")]) == 0
    assert "/perfbot help" in capsys.readouterr().out


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
    for _ in range(queue.MOST_TRIES):
        service.work()
        service.now += 7200
    assert service.waiting() == 0


def test_health(service: Service) -> None:
    with service.client as client:
        assert client.get("/healthz").json() == {"alive": True}
        assert client.get("/readyz").json()["ready"] is True
    assert service.client.get("/readyz").status_code == 503


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WHOLE = (gitlab_note(), github_comment(), github_button(), github_suite())


@st.composite
def nearly_whole(draw: st.DrawFn) -> dict[str, Any]:
    """A payload as the forges send it, in which a few things at any depth are something else, or missing."""
    event: dict[str, Any] = json.loads(json.dumps(draw(st.sampled_from(WHOLE))))
    for _ in range(draw(st.integers(0, 3))):
        node = event
        while True:
            name = draw(st.sampled_from(sorted(node)))
            if isinstance(node[name], dict) and node[name] and draw(st.booleans()):
                node = node[name]
                continue
            if draw(st.booleans()):
                node[name] = draw(JSON)
            elif len(node) > 1:
                del node[name]
            break
    return event


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(nearly_whole())
def test_fuzzed_but_signed(service: Service, event: dict[str, Any]) -> None:
    """From a forge whose payloads are not as described: answered with 2xx, and what is queued can be read back."""
    for answer in (service.gitlab(event), service.github(event)):
        assert answer.status_code in {200, 202}, answer.text
    with service.store.read() as connection:
        for payload in connection.scalars(select(job.c.payload)):
            loads(payload)


def test_one_that_cannot_be_kept_does_not_take_others_along(service: Service) -> None:
    broken = gitlab_note()
    broken["project"]["path_with_namespace"] = "group/\ud800"
    assert service.gitlab(broken).json() == {"ignored": True}
    assert service.gitlab(gitlab_note()).json() == {"queued": True}


def test_a_queue_that_cannot_be_written_asks_for_another_delivery(service: Service) -> None:
    service.store.write(lambda connection: connection.exec_driver_sql("ALTER TABLE job RENAME TO elsewhere"))
    assert service.gitlab(gitlab_note()).status_code == 503
    service.store.write(lambda connection: connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO job"))
    assert service.gitlab(gitlab_note()).json() == {"queued": True}


def test_those_that_arrive_together_share_a_commit_and_each_learns_its_own_answer() -> None:
    calls: list[list[int]] = []

    def keep(several: Sequence[Asked]) -> list[bool]:
        time.sleep(0.05)
        calls.append([asked.note.id for asked in several])
        return [asked.note.id % 2 == 0 for asked in several]

    async def deliver() -> list[bool]:
        intake = Intake(keep)
        return await asyncio.gather(*(intake.put(asked_number(n)) for n in range(20)))

    assert asyncio.run(deliver()) == [n % 2 == 0 for n in range(20)]
    assert [number for call in calls for number in call] == list(range(20))
    assert len(calls) <= 2


def test_all_that_wait_learn_of_a_failure_and_the_next_one_is_kept() -> None:
    def keep(several: Sequence[Asked]) -> list[bool]:
        if several[0].note.id < 3:
            raise StoreError("the disk is full")
        return [True] * len(several)

    async def deliver() -> list[bool | BaseException]:
        intake = Intake(keep)
        first = await asyncio.gather(*(intake.put(asked_number(n)) for n in range(3)), return_exceptions=True)
        return [*first, await intake.put(asked_number(3))]

    *failed, kept = asyncio.run(deliver())
    assert [type(answer) for answer in failed] == [StoreError] * 3
    assert kept is True


def asked_number(number: int) -> Asked:
    asked = comment_of(gitlab_note(number=number))
    assert asked is not None
    return asked


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
