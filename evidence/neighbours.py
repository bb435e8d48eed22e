"""Busy neighbours: processes that keep other work on the machine while something is measured, and surely end."""

from __future__ import annotations

import os
import subprocess
import sys
from types import TracebackType

BUSY = """\
import os, sys
parent = int(sys.argv[1])
table = list(range(60_000))
while os.getppid() == parent:
    sum(table)
    sorted(table, key=str)
"""
"""Computes, and walks through some megabytes; ends by itself within a tenth of a second of its parent."""


class Neighbours:
    """So many busy processes; none are left when the context ends, nor when this process is killed."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Neighbours:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.set(0)

    def set(self, count: int) -> None:
        """Start or end as many as it takes."""
        while len(self._running) > count:
            process = self._running.pop()
            process.kill()
            process.wait()
        while len(self._running) < count:
            self._running.append(subprocess.Popen(_command()))


def _command() -> list[str]:
    return [sys.executable, "-I", "-S", "-c", BUSY, str(os.getpid())]
