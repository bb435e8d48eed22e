"""A small stateful HTTP server for fake forges: routes, faults on demand, and a check of every exchange.

Faults are what real servers and networks do: answers of 502, 429 with and without Retry-After, a 409 lock, and
connections dropped after the request was carried out.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.contract import Contract


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    data: Any
    headers: dict[str, str]
    raw_path: str = ""


@dataclass(frozen=True)
class Answer:
    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None


BEFORE, LATE = -1, -2


@dataclass
class Fault:
    """Strikes requests that match, each distinct one ``times`` times.

    ``status`` 0 means: carry it out, then drop the connection; ``BEFORE``: drop it before anything is done; ``LATE``:
    drop it, and carry the request out ``after`` seconds later. With ``text`` the request is carried out, and that is
    what is answered.
    """

    status: int
    text: str | None = None
    after: float = 0.0
    methods: tuple[str, ...] = ("GET", "POST", "PUT", "PATCH", "DELETE")
    path: str = ""
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    struck: Counter[str] = field(default_factory=Counter)

    def strikes(self, request: Request) -> bool:
        if request.method not in self.methods or not re.search(self.path, request.path):
            return False
        key = f"{request.method} {request.raw_path}"
        self.struck[key] += 1
        return self.struck[key] <= self.times


Handler = Callable[..., Answer]


class FakeServer:
    """Routes are ``(method, pattern)`` with named groups; handlers run one at a time."""

    def __init__(self, contracts: list[Contract]) -> None:
        self.contracts = contracts
        self.violations: list[str] = []
        self.log: list[tuple[str, str, int]] = []
        self.faults: list[Fault] = []
        self.routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self.lock = threading.RLock()
        self.url = ""
        self.prefix = ""
        self.lag = 0.0
        self.time: Callable[[], float] = time.monotonic
        self.made: dict[int, float] = {}
        self.links = True

    def route(self, method: str, pattern: str, handler: Handler) -> None:
        self.routes.append((method, re.compile(f"{self.prefix}{pattern}"), handler))

    def answer(self, request: Request) -> Answer | None:
        """None means: drop the connection."""
        with self.lock:
            fault = next((f for f in self.faults if f.strikes(request)), None)
            if fault is None or fault.status == 0 or fault.text is not None:
                answer = self.carry_out(request, dropped=fault is not None)
                return answer if fault is None else self.spoilt(fault)
            if fault.status == LATE:
                threading.Timer(fault.after, self.carry_out, [request], {"dropped": True}).start()
            if fault.status < 0:
                return None
            self.log.append((request.method, request.path, fault.status))
            return Answer(fault.status, {"message": f"fault {fault.status}"}, fault.headers)

    def spoilt(self, fault: Fault) -> Answer | None:
        if fault.text is None:
            return None
        return Answer(fault.status, None, {"Content-Type": "text/html", **fault.headers}, fault.text)

    def carry_out(self, request: Request, *, dropped: bool = False) -> Answer:
        with self.lock:
            answer = self.dispatch(request)
            self.log.append((request.method, request.path, 0 if dropped else answer.status))
            self.check(request, answer)
            return answer

    def dispatch(self, request: Request) -> Answer:
        for method, pattern, handler in self.routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                groups = {name: unquote(value) for name, value in match.groupdict().items()}
                return handler(request, **groups)
        self.violations.append(f"no such endpoint: {request.method} {request.path}")
        return Answer(404, {"message": "404 Not Found"})

    def check(self, request: Request, answer: Answer) -> None:
        for contract in self.contracts:
            self.violations += contract.violations(
                request.method,
                request.path,
                request.query,
                request.data,
                answer.status,
                None if answer.text is not None else answer.data,
            )

    def listed(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What a listing shows: nothing that was made less than ``lag`` seconds ago."""
        return [item for item in items if self.time() - self.made.get(item["id"], -self.lag) >= self.lag]

    def count(self, method: str, path: str = "") -> int:
        """Requests of a method that were carried out, dropped ones included."""
        return sum(m == method and bool(re.search(path, p)) and s < 300 for m, p, s in self.log)

    def page(self, request: Request, items: list[Any], default: int, short: int = 0) -> Answer:
        """One page with a Link header; ``short`` items fewer than asked for although more follow."""
        size = max(1, min(int(request.query.get("per_page", default)), 100) - short)
        number = int(request.query.get("page", 1))
        part = items[(number - 1) * size : number * size]
        headers = {}
        if self.links and number * size < len(items):
            query = {**request.query, "page": str(number + 1)}
            text = "&".join(f"{name}={value}" for name, value in query.items())
            headers["Link"] = f'<{self.url}{request.path}?{text}>; rel="next"'
        return Answer(200, part, headers)

    @contextlib.contextmanager
    def running(self, tls: ssl.SSLContext | None = None, below: str = "") -> Iterator[FakeServer]:
        """Serve; over TLS with a context, and below a path of the server."""
        server = Quiet(("127.0.0.1", 0), web(self, below))
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}{below}"
        ended = threading.Event()
        thread = threading.Thread(target=serve_until, args=(server, ended), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            with contextlib.suppress(OSError):
                socket.create_connection(server.server_address[:2], 1).close()
            thread.join()
            server.server_close()


def serve_until(server: ThreadingHTTPServer, ended: threading.Event) -> None:
    """Serve without looking at a clock: whoever ends it calls once more."""
    while not ended.is_set():
        server.handle_request()


def web(fake: FakeServer, below: str) -> type[BaseHTTPRequestHandler]:
    """What answers for a fake, below a path of the server."""

    class Web(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def serve(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size)
            parts = urlsplit(self.path.replace(below, "", 1) if below else self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            data = json.loads(body) if body else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                answer = fake.answer(Request(self.command, parts.path, query, data, headers, self.path))
            except Exception as error:
                fake.violations.append(f"{self.command} {self.path}: {error!r}")
                raise
            if answer is None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.reply(answer)

        def reply(self, answer: Answer) -> None:
            text = answer.text if answer.text is not None else json.dumps(answer.data)
            content = b"" if answer.status == 204 else text.encode()
            self.send_response(answer.status)
            kind = "text/plain" if answer.text is not None else "application/json"
            headers = {"Content-Type": kind, "Content-Length": str(len(content)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Web


class Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass
