"""As a GitHub App: signing in, speaking under its name, and its "Re-run" buttons, through the real client."""

from __future__ import annotations

import argparse
import functools
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient

from perfbot.cli.main import main
from perfbot.cli.serve import add_arguments, connector
from perfbot.errors import UsageError
from perfbot.forge.base import RefusedError
from perfbot.forge.upsert import Upsert
from perfbot.history.store import Store, open_store, queue
from perfbot.publish import comment_commands
from perfbot.publish.flow import publish
from perfbot.service.app import command_handler, create_app, kept_in
from perfbot.service.hooks import KIND, Hooks
from perfbot.service.worker import Worker
from tests.builders import HEAD, OTHER, report, result, write
from tests.ci_jobs import QUICK, InCI
from tests.fakes.github import APP, APP_SLUG, BOT, app_pem
from tests.fakes.server import Fault
from tests.service.payloads import github_button, github_suite

SECRET = "github-webhook-secret"
NAME = f"{APP_SLUG}[bot]"


@pytest.fixture
def app(github: InCI) -> InCI:
    """A job that has the App's key beside the workflow's token: the App goes first."""
    github.environ |= {"PERFBOT_APP_ID": APP, "PERFBOT_APP_PRIVATE_KEY": app_pem()}
    return github


def another_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()  # fmt: skip


def test_it_speaks_under_its_own_name_and_offers_to_run_again(app: InCI, tmp_path: Path) -> None:
    publisher = app.publisher()
    publisher.begin()
    (check,) = app.fake.checks
    assert (check["status"], check["app"]["slug"]) == ("in_progress", APP_SLUG)
    assert "actions" not in check
    publish(write(tmp_path, report(result(change=0.3))), publisher)
    publish(write(tmp_path, report(result(change=0.3))), app.publisher())
    assert [c["user"]["login"] for c in app.fake.by_bot()] == [NAME]
    assert app.fake.checks[0]["conclusion"] == "failure"
    assert app.fake.checks[0]["actions"] == [
        {"label": "Re-run", "description": "Measure this head again", "identifier": "rebench"}
    ]


