"""Servers in turns, against a small real server."""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import pytest

from perfbot.errors import MeasureError
from perfbot.measure.http.client import Ask, Asked, Connection, WrongAnswer, ask_for
from perfbot.measure.http.servers import pairs_for
from perfbot.measure.session import Measured
from perfbot.model import Metric
from perfbot.reasons import words
from tests.workers import Sides, take

SERVER = """\
import http.server, json, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length).decode()
        status, body = respond(self, sent)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST = answer
    def log_message(self, *args): pass
def respond(request, sent):
    if request.path == "/slow": time.sleep(DELAY)
    if request.path == "/items":
        good = request.command == "POST" and json.loads(sent) == {"a": 1} and request.headers["X-Kind"] == "test"
        return (201 if good else 400), b""
    if request.path == "/broken": return BROKEN, b"no database"
    return 200, b"ok"
DELAY, BROKEN = 0.004, 200
"""

RUN = "http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()\n"

START = f'harness = "http"\nstart = "{sys.executable} server.py {{port}}"\nturn = "0.03s"\n'


def write(sides: Sides, *, base: str = "", head: str = "") -> None:
    """A server on each side, with some lines of its own."""
    sides.write({"server.py": SERVER + base + "\n" + RUN}, sides=["base"])
    sides.write({"server.py": SERVER + head + "\n" + RUN}, sides=["head"])


def request(name: str, path: str, more: str = "") -> str:
    """One request's table."""
    return f'[[suite.requests]]\nname = "{name}"\npath = "{path}"\n{more}\n'


def test_latency_and_throughput_of_each_request(sides: Sides) -> None:
    write(sides, head="DELAY = 0.2")
    metrics = 'metrics = ["latency_p50", "latency_p99", "throughput", "cpu"]\n'
    taken = take(sides.suite(START + metrics + request("slow", "/slow") + request("quick", "/x?y=1")))
    assert taken.names == ["slow", "quick"]
    found = {(one.name, one.metric.name): one for one in taken.outcomes if isinstance(one, Measured)}
    assert len(found) == 8
    assert min(found["slow", "cpu"].round.head) < 0.2
    slow = found["slow", "latency_p50"].round
    assert len(slow.base) == len(slow.head) == 8
    assert sorted(slow.head)[4] > 3 * sorted(slow.base)[4] > 3 * 0.004
    assert found["slow", "throughput"].metric == Metric("throughput", "1/s", "higher")
    assert min(found["slow", "throughput"].round.base) > max(found["slow", "throughput"].round.head)


def test_methods_bodies_headers_and_statuses(sides: Sides) -> None:
    write(sides)
    more = 'method = "POST"\nbody = \'{"a": 1}\'\nheaders = { X-Kind = "test" }\nstatus = 201'
    assert take(sides.suite(START + request("create", "/items", more))).measured() == {"create"}


def test_a_wrong_status_costs_its_request_and_shows_the_answer(sides: Sides) -> None:
    write(sides, head="BROKEN = 503")
    taken = take(sides.suite(START + request("bad", "/broken") + request("good", "/")))
    assert taken.measured() == {"good"}
    assert taken.failures()["bad"].side == "head"
    assert words.text(taken.failures()["bad"].reasons) == "GET /broken was answered with 503, expected 200\nno database"


def test_a_server_that_does_not_start_is_said_with_its_output(sides: Sides) -> None:
    write(sides, head="sys.exit('no port for me')")
    with pytest.raises(MeasureError, match="suite s: the server of head ended with 1 before it was ready") as raised:
        sides.suite(START + request("x", "/")).discover()
    assert "no port for me" in raised.value.output
    assert raised.value.side == "head"


def test_a_server_that_never_answers_is_said(sides: Sides) -> None:
    write(sides, base="import time\ntime.sleep(60)")
    with pytest.raises(MeasureError, match="the server of base was not ready in time") as raised:
        sides.suite(START + 'start_timeout = "0.5s"\n' + request("x", "/")).discover()
    assert raised.value.side == "base"


def test_a_server_that_dies_costs_its_request(sides: Sides) -> None:
    write(sides, head="def respond(request, sent):\n    if request.path == '/die': os._exit(7)\n    return 200, b'ok'")
    failure = take(sides.suite(START + request("die", "/die"))).failures()["die"]
    assert failure.side == "head"
    assert "closed the connection" in words.text(failure.reasons)


def asked_of(answer: bytes, ask: Ask, *, times: int = 1) -> None:
    """Ask a server that answers every request with some bytes and keeps the connection."""

    serving: list[asyncio.Task[object]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(cast("asyncio.Task[object]", asyncio.current_task()))
        while await reader.read(4096):
            writer.write(answer)
            if b"Content-Length" not in answer and b"chunked" not in answer:
                break
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = Connection(port)
        try:
            async with asyncio.timeout(10):
                for _ in range(times):
                    await connection.ask(ask, ask.encoded(port))
        finally:
            await connection.close()
            server.close()
            await asyncio.gather(*serving, return_exceptions=True)

    asyncio.run(main())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n1\r\n0\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    ],
)
def test_answers_of_every_shape(answer: bytes) -> None:
    asked_of(answer, Ask("x", "/"), times=3)


def test_an_answer_without_a_body() -> None:
    asked_of(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", Ask("x", "/", "HEAD"), times=2)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n Content-Length", "sent no HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "sent Content-Length: many"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "sent a chunk of size"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"x" * 200_000, "endless header lines"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", "answered with 404, expected 200\nnope"),
    ],
)
def test_what_is_no_answer(answer: bytes, message: str) -> None:
    with pytest.raises(WrongAnswer, match=message):
        asked_of(answer, Ask("x", "/"))


def test_quantiles_are_values_that_were_seen() -> None:
    asked = Asked(tuple(float(n) for n in range(100, 0, -1)), 2.0)
    assert [asked.quantile(share) for share in (0.5, 0.95, 0.99, 1.0)] == [50.0, 95.0, 99.0, 100.0]
    assert Asked((3.0,), 1.0).quantile(0.5) == 3.0
    assert asked.rate == 50.0


def test_connections_ask_at_the_same_time() -> None:
    open_now, most = 0, 0
    serving: list[asyncio.Task[object]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        serving.append(cast("asyncio.Task[object]", asyncio.current_task()))
        while await reader.read(4096):
            open_now += 1
            most = max(most, open_now)
            await asyncio.sleep(0.005)
            open_now -= 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def main() -> Asked:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connections = [Connection(port) for _ in range(5)]
        ask = Ask("x", "/")
        found = await ask_for(connections, ask, ask.encoded(port), 0.05)
        for connection in connections:
            await connection.close()
        server.close()
        await asyncio.gather(*serving)
        return found

    found = asyncio.run(main())
    assert most == 5
    assert len(found.latencies) >= 5


@pytest.mark.parametrize(
    ("starting", "turn", "pairs"), [(0.1, 0.2, 8), (6.0, 0.2, 12), (3.0, 0.05, 24), (1000.0, 0.2, 48)]
)
def test_asking_takes_as_long_as_starting(starting: float, turn: float, pairs: int) -> None:
    assert pairs_for(starting, turn) == pairs
