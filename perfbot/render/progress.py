"""What is going on, while it goes on: live in a terminal, plain lines in a CI log, or nothing.

All three take the same events. Times are passed in, never read from a clock: they are seconds of measuring. Names
come from code under test and are shown as the escaping filter lets them.
"""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Protocol

from perfbot.render.escape import clean
from perfbot.units import format_change, format_duration

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

LINE_EVERY = 10.0
"""Seconds of measuring between two lines of a CI log: a sign of life, and a log that can still be read."""

DRAW_EVERY = 0.25
"""Seconds of measuring between two drawings in a terminal; one takes a few milliseconds."""

NAME_LENGTH = 60

_NEWS = {
    "up": "", "down": "", "regressed": "regressed", "improved": "improved", "failed": "failed",
    "incomparable": "not comparable",
}  # fmt: skip
"""What is worth a line while measuring goes on, and in which words; for a plain direction the change says it."""


class Progress(Protocol):
    """Receives events in the order they happen; ``log`` from any thread, all else from one."""

    def stage(self, text: str) -> None:
        """A new part of the run began: "preparing base and head"."""

    def log(self, line: str) -> None:
        """A line worth keeping: a set-up command, a warning."""

    def suite(self, name: str, benchmarks: int) -> None:
        """A suite with so many benchmarks is going to be measured."""

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None:
        """``benchmark`` is measured next, in round ``index`` of its suite; of all comparisons so many are decided."""

    def decided(self, name: str, verdict: str, change: float | None) -> None:
        """``suite/benchmark`` needs no more rounds.

        Args:
            verdict: a verdict, or the direction ("up", "down", "same") where nobody has judged yet.
            change: a fraction.
        """

    def close(self) -> None:
        """Nothing more will come; what is live is taken down."""


class Silent:
    """For ``--format json`` and for callers without a reader."""

    def stage(self, text: str) -> None: ...

    def log(self, line: str) -> None: ...

    def suite(self, name: str, benchmarks: int) -> None: ...

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None: ...

    def decided(self, name: str, verdict: str, change: float | None) -> None: ...

    def close(self) -> None: ...


class Lines:
    """Plain lines: stages and logs at once, rounds every so often, decisions only of what changed."""

    def __init__(self, stream: IO[str], budget: float = 0.0) -> None:
        self._stream = stream
        self._budget = budget
        self._next_line = 0.0

    def stage(self, text: str) -> None:
        self._say(f"perfbot: {clean(text, 300)}")

    def log(self, line: str) -> None:
        self._say(f"  {clean(line, 300)}")

    def suite(self, name: str, benchmarks: int) -> None:
        self._next_line = 0.0
        self._say(f"perfbot: suite {clean(name, NAME_LENGTH)}: {benchmarks} benchmark{'s' * (benchmarks != 1)}")

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None:
        if elapsed < self._next_line:
            return
        self._next_line = elapsed + LINE_EVERY
        self._say(
            f"  {decided} of {total} decided, {_time_left(elapsed, self._budget)}; "
            f"now {clean(suite, NAME_LENGTH)}, round {index + 1}: {clean(benchmark, NAME_LENGTH)}"
        )

    def decided(self, name: str, verdict: str, change: float | None) -> None:
        if verdict in _NEWS:
            self._say(f"  {_decision(name, verdict, change)}")

    def close(self) -> None:
        self._stream.flush()

    def _say(self, line: str) -> None:
        self._stream.write(f"{line}\n")  # whole, so that lines of two threads do not mix
        self._stream.flush()


class Live:
    """Bars in a terminal: one for all suites together, one for each, and what is measured right now.

    Nothing is drawn between events: a thread that redraws would take the processor from what is being measured.
    """

    def __init__(self, stream: IO[str], budget: float = 0.0) -> None:
        from rich.console import Console  # noqa: PLC0415 - 50 ms that plain logs need not spend
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

        self._bars: Bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False, style="dim"),
            console=Console(file=stream, highlight=False, markup=False, emoji=False),
            transient=True,
            auto_refresh=False,
        )
        self._budget = budget
        self._overall: TaskID = self._bars.add_task("starting", total=None, note="")
        self._suites: dict[str, TaskID] = {}
        self._done: dict[str, set[str]] = {}
        self._next_drawing = 0.0
        self._bars.start()

    def stage(self, text: str) -> None:
        self._bars.update(self._overall, description=clean(text, NAME_LENGTH), refresh=True)

    def log(self, line: str) -> None:
        self._print(f"  {clean(line, 300)}", "dim")

    def suite(self, name: str, benchmarks: int) -> None:
        if name not in self._suites:
            self._suites[name] = self._bars.add_task(f"  {clean(name, 20)}", total=benchmarks, note="")
            self._done[name] = set()

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None:
        if elapsed < self._next_drawing:
            return
        self._next_drawing = elapsed + DRAW_EVERY
        if suite in self._suites:
            note = f"round {index + 1}: {clean(benchmark, NAME_LENGTH)}"
            self._bars.update(self._suites[suite], completed=len(self._done[suite]), note=note)
        self._bars.update(
            self._overall,
            description="decided",
            completed=decided,
            total=total,
            note=_time_left(elapsed, self._budget),
            refresh=True,
        )

    def decided(self, name: str, verdict: str, change: float | None) -> None:
        for suite in self._suites:
            if name.startswith(f"{suite}/"):
                self._done[suite].add(name)
        if verdict in _NEWS:
            style = {"regressed": "red", "failed": "red", "improved": "green"}.get(verdict, "yellow")
            self._print(f"  {_decision(name, verdict, change)}", style)

    def close(self) -> None:
        self._bars.stop()

    def _print(self, line: str, style: str) -> None:
        from rich.text import Text  # noqa: PLC0415 - loaded already

        self._bars.console.print(Text(line, style=style))


def progress_for(stream: IO[str] | None = None, *, budget: float = 0.0, quiet: bool = False) -> Progress:
    """Live where a person watches a terminal, lines elsewhere; on stderr, so that stdout stays the result.

    Args:
        budget: seconds of measuring that are planned, for the time left; 0 when there is no plan.
    """
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    return Live(stream, budget) if stream.isatty() else Lines(stream, budget)


def _time_left(elapsed: float, budget: float) -> str:
    if not budget:
        return f"{format_duration(round(elapsed))} so far"
    return f"at most {format_duration(round(max(0.0, budget - elapsed)))} left"


def _decision(name: str, verdict: str, change: float | None) -> str:
    words = [_NEWS[verdict], format_change(change) if change is not None else ""]
    return f"{clean(name, NAME_LENGTH)}: {' '.join(word for word in words if word)}"
