"""The service's pages, API and metrics, through its real routes."""

from __future__ import annotations

import base64
import html
import re

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from perfbot.errors import UsageError
from perfbot.history.records import Subject
from perfbot.history.store import Store
from perfbot.service.access import read_token
from perfbot.service.api import openapi
from perfbot.service.history import History


@pytest.fixture
def client(store: Store) -> TestClient:
    routes, _ = History(store).parts()
    return TestClient(Starlette(routes=routes))


BASE = "/group/name/-/"
PARSE = f"benchmarks/{Subject('core', 'parse', 'time', 's').page}"


def test_pages_are_there_and_lead_to_each_other(client: TestClient) -> None:
    assert f'href="{BASE.lstrip("/")}"' in client.get("/").text
    overview = client.get(BASE)
    assert overview.status_code == 200
    assert "core/parse" in overview.text
    for address in (f"{PARSE}.html", "runs/1.html"):
        assert f'href="{address}"' in overview.text or address == "runs/1.html"
        page = client.get(BASE + address)
        assert page.status_code == 200
        assert client.get(str(httpx.URL("http://x" + BASE + address).join("../").path)).status_code == 200
    values = client.get(f"{BASE}{PARSE}.csv")
    assert values.headers["content-type"].startswith("text/csv")
    assert len(values.text.splitlines()) == 25
    assert f'href="{PARSE.partition("/")[2]}.csv"' in client.get(f"{BASE}{PARSE}.html").text
    assert client.get(BASE + "badge.svg").headers["content-type"] == "image/svg+xml"
    for name in ("site.css", "site.js", "uplot.js"):
        assert client.get(f"/assets/{name}").status_code == 200


def test_any_two_commits_are_compared(client: TestClient) -> None:
    usual = client.get(f"{BASE}compare")
    assert "<h1>v1&lt;i&gt; → main <small>1 slower" in usual.text
    assert client.get(f"{BASE}compare", params={"from": "main", "to": "v1<i>"}).text == usual.text, "any order"
    early = client.get(f"{BASE}compare", params={"from": "0000001", "to": "2026-01-12"}).text
    assert "no clear change in 3 benchmarks" in early
    assert 'href="charts.html"' in client.get(BASE).text
    for wrong in ("no-such-tag", "0000999", "2020-01-01", "'; drop table run; --", "<script>"):
        answer = client.get(f"{BASE}compare", params={"from": wrong})
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/plain")
    for script in ("stops.js", "names.js", f"{PARSE}.js"):
        assert client.get(BASE + script).headers["content-type"].startswith("text/javascript")


def test_every_answer_forbids_sniffing_and_framing(client: TestClient) -> None:
    for path in ("/", BASE, "/api/v1/projects", "/assets/site.js", "/nothing"):
        headers = client.get(path).headers
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


WITHOUT_A_ROW = [
    *(
        f"{BASE}{page}/{number}.{kind}"
        for page, kind in (("benchmarks", "html"), ("benchmarks", "csv"), ("runs", "html"))
        for number in (2**31, 2**63, "1" * 400, "1%00", "\N{ARABIC-INDIC DIGIT THREE}")
    ),
    *(f"/api/v1/projects/group/name/-/{page}/{2**63}" for page in ("runs", "benchmarks")),
    "/api/v1/projects/group%00/name/-/runs",
]
"""Numbers that no database has, and characters that none takes."""


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/no/project/-/", BASE + "benchmarks/999.html", BASE + "benchmarks/999.csv",
     BASE + "runs/999.html", "/assets/secret.txt",
     *WITHOUT_A_ROW,
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
    page = client.get(f"{BASE}{PARSE}.html").text
    (address,) = re.findall(r'src="(/assets/uplot.js\?[0-9a-f]{12})"', page)
    first = client.get(address, headers={"accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert int(first.headers["content-length"]) < len(first.content) / 2
    plain = client.get(address, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == first.content
    again = client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" not in client.get("/assets/uplot.js?another").headers["cache-control"]


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


def test_a_pasted_link_has_a_picture_where_people_reach_the_service(store: Store) -> None:
    routes, _ = History(store, public_url="https://perf.example/").parts()
    client = TestClient(Starlette(routes=routes))
    for page in ("", f"{PARSE}.html", "compare"):
        text = client.get(BASE + page).text
        (address,) = re.findall(r'property="og:image" content="([^"]+)"', text)
        assert address.startswith(f"https://perf.example{BASE}")
        picture = client.get(html.unescape(address).removeprefix("https://perf.example"))
        assert picture.headers["content-type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")
    assert client.get(f"{BASE}benchmarks/none.png").status_code == 404


def test_nothing_is_said_of_pictures_that_nobody_could_reach(client: TestClient) -> None:
    assert "og:image" not in client.get(BASE).text


@pytest.mark.parametrize("part", ["9" * 5000, "-1", "1e9", "\u0663", "0x1", " ", "1\x00"])
def test_a_part_that_is_no_number_is_the_first(client: TestClient, part: str) -> None:
    """One of 5,000 digits was a mistake of perfbot's."""
    assert client.get(BASE, params={"part": part}).status_code == 200
