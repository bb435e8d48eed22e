"""Handing reports and releases over: who may, what becomes of it, and what the network does in between."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import uvicorn
from starlette.applications import Starlette

from perfbot.ci.change import branch_of
from perfbot.cli.main import main
from perfbot.errors import PublishError, UsageError
from perfbot.history import recording
from perfbot.history.records import Release, Trend
from perfbot.history.store import Store, ledger, open_store, queries, queue, standings
from perfbot.model import Report
from perfbot.publish.upload import hand_over
from perfbot.report import dumps
from perfbot.service.history import History
from perfbot.service.identity import Identity, gatekeeper
from perfbot.service.ingest import MAX_BYTES
from perfbot.service.tags import MAX_BYTES as MAX_TAGS
from perfbot.service.worker import Worker
from tests.builders import a_history, a_report, a_result, commit
from tests.site.jobs import GATE, GITLAB, MR, OTHER_KEY, TOKEN, Service, github, gitlab


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "own.db") as opened:
        yield opened


@pytest.fixture
def service(own: Store) -> Service:
    return Service(own)


def kept(store: Store) -> list[tuple[str, str, bool]]:
    with store.read() as connection:
        return [(run.kind, run.branch, run.used) for run in queries.runs(connection)]


@pytest.mark.parametrize("token", [gitlab, github])
def test_a_branchs_job_speaks_for_its_branch(service: Service, own: Store, token: Callable[[], str]) -> None:
    assert service.send(a_report(), token()).status_code == 202
    assert kept(own) == []
    assert service.worker.one()
    assert kept(own) == [("branch", "main", True)]
    assert service.send(a_report(), token()).status_code == 200
    assert not service.worker.one()
    assert service.published == []


def test_a_merge_requests_job_never_speaks_for_a_branch(service: Service, own: Store) -> None:
    for token in (gitlab(**MR), github(ref="refs/pull/7/merge", event_name="pull_request")):
        report = a_report(number=len(service.published) + 1, merge_request=7)
        assert service.send(report, token, "?branch=main").status_code == 202
        assert service.worker.one()
    assert kept(own) == [("merge-request", "main", False)] * 2
    assert [(who.merge_request, r.change.merge_request) for who, r in service.published] == [(7, 7)] * 2


@pytest.mark.parametrize(
    ("report", "token", "status", "why"),
    [
        (a_report(project="other/project"), gitlab(), 403, "of another project"),
        (a_report(number=2), gitlab(), 403, "is about 0000002aaa, the sender's job ran for 0000001aaa"),
        (a_report(merge_request=8), gitlab(**MR), 403, "about merge request 8, not 7"),
        (a_report(merge_request=7), gitlab(), 403, "a branch's job speaks for no merge request"),
        (a_report(merge_request=7), github(), 403, "a branch's job speaks for no merge request"),
        (a_report(), github(event_name="workflow_run"), 403, "which merge request?"),
        (a_report(merge_request=7), github(event_name="workflow_run"), 403, "which merge request?"),
        (a_report(merge_request=7), github(event_name="issue_comment"), 403, "which merge request?"),
        (a_report(), github(event_name="merge_group", ref="refs/heads/gh-readonly-queue/x"), 401, "does not say which"),
        (a_report(), TOKEN, 403, "?branch=NAME or ?merge_request=N"),
        (a_report(merge_request=7), TOKEN, 403, "?branch=NAME or ?merge_request=N"),
        (a_report(), gitlab(project_path="stranger/fork"), 401, "'stranger/fork' may not"),
        (a_report(), gitlab(aud="https://elsewhere"), 401, "Audience"),
        (a_report(), gitlab(exp=time.time() - 600), 401, "expired"),
        (a_report(), gitlab(exp=None), 401, "exp"),
        (a_report(), gitlab(iss="https://evil.test"), 401, "issuer is not known"),
        (a_report(), gitlab(key=OTHER_KEY), 401, "Signature verification failed"),
        (a_report(), gitlab(key="x" * 40, algorithm="HS256"), 401, "not valid"),
        (a_report(), gitlab(ref_type="tag", ref_path="refs/tags/v1"), 401, "branches and merge requests"),
        (a_report(), gitlab(sha=None), 401, "has no sha"),
        (a_report(), github(ref="refs/tags/v1"), 401, "branches and pull requests"),
        (a_report(), "no-such-token", 401, "not known"),
        (a_report(), "a.b.c", 401, "not valid"),
        (a_report(), "", 401, "no bearer token"),
        (b"{}", gitlab(), 422, "report"),
        (b"\xff\x00", gitlab(), 422, "report"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why_and_leaves_nothing(
    service: Service, own: Store, report: Report | bytes, token: str, status: int, why: str
) -> None:
    answer = service.send(report, token)
    assert (answer.status_code, why in answer.json()["error"]) == (status, True), answer.text
    with own.read() as connection:
        assert queue.waiting(connection) == {}


def test_an_unsigned_identity_token_is_refused(service: Service) -> None:
    claims = jwt.decode(gitlab(), options={"verify_signature": False})
    assert service.send(a_report(), jwt.encode(claims, "", algorithm="none")).status_code == 401


def test_too_much_is_refused(service: Service) -> None:
    assert service.send(b"x" * (MAX_BYTES + 1), gitlab()).status_code == 413


def test_a_projects_token_names_its_branch(service: Service, own: Store) -> None:
    assert service.send(a_report(), TOKEN, "?branch=release").status_code == 202
    service.worker.one()
    assert kept(own) == [("branch", "release", True)]


def test_a_trusted_job_names_the_merge_request_beside_the_report(service: Service, own: Store) -> None:
    for number, token in enumerate((github(event_name="workflow_run"), TOKEN), start=1):
        assert service.send(a_report(number=number), token, "?merge_request=9").status_code == 202
        assert service.worker.one()
    assert kept(own) == [("merge-request", "main", False)] * 2
    assert [report.change.merge_request for _, report in service.published] == [9, 9]


def test_a_comment_is_given_its_page_and_the_line_of_the_history(service: Service, own: Store) -> None:
    for report in a_history([0.010] * 6 + [0.012] * 6, noise=0.01):
        own.add(dataclasses.replace(report), branch="main", kind="branch")
    recording.refresh(own, "group/name", "main")
    service.send(dataclasses.replace(a_report(number=50, merge_request=7), trend="all is well"), gitlab(**MR))
    service.worker.one()
    ((page, trend),) = service.told
    assert page == "https://perf.test/below/group/name/-/runs/13.html"
    assert trend.startswith("Since 2026-01-06, 1 of 1 became slower, core/parse: +")


TAGS = [Release("v1", commit(4), "2026-01-09T12:00:00+01:00"), Release("v2", commit(8), "2026-01-13T12:00:00Z")]


def test_releases_come_along_with_a_branchs_reports(service: Service, own: Store, tmp_path: Path) -> None:
    for report in a_history([0.010] * 12):
        own.add(report, branch="main", kind="branch")
    for _ in range(2):
        handed(
            service,
            tmp_path,
            {"PERFBOT_ID_TOKEN": gitlab(ref_protected="true")},
            [],
            about={"branch": "main"},
            releases=TAGS,
        )
        while service.worker.one():
            pass
    with own.read() as connection:
        assert [one.name for one in ledger.read_releases(connection, "group/name")] == ["v1", "v2"]
        (trend,) = standings.trends(connection, "group/name", "main")
    assert trend.since is not None
    assert trend.since.name == "v2"


def told(service: Service, body: bytes, token: str) -> tuple[int, str]:
    answer = service.client.post("/api/v1/releases", content=body, headers={"authorization": f"Bearer {token}"})
    return answer.status_code, answer.json().get("error", "")


@pytest.mark.parametrize(
    ("body", "token", "status", "why"),
    [
        (b"[]", gitlab(ref="feature"), 403, "told by jobs of the main branch alone, 'main'"),
        (b"[]", gitlab(**MR), 403, "told by jobs of the main branch alone, 'main'"),
        (b"[]", "nobody", 401, "not known"),
        (b"{}", TOKEN, 422, "expected a list"),
        (b"nonsense", TOKEN, 422, "Expecting value"),
        (b'[{"name": "v1", "commit": "c"}]', TOKEN, 422, "expected name, commit, moment"),
        (b'[{"name": "v1", "commit": "c", "moment": "yesterday"}]', TOKEN, 422, "not a moment"),
        (b"[" + b" " * MAX_TAGS + b"]", TOKEN, 413, "more than"),
        (b"[" * 100_000, TOKEN, 422, "nested too deeply"),
        (b"[]", gitlab(), 403, "told by jobs of the main branch alone, 'main'"),
        (b"[]", gitlab(ref_protected="true"), 202, ""),
    ],
)
def test_who_may_tell_releases(service: Service, own: Store, body: bytes, token: str, status: int, why: str) -> None:
    own.add(a_report(), branch="main", kind="branch")
    found, error = told(service, body, token)
    assert (found, why in error) == (status, True), error


def test_a_branch_that_may_not_tell_releases_still_hands_over(
    service: Service, own: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.add(a_report(), branch="main", kind="branch")
    token = {"PERFBOT_ID_TOKEN": gitlab(ref="feature", sha=commit(2))}
    assert handed(service, tmp_path, token, [], a_report(number=2), about={"branch": "feature"}, releases=TAGS) == (
        True,
    )
    assert "refused the tags" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environ", "branch"),
    [
        ({"CI_COMMIT_BRANCH": "main"}, "main"),
        ({"GITHUB_EVENT_NAME": "push", "GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"}, "main"),
        ({"GITHUB_EVENT_NAME": "push", "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1"}, ""),
        ({"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"}, ""),
        ({"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "7/merge"}, ""),
        ({"CI_MERGE_REQUEST_IID": "7"}, ""),
    ],
)
def test_only_a_branchs_own_job_names_its_branch(environ: dict[str, str], branch: str) -> None:
    assert branch_of(environ) == branch


def test_a_report_is_judged_again_before_it_is_kept(service: Service, own: Store) -> None:
    slower = dataclasses.replace(a_result(change=0.3), verdict="improved", gate="pass")
    service.send(a_report(slower), gitlab())
    service.worker.one()
    with own.read() as connection:
        (run,) = queries.runs(connection)
        (result,) = queries.report(connection, run.number).results
    assert (result.verdict, result.gate) == ("regressed", "fail")


def test_a_worker_that_fails_keeps_the_report_for_another_try(service: Service, own: Store) -> None:
    service.send(a_report(merge_request=7), gitlab(**MR))

    def fail(who: Identity, report: Report, page: str, trends: Sequence[Trend]) -> None:
        raise PublishError("the forge is down")

    service.publish = fail  # type: ignore[method-assign]
    broken = Worker(own, History(own, GATE, service).parts()[1])
    assert broken.one()
    assert len(kept(own)) == 1
    del service.publish
    late = Worker(own, service.worker.handlers, clock=lambda: time.time() + 3600)
    assert late.one()
    assert len(kept(own)) == 1
    assert len(service.published) == 1


def test_no_secret_shows_in_representations() -> None:
    assert TOKEN not in repr(GATE)


@pytest.mark.parametrize(
    ("environ", "projects", "message"),
    [
        ({"PERFBOT_INGEST_TOKENS": "group/name=short"}, (), "shorter than 20"),
        ({"PERFBOT_INGEST_TOKENS": "group/name"}, (), "expected group/name=TOKEN"),
        ({"PERFBOT_OIDC": f"gitlab={GITLAB}"}, ("a/b",), "needs PERFBOT_AUDIENCE"),
        ({"PERFBOT_OIDC": f"gitlab={GITLAB}", "PERFBOT_AUDIENCE": "x"}, (), "needs --project"),
        ({"PERFBOT_OIDC": f"gitea={GITLAB}", "PERFBOT_AUDIENCE": "x"}, ("a/b",), "expected gitlab=URL"),
    ],
)
def test_a_gate_that_protects_nothing_is_refused(
    environ: Mapping[str, str], projects: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        gatekeeper(environ, projects)


# The other end


class Flaky(httpx.BaseTransport):
    """Answers from a list, then passes on to the service."""

    def __init__(self, service: Service, first: list[int | Exception]) -> None:
        self.service, self.first, self.asked = service, first, []  # type: ignore[var-annotated]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if request.url.path == "/oidc":
            assert request.url.params["audience"] == "https://perf.test"
            return httpx.Response(200, json={"value": github()})
        body = request.read()
        answer = self.service.client.post(
            request.url.path, content=body, headers=dict(request.headers), params=dict(request.url.params)
        )
        if self.first:
            fault = self.first.pop(0)
            if isinstance(fault, Exception):
                raise fault  # after the service took it
            return httpx.Response(fault)
        return httpx.Response(answer.status_code, content=answer.content)


def handed(
    service: Service,
    tmp_path: Path,
    environ: dict[str, str],
    faults: list[int | Exception],
    report: Report | None = None,
    **more: Any,
) -> tuple[bool, ...]:
    file = tmp_path / "report.json"
    file.write_text(dumps(report or a_report()))
    client = httpx.Client(transport=Flaky(service, faults), follow_redirects=True)
    return hand_over([file], "https://perf.test/", environ, client=client, wait=0.0, **more)


def test_a_report_is_handed_over_once_whatever_the_network_does(service: Service, own: Store, tmp_path: Path) -> None:
    faults: list[int | Exception] = [502, httpx.ReadError("dropped"), 429]
    assert handed(service, tmp_path, {"PERFBOT_ID_TOKEN": gitlab()}, faults) == (False,)
    while service.worker.one():
        pass
    assert kept(own) == [("branch", "main", True)]


def test_github_is_asked_for_an_identity(service: Service, tmp_path: Path) -> None:
    environ = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://perf.test/oidc", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t"}
    assert handed(service, tmp_path, environ, []) == (True,)


def test_a_service_that_stays_away_and_one_that_refuses(service: Service, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="could not be reached: it answered 503") as away:
        handed(service, tmp_path, {"PERFBOT_ID_TOKEN": gitlab()}, [503] * 9)
    assert "perfbot publish --server" in str(away.value)
    with pytest.raises(UsageError, match=r"refused .*: the token is not known \(401\)"):
        handed(service, tmp_path, {"PERFBOT_SERVER_TOKEN": "nobody"}, [])
    with pytest.raises(UsageError, match="Nothing proves who"):
        handed(service, tmp_path, {}, [])
    with pytest.raises(UsageError, match="must begin with https"):
        hand_over([], "http://perf.test", {})


def test_the_verb_hands_over_to_a_service(
    own: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.json"
    file.write_text(dumps(a_report()))
    for name in ("PERFBOT_ID_TOKEN", "CI_COMMIT_BRANCH", "GITHUB_REF_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PERFBOT_SERVER_TOKEN", TOKEN)
    with running(Starlette(routes=History(own, GATE).parts()[0])) as address:
        assert main(["publish", "--server", address, str(file)]) == 2
        assert "?branch=NAME" in capsys.readouterr().err
        monkeypatch.setenv("CI_COMMIT_BRANCH", "main")
        assert main(["publish", "--server", address, str(file)]) == 0
        assert "took 1 reports, 1 of them new" in capsys.readouterr().err
        assert main(["publish", "--server", address, "--pending"]) == 2
        assert main(["publish", "--server", address, str(tmp_path / "none.json")]) == 2
    with own.read() as connection:
        assert queue.waiting(connection) == {"report": 1}


@contextmanager
def running(app: Starlette) -> Iterator[str]:
    """A real server on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
