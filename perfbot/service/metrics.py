"""``/metrics``: how the service itself fares, as OpenMetrics."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perfbot.history.store import Store, queries, queue
from perfbot.render.openmetrics import Family, exposition

MEDIA_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(slots=True)
class Tally:
    """Requests by method and status, and the time spent on them."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, method: str, status: int, seconds: float) -> None:
        """One more request."""
        with self._lock:
            self.requests[method, status] += 1
            self.seconds += seconds


class Counted:
    """Counts every request that passes."""

    def __init__(self, app: ASGIApp, tally: Tally) -> None:
        self.app = app
        self.tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, started = 500, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in METHODS else "other"
        try:
            await self.app(scope, receive, watched)
        finally:
            self.tally.count(method, status, time.perf_counter() - started)


METHODS = frozenset({"GET", "HEAD", "POST"})
"""Others are counted together: a label must not grow with what strangers send."""


def metrics_routes(store: Store, tally: Tally) -> list[Route]:
    """The endpoint."""

    def metrics(request: Request) -> Response:
        del request
        with store.read() as connection:
            waiting, runs = queue.waiting(connection), queries.count_runs(connection)
        requests = [({"method": m, "status": str(s)}, float(n)) for (m, s), n in sorted(tally.requests.items())]
        families: list[Family] = [
            ("perfbot_requests", "counter", "Requests answered.", requests),
            ("perfbot_request_seconds", "counter", "Time spent answering.", [({}, tally.seconds)]),
            ("perfbot_jobs_waiting", "gauge", "Jobs not done.", [({"kind": k}, n) for k, n in sorted(waiting.items())]),
            ("perfbot_runs", "gauge", "Runs kept.", [({"project": name}, n) for name, n in runs]),
        ]
        return Response(exposition(families), media_type=MEDIA_TYPE)

    return [Route("/metrics", metrics)]
