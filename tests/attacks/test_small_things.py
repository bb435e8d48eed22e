"""Small things that an attacker or an unlucky day would find."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from filelock import FileLock
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from perfbot.errors import UsageError
from perfbot.history.store import open_store, queue
from perfbot.history.store.consumer import Consumer
from perfbot.model import Problem
from perfbot.reasons import Said, words
from perfbot.report import dumps, loads
from perfbot.report.extent import NAME, fitted
from perfbot.service import deliveries, slow_clients
from perfbot.service.access import Guard
from perfbot.service.hooks import Hooks
from perfbot.service.identity import gatekeeper
from perfbot.service.main_branch import MainBranches, configured
from perfbot.sides import scratch as scratches
from perfbot.sides.scratch import PREFIX, scratch
from tests.builders import report, result
from tests.render.samples import typical


def test_an_exceptions_text_of_no_characters_leaves_a_report(tmp_path: Path) -> None:
    broken = "expected \ud800 and \udfff"
    made = fitted(
        report(
            replace(result(), reasons=(Said(broken),), notes=(Said(broken),)),
            problems=(Problem(broken, broken, broken),),
        )
    )
    again = loads(dumps(made), "report.json")
    assert again.problems[0].message == "expected ? and ?"
    assert words.text(again.results[0].reasons) == "expected ? and ?"


def test_names_that_are_cut_stay_apart_and_can_be_read() -> None:
    names = ["n" * 10_000 + end for end in "ab"]
    made = fitted(report(*(replace(result(), benchmark=name, raw=()) for name in names)))
    first, second = (one.benchmark for one in loads(dumps(made), "report.json").results)
    assert first != second
    assert max(len(first), len(second)) <= NAME


def test_what_fits_is_left_as_it_is() -> None:
    assert fitted(typical()) == typical()


def test_a_tool_of_many_values_is_thinned_alike_on_both_sides() -> None:
    one = result()
    values = tuple(float(n + 1) for n in range(10_000))
    (measured,) = fitted(report(replace(one, raw=(replace(one.raw[0], base=values, head=values),)))).results[0].raw
    assert (len(measured.base), measured.base == measured.head) == (2_000, True)
    assert (measured.base[0], measured.base[-1]) == (1.0, 9_996.0)


# Served ---------------------------------------------------------------------------------------------------------------


def guarded(token: str) -> TestClient:
    async def page(request: Request) -> Response:
        return HTMLResponse("<p>page")

    async def picture(request: Request) -> Response:
        return Response("<svg/>", media_type="image/svg+xml", headers={"cache-control": "max-age=300"})

    async def text(request: Request) -> Response:
        return PlainTextResponse("text")

    app = Starlette(routes=[Route("/page", page), Route("/picture", picture), Route("/text", text)])
    return TestClient(Guard(app, token))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "part"), [("/page", "frame-ancestors"), ("/picture", "sandbox"), ("/text", "sandbox")]
)
def test_every_answer_has_a_policy_as_a_header(path: str, part: str) -> None:
    assert part in guarded("").get(path).headers["content-security-policy"]


def test_guarded_pages_are_not_kept_by_whoever_passes_them_on() -> None:
    token = "t" * 32
    client = guarded(token)
    assert client.get("/page").status_code == 401
    answer = client.get("/page", headers={"authorization": f"Bearer {token}"})
    assert answer.headers["cache-control"] == "no-store"
    assert guarded("").get("/page").headers["cache-control"] == "no-cache"


@contextmanager
def serving() -> Iterator[int]:
    async def hello(request: Request) -> Response:
        return PlainTextResponse("hello")

    config = uvicorn.Config(
        Starlette(routes=[Route("/", hello)]), port=0, log_level="error", lifespan="off", http=slow_clients.Impatient
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nx-a: "])
def test_who_does_not_finish_a_head_is_hung_up_on(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_clients, "HEAD_SECONDS", 0.2)
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(said)
        assert client.recv(100) == b""


def test_who_finishes_is_answered_however_long_the_connection_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_clients, "HEAD_SECONDS", 0.2)
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        for _ in range(2):
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"hello"):
                answer += client.recv(1000)
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(0.4)


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"PERFBOT_INGEST_TOKENS": f"a/b={'t' * 20} c/d={'t' * 20}"}, "two projects have one token"),
        ({"PERFBOT_OIDC": "gitlab=http://gitlab.example.com", "PERFBOT_AUDIENCE": "x"}, "does not begin with https"),
        ({"PERFBOT_OIDC": "gitlab=ftp://gitlab.example.com", "PERFBOT_AUDIENCE": "x"}, "is no address"),
        ({"PERFBOT_OIDC": "gitlab=http://localhost.evil.test", "PERFBOT_AUDIENCE": "x"}, "does not begin with https"),
    ],
)
def test_a_gate_that_anybody_could_open_is_refused(environ: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        gatekeeper(environ, ("a/b",))


def test_the_main_branch_is_said_and_not_counted() -> None:
    said = configured({"PERFBOT_MAIN_BRANCH": "trunk a/b=release"})
    branches = MainBranches(said, lambda kind, project: None)  # type: ignore[arg-type, return-value]
    assert (branches("a/b"), branches("c/d")) == ("release", "trunk")
    assert MainBranches({}, lambda kind, project: None)("a/b") == ""  # type: ignore[arg-type, return-value]


WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n"
LATER = {
    "a part of a head": (WHOLE + b"\r\n", b"GET / HT"),
    "a head without an end": (WHOLE + b"\r\n", b"GET / HTTP/1.1\r\nx-a: b\r\n"),
    "a body that nobody reads": (WHOLE + b"Content-Length: 99\r\n\r\n", b"a"),
    "a chunk": (WHOLE + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\na"),
}


@pytest.mark.parametrize("said", LATER)
def test_who_does_not_finish_a_later_request_is_hung_up_on(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a first answer anything held a connection for ever, and the service has 500 of them."""
    monkeypatch.setattr(slow_clients, "HEAD_SECONDS", 0.2)
    first, then = LATER[said]
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(first)
        answer = b""
        while not answer.endswith(b"hello"):
            answer += client.recv(1000)
        client.sendall(then)
        assert client.recv(100) == b""


def test_a_delivery_that_drips_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "BODY_SECONDS", 0.1)

    async def deliver() -> int:
        with open_store(tmp_path / "h.db") as store:
            request = Request({"type": "http", "method": "POST", "headers": [], "path": "/"}, Drip())
            return (await Hooks(store, {"github": "s" * 20}).github(request)).status_code

    assert asyncio.run(deliver()) == 408


class Drip:
    """A client that sends one byte, and then nothing."""

    def __init__(self) -> None:
        self.sent = False

    async def __call__(self) -> dict[str, object]:
        if self.sent:
            await asyncio.sleep(30)
        self.sent = True
        return {"type": "http.request", "body": b"{", "more_body": True}


def test_a_job_that_fails_with_any_text_is_put_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lone surrogate in an error kept its job with a worker until the lease ended, each time."""

    def broken(job: queue.Job) -> None:
        raise RuntimeError("expected \ud800 and \0")

    # what pytest keeps of a log goes through a pipe that takes no surrogates
    monkeypatch.setattr(logging.getLogger("perfbot.worker"), "disabled", True)
    with open_store(tmp_path / "h.db") as store:
        store.write(lambda connection: queue.enqueue(connection, "report", "r", b"", now=0.0))
        consumer = Consumer(store, {"report": broken}, clock=lambda: 1.0)
        assert consumer.one() == "postponed"


# Scratch --------------------------------------------------------------------------------------------------------------


def test_what_a_killed_run_left_goes_with_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratches.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(scratches.tempfile, "tempdir", str(tmp_path))
    code = f"import os, tempfile; tempfile.tempdir = {str(tmp_path)!r}\nfrom perfbot.sides.scratch import scratch\n"
    code += "with scratch() as f: (f / 'x').write_text('x'); print(f, flush=True); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    (left,) = tmp_path.glob(f"{PREFIX}*")
    held = tmp_path / f"{PREFIX}held"
    held.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    os.utime(elsewhere, (0, 0))
    (tmp_path / f"{PREFIX}young").mkdir()
    with FileLock(held / ".lock"), scratch() as own:
        assert own.is_dir()
        assert not left.exists()
        assert held.exists()
        assert (elsewhere / "kept").exists()
        assert (tmp_path / f"{PREFIX}young").exists()
    assert not own.exists()
