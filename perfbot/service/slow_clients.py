"""Clients that open a connection and then say nothing, or say it one byte a minute, are hung up on.

uvicorn waits for the head of a request as long as it takes; what follows after the head has limits of its own
(:mod:`perfbot.service.deliveries`).
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
"""From the opening of a connection to the end of its first request's head."""

MOST_CONNECTIONS = 500
"""At once; further ones are told to come again."""


class Impatient(H11Protocol):
    """HTTP/1.1, with a limit of time for the first head."""

    def connection_made(self, transport: Any) -> None:
        """A client has come."""
        super().connection_made(transport)
        self._hang_up = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._hang_up.cancel()
        super().connection_lost(exc)

    def _too_late(self) -> None:
        transport: Any = self.transport
        if getattr(self, "cycle", None) is None and not transport.is_closing():
            transport.close()
