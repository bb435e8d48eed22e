"""Forges that answer what nobody promised: costs patience at most, and never opens a gate or leaves a traceback."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from perfbot.errors import PerfbotError, PublishError
from perfbot.forge.base import Again, Note, RefusedError, UnreachableError
from perfbot.forge.rest import Rest
from perfbot.forge.retry import Retries, fault_of
from perfbot.publish.comment_commands import CommandHandler, poll
from perfbot.publish.flow import publish
from tests.builders import HEAD, report, result, write
from tests.ci_jobs import QUICK, InCI, github_ci, gitlab_ci
from tests.fakes.gitlab import BOT, FakeGitLab
from tests.fakes.server import Answer, Fault, Request

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _unhurried_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Retries.__init__.__kwdefaults__, "sleep", lambda seconds: None)


@pytest.fixture(params=["gitlab", "github"])
def ci(request: pytest.FixtureRequest) -> Iterator[InCI]:
    with gitlab_ci() if request.param == "gitlab" else github_ci() as found:
        yield found
        found.fake.violations.clear()  # an odd forge breaks its own contract


def slower(ci: InCI, folder: Path) -> int:
    return publish(write(folder, report(result("parse", change=0.3))), ci.publisher()).code


def answers(ci: InCI, path: str, change: Callable[[Any], Any], method: str = "GET") -> None:
    """From now on an endpoint's answers are changed."""
    real = ci.fake.answer

    def odd(request: Request) -> Answer | None:
        found = real(request)
        if found is None or request.method != method or not request.path.endswith(path):
            return found  # type: ignore[no-any-return]
        return Answer(found.status, change(json.loads(json.dumps(found.data))), found.headers)

    ci.fake.answer = odd


ODD = [None, [], {}, "x", -1, True, float("inf"), float("nan"), 2**70, "", "0001-01-01T00:00:00+14:00"]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_no_type_of_any_id_is_a_mistake_of_perfbots(ci: InCI, tmp_path: Path, odd: object) -> None:
    """Infinity (GitLab) and every wrong type (GitHub) left a traceback."""
    path = "/notes" if isinstance(ci.fake, FakeGitLab) else "/comments"
    answers(ci, path, lambda data: {**data, "id": odd}, "POST")
    try:
        assert slower(ci, tmp_path) == 1
    except PerfbotError:
        assert ci.status()[0] == "failed"


@pytest.mark.parametrize("odd", [None, "", "x", -1, float("nan"), [], "a" * 39], ids=repr)
def test_a_head_that_is_no_commit_is_no_newer_head(ci: InCI, tmp_path: Path, odd: object) -> None:
    """The job ended with 0: "the merge request has a newer head"."""

    def change(data: Any) -> Any:
        data["head" if "head" in data else "sha"] = {"sha": odd} if "head" in data else odd
        return data

    answers(ci, "/merge_requests/1" if isinstance(ci.fake, FakeGitLab) else "/pulls/1", change)
    with pytest.raises(PublishError):
        slower(ci, tmp_path)


def test_a_target_that_is_not_told_is_no_branch_called_none(tmp_path: Path) -> None:
    with gitlab_ci() as ci:
        answers(ci, "/merge_requests/1", lambda data: {**data, "target_branch": None})
        with pytest.raises(UnreachableError):
            ci.forge().repository.merge_request(1)
        ci.fake.violations.clear()


def test_a_listing_that_goes_round_and_round_ends(ci: InCI) -> None:
    ci.fake.say("hello")

    def same(request: Request, items: list[Any], default: int, short: int = 0) -> Answer:
        return Answer(200, items[:1], {"Link": f'<{ci.fake.url}{request.path}?page=2>; rel="next"'})

    ci.fake.page = same
    with pytest.raises(UnreachableError):
        ci.forge().comments(1).notes()
    assert len(ci.fake.log) < 200


