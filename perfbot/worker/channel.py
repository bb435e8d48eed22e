"""JSON lines between a worker and its scheduler, and the token that two workers pass to each other.

The descriptors are moved out of the range that careless code closes, and are used by the worker's own process alone:
a child that a benchmark forked, and that returns into this code, ends here.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
from typing import Any, Dict, List

LOWEST_FD = 700
"""Where descriptors are moved when the limit on open files allows it."""


CLOSED = 97
"""Exit code of a worker whose benchmark closed what it talks through."""


class Gone(Exception):
    """The other end is closed: the scheduler or the other worker has ended."""


def _read(fd: int, size: int) -> bytes:
    try:
        return os.read(fd, size)
    except OSError as error:
        raise _end(error) from error


def _write(fd: int, data: bytes) -> int:
    try:
        return os.write(fd, data)
    except OSError as error:
        raise _end(error) from error


def _end(error: OSError) -> Exception:
    """What an error means here. Without its descriptors, a worker can say why it ends by what it prints alone."""
    if error.errno != errno.EBADF:
        return Gone("the other end is gone") if isinstance(error, BrokenPipeError) else error
    try:
        os.write(2, b"the benchmark closed file descriptors that it had not opened, perfbot's among them\n")
    finally:
        os._exit(CLOSED)


def _out_of_reach(fd: int) -> int:
    """The same file under a high number, not inherited by programs that a benchmark starts."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    lowest = LOWEST_FD if limit == resource.RLIM_INFINITY or limit > LOWEST_FD + 50 else max(3, limit - 50)
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, lowest)
    os.close(fd)
    return moved


class Channel:
    """The scheduler's end of a worker: one JSON object a line, both ways."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = _out_of_reach(read_fd)
        self._write_fd = _out_of_reach(write_fd)
        self._pid = os.getpid()
        self._pending = b""

    def send(self, **message: Any) -> None:
        """Write one message; values must be JSON."""
        self._leave_if_forked()
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        while data:
            data = data[_write(self._write_fd, data) :]

    def receive(self) -> Dict[str, Any]:
        """Wait for the next message."""
        self._leave_if_forked()
        while b"\n" not in self._pending:
            chunk = _read(self._read_fd, 65536)
            if not chunk:
                raise Gone("the scheduler is gone")
            self._pending += chunk
        line, self._pending = self._pending.split(b"\n", 1)
        message: Dict[str, Any] = json.loads(line)
        return message

    def adopt(self) -> None:
        """Let this process, a copy of the one that made the channel, speak in its place while that one waits."""
        self._pid = os.getpid()

    def _leave_if_forked(self) -> None:
        if os.getpid() != self._pid:
            os._exit(0)


class Token:
    """Who may run: one byte, handed from worker to worker without the scheduler in between."""

    def __init__(self, fds: List[int]) -> None:
        self._read_fd, self._write_fd = (_out_of_reach(fd) for fd in fds)
        self._pid = os.getpid()

    def take(self) -> None:
        """Wait until the other worker hands over."""
        if os.getpid() != self._pid:
            os._exit(0)
        if not _read(self._read_fd, 1):
            raise Gone("the other side's worker is gone")

    def give(self) -> None:
        """Let the other worker run."""
        if os.getpid() != self._pid:
            os._exit(0)
        _write(self._write_fd, b".")
