"""A small HTTP/1.1 client that asks the same thing again and again, and notes how long each answer took."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

HEAD_LIMIT = 65_536
"""Bytes; no server sends longer header lines."""

SHOWN_BODY = 300
"""Bytes of an unexpected answer that are shown."""


class WrongAnswer(Exception):
    """A server answered something else than expected, or nothing that is HTTP."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. ``status``: what its answers must have."""

    name: str
    path: str
    method: str = "GET"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    def encoded(self, port: int) -> bytes:
        """As it goes over the wire."""
        body = self.body.encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if body or self.method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Asked:
    """What a turn saw: seconds of each answer in the order they came in, of the whole turn, and of the server's CPU."""

    latencies: tuple[float, ...]
    seconds: float
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """The latency that this share of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class Connection:
    """One connection, opened when needed and again when the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, ask: Ask, data: bytes) -> None:
        """Send a request and read the whole answer.

        Raises:
            WrongAnswer: another status, or no HTTP.
            OSError, EOFError: the connection broke.
        """
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=HEAD_LIMIT)
        self._writer.write(data)
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            while (status := _status(head)) < 200:
                head = await self._reader.readuntil(b"\r\n\r\n")
            headers = _headers(head)
            bodiless = ask.method == "HEAD" or status in (204, 304)
            body = b"" if bodiless else await _body(self._reader, headers)
        except asyncio.LimitOverrunError as error:
            raise WrongAnswer("sent endless header lines") from error
        if headers.get("connection", "").lower() == "close" or not (
            {"content-length", "transfer-encoding"} & {*headers}
        ):
            await self.close()
        if status != ask.status:
            shown = body[:SHOWN_BODY].decode("utf-8", "replace")
            raise WrongAnswer(f"{ask.method} {ask.path} was answered with {status}, expected {ask.status}\n{shown}")

    async def close(self) -> None:
        """Let go of it."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _status(head: bytes) -> int:
    words = head.split(b"\r\n", 1)[0].split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise WrongAnswer(f"sent no HTTP/1.1: {head[:40]!r}")
    return int(words[1])


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _chunks(reader)
    if (length := headers.get("content-length")) is not None:
        if not length.isdigit():
            raise WrongAnswer(f"sent Content-Length: {length}")
        return await reader.readexactly(int(length))
    return await reader.read()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while True:
        line = (await reader.readuntil(b"\r\n")).split(b";", 1)[0].strip()
        try:
            size = int(line, 16)
        except ValueError as error:
            raise WrongAnswer(f"sent a chunk of size {line[:20]!r}") from error
        if size == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return b"".join(parts)
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)


async def ask_for(connections: Sequence[Connection], ask: Ask, data: bytes, seconds: float) -> Asked:
    """Ask over all connections at once, each for one answer after the other, for a while.

    Raises:
        WrongAnswer, OSError, EOFError: the first thing that went wrong.
    """
    began = time.perf_counter()
    latencies: list[float] = []

    async def keep_asking(connection: Connection) -> None:
        while True:
            sent = time.perf_counter()
            await connection.ask(ask, data)
            now = time.perf_counter()
            latencies.append(now - sent)
            if now - began >= seconds:
                return

    tasks = [asyncio.create_task(keep_asking(connection)) for connection in connections]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return Asked(tuple(latencies), time.perf_counter() - began)
