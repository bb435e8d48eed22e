"""Puts the service together: routes of each module, the worker, and answers to "are you well?"."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from perfbot.errors import StoreError
from perfbot.forge.base import Forge
from perfbot.forge.events import Asked, loads
from perfbot.history.records import Command
from perfbot.history.store import Store, ledger, queue
from perfbot.history.store.consumer import LEASE, Handler, MayBeAskedAgain
from perfbot.history.store.queue import Job
from perfbot.publish.commands import typed_lines
from perfbot.publish.comment_commands import NO_RIGHT, CommandHandler, find_by_head
from perfbot.service.hooks import KIND, Hooks
from perfbot.service.intake import DATABASE_SECONDS
from perfbot.service.worker import Worker

MOST_STRANGERS = 10_000
"""Merge requests of which it is remembered that a stranger was told; of further ones each stranger is."""

Connect = Callable[[str, str], Forge]
"""(kind of forge, project) → connected forge."""

Keep = Callable[[Asked, str], None]
"""(what was asked, by whom and where; what became of it)."""


def create_app(
    store: Store,
    hooks: Hooks,
    connect: Connect,
    *,
    routes: Sequence[BaseRoute] = (),
    handlers: Mapping[str, Handler] = MappingProxyType({}),
    lease: float = LEASE,
) -> Starlette:
    """The whole service.

    Args:
        store: history and queue; closed by the caller.
        routes: of further modules (pages, API).
        handlers: of their jobs, by kind.
        lease: seconds after which a dead worker's job is taken over.
    """
    worker = Worker(store, {KIND: command_handler(connect, kept_in(store)), **handlers}, lease)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        worker.start()
        try:
            yield
        finally:
            await run_in_threadpool(worker.stop)

    return Starlette(routes=[*_health(store, worker), *hooks.routes(), *routes], lifespan=lifespan)


def kept_in(store: Store) -> Keep:
    """Keeps commands in a history: what somebody who may asked for, once, whatever strangers write."""

    def keep(asked: Asked, outcome: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = "Re-run" if asked.button else typed_lines(asked.note.body)
        given = Command(asked.key, asked.merge_request, asked.note.author, text, outcome, now)
        store.write(lambda connection: ledger.note_command(connection, asked.project, given))

    return keep


def command_handler(connect: Connect, keep: Keep = lambda asked, outcome: None) -> Callable[[Job], None]:  # noqa: ARG005
    """Does what somebody asked for; done twice it is done once.

    Args:
        keep: told what was asked for by whom, and what became of it.
    """
    strangers: set[tuple[str, str, int]] = set()

    def handle(job: Job) -> None:
        asked = loads(job.payload)
        forge = connect(asked.kind, asked.project)
        resumed = job.tries > 1
        if not asked.button:
            where = (asked.kind, asked.project, asked.merge_request)
            handler = CommandHandler(forge, asked.merge_request, datetime.now(UTC), resumed, quiet=where in strangers)
            outcome = handler.act(asked.note)
            if outcome != NO_RIGHT:
                keep(asked, outcome)
            elif len(strangers) < MOST_STRANGERS:
                strangers.add(where)
            return
        number = asked.merge_request or find_by_head(forge.repository, asked.head)
        if not (
            number and CommandHandler(forge, number, datetime.now(UTC), resumed=resumed).press(asked.note, asked.head)
        ):
            raise MayBeAskedAgain
        keep(replace(asked, merge_request=number), "started")

    return handle


def _health(store: Store, worker: Worker) -> list[Route]:
    async def alive(request: Request) -> Response:
        del request
        return JSONResponse({"alive": True})

    async def ready(request: Request) -> Response:
        del request
        try:
            with anyio.fail_after(DATABASE_SECONDS):
                waiting = await anyio.to_thread.run_sync(_waiting, store, abandon_on_cancel=True)
        except (StoreError, TimeoutError):
            return JSONResponse({"ready": False, "why": "the database cannot be used"}, 503)
        well = worker.alive()
        return JSONResponse({"ready": well, "waiting": waiting}, 200 if well else 503)

    return [Route("/healthz", alive), Route("/readyz", ready)]


def _waiting(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return queue.waiting(connection)
