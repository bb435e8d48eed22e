"""The service's pages, API, metrics and ingest, through its real routes."""

from __future__ import annotations

import base64
import dataclasses
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from perfbot.cli.main import main
from perfbot.errors import PublishError, UsageError
from perfbot.handover import hand_over
from perfbot.model import Report
from perfbot.report import dumps
from perfbot.service.access import read_token
from perfbot.service.api import openapi
from perfbot.service.history import History
from perfbot.service.identity import Gatekeeper, Identity, gatekeeper
from perfbot.service.ingest import MAX_BYTES
from perfbot.service.worker import Worker
from perfbot.store import Store, open_store, queries, queue
from tests.histories import a_report, a_result, commit

TOKEN = "a-project-token-of-some-length"
GITLAB, GITHUB = "https://gitlab.test", "https://token.github.test"
AUDIENCE = "https://perf.test"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def client(store: Store) -> TestClient:
    routes, _ = History(store).parts()
    return TestClient(Starlette(routes=routes))


BASE = "/group/name/-/"


def test_pages_are_there_and_lead_to_each_other(client: TestClient) -> None:
    assert f'href="{BASE.lstrip("/")}"' in client.get("/").text
    overview = client.get(BASE)
    assert overview.status_code == 200
    assert "core/parse" in overview.text
    for address in ("benchmarks/1.html", "runs/1.html"):
        assert f'href="{address}"' in overview.text or address == "runs/1.html"
        page = client.get(BASE + address)
        assert page.status_code == 200
        assert client.get(str(httpx.URL("http://x" + BASE + address).join("../").path)).status_code == 200
    assert client.get(BASE + "badge.svg").headers["content-type"] == "image/svg+xml"
    for name in ("site.css", "site.js", "plotly.min.js"):
        assert client.get(f"/assets/{name}").status_code == 200


def test_every_answer_forbids_sniffing_and_framing(client: TestClient) -> None:
    for path in ("/", BASE, "/api/v1/projects", "/assets/site.js", "/nothing"):
        headers = client.get(path).headers
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/no/project/-/", BASE + "benchmarks/999.html", BASE + "runs/999.html", "/assets/secret.txt",
     "/assets/..%2f..%2fpyproject.toml", "/api/v1/projects/no/-/runs", "/api/v1/projects/group/name/-/runs/999"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_search_finds_parts_of_names_and_survives_anything(client: TestClient) -> None:
    found = client.get(BASE, params={"q": "PARS"}).text
    assert 'id="benchmarks"' in found
    assert found.split('id="benchmarks"')[1].count('<th scope="row">') == 1
    for text in ("%", "_", '"><script>x</script>', "'; drop table run; --", "\0", "x" * 5000):
        answer = client.get(BASE, params={"q": text, "part": "999999999999"})
        assert answer.status_code == 200
        assert "<script>x" not in answer.text


