"""Takes a project's releases over HTTP: what drift is told since. Jobs of the branch whose runs count may say them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from perfbot.errors import StoreError
from perfbot.history import recording
from perfbot.history.records import Release
from perfbot.history.store import Store, ledger, queries, queue
from perfbot.history.store.ingest import moment
from perfbot.history.store.queue import Job
from perfbot.service.deliveries import deliver
from perfbot.service.identity import Gatekeeper, Identity, RefusedError

KIND = "releases"
MAX_BYTES = 4 * 1024 * 1024
MOST = 10_000
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Tags:
    """The endpoint ``POST /api/v1/releases`` and what becomes of what it takes."""

    store: Store
    gate: Gatekeeper
    main_branch: Callable[[str], str] = lambda _: ""

    def routes(self, middleware: Sequence[Middleware] = ()) -> list[Route]:
        """The endpoint."""
        return [Route("/api/v1/releases", self.take, methods=["POST"], middleware=middleware)]

    async def take(self, request: Request) -> Response:
        """A list of releases."""
        return await deliver(request, self.gate, MAX_BYTES, self._queue)

    def _queue(self, who: Identity, body: bytes) -> bool:
        releases = parse(body)
        counts = self._counts(who)
        payload = json.dumps([who.project, counts, [dataclasses.astuple(one) for one in releases]]).encode()
        key = f"{who.project}:{hashlib.sha256(payload).hexdigest()}"
        return self.store.write(lambda c: queue.enqueue(c, KIND, key, payload, now=time.time()))

    def _counts(self, who: Identity) -> str:
        """The branch whose runs count, where the sender may speak for it.

        Raises:
            RefusedError: it may not.
        """
        said = self.main_branch(who.project)
        with self.store.read() as connection:
            counts = said or queries.main_branch(connection, who.project)
        surely = bool(said) or who.protected is True
        if who.branch is not None and not (counts and who.branch == counts and surely):
            raise RefusedError(f"releases are told by jobs of the main branch alone, {counts or 'which has no runs'!r}")
        return counts

    def handle(self, job: Job) -> None:
        """Keeps releases; where one is new or moved, all trends begin elsewhere."""
        project, branch, rows = json.loads(job.payload)

        def work(connection: Connection) -> int:
            return ledger.keep_releases(connection, project, [Release(*row) for row in rows])

        if self.store.write(work) and branch:
            recording.refresh(self.store, project, branch, everything=True)


def parse(body: bytes) -> tuple[Release, ...]:
    """Releases from ``[{"name": …, "commit": …, "moment": …}, …]``.

    Raises:
        ValueError: it is something else.
    """
    try:
        found = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, list) or len(found) > MOST:
        raise ValueError(f"expected a list of at most {MOST} releases")
    return tuple(_release(one) for one in found)


def _release(one: Any) -> Release:
    names = ("name", "commit", "moment")
    values = [one.get(name) for name in names] if isinstance(one, dict) else []
    texts = [value for value in values if isinstance(value, str) and 0 < len(value) <= LONGEST]
    if len(texts) != len(names):
        raise ValueError(f"expected {', '.join(names)} of each release, found {str(one)[:80]}")
    name, commit, when = texts
    try:
        return Release(name, commit, moment(when))
    except StoreError as error:
        raise ValueError(error.message) from error
