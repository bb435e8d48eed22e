"""One worker process and the pipe to it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import psutil

from perfbot.measure.lockstep import messages
from perfbot.measure.lockstep.signs import AWAKE
from perfbot.measure.lockstep.twins import ForkFailed, Start, can_fork, fork
from perfbot.model import SIDES, Side
from perfbot.process import Child, describe_code
from perfbot.reasons import ClosedItsPipe, Failure, GaveUp, Hangs, NotStarted, ProcessEnded, Rubbish
from perfbot.runner.address_space import THREAD_STACK, Layout, can_share

BOOT = Path(__file__).parents[2] / "worker" / "boot.py"

LONGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes; a pipe that carries more without a line end carries rubbish."""

ABANDONED = 99
"""Exit code of a worker that ended because the other side's is gone; as in :mod:`perfbot.worker.session`."""


WAITING = re.compile(r"channel\.py\", line \d+ in take")
"""In the stack of a worker that waits for its turn."""

STACK_SECONDS = 0.3
STACK_PATIENCE = 3.0
"""Time in which a stack is printed, and how long to wait for one on a busy machine."""

STACK = "(most recent call first)"


class WorkerLost(Exception):
    """A worker died, fell silent or talked rubbish: it can only be killed.

    Attributes:
        side: whose worker it was; both, where both are lost or nobody can tell.
        reason: what happened, or what the benchmark raised while it was measured.
        output: the end of what the worker printed.
        skipped: the benchmark asked not to be run.
    """

    def __init__(
        self, side: Side | Literal["both"], reason: Failure, output: str = "", *, skipped: bool = False
    ) -> None:
        super().__init__(side, reason)
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
        prefix: a command that runs the interpreter, or nothing.
        tree: the top of the checkout, where there is one.
    """

    side: Side
    python: Path
    cwd: Path
    env: Mapping[str, str]
    adapter: str
    options: Mapping[str, Any] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    tree: Path | None = None


class Worker(Protocol):
    """The process of a worker: a child of this one, or of the interpreter that forked it."""

    @property
    def pid(self) -> int: ...

    def output(self) -> str: ...

    def signal(self, number: int) -> None: ...

    def wait(self, timeout: float | None = None) -> int | None: ...

    def kill(self) -> None: ...


def started(starts: Sequence[Start], layout: Layout | None, *, alike: bool) -> Iterator[Worker]:
    """Start workers, each when it is asked for.

    Args:
        layout: of the memory of all.
        alike: where the system has none to choose, fork them from one interpreter, if one can become all of them.
    """
    if alike and layout and not can_share() and can_fork(starts):
        try:
            yield from fork(starts)
            return
        except ForkFailed:
            pass
    for one in starts:
        yield Child(one.argv, cwd=one.cwd, env=one.env, pass_fds=one.pass_fds, layout=layout)


class Link:
    """A worker and its pipes. Messages are JSON lines; every wait has a deadline.

    Attributes:
        start: how to start the worker; :meth:`begin` takes it once it is.
    """

    child: Worker

    def __init__(self, spec: WorkerSpec, turn_fds: Sequence[int], hash_seed: int, layout: Layout | None) -> None:
        self.side: Side = spec.side
        self._pending = b""
        read_here, write_there = os.pipe()
        read_there, write_here = os.pipe()
        self._read_fd, self._write_fd, self._end_fd = read_here, write_here, -1
        options = {
            **spec.options,
            "adapter": spec.adapter,
            "control": [read_there, write_there],
            "turn": list(turn_fds),
            "thread_stack": THREAD_STACK if layout and can_share() else 0,
        }
        self._theirs = [read_there, write_there]
        self.start = Start(
            [*spec.prefix, str(spec.python), str(BOOT), json.dumps(options)],
            spec.cwd,
            {**spec.env, "PYTHONHASHSEED": str(hash_seed)},
            [read_there, write_there, *turn_fds],
        )

    def begin(self, workers: Iterator[Worker]) -> None:
        """Take the next worker, which is started now.

        Raises:
            WorkerLost: it cannot be.
        """
        try:
            self.child = next(workers)
        except OSError as error:
            raise WorkerLost(self.side, NotStarted(self.start.argv[0], error.strerror or ""), "") from error
        self._release()
        self._end_fd = _end_of(self.child.pid)

    def _release(self) -> None:
        """Close the worker's ends of the pipes."""
        while self._theirs:
            os.close(self._theirs.pop())

    def send(self, **message: Any) -> None:
        """Write one order."""
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._write_fd, data) :]
        except BrokenPipeError as error:
            raise self.lost() from error

    def receive(self, deadline: float) -> dict[str, Any]:
        """The next message.

        Args:
            deadline: of :data:`AWAKE`, at which the worker counts as hanging.

        Raises:
            WorkerLost: it ended, hangs, or wrote something that is no message.
        """
        while b"\n" not in self._pending:
            self._read_some(deadline)
        line, self._pending = self._pending.split(b"\n", 1)
        try:
            return messages.read(line)
        except ValueError as error:
            raise self.lost(Rubbish()) from error

    def _read_some(self, deadline: float) -> None:
        if not first_sign([self], deadline):
            raise self.hanging()
        chunk = os.read(self._read_fd, 1 << 20) if self._is_readable() else b""
        if not chunk:
            raise self.lost()
        self._pending += chunk
        if len(self._pending) > LONGEST_MESSAGE:
            raise self.lost(Rubbish())

    def _is_readable(self) -> bool:
        return bool(select.select([self._read_fd], [], [], 0)[0])

    @property
    def signs(self) -> tuple[int, ...]:
        """Descriptors that are readable once it says something, or ends: a child of its may hold its pipe open."""
        return (self._read_fd, *((self._end_fd,) if self._end_fd >= 0 else ()))

    @property
    def used(self) -> float:
        """Processor seconds; 0 once it has ended."""
        try:
            times = psutil.Process(self.child.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    @property
    def has_message(self) -> bool:
        """Whether a whole message was read already."""
        return b"\n" in self._pending

    @property
    def abandoned(self) -> bool:
        """Whether it ended because the other side's worker is gone."""
        return self.child.wait(1.0) == ABANDONED

    def lost(self, reason: Failure | None = None) -> WorkerLost:
        """What to raise: by default that it ended, and how."""
        if reason is None:
            code = self.child.wait(1.0)
            reason = ClosedItsPipe() if code is None else ProcessEnded(describe_code(code))
        return WorkerLost(self.side, reason, self.child.output())

    def gave_up(self, error: str) -> WorkerLost:
        """What to raise when it said that it cannot go on; what it printed before it did may tell more."""
        self.child.wait(1.0)
        printed = self.child.output()
        return WorkerLost(self.side, GaveUp(), printed if error in printed else f"{printed}\n{error}")

    def hanging(self) -> WorkerLost:
        """What to raise when it gave no sign; its stacks are shown, since they tell where it hangs."""
        self.child.signal(signal.SIGUSR1)
        until = time.monotonic() + STACK_PATIENCE
        while self.child.wait(STACK_SECONDS) is None and STACK not in self.child.output():
            if time.monotonic() > until:
                break
        return self.lost(Hangs())

    def close(self) -> None:
        """Kill the worker, if there is one, and everything it started."""
        if hasattr(self, "child"):
            self.child.kill()
        self._release()
        self._close_pipes()

    def quit(self) -> None:
        """Ask it to end, without waiting; :meth:`close` makes sure."""
        with contextlib.suppress(WorkerLost, OSError):
            self.send(op="quit")

    def _close_pipes(self) -> None:
        for fd in (self._read_fd, self._write_fd, self._end_fd):
            with contextlib.suppress(OSError):
                os.close(fd)
        self._read_fd = self._write_fd = self._end_fd = -1


def _end_of(pid: int) -> int:
    """A descriptor that becomes readable when a process ends, or −1 where the system has none."""
    try:
        return os.pidfd_open(pid)
    except (OSError, AttributeError):
        return -1


def first_sign(links: Sequence[Link], deadline: float) -> list[Link]:
    """Those of some workers that have said something or ended, as soon as one has; none at the deadline."""
    if found := [link for link in links if link.has_message]:
        return found
    watched = {fd: link for link in links for fd in link.signs}
    return list(dict.fromkeys(watched[fd] for fd in AWAKE.readable(list(watched), deadline)))


def culprit(losses: Sequence[WorkerLost]) -> WorkerLost:
    """Of workers that hang, the one that does not merely wait for the other's turn; both where that does not show."""
    hanging = [lost for lost in losses if not WAITING.search(lost.output)]
    if len(hanging) == 1:
        return hanging[0]
    return WorkerLost("both" if len(losses) == len(SIDES) else losses[0].side, Hangs(), losses[-1].output)