def test_assets_are_packed_once_and_kept_by_the_browser_until_they_change(client: TestClient) -> None:
    page = client.get(f"{BASE}benchmarks/1.html").text
    (address,) = re.findall(r'src="(/assets/plotly.min.js\?[0-9a-f]{12})"', page)
    first = client.get(address, headers={"accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert int(first.headers["content-length"]) < len(first.content) / 2
    plain = client.get(address, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == first.content
    again = client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" not in client.get("/assets/plotly.min.js?another").headers["cache-control"]


def test_the_api_is_what_its_description_says(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert described == openapi()
    for path, methods in described["paths"].items():
        if "get" not in methods:
            continue
        real = path.replace("{project}", "group/name").replace("{number}", "1")
        assert client.get(real).status_code == 200, path
    listed = client.get("/api/v1/projects/group/name/-/benchmarks", params={"order": "loss", "limit": 1}).json()
    assert (listed["total"], len(listed["benchmarks"])) == (3, 1)
    assert listed["benchmarks"][0]["subject"]["benchmark"] == "parse"
    one = client.get("/api/v1/projects/group/name/-/benchmarks/1").json()
    assert len(one["points"]) == 24
    run = client.get("/api/v1/projects/group/name/-/runs/1").json()
    assert len(run["report"]["results"]) == 3


@pytest.mark.parametrize("query", ["limit=many", "limit=-1", "order=worst", "offset=１"])
def test_a_parameter_that_means_nothing_is_said(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/v1/projects/group/name/-/benchmarks?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["error"]


def test_pages_ask_for_the_token_where_one_is_configured(store: Store) -> None:
    routes, _ = History(store, read_token="a-token-to-read-with-123").parts()
    client = TestClient(Starlette(routes=routes))
    right = base64.b64encode(b"anybody:a-token-to-read-with-123").decode()
    wrong = base64.b64encode(b"anybody:another").decode()
    given = {"": 401, "Bearer a-token-to-read-with-123": 200, "Bearer x": 401, f"Basic {right}": 200,
             f"Basic {wrong}": 401, "Basic !!!": 401, "Digest x": 401}  # fmt: skip
    for path in (BASE, "/api/v1/projects", "/metrics", "/assets/site.css"):
        seen = {header: client.get(path, headers={"authorization": header}).status_code for header in given}
        assert seen == given
    with pytest.raises(UsageError, match="shorter than 20"):
        read_token({"PERFBOT_READ_TOKEN": "short"})


def test_metrics_tell_requests_runs_and_jobs(client: TestClient) -> None:
    client.get(BASE)
    client.request("PROPFIND", "/nothing")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert 'perfbot_requests_total{method="GET",status="200"} 1\n' in answer.text
    assert 'perfbot_requests_total{method="other",status="404"} 1\n' in answer.text
    assert 'perfbot_runs{project="group/name"} 24\n' in answer.text
    families = {one.name: one.type for one in text_string_to_metric_families(answer.text)}
    assert families == {
        "perfbot_requests": "counter", "perfbot_request_seconds": "counter",
        "perfbot_jobs_waiting": "gauge", "perfbot_runs": "gauge",
    }  # fmt: skip


# Handing reports over


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "own.db") as opened:
        yield opened


def key_of(issuer: str, token: str) -> Any:
    del issuer, token
    return KEY.public_key()


GATE = Gatekeeper({"group/name": TOKEN}, {GITLAB: "gitlab", GITHUB: "github"}, AUDIENCE, ("group/name",), key_of)


class Service:
    """Routes and worker of a service, without its threads."""

    def __init__(self, store: Store) -> None:
        self.published: list[tuple[Identity, Report]] = []
        history = History(store, GATE, lambda who, report: self.published.append((who, report)))
        routes, handlers = history.parts()
        self.client = TestClient(Starlette(routes=routes))
        self.worker = Worker(store, handlers)

    def send(self, report: Report | bytes, token: str, query: str = "") -> httpx.Response:
        body = report if isinstance(report, bytes) else dumps(report).encode()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.client.post(f"/api/v1/reports{query}", content=body, headers=headers)


@pytest.fixture
def service(own: Store) -> Service:
    return Service(own)


def gitlab(**changes: Any) -> str:
    claims = {
        "iss": GITLAB, "aud": AUDIENCE, "iat": time.time(), "exp": time.time() + 86_400, "project_path": "group/name",
        "ref": "main", "ref_type": "branch", "ref_path": "refs/heads/main", "pipeline_source": "push", "sha": commit(1),
    }  # fmt: skip
    key = changes.pop("key", KEY)
    algorithm = changes.pop("algorithm", "RS256")
    return jwt.encode({k: v for k, v in {**claims, **changes}.items() if v is not None}, key, algorithm=algorithm)


def github(**changes: Any) -> str:
    claims = {
        "iss": GITHUB, "aud": AUDIENCE, "iat": time.time(), "exp": time.time() + 86_400, "repository": "group/name",
        "ref": "refs/heads/main", "event_name": "push", "sha": commit(1),
    }  # fmt: skip
    return jwt.encode({**claims, **changes}, KEY, algorithm="RS256")


MR = {"pipeline_source": "merge_request_event", "ref_path": "refs/merge-requests/7/head", "ref": "feature"}


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
        (a_report(project="other/project"), gitlab(), 403, "of project 'other/project'"),
        (a_report(number=2), gitlab(), 403, "is about 0000002aaa, the sender's job ran for 0000001aaa"),
        (a_report(merge_request=8), gitlab(**MR), 403, "about merge request 8, not 7"),
        (a_report(), TOKEN, 403, r"say which branch: ?branch=NAME"),
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

    def fail(who: Identity, report: Report) -> None:
        raise PublishError("the forge is down")

    broken = Worker(own, History(own, GATE, fail).parts()[1])
    assert broken.one()
    assert len(kept(own)) == 1
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
    service: Service, tmp_path: Path, environ: dict[str, str], faults: list[int | Exception]
) -> tuple[bool, ...]:
    file = tmp_path / "report.json"
    file.write_text(dumps(a_report()))
    client = httpx.Client(transport=Flaky(service, faults), follow_redirects=True)
    return hand_over([file], "https://perf.test/", environ, client=client, wait=0.0)


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
        assert "say which branch" in capsys.readouterr().err
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
