"""The launcher process, seen from the scheduler: give it commands, get what the kernel counted."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfbot.errors import MeasureError
from perfbot.measure.lockstep.signs import AWAKE
from perfbot.process import Child, describe_code
from perfbot.runner.address_space import Layout
from perfbot.runner.cores import allowed_cores

LAUNCHER = Path(__file__).parents[2] / "worker" / "launcher.py"

PATIENCE_SECONDS = 10.0
"""Beyond the commands' own time-outs, before the launcher itself counts as lost."""

LOOK_EVERY = 0.01
"""Seconds between looks at a command's processes, when it is probed: whether it computes, and where it listens."""

SEEN = 0.9
"""Share of the CPU time from which on it is known what a command queued for the core."""

SHELL_NEEDED = re.compile(r"[|&;<>()$`\\*?\[\]#~={}!\n]")


@dataclass(frozen=True, slots=True)
class Command:
    """A command line to run somewhere.

    Attributes:
        output: a file for what it prints, or nothing.
        prefix: a command that runs it, or nothing.
    """

    line: str
    cwd: Path
    env: Mapping[str, str]
    output: Path | None = None
    prefix: tuple[str, ...] = ()

    @property
    def argv(self) -> list[str]:
        """Its words, the program found on its own PATH; by a shell where the line has something for one to do."""
        by_shell = ["/bin/sh", "-c", self.line]
        if SHELL_NEEDED.search(self.line):
            return by_shell
        try:
            program, *rest = shlex.split(self.line)
        except ValueError:  # nothing, or a quote without its other half: the shell says so best
            return by_shell
        found = program if "/" in program else shutil.which(program, path=self.env.get("PATH", os.defpath))
        return [found, *rest] if found else by_shell


@dataclass(frozen=True, slots=True)
class Usage:
    """What one command cost: seconds, and bytes of its largest process."""

    code: int
    wall: float
    cpu: float
    memory: int
    queued: float
    timed_out: bool
    error: str = ""
    seen: float = 0.0
    """Of how large a share of its CPU time it is known what it ``queued`` for the core."""
    threads: int = 0
    """How many were seen, of all its processes."""
    ports: tuple[int, ...] = ()
    """On which they were seen to listen."""

    @property
    def waited(self) -> float:
        """Seconds in which it neither computed nor stood in the queue for a core; no less than it waited for something.

        Where its processes queue for different cores at the same time, it is less."""
        return max(0.0, self.wall - self.cpu - self.queued)

    @property
    def cost(self) -> float:
        """Seconds that somebody waits for it, less those in which others had the core, where these are known."""
        alone = self.threads == 1 and self.seen > SEEN
        return max(self.wall - self.queued, self.cpu) if alone else self.wall

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.error:
            return self.error
        return f"ran out of time after {self.wall:.0f} s" if self.timed_out else describe_code(self.code)


class Launcher:
    """A small process that starts the commands; close it in every case.

    Args:
        layout: of its memory and that of all commands; drawn by the system where there is none.
    """

    def __init__(self, layout: Layout | None = None) -> None:
        self._layout = layout
        answers_here, answers_there = os.pipe()
        orders_there, orders_here = os.pipe()
        self._answers, self._orders = answers_here, orders_here
        self._pending = b""
        self._child = Child(
            [sys.executable, "-I", "-S", str(LAUNCHER), str(answers_there), str(orders_there)],
            cwd=Path("/"),
            env={"PATH": os.environ.get("PATH", os.defpath)},
            pass_fds=(answers_there, orders_there),
            layout=layout,
        )
        os.close(answers_there)
        os.close(orders_there)

    @property
    def pid(self) -> int:
        """Of the process that starts commands."""
        return self._child.pid

    def run(
        self,
        commands: Sequence[Command],
        *,
        timeout: float,
        core: int = -1,
        together: bool = False,
        look_every: float = 0.0,
    ) -> list[Usage]:
        """Run commands one after the other, or at once on one core.

        Args:
            timeout: seconds for each; one that takes longer is ended with its children.
            look_every: seconds between looks at what children wait for the core; 0: they are not looked at.

        Raises:
            MeasureError: the launcher itself is lost.
        """
        order = {
            "core": core,
            "cores": allowed_cores(),
            "timeout": timeout,
            "together": together,
            "look_every": look_every,
            "commands": [self._described(command) for command in commands],
        }
        try:
            os.write(self._orders, json.dumps(order).encode() + b"\n")
        except BrokenPipeError as error:
            raise self._gone() from error
        line = self._line(AWAKE.now() + timeout * len(commands) + PATIENCE_SECONDS)
        return [Usage(**{**answer, "ports": tuple(answer["ports"])}) for answer in json.loads(line)]

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._pending:
            chunk = os.read(self._answers, 65_536) if AWAKE.readable([self._answers], deadline) else b""
            if not chunk:
                raise self._gone()
            self._pending += chunk
        line, self._pending = self._pending.split(b"\n", 1)
        return line

    def _gone(self) -> MeasureError:
        return MeasureError("the process that starts commands is gone", output=self._child.output())

    def _described(self, command: Command) -> dict[str, Any]:
        argv, env = [*command.prefix, *command.argv], {**command.env, **self._child.marked}
        return {
            "argv": argv,
            "cwd": str(command.cwd),
            "env": self._layout.padded(argv, env) if self._layout else env,
            "output": str(command.output) if command.output else None,
        }

    def close(self) -> None:
        """End it, with everything it started."""
        self._child.kill(grace=1.0)
        os.close(self._answers)
        os.close(self._orders)
