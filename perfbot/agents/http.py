"""Streamable HTTP on loopback: no page of a browser, and where a token is set nobody without it, reaches the tools."""

from __future__ import annotations

import hmac

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class OnlyWith:
    """Lets requests pass that carry the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            shown = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            if not hmac.compare_digest(shown, self._expected):
                refused = PlainTextResponse("Unauthorized", 401, {"WWW-Authenticate": "Bearer"})
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)


def app_of(server: MCPServer[object], host: str, port: int, token: str) -> ASGIApp:
    """What is served."""
    names = (f"{host}:{port}", f"localhost:{port}")
    security = TransportSecuritySettings(
        allowed_hosts=list(names), allowed_origins=[f"http://{name}" for name in names]
    )
    app: ASGIApp = server.streamable_http_app(transport_security=security, host=host)
    return OnlyWith(app, token) if token else app


def serve(server: MCPServer[object], host: str, port: int, token: str) -> None:
    """Serve until a signal."""
    uvicorn.run(app_of(server, host, port, token), host=host, port=port, log_level="warning", access_log=False)
