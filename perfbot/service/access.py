"""Who may look: everybody, or those who know a token. Pages are for people, so the token is also a password.

Health checks, webhooks and handing reports over have their own rules and are not guarded here.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping

from starlette.convertors import Convertor, register_url_convertor
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perfbot.errors import UsageError

VARIABLE = "PERFBOT_READ_TOKEN"
SHORTEST = 20

HTML = "text/html"
NOTHING = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""For what is no page, pictures among it: nothing runs, nothing is fetched."""

PAGE = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'"
"""For pages, beside the stricter policy that each brings along for its own scripts and styles."""

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}


class RowConvertor(Convertor[int]):
    """A row's number in an address: as large as every database's are, and no other digits than ours."""

    regex = "[0-9]{1,9}"

    def convert(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """As it stands in an address."""
        return str(value)


register_url_convertor("row", RowConvertor())


def read_token(environ: Mapping[str, str]) -> str:
    """The token that pages ask for; empty when everybody may look.

    Raises:
        UsageError: it is too short to protect anything.
    """
    token = environ.get(VARIABLE, "")
    if token and len(token) < SHORTEST:
        raise UsageError(f"{VARIABLE} is shorter than {SHORTEST} characters.")
    return token


class Guard:
    """Lets through who knows the token, as a bearer or as the password of any user; sets headers of safety."""

    def __init__(self, app: ASGIApp, token: str = "") -> None:
        self.app = app
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if "\0" in scope["path"]:
            await PlainTextResponse("Not found.\n", 404)(scope, receive, send)
            return
        scope = {**scope, "query_string": _without_nul(scope["query_string"])}
        given = Headers(scope=scope).get("authorization", "")
        if self.token and not _knows(given, self.token):
            refusal = PlainTextResponse(
                "A token is needed.\n", 401, {"WWW-Authenticate": 'Basic realm="perfbot", charset="UTF-8"'}
            )
            await refusal(scope, receive, send)
            return

        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._own(Headers(raw=message.get("headers", [])))]
            await send(message)

        await self.app(scope, receive, safely)

    def _own(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        """Headers that every answer gets; how long it may be kept only where the endpoint has not said."""
        policy = PAGE if headers.get("content-type", "").startswith(HTML) else NOTHING
        own = {**SECURITY, "content-security-policy": policy}
        if "cache-control" not in headers:
            own["cache-control"] = "no-store" if self.token else "no-cache"
        return [(name.encode(), value.encode()) for name, value in own.items()]


def _without_nul(query: bytes) -> bytes:
    """A query without a character that PostgreSQL takes in no text, and that no name has."""
    while b"%00" in query:
        query = query.replace(b"%00", b"")
    return query


def _knows(header: str, token: str) -> bool:
    scheme, _, given = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except ValueError:  # no base64, no ASCII, or no text
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.encode(), token.encode())
