"""What the endpoints that queue something have in common: who sends it, how much of it, and the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from perfbot.errors import ReportError
from perfbot.service.apart import BusyError as ReadingBusyError
from perfbot.service.identity import Gatekeeper, Identity, RefusedError
from perfbot.service.keys import BusyError as KeysBusyError

T = TypeVar("T")

THREADS = 8
"""Senders that are checked at once; others of the service's threads are not theirs to hold up."""

BODY_SECONDS = 120.0
"""To send a whole body."""

AGAIN_SECONDS = "15"
"""After which a sender may come again, where it has to."""


class LaterError(Exception):
    """Not now: too much of it within too short a time."""


async def deliver(
    request: Request, gate: Gatekeeper, most: int, enqueue: Callable[[Identity, bytes], bool]
) -> Response:
    """Admit a request and queue its body.

    Answers 202 queued, 200 known; 401 who?, 403 not that, 408 too slow, 413 too large, 422 unreadable, 429 too often,
    503 come again.

    Args:
        most: bytes.
        enqueue: reads and queues the body; False where it was known already. It runs in a thread, and refuses by
            RefusedError, ReportError, LaterError and ValueError.
    """
    try:
        who = await _aside(request, lambda: gate.admit(request.headers.get("authorization", "")))
    except RefusedError as error:
        return refusal(401, str(error), {"WWW-Authenticate": "Bearer"})
    except KeysBusyError as error:
        return refusal(503, str(error), {"Retry-After": AGAIN_SECONDS})
    try:
        body = await body_of(request, most)
    except TimeoutError:
        return too_slow()
    if body is None:
        return refusal(413, f"more than {most} bytes")
    return await _queued(request, enqueue, who, body)


async def _queued(request: Request, enqueue: Callable[[Identity, bytes], bool], who: Identity, body: bytes) -> Response:
    try:
        fresh = await _aside(request, lambda: enqueue(who, body))
    except RefusedError as error:
        return refusal(403, str(error))
    except ReportError as error:
        return refusal(422, error.message)
    except LaterError as error:
        return refusal(429, str(error), {"Retry-After": "3600"})
    except ReadingBusyError as error:
        return refusal(503, str(error), {"Retry-After": AGAIN_SECONDS})
    except (ValueError, RecursionError) as error:
        return refusal(422, str(error) if isinstance(error, ValueError) else "nested too deeply")
    return JSONResponse({"queued": fresh}, 202 if fresh else 200)


async def _aside(request: Request, work: Callable[[], T]) -> T:
    """In one of the threads for senders."""
    state = request.app.state
    if not hasattr(state, "senders"):
        state.senders = anyio.CapacityLimiter(THREADS)
    return await anyio.to_thread.run_sync(work, limiter=state.senders)


async def body_of(request: Request, most: int) -> bytes | None:
    """The whole body; None when it has more than ``most`` bytes. A client that goes away leaves an empty one.

    Raises:
        TimeoutError: it does not arrive in time.
    """
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    return None
                parts.append(part)
    except ClientDisconnect:
        return b""
    return b"".join(parts)


def too_slow() -> Response:
    """The answer to a client whose body does not come."""
    return refusal(408, f"the body did not arrive within {BODY_SECONDS:.0f} s", {"Connection": "close"})


def refusal(code: int, why: str, headers: dict[str, str] | None = None) -> Response:
    """An answer that says why not."""
    return JSONResponse({"error": why}, code, headers)
