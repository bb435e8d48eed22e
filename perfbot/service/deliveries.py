"""What the endpoints that queue something have in common: who sends it, how much of it, and the answers."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from perfbot.errors import ReportError
from perfbot.service.identity import Gatekeeper, Identity, RefusedError


async def deliver(
    request: Request, gate: Gatekeeper, most: int, enqueue: Callable[[Identity, bytes], bool]
) -> Response:
    """Admit a request and queue its body: 202 queued, 200 known; 401 who?, 403 not that, 413 too large, 422 unreadable.

    Args:
        most: bytes.
        enqueue: reads and queues the body; False where it was known already. It runs in a thread, and refuses by
            RefusedError, ReportError and ValueError.
    """
    try:
        who = await run_in_threadpool(gate.admit, request.headers.get("authorization", ""))
    except RefusedError as error:
        return _refusal(401, str(error), {"WWW-Authenticate": "Bearer"})
    body = await body_of(request, most)
    if body is None:
        return _refusal(413, f"more than {most} bytes")
    try:
        fresh = await run_in_threadpool(enqueue, who, body)
    except RefusedError as error:
        return _refusal(403, str(error))
    except ReportError as error:
        return _refusal(422, error.message)
    except ValueError as error:
        return _refusal(422, str(error))
    return JSONResponse({"queued": fresh}, 202 if fresh else 200)


async def body_of(request: Request, most: int) -> bytes | None:
    """The whole body; None when it has more than ``most`` bytes. A client that goes away leaves an empty one."""
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                return None
            parts.append(part)
    except ClientDisconnect:
        return b""
    return b"".join(parts)


def _refusal(code: int, why: str, headers: dict[str, str] | None = None) -> Response:
    """An answer that says why not."""
    return JSONResponse({"error": why}, code, headers)