def test_a_refusal_shows_no_token_and_gives_no_orders(ci: InCI) -> None:
    """Some proxies answer with the request that they did not like."""
    text = f"no\n/close\n@all <b>\x1b[31m{ci.fake.token} your token was {ci.fake.token}</b>"
    ci.fake.faults.append(Fault(403, text=text, times=99, path="/merge_requests/1$|/pulls/1$"))
    with pytest.raises(RefusedError) as caught:
        ci.forge().repository.merge_request(1)
    assert ci.fake.token not in str(caught.value)
    assert "\n/close" not in caught.value.message
    assert "\x1b" not in str(caught.value)


NOWHERE = ["//other.test/x", "http://[::1", "/\x7f", "https://user@127.0.0.1/", "/" + "x" * 70_000]
ODD_WAITS = ["²", "-1", "1e9", "٣", "9" * 400, "Sun, 99 Nov 1994", "\x0b", "+9999 +9999", "(" * 90]


@pytest.mark.parametrize("to", NOWHERE, ids=range(len(NOWHERE)))
def test_a_redirect_to_nowhere_is_no_mistake_of_the_user(ci: InCI, to: str) -> None:
    headers = {"Location": to}
    ci.fake.faults.append(Fault(301, times=99, headers=headers, path="/merge_requests/1$|/pulls/1$"))
    with pytest.raises(PublishError):
        ci.forge().repository.merge_request(1)


@pytest.mark.parametrize("text", ODD_WAITS)
def test_every_retry_after_is_read_or_left(text: str) -> None:
    assert fault_of(429, {"retry-after": text, "x-ratelimit-reset": text, "x-ratelimit-remaining": "0"}, "").passing


def test_a_status_that_may_not_come_is_not_taken_for_one_that_stands(tmp_path: Path) -> None:
    """Every "Cannot transition" passed for success."""
    with gitlab_ci() as ci:
        text = json.dumps({"message": "Cannot transition status via :drop from :success (Reason(s): it may not)"})
        real = ci.fake.answer

        def refuses(request: Request) -> Answer | None:
            if request.method == "POST" and "/statuses/" in request.path:
                return Answer(400, json.loads(text))
            return real(request)  # type: ignore[no-any-return]

        ci.fake.answer = refuses
        with pytest.raises(RefusedError, match="Cannot transition"):
            slower(ci, tmp_path)


# Commands -------------------------------------------------------------------------------------------------------------


def asked(ci: InCI, text: str) -> Note:
    made = ci.fake.say(text)
    (note,) = [one for one in ci.forge().comments(1).notes() if one.id == made["id"]]
    return note


def handler(ci: InCI, *, resumed: bool = False) -> CommandHandler:
    upsert = {name: value for name, value in QUICK.items() if name != "lost"}
    return CommandHandler(ci.forge(), 1, NOW, resumed, upsert=upsert)


def started(ci: InCI) -> int:
    if isinstance(ci.fake, FakeGitLab):
        return sum(job["name"] == "perfbot" for job in ci.fake.jobs) - 1
    return len(ci.fake.dispatched)


AFTER = {
    "gitlab": [("PUT", "/notes/"), ("POST", "award_emoji"), ("POST", "/retry$")],
    "github": [("PATCH", "/comments/"), ("POST", "/check-runs$"), ("GET", "/check-runs$")],
}


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize("which", range(3))
def test_what_fails_after_a_start_starts_nothing_again(ci: InCI, tmp_path: Path, which: int, status: int) -> None:
    """Four tries of one ``/rebench`` measured four times, where marking the comment failed."""
    fake = ci.fake
    if isinstance(fake, FakeGitLab):
        fake.add_job(int(ci.environ["CI_PIPELINE_ID"]), "perfbot", "success", fake.now())
    slower(ci, tmp_path)
    note = asked(ci, "/rebench")
    method, path = AFTER["gitlab" if isinstance(fake, FakeGitLab) else "github"][which]
    publishing = ci.environ.get("CI_JOB_ID", "")
    path = path.replace("/retry", f"/{publishing}/retry")
    fake.faults.append(Fault(status, methods=(method,), path=path, times=99))
    for attempt in range(4):
        try:
            handler(ci, resumed=attempt > 0).act(note)
            break
        except PublishError:
            for run in [*getattr(fake, "jobs", []), *getattr(fake, "runs", [])]:
                run["status"] = "success" if isinstance(fake, FakeGitLab) else "completed"
    assert started(ci) <= 1


