"""A report is read and judged in a process of its own, which may take so much memory and time and no more.

What its author put into it costs that process at the worst. The service sees a few words of JSON, or that it ended.

::

    service → child    one line of JSON (what to do, and with which settings), then the report
    child → service    one line of JSON: {"done": …}, {"refused": why}, {"unreadable": why} or {"later": why}
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from perfbot.errors import PublishError, ReportError
from perfbot.service.identity import RefusedError

MEMORY = 1024 * 1024 * 1024
"""Bytes beyond what the child has when it begins: the largest report that is taken needs half."""

CPU_SECONDS = {"check": 60, "keep": 600}
WALL_SECONDS = {"check": 120.0, "keep": 3000.0}
"""Of one report; keeping waits for the forge."""

AT_ONCE = 2
"""Reports that are checked at the same time; further ones are asked to come again."""

LONGEST_ANSWER = 1024 * 1024

Task = Literal["check", "keep"]


class BusyError(Exception):
    """Too many reports at once; the same one may be sent again in a moment."""


@dataclass(slots=True)
class Apart:
    """Starts the children.

    Attributes:
        argv: the program, which ends in :func:`serve_one`.
        settings: for it; may hold a database's password, so they go through the pipe, and are shown nowhere.
    """

    argv: Sequence[str]
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(AT_ONCE), init=False, repr=False
    )

    def check(self, body: bytes) -> dict[str, Any]:
        """What a report says of itself.

        Raises:
            ReportError: it cannot be read within the limits.
            BusyError: too many are being read.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("too many reports at once; come again in a moment")
        try:
            return self._run("check", {}, body)
        finally:
            self._places.release()

    def keep(self, job: Mapping[str, Any], body: bytes) -> None:
        """Keep and publish a report.

        Raises:
            RefusedError, ReportError: it never will be.
            PublishError: it may be later.
        """
        self._run("keep", job, body)

    def _run(self, task: Task, job: Mapping[str, Any], body: bytes) -> dict[str, Any]:
        head = {"task": task, "cpu": CPU_SECONDS[task], "memory": MEMORY, "settings": dict(self.settings), **job}
        quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
        try:
            done = subprocess.run(
                list(self.argv), input=json.dumps(head).encode() + b"\n" + body, stdout=subprocess.PIPE,
                timeout=WALL_SECONDS[task], env={**os.environ, **quiet}, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ReportError(f"the report took more than {WALL_SECONDS[task]:.0f} s") from None
        return _answered(done.returncode, done.stdout)


def _answered(code: int, output: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(output[-LONGEST_ANSWER:].splitlines()[-1])
    except (ValueError, IndexError):
        if code == 0:
            raise PublishError("the process that reads reports gave no answer") from None
        raise ReportError("reading the report took more memory or time than a report may take") from None
    kind, said = next(iter(answer.items()))
    if kind == "done":
        return dict(said)
    raise {"refused": RefusedError, "unreadable": ReportError}.get(kind, PublishError)(str(said))


def own_program() -> list[str]:
    """This perfbot's child, by the same interpreter; no module of it is looked for in the working folder."""
    return [sys.executable, "-P", "-m", "perfbot.cli.judging"]
