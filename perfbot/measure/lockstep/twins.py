"""The workers of a round forked from one interpreter, where the system does not let two starts share a memory layout.

See :mod:`perfbot.worker.twins` for what happens in that interpreter, and ADR 12 for why layouts matter.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfbot.measure.lockstep.signs import AWAKE
from perfbot.process import MARK, Child, Tail

TWINS = Path(__file__).parents[2] / "worker" / "twins.py"

START_SECONDS = 60.0
"""Longest time until an interpreter has started and forked."""

STARTING = ("PYTHON", "LD_", "MALLOC_", "GLIBC_", "LC_", "LANG", "TZ")
"""Beginnings of variables that a process heeds when it starts, and no later."""

LATER = ("PYTHONPATH",)
"""What a fork can make up for."""


@dataclass(frozen=True, slots=True)
class Start:
    """A process to be started. ``argv``: interpreter, script and the script's arguments."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    pass_fds: Sequence[int]


def can_fork(starts: Sequence[Start]) -> bool:
    """Whether one interpreter can become each of some processes: the same program, in virtual environments."""
    programs = {(os.path.realpath(one.argv[0]), _home(one.argv[0])) for one in starts}
    heeded = {tuple(sorted(_heeded(one.env).items())) for one in starts}
    return hasattr(os, "fork") and len(programs) == len(heeded) == 1 and all(home for _, home in programs)


def fork(starts: Sequence[Start]) -> list[Twin]:
    """Start processes that share their layout, in the order given.

    Raises:
        OSError: the interpreter cannot be run.
        ForkFailed: it did not come to forking.
    """
    nest = _Nest(starts)
    return [Twin(nest, pid, output) for pid, output in zip(nest.pids, nest.outputs, strict=True)]


class ForkFailed(Exception):
    """The interpreter that should have forked ended or hung; the text is what it printed."""


class Twin:
    """One of some forked processes, used like a :class:`perfbot.process.Child`."""

    def __init__(self, nest: _Nest, pid: int, output: Tail) -> None:
        self.pid = pid
        self._nest = nest
        self._output = output

    def output(self) -> str:
        """The end of its output so far."""
        return self._output.text(wait=0.0 if self.wait(0.0) is None else 0.5)

    def signal(self, number: int) -> None:
        """Send it a signal; one that is gone gets none."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> int | None:
        """Exit code, or None when it still runs after ``timeout`` seconds."""
        return self._nest.code(self.pid, timeout)

    def kill(self) -> None:
        """End it with all it started."""
        if self.wait(0.0) is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._nest.left(self.pid)
        self._output.close()


class _Nest:
    """The interpreter that forks, from its start until all forks have ended."""

    def __init__(self, starts: Sequence[Start]) -> None:
        self._codes: dict[int, int] = {}
        self._pending = b""
        self._report, report = os.pipe()
        reads, writes = zip(*(os.pipe() for _ in starts), strict=True)
        sides = [
            {
                "argv": list(one.argv),
                "cwd": str(one.cwd),
                "env": dict(one.env),
                "fds": [*one.pass_fds, output],
                "output": output,
            }
            for one, output in zip(starts, writes, strict=True)
        ]
        passed = {report, *writes, *(fd for one in starts for fd in one.pass_fds)}
        with tempfile.TemporaryDirectory(prefix="perfbot-nest-") as folder:
            try:
                self.child = self._started(
                    Path(folder), starts[0], {"sides": sides, "report": report, "kept": [MARK]}, passed
                )
            except OSError:
                for fd in (self._report, *reads):
                    os.close(fd)
                raise
            finally:
                for fd in (report, *writes):
                    os.close(fd)
            self.outputs = [Tail(os.fdopen(fd, "rb", buffering=0)) for fd in reads]
            self.pids = tuple(self._line(AWAKE.now() + START_SECONDS).get("pids", ()))
        if len(self.pids) != len(starts):
            self.child.kill()
            os.close(self._report)
            raise ForkFailed(self.child.output())
        self._there = set(self.pids)

    @staticmethod
    def _started(folder: Path, start: Start, order: Mapping[str, object], passed: set[int]) -> Child:
        """The interpreter, in an empty virtual environment: nothing of either side is imported before it forks."""
        python = folder / "bin" / "python"
        python.parent.mkdir()
        python.symlink_to(os.path.realpath(start.argv[0]))
        (folder / "pyvenv.cfg").write_text(f"home = {_home(start.argv[0])}\ninclude-system-site-packages = false\n")
        env = {name: value for name, value in start.env.items() if name not in LATER}
        # In a file, not as an argument: those are seen by everybody, and at most 128 KiB long.
        orders = folder / "orders.json"
        orders.touch(mode=0o600)
        orders.write_text(json.dumps(order))
        return Child([str(python), str(TWINS), str(orders)], cwd=start.cwd, env=env, pass_fds=passed)

    def code(self, pid: int, timeout: float | None) -> int | None:
        """How one of them ended, or None where it has not after so many seconds."""
        deadline = AWAKE.now() + (float("inf") if timeout is None else timeout)
        while pid not in self._codes:
            told = self._line(deadline)
            if "pid" not in told:
                return self._codes.get(pid)
            self._codes[told["pid"]] = told["code"]
        return self._codes[pid]

    def left(self, pid: int) -> None:
        """One of them is no longer needed; with the last one all ends."""
        if pid not in self._there:
            return
        self._there.discard(pid)
        if not self._there:
            self.child.kill()
            os.close(self._report)

    def _line(self, deadline: float) -> dict[str, Any]:
        """The next line that it reports; empty where none comes in time, or ever."""
        while b"\n" not in self._pending:
            if not AWAKE.readable([self._report], deadline):
                return {}
            chunk = os.read(self._report, 65_536)
            if not chunk:
                return {}
            self._pending += chunk
        line, self._pending = self._pending.split(b"\n", 1)
        told: dict[str, Any] = json.loads(line)
        return told


def _home(python: str) -> str:
    """Where the program of a virtual environment lies; empty for one that belongs to none."""
    try:
        lines = (Path(python).parents[1] / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError, IndexError):
        return ""
    pairs = (line.partition("=") for line in lines)
    return next((value.strip() for name, _, value in pairs if name.strip() == "home"), "")


def _heeded(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(STARTING) and name not in LATER}