@pytest.mark.parametrize("becomes", ["deleted", "edited", "perfbot's own", "another's"])
def test_the_comment_is_asked_for_before_it_is_obeyed(ci: InCI, becomes: str) -> None:
    """An event is believed in nothing: whoever knew the webhook's secret could say who wrote what."""
    note = asked(ci, "/rebench")
    listed = (ci.fake.notes if isinstance(ci.fake, FakeGitLab) else ci.fake.comments)[1]
    (own,) = [one for one in listed if one["id"] == note.id]
    if becomes == "deleted":
        listed.remove(own)
    elif becomes == "edited":
        own["body"] = "never mind"
    elif isinstance(ci.fake, FakeGitLab):
        own["author"] = ci.fake.person(12 if becomes == "another's" else BOT)
    else:
        own["user"] = {"login": "mallory" if becomes == "another's" else ci.fake.bot}
    assert handler(ci).act(note) == "no command any more"
    assert started(ci) <= 0
    assert not getattr(ci.fake, "dispatched", [])


def test_one_comment_that_cannot_be_answered_keeps_no_other_waiting(ci: InCI) -> None:
    """One locked conversation ended every poll before the merge requests after it."""
    first = ci.fake.say("/perfbot help")
    ci.fake.add_merge_request(2, "c" * 40)
    second = (
        ci.fake.say("/perfbot help", number=2) if hasattr(ci.fake, "pulls") else ci.fake.say("/perfbot help", iid=2)
    )
    ci.fake.faults.append(Fault(403, methods=("POST",), path=f"{first['id']}/(reactions|award_emoji)$", times=99))
    with pytest.raises(PublishError, match=f"comment {second['id']}.*helped"):
        poll(ci.forge(), since=datetime(2026, 11, 1, tzinfo=UTC), now=NOW)