@pytest.mark.parametrize(
    "fault", [Fault(502), Fault(429, headers={"Retry-After": "1"}), Fault(0)], ids=["502", "429", "dropped"]
)
def test_signing_in_through_faults(app: InCI, tmp_path: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfbot.forge.retry.FIRST_WAIT", 0.01)
    app.fake.faults = [Fault(fault.status, path="^/app|/installation", headers=fault.headers)]
    assert publish(write(tmp_path, report(result())), app.publisher()).code == 0
    assert len(app.fake.by_bot()) == 1


def test_a_token_that_ends_is_followed_by_another(app: InCI, tmp_path: Path) -> None:
    app.fake.token_seconds = 5
    publish(write(tmp_path, report(result())), app.publisher())
    assert len(app.fake.installation_tokens) > 2
    assert len(app.fake.by_bot()) == 1


@pytest.mark.parametrize("order", [("workflow", "app"), ("app", "workflow")])
def test_a_check_of_another_app_is_left_alone(app: InCI, tmp_path: Path, order: tuple[str, str]) -> None:
    """A workflow and an App that both say "perfbot": each goes on with its own."""

    def act_as(who: str) -> None:
        app.environ["PERFBOT_APP_ID"] = APP if who == "app" else ""

    act_as(order[0])
    app.publisher().begin()
    act_as(order[1])
    publish(write(tmp_path, report(result())), app.publisher())
    slugs = {"app": APP_SLUG, "workflow": BOT.removesuffix("[bot]")}
    assert [(c["app"]["slug"], c["conclusion"]) for c in app.fake.checks] == [
        (slugs[order[0]], None),
        (slugs[order[1]], "success"),
    ]
    assert app.fake.statuses == []


def test_its_tokens_may_do_no_more_than_is_needed_and_granted(app: InCI) -> None:
    app.fake.granted["actions"] = "read"
    app.publisher().begin()
    assert app.fake.asked == {
        "actions": "read", "checks": "write", "contents": "read", "metadata": "read", "pull_requests": "write"
    }  # fmt: skip


def test_what_is_no_key(app: InCI) -> None:
    app.environ["PERFBOT_APP_PRIVATE_KEY"] = "hunter2-hunter2-hunter2"
    with pytest.raises(UsageError, match="no PEM private key") as caught:
        app.forge()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    app.environ["PERFBOT_APP_PRIVATE_KEY"] = ""
    with pytest.raises(UsageError, match="private key is not"):
        app.forge()


def test_a_key_of_another_app(app: InCI) -> None:
    app.environ["PERFBOT_APP_PRIVATE_KEY"] = another_key()
    with pytest.raises(RefusedError, match="do not belong together"):
        app.forge()


def test_not_installed(app: InCI) -> None:
    app.fake.installed = False
    with pytest.raises(RefusedError, match="Install the App in octo/app"):
        app.forge()


def test_the_key_shows_nowhere(app: InCI) -> None:
    key = app_pem().splitlines()[5]
    place, forge = app.place(), app.forge()
    assert key not in repr(place)
    assert key not in repr(forge)
    assert all(key not in path for _, path, _ in app.fake.log)


def test_publish_with_a_key_file(
    app: InCI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GITLAB_CI", "PERFBOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    app.environ.pop("PERFBOT_APP_PRIVATE_KEY")
    file = tmp_path / "app.pem"
    for name, value in {**app.environ, "PERFBOT_APP_PRIVATE_KEY_FILE": str(file)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(app.event_file(tmp_path)))
    monkeypatch.chdir(tmp_path)
    (given,) = write(tmp_path, report(result()))
    assert main(["publish", str(given)]) == 2
    assert "app.pem: cannot be read" in capsys.readouterr().err
    file.write_text(app_pem())
    assert main(["publish", "--pending"]) == 0
    assert app.fake.checks[0]["app"]["slug"] == APP_SLUG
    file.write_text(another_key())
    assert main(["publish", str(given), "--patience", "1s"]) == 4
    told = capsys.readouterr().err
    assert "PERFBOT_APP_ID and the private key do not belong together" in told
    assert "Publish later with: perfbot publish" in told


# The buttons, from a signed delivery to a dispatched workflow


@dataclass
class Service:
    """``perfbot serve`` as an App, with what GitHub delivers to it."""

    ci: InCI
    store: Store
    client: TestClient
    worker: Worker

    def deliver(self, event: dict[str, Any]) -> dict[str, Any]:
        """What was answered."""
        content = json.dumps(event).encode()
        signature = "sha256=" + hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
        answer = self.client.post("/hooks/github", content=content, headers={"X-Hub-Signature-256": signature})
        return dict(answer.json())

    def work(self) -> int:
        """Do what waits; how many runs were dispatched so far."""
        while self.worker.one():
            pass
        with self.store.read() as connection:
            assert queue.waiting(connection) == {}
        return len(self.ci.fake.dispatched)


@pytest.fixture
def service(app: InCI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The connection is made by what ``serve`` makes it with, from a key file; comments have no pauses."""
    monkeypatch.setattr(comment_commands, "Upsert", functools.partial(Upsert, **QUICK))
    file = tmp_path / "app.pem"
    file.write_text(app_pem())
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(["--github-url", app.fake.url])
    connect = connector(args, {"PERFBOT_APP_ID": APP, "PERFBOT_APP_PRIVATE_KEY_FILE": str(file)}, pace=0)
    publish(write(tmp_path, report(result(change=0.3))), app.publisher())
    with open_store(tmp_path / "history.db") as store:
        served = create_app(store, Hooks(store, {"github": SECRET}), connect)
        yield Service(app, store, TestClient(served), Worker(store, {KIND: command_handler(connect, kept_in(store))}))


def rerun_check(**changes: Any) -> dict[str, Any]:
    return github_button(action="rerequested", requested_action=None, **changes)


@pytest.mark.parametrize("event", [github_button, rerun_check, github_suite], ids=["action", "check", "suite"])
def test_the_button_measures_the_head_again(service: Service, event: Callable[[], dict[str, Any]]) -> None:
    assert service.deliver(event()) == {"queued": True}
    assert service.work() == 1
    assert service.ci.fake.dispatched[0]["inputs"] == {"merge_request": "1", "head": HEAD, "target": "main"}
    assert [c["status"] for c in service.ci.fake.checks] == ["completed", "in_progress"]
    assert "Measuring `aaaaaaa` again" in service.ci.comment()
    assert service.deliver(event()) == {"queued": False}, "a replay"
    assert service.work() == 1


def test_a_button_in_a_merge_request_from_a_fork(service: Service) -> None:
    """GitHub does not say which one: its head does."""
    service.ci.fake.add_merge_request(2, OTHER)
    run = {**github_button()["check_run"], "pull_requests": []}
    service.deliver(github_button(check_run=run))
    assert service.work() == 1
    assert service.ci.fake.dispatched[0]["inputs"]["merge_request"] == "1"


def test_a_button_of_an_older_head_starts_nothing(service: Service) -> None:
    run = {**github_button()["check_run"], "head_sha": OTHER}
    service.deliver(github_button(check_run=run))
    service.deliver(github_button(check_run={**run, "id": 10, "pull_requests": []}))
    assert service.work() == 0


def test_a_strangers_press_starts_nothing(service: Service) -> None:
    service.deliver(github_button(sender={"login": "mallory"}))
    assert service.work() == 0


def test_a_press_that_was_refused_may_be_repeated(service: Service) -> None:
    run = service.ci.fake.add_run(HEAD, "in_progress")
    assert service.deliver(github_button()) == {"queued": True}
    assert service.work() == 0
    next(r for r in service.ci.fake.runs if r["id"] == run)["status"] = "completed"
    assert service.deliver(github_button()) == {"queued": True}
    assert service.work() == 1
