"""Ends what measured code leaves behind: whatever falls to this process and was not started by it.

This process is the subreaper: what outlives its parent becomes its child, whatever session it went to and whatever it
did to its environment. So a child that nobody here started descends from measured code and is ended. Left alone are
processes of this process's own session, which belong to a caller or a library: measured code begins in a session of
its own, and no call leads from there into another one. Linux alone can do all this; elsewhere groups are ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
"""From ``linux/prctl.h``."""

PATIENCE = 10.0
"""Seconds to go on ending processes that start others all the time."""

START_TIME = 19
"""Place in ``/proc/PID/stat``, counted from after the name: it tells a process from a later one of its number."""

Present = frozenset[tuple[int, int]]
"""Children at some moment: process id and start time."""

_started: set[int] = set()
_one_at_a_time = threading.RLock()
"""Held while a process is started and noted, and while strangers are looked for and ended."""


@functools.cache
def adopt() -> None:
    """From now on what outlives its parent becomes a child of this process, where the system can do that."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(make: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Start a process that is no stranger until :func:`forget`."""
    with _one_at_a_time:
        made = make()
        _started.add(made.pid)
        return made


def forget(pid: int) -> None:
    """A started process has been waited for: its number may be given to another."""
    with _one_at_a_time:
        _started.discard(pid)


def present() -> Present:
    """The children that are there now and were not started here: somebody else's, not to be ended later."""
    return frozenset(_identified(pid) for pid in _strangers())


def end(before: Present, spared: Callable[[int], bool] = lambda _: False) -> bool:
    """End all strangers but those that were there ``before`` and the ``spared``, until no more turn up.

    Returns:
        False where they still start others after :data:`PATIENCE` seconds.
    """
    deadline = time.monotonic() + PATIENCE
    while _end_once(before, spared):
        if time.monotonic() > deadline:
            return False
    return True


def _end_once(before: Present, spared: Callable[[int], bool]) -> bool:
    """Whether there was any."""
    with _one_at_a_time:
        found = [pid for pid in _strangers() if _identified(pid) not in before and not spared(pid)]
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in found:
            _wait(pid)
    return bool(found)


def _wait(pid: int, patience: float = 1.0) -> None:
    """Take a killed process from the table; one that the kernel cannot let go of yet is met again."""
    deadline = time.monotonic() + patience
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(pid, os.WNOHANG)[0] == 0 and time.monotonic() < deadline:
            time.sleep(0.001)


def _strangers() -> list[int]:
    own = os.getsid(0)
    return [pid for pid in _children() if pid not in _started and session(pid) != own]


def _children(tasks: Path = Path("/proc/self/task")) -> Iterator[int]:
    """Process ids of all children of this process, also of those that were adopted."""
    files = list(tasks.glob("*/children"))
    for file in files:
        with contextlib.suppress(OSError):
            yield from map(int, file.read_text().split())
    if not files:  # kernels without CONFIG_PROC_CHILDREN, and sandboxes that leave it out
        yield from _children_by_parent()


def _children_by_parent() -> Iterator[int]:
    """The same by looking at every process there is."""
    own = os.getpid()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == own:
                yield int(entry.name)


def _identified(pid: int) -> tuple[int, int]:
    try:
        return pid, int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[START_TIME])
    except (OSError, IndexError, ValueError):
        return pid, 0


def session(pid: int) -> int:
    """The session of a process; 0 when it is gone."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def environment(pid: int) -> bytes:
    """The variables a process was started with; empty when it is gone or is another user's."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
