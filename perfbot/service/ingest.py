"""Takes reports over HTTP: checks who sends them and what they are, queues them, and answers.

The answer 202 means that the report is in the database and will be kept and published, whatever happens to this
process. Keeping and publishing is the worker's: both may be done again without doing anything twice.
"""

from __future__ import annotations

import dataclasses
import json
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from perfbot.errors import ReportError
from perfbot.history.store import Store, queue
from perfbot.history.store.consumer import HopelessError
from perfbot.history.store.queue import Job
from perfbot.service.checking import MAX_BYTES
from perfbot.service.deliveries import LaterError, deliver
from perfbot.service.identity import Gatekeeper, Identity, RefusedError
from perfbot.service.purpose import About, Asked, Purpose, asked_of, purpose

KIND = "report"

DAY = 24 * 3600.0
A_DAY = 200
"""Reports of one merge request or branch that are taken within a day."""


class Judging(Protocol):
    """Reads and keeps reports: here (:mod:`perfbot.service.keeper`) or apart (:mod:`perfbot.service.apart`)."""

    def check(self, body: bytes) -> dict[str, Any]:
        """What a report says of itself."""

    def keep(self, job: Mapping[str, Any], body: bytes) -> None:
        """Keep and publish a report."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """The endpoint ``POST /api/v1/reports`` and what becomes of what it takes."""

    store: Store
    gate: Gatekeeper
    judging: Judging
    clock: Callable[[], float] = time.time

    def routes(self, middleware: Sequence[Middleware] = ()) -> list[Route]:
        """The endpoint."""
        return [Route("/api/v1/reports", self.take, methods=["POST"], middleware=middleware)]

    async def take(self, request: Request) -> Response:
        """One report."""
        query = dict(request.query_params)
        return await deliver(request, self.gate, MAX_BYTES, lambda who, body: self._queue(who, body, asked_of(query)))

    def _queue(self, who: Identity, body: bytes, asked: Asked) -> bool:
        about = About(**self.judging.check(body))
        found = purpose(about, who, asked)
        head = {"identity": dataclasses.asdict(who), "purpose": dataclasses.asdict(found)}
        payload = json.dumps(head).encode() + b"\n" + zlib.compress(body, 3)
        return self.store.write(lambda c: self._enqueue(c, f"{who.project}{found.of}:", about.fingerprint, payload))

    def _enqueue(self, connection: Connection, series: str, name: str, payload: bytes) -> bool:
        now = self.clock()
        fresh = queue.enqueue(connection, KIND, series + name, payload, now=now)
        if fresh and queue.count_since(connection, KIND, series, now - DAY) > A_DAY:
            raise LaterError(f"more than {A_DAY} reports of one merge request or branch within a day")
        return fresh

    def handle(self, job: Job) -> None:
        """Keeps a queued report, and publishes it where it belongs."""
        head, _, body = job.payload.partition(b"\n")
        try:
            self.judging.keep(json.loads(head), zlib.decompress(body))
        except (RefusedError, ReportError) as error:
            raise HopelessError(str(error)) from error


__all__ = ["KIND", "MAX_BYTES", "Ingest", "Judging", "Purpose"]
