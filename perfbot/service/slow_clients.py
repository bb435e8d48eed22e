"""Clients that open a connection and then say nothing, or say it one byte a minute, are hung up on.

uvicorn waits for the head of a request as long as it takes; what follows after the head has limits of its own
(:mod:`perfbot.service.deliveries`).
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
"""From the opening of a connection to the end of its first request's head, or from the first byte of a later one's."""

MOST_CONNECTIONS = 500
"""At once; further ones are told to come again."""


class Impatient(H11Protocol):
    """HTTP/1.1, with a limit of time for each head, and for what is still sent of a body after its answer."""

    _hang_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has come."""
        super().connection_made(transport)
        self._be_patient()

    def data_received(self, data: bytes) -> None:
        """It says something: a whole head, or a part of one."""
        super().data_received(data)
        self._see()

    def on_response_complete(self) -> None:
        """It has its answer; a part of the next head may be there already."""
        super().on_response_complete()
        self._see()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._be_calm()
        super().connection_lost(exc)

    def _see(self) -> None:
        theirs = self.conn.their_state
        in_head = theirs is h11.IDLE and bool(self.conn.trailing_data[0])
        unheard = theirs is h11.SEND_BODY and bool(getattr(self.cycle, "response_complete", False))
        if not (in_head or unheard):
            self._be_calm()
        elif self._hang_up is None:
            self._be_patient()

    def _be_patient(self) -> None:
        self._hang_up = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._too_late)

    def _be_calm(self) -> None:
        if self._hang_up is not None:
            self._hang_up.cancel()
            self._hang_up = None

    def _too_late(self) -> None:
        transport: Any = self.transport
        if not transport.is_closing():
            transport.close()
