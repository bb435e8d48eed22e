"""What is going on, while it goes on: plain lines in a CI log, or nothing; a terminal's steady picture is in ``live``.

All take the same events. Times are passed in, never read from a clock: they are seconds of measuring. Names
come from code under test and are shown as the escaping filter lets them.
"""

from __future__ import annotations

import threading
from typing import IO, Literal, Protocol

from perfbot.render.escape import clean, logged
from perfbot.render.sections import NO_SECTIONS, Sections
from perfbot.units import format_change, format_duration
from perfbot.words import counted

LINE_EVERY = 10.0
"""Seconds of measuring between two lines of a CI log: a sign of life, and a log that can still be read."""

NAME_LENGTH = 60

NEWS = {
    "up": "", "down": "", "regressed": "regressed", "improved": "improved", "failed": "failed",
    "incomparable": "not comparable",
}  # fmt: skip
"""What is worth a line while measuring goes on, and in which words; for a plain direction the change says it."""


Asked = Literal["", "go on", "stop"]
"""What whoever watches wants: nothing, measuring without a time limit, or to stop and report."""


class Progress(Protocol):
    """Receives events in the order they happen; set-up's and ``log`` from any thread, all else from one."""

    def stage(self, text: str, *, folded: bool = False) -> None:
        """A new part of the run began: "preparing base and head"; ``folded``: its lines are read where it failed."""

    def log(self, line: str) -> None:
        """A line worth keeping: a note, a warning."""

    def output(self, line: str) -> None:
        """A line of set-up, command or output, with its side: worth keeping only where somebody looks for it."""

    def step(self, side: str, command: str, seconds: float, packages: int, *, ok: bool) -> None:
        """A command of a side's set-up ended; it installed so many packages, as far as it said."""

    def limit(self, seconds: float) -> None:
        """Measuring may take so long."""

    def suite(self, name: str, benchmarks: int) -> None:
        """A suite with so many benchmarks is going to be measured."""

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None:
        """``benchmark`` is measured next, in round ``index`` of its suite; of all comparisons so many are decided."""

    def leaning(self, name: str, change: float, rounds_left: int) -> None:
        """``suite/benchmark`` is not decided yet: its change so far, a fraction, and the rounds left."""

    def decided(self, name: str, verdict: str, change: float | None) -> None:
        """``suite/benchmark`` needs no more rounds.

        Args:
            verdict: a verdict, or the direction ("up", "down", "same") where nobody has judged yet.
            change: a fraction.
        """

    def asked(self) -> Asked:
        """What whoever watches wants now."""

    def close(self) -> None:
        """Nothing more will come; what is live is taken down."""


class Silent:
    """For ``--format json``, ``--quiet``, and for callers without a reader."""

    def stage(self, text: str, *, folded: bool = False) -> None: ...

    def log(self, line: str) -> None: ...

    def output(self, line: str) -> None: ...

    def step(self, side: str, command: str, seconds: float, packages: int, *, ok: bool) -> None: ...

    def limit(self, seconds: float) -> None: ...

    def suite(self, name: str, benchmarks: int) -> None: ...

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None: ...

    def leaning(self, name: str, change: float, rounds_left: int) -> None: ...

    def decided(self, name: str, verdict: str, change: float | None) -> None: ...

    def asked(self) -> Asked:
        return ""

    def close(self) -> None: ...


class Lines:
    """Plain lines: stages and notes at once, set-up a line a command, rounds every so often, of decisions what changed.

    Args:
        verbose: set-up's output, too; without it only what a command said that failed.
        sections: how the CI folds a part of its log; what is folded is complete.
    """

    def __init__(
        self, stream: IO[str], budget: float = 0.0, *, verbose: bool = False, sections: Sections = NO_SECTIONS
    ) -> None:
        self._stream = stream
        self._budget = budget
        self._next_line = 0.0
        self._verbose = verbose
        self._sections = sections
        self._heard: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def stage(self, text: str, *, folded: bool = False) -> None:
        title = f"perfbot: {clean(text, 300)}"
        self._say(self._sections.end())
        self._say((self._sections.begin(title) if folded else "") or f"{title}\n")

    def log(self, line: str) -> None:
        self._line(f"  {clean(line, 300)}")

    def output(self, line: str) -> None:
        if self._verbose or self._sections.folds:
            self.log(line)
            return
        with self._lock:
            self._heard.setdefault(line.partition(":")[0], []).append(line)

    def step(self, side: str, command: str, seconds: float, packages: int, *, ok: bool) -> None:
        with self._lock:
            heard = self._heard.pop(side, [])
        for line in heard if not ok else ():
            self.log(line)
        self.log(step_line(side, command, seconds, packages, ok=ok))

    def limit(self, seconds: float) -> None:
        self._budget = seconds

    def suite(self, name: str, benchmarks: int) -> None:
        self._next_line = 0.0
        self._line(f"perfbot: suite {clean(name, NAME_LENGTH)}: {counted(benchmarks, 'benchmark')}")

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None:
        if elapsed < self._next_line:
            return
        self._next_line = elapsed + LINE_EVERY
        self._line(
            f"  {decided} of {total} decided, {time_left(elapsed, self._budget)}; "
            f"now {clean(suite, NAME_LENGTH)}, round {index + 1}: {clean(benchmark, NAME_LENGTH)}"
        )

    def leaning(self, name: str, change: float, rounds_left: int) -> None: ...

    def decided(self, name: str, verdict: str, change: float | None) -> None:
        if verdict in NEWS:
            self._line(f"  {decision(name, verdict, change)}")

    def asked(self) -> Asked:
        return ""

    def close(self) -> None:
        self._say(self._sections.end())
        self._stream.flush()

    def _line(self, line: str) -> None:
        self._say(f"{logged(line)}\n")

    def _say(self, text: str) -> None:
        if text:
            self._stream.write(text)  # whole, so that lines of two threads do not mix
            self._stream.flush()


def step_line(side: str, command: str, seconds: float, packages: int, *, ok: bool) -> str:
    """A command of set-up in a line: "head  pip install .  8.3 s, 4 packages"."""
    brought = f", {counted(packages, 'package')}" if packages else ""
    return f"{side:4}  {clean(command, NAME_LENGTH)}  {format_duration(seconds)}{brought}{'' if ok else ', failed'}"


def time_left(elapsed: float, budget: float) -> str:
    """What is left of the time limit, or what has passed where there is none."""
    if not budget:
        return f"{format_duration(round(elapsed))} so far"
    return f"at most {format_duration(round(max(0.0, budget - elapsed)))} left"


def decision(name: str, verdict: str, change: float | None) -> str:
    """A decision in a line: "core/parse: +38 %"."""
    words = [NEWS[verdict], format_change(change) if change is not None else ""]
    return f"{clean(name, NAME_LENGTH)}: {' '.join(word for word in words if word)}"