@pytest.mark.parametrize("lost", [0, -1])
@pytest.mark.parametrize("clock", [-7200, 0, 7200])
def test_a_dispatch_whose_answer_was_lost_is_made_once_whatever_the_clock(
    lost: int, clock: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a clock two hours behind, the run of the push passed for the dispatched one, and nothing was started."""
    with github_ci() as ci:
        real, moment = ci.fake.dispatch_workflow, datetime.now(UTC).timestamp()

        def dispatch(request: Request, workflow: str) -> Answer:
            made = real(request, workflow)
            ci.fake.runs[-1]["created_at"] = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            return made  # type: ignore[no-any-return]

        ci.fake.routes = [(m, p, dispatch if h == real else h) for m, p, h in ci.fake.routes]
        ci.fake.runs[-1]["created_at"] = datetime.fromtimestamp(moment - 600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        monkeypatch.setattr("time.time", lambda: moment + clock)
        forge = ci.forge()
        ci.fake.faults.append(Fault(lost, methods=("POST",), path="/dispatches$"))
        assert forge.runs.measure(forge.repository.merge_request(1), Again("a" * 40)) == "started"
        assert len(ci.fake.dispatched) == 1


def test_a_head_of_an_answer_that_drips_is_given_up() -> None:
    """Byte after byte kept every single read in time: patience of one second took as long as the forge wanted."""
    said = b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 600

    def drip(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client, _ = listening.accept()
            with client:
                for byte in said:
                    client.sendall(bytes([byte]))
                    time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=drip, args=(listening,), daemon=True).start()
        rest = Rest(f"http://127.0.0.1:{listening.getsockname()[1]}", Retries(patience=0.3))
        began = time.monotonic()
        with pytest.raises(UnreachableError):
            rest.call("ask", lambda: rest.exchange("GET", "/", None, {}))
        assert time.monotonic() - began < 9, "all of it would take twelve"


HIDDEN = ["404 Commit Not Found", "404 Project Not Found", "No commit found for the ref refs/heads/main", "gone"]


@pytest.mark.parametrize("words", HIDDEN)
def test_a_target_branch_that_cannot_be_read_is_not_one_without_rules(ci: InCI, tmp_path: Path, words: str) -> None:
    """Any 404 passed for "there is no perfbot.toml", and the usual threshold for the branch's own of 1 %."""
    ci.config('[gate]\nthreshold = "1%"\n')
    real = ci.fake.answer

    def hides(request: Request) -> Answer | None:
        if request.query.get("ref", "").startswith("refs/heads/"):
            return Answer(404, {"message": words})
        return real(request)  # type: ignore[no-any-return]

    ci.fake.answer = hides
    with pytest.raises(RefusedError):
        publish(write(tmp_path, report(result("parse", change=0.02))), ci.publisher())
    assert ci.fake.by_bot() == []


def test_a_token_that_may_not_read_files_is_not_a_branch_without_rules(tmp_path: Path) -> None:
    """GitHub answers 404 "Not Found" for what is hidden, as for what is not there: the usual rules were taken."""
    with github_ci() as ci:
        ci.fake.blind = True
        with pytest.raises(RefusedError) as refused:
            publish(write(tmp_path, report(result("parse", change=0.2))), ci.publisher())
        assert "contents: read" in refused.value.hint
        ci.fake.blind = False
        assert publish(write(tmp_path, report(result("parse", change=0.2))), ci.publisher()).code == 1


@pytest.mark.parametrize("state", ["failure", "success", "pending"])
def test_a_commit_status_of_an_earlier_token_says_the_same_as_the_check(state: str, tmp_path: Path) -> None:
    """Where a check and a commit status have one name, GitHub requires both: an old failure blocked for ever."""
    with github_ci() as ci:
        ci.fake.statuses.append({"id": 1, "sha": HEAD, "context": "perfbot", "state": state, "description": "old"})
        assert publish(write(tmp_path, report(result("parse"))), ci.publisher()).code == 0
        assert ci.fake.statuses[-1]["state"] == "success"
        assert ci.status()[0] == "success"
        assert publish(write(tmp_path, report(result("parse", change=0.2))), ci.publisher()).code == 1
        assert ci.fake.statuses[-1]["state"] == "failure"
        assert ci.status()[0] == "failed"


def test_a_commit_status_that_may_not_be_set_keeps_no_check_from_being_shown(tmp_path: Path) -> None:
    with github_ci() as ci:
        ci.fake.statuses.append({"id": 1, "sha": HEAD, "context": "perfbot", "state": "failure", "description": "old"})
        ci.fake.route(
            "POST", "/repos/octo/app/statuses/.*", lambda r: Answer(403, {"message": "Resource not accessible"})
        )
        assert publish(write(tmp_path, report(result("parse"))), ci.publisher()).code == 0
        assert ci.status()[0] == "success"


@pytest.mark.parametrize("status", ["in_progress", "completed"])
def test_a_job_of_the_checks_name_is_not_perfbots_check(status: str, tmp_path: Path) -> None:
    """The example's own job was called `perfbot`: its check was ended by perfbot, and then again by GitHub."""
    with github_ci() as ci:
        job = {"id": 1, "name": "perfbot", "head_sha": HEAD, "status": status, "annotations": [],
               "conclusion": "success" if status == "completed" else None, "app": {"slug": "github-actions"},
               "external_id": "ca395085-040a-526b-2ce8-bdc85f692774",
               "output": {"title": None, "summary": None}}  # fmt: skip
        ci.fake.checks.append(dict(job))
        assert ci.publisher().begin()
        assert publish(write(tmp_path, report(result("parse", change=0.2))), ci.publisher()).code == 1
        assert ci.fake.checks[0] == job
        assert [one["conclusion"] for one in ci.fake.checks[1:]] == ["failure"]
