"""Where forges deliver: check, queue, answer at once. What is asked is done by the worker."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from perfbot.errors import StoreError
from perfbot.forge import signatures
from perfbot.forge.events import Asked, button_of, comment_of
from perfbot.history.store import Store, queue
from perfbot.publish import commands
from perfbot.service.deliveries import body_of, too_slow
from perfbot.service.intake import DATABASE_SECONDS, Intake

KIND = "command"
MAX_BYTES = 2 * 1024 * 1024
OLDEST = timedelta(days=1)
"""Comments older than this are not acted on: they are replays, or nobody waits for them any more."""


@dataclass(slots=True)
class Hooks:
    """The endpoints and what protects them.

    Attributes:
        secrets: by forge; a forge without one has no endpoint.
        projects: only these; empty for all that the token can reach.
    """

    store: Store
    secrets: Mapping[str, str] = field(repr=False)
    projects: tuple[str, ...] = ()
    clock: Callable[[], float] = time.time
    _intake: Intake = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._intake = Intake(self._enqueue)

    def routes(self) -> list[Route]:
        """One endpoint for each forge with a secret."""
        endpoints: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "gitlab": self.gitlab,
            "github": self.github,
        }
        return [Route(f"/hooks/{name}", endpoints[name], methods=["POST"]) for name in self.secrets]

    async def github(self, request: Request) -> Response:
        """GitHub's deliveries."""
        return await self._receive(request, "github")

    async def gitlab(self, request: Request) -> Response:
        """GitLab's deliveries."""
        return await self._receive(request, "gitlab")

    async def _receive(self, request: Request, forge: Literal["gitlab", "github"]) -> Response:
        """Refuse what is not the forge's; answer 2xx to everything that is, whatever it says."""
        try:
            body = await body_of(request, MAX_BYTES)
        except TimeoutError:
            return too_slow()
        if body is None:
            return JSONResponse({"error": f"more than {MAX_BYTES} bytes"}, 413)
        if not self._genuine(forge, dict(request.headers), body):
            return JSONResponse({"error": "the signature or token is missing or wrong"}, 401)
        return await self._taken(forge, body)

    async def _taken(self, forge: Literal["gitlab", "github"], body: bytes) -> Response:
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            return JSONResponse({"error": "no JSON"}, 400)
        asked = _asked(event, forge)
        if asked is None or not self._worth_it(asked):
            return JSONResponse({"ignored": True}, 200)
        try:
            with anyio.fail_after(DATABASE_SECONDS):
                fresh = await self._intake.put(asked)
        except (StoreError, TimeoutError):  # it may be committed yet; delivered again it is known
            return JSONResponse({"error": "the queue cannot be written; deliver it again"}, 503)
        return JSONResponse({"queued": fresh}, 202)

    def _genuine(self, forge: str, headers: Mapping[str, str], body: bytes) -> bool:
        if forge == "github":
            return signatures.from_github(self.secrets[forge], headers, body)
        return signatures.from_gitlab(self.secrets[forge], headers, body, self.clock())

    def _worth_it(self, asked: Asked) -> bool:
        if not asked.key.isprintable() or (self.projects and asked.project not in self.projects):
            return False
        if asked.button:
            return True
        oldest = datetime.fromtimestamp(self.clock(), UTC) - OLDEST
        if asked.note.created and datetime.fromisoformat(asked.note.created) < oldest:
            return False
        return bool(commands.parse(asked.note.body))

    def _enqueue(self, several: Sequence[Asked]) -> list[bool]:
        now = self.clock()
        return self.store.write(
            lambda connection: [queue.enqueue(connection, KIND, a.key, a.dumps(), now=now) for a in several]
        )


def _asked(event: Any, forge: str) -> Asked | None:
    if not isinstance(event, dict):
        return None
    asked = comment_of(event) or button_of(event)
    return asked if asked is not None and asked.kind == forge else None
