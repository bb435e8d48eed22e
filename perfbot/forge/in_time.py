"""Connections that end with a call's time, however slowly the other side talks.

Clients know a time for each read of a socket; a head that arrives a byte a second never exceeds it.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx


@dataclass(slots=True)
class Time:
    """Until when a call may last, in seconds of its clock."""

    clock: Callable[[], float]
    until: float = 0.0

    def left(self) -> float:
        """Seconds.

        Raises:
            httpcore.ReadTimeout: none.
        """
        seconds = self.until - self.clock()
        if seconds <= 0:
            raise httpcore.ReadTimeout("the call's time is up")
        return seconds


def keep_to(client: httpx.Client, time: Time) -> None:
    """From now on no connection of the client outlasts its call, whatever proxies it goes by."""
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - there is no other way in
        pool: Any = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = _InTime(time)  # noqa: SLF001


class _InTime(httpcore.NetworkBackend):
    def __init__(self, time: Time) -> None:
        self._own = httpcore.SyncBackend()
        self._time = time

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        del timeout
        return _Stream(self._own.connect_tcp(host, port, self._time.left(), local_address, socket_options), self._time)

    def sleep(self, seconds: float) -> None:
        self._own.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    def __init__(self, own: httpcore.NetworkStream, time: Time) -> None:
        self._own = own
        self._time = time

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._own.read(max_bytes, self._time.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._own.write(buffer, self._time.left())

    def close(self) -> None:
        self._own.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del timeout
        return _Stream(self._own.start_tls(ssl_context, server_hostname, self._time.left()), self._time)

    def get_extra_info(self, info: str) -> Any:
        return self._own.get_extra_info(info)
