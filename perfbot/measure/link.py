"""One worker process and the pipe to it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from perfbot.model import Side
from perfbot.process import Child, describe_code

BOOT = Path(__file__).parent.parent / "worker" / "boot.py"

LONGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes; a pipe that carries more without a line end carries rubbish."""


class WorkerLost(Exception):
    """A worker died, fell silent or talked rubbish: it can only be killed.

    Attributes:
        side: whose worker it was.
        reason: what happened, a clause, or the traceback of what the benchmark raised while it was measured.
        output: the end of what the worker printed.
        skipped: the benchmark asked not to be run.
    """

    def __init__(self, side: Side | Literal["both"], reason: str, output: str, *, skipped: bool = False) -> None:
        super().__init__(f"{side}: {reason}")
        self.side = side
        self.reason = reason
        self.output = output
        self.skipped = skipped


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """How to start the worker of one side.

    Attributes:
        python: the interpreter of the side's environment.
        cwd: the side's checkout, or the suite's folder in it.
        env: the whole environment of the process.
        adapter: module of :mod:`perfbot.worker` that knows the suite's kind.
        options: what the adapter needs; JSON.
    """

    side: Side
    python: Path
    cwd: Path
    env: Mapping[str, str]
    adapter: str
    options: Mapping[str, Any] = field(default_factory=dict)


class Link:
    """A running worker. Messages are JSON lines; every wait has a deadline."""

    def __init__(self, spec: WorkerSpec, turn_fds: Sequence[int], hash_seed: int) -> None:
        self.side: Side = spec.side
        self._pending = b""
        read_here, write_there = os.pipe()
        read_there, write_here = os.pipe()
        self._read_fd, self._write_fd = read_here, write_here
        options = {
            **spec.options,
            "adapter": spec.adapter,
            "control": [read_there, write_there],
            "turn": list(turn_fds),
        }
        try:
            self.child = Child(
                [str(spec.python), str(BOOT), json.dumps(options)],
                cwd=spec.cwd,
                env={**spec.env, "PYTHONHASHSEED": str(hash_seed)},
                pass_fds=[read_there, write_there, *turn_fds],
            )
        except OSError as error:
            self._close_pipes()
            raise WorkerLost(spec.side, f"could not start {spec.python}: {error.strerror}", "") from error
        finally:
            os.close(read_there)
            os.close(write_there)

    def send(self, **message: Any) -> None:
        """Write one order."""
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._write_fd, data) :]
        except BrokenPipeError as error:
            raise self._lost() from error

    def receive(self, deadline: float) -> dict[str, Any]:
        """The next message.

        Args:
            deadline: ``time.monotonic()`` at which the worker counts as hanging.

        Raises:
            WorkerLost: it ended, hangs, or wrote something that is no message.
        """
        while b"\n" not in self._pending:
            self._read_some(deadline)
        line, self._pending = self._pending.split(b"\n", 1)
        try:
            message = json.loads(line)
        except ValueError as error:
            raise self._lost("wrote rubbish on the pipe to perfbot") from error
        if not isinstance(message, dict) or not isinstance(message.get("event"), str):
            raise self._lost("wrote rubbish on the pipe to perfbot")
        return message

    def _read_some(self, deadline: float) -> None:
        wait = deadline - time.monotonic()
        if wait <= 0 or not select.select([self._read_fd], [], [], wait)[0]:
            raise self._lost("hangs: it gave no sign in time")
        chunk = os.read(self._read_fd, 1 << 20)
        if not chunk:
            raise self._lost()
        self._pending += chunk
        if len(self._pending) > LONGEST_MESSAGE:
            raise self._lost("wrote rubbish on the pipe to perfbot")

    def _lost(self, reason: str = "") -> WorkerLost:
        if not reason:
            code = self.child.wait(1.0)
            reason = "closed its pipe to perfbot" if code is None else f"the process {describe_code(code)}"
        return WorkerLost(self.side, reason, self.child.output())

    def close(self) -> None:
        """Kill the worker and everything it started."""
        self.child.kill()
        self._close_pipes()

    def quit(self) -> None:
        """Ask it to end, without waiting; :meth:`close` makes sure."""
        with contextlib.suppress(WorkerLost, OSError):
            self.send(op="quit")

    def _close_pipes(self) -> None:
        for fd in (self._read_fd, self._write_fd):
            with contextlib.suppress(OSError):
                os.close(fd)
        self._read_fd = self._write_fd = -1
