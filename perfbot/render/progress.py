"""What is going on, while it goes on: live in a terminal, plain lines in a CI log, or nothing.

All three take the same events. Times are passed in, never read from a clock: elapsed and budget are seconds of
measuring. Names come from code under test and are shown as the escaping filter lets them.
"""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Protocol

from perfbot.model import Verdict
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
_WORDS: dict[Verdict, str] = {"inconclusive": "undecided", "incomparable": "not comparable"}


class Progress(Protocol):
    """Receives events in the order they happen; ``log`` from any thread, all else from one."""

    def stage(self, text: str) -> None:
        """A new part of the run began: "preparing base and head"."""

    def log(self, line: str) -> None:
        """A line worth keeping: a set-up command, a warning."""

    def suite(self, name: str, benchmarks: int) -> None:
        """Measuring of a suite with so many benchmarks begins."""

    def round(
        self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float, budget: float
    ) -> None:
        """``benchmark`` is being measured in round ``index``; so many of the suite's comparisons are decided."""

    def decided(self, name: str, verdict: Verdict, change: float | None) -> None:
        """One benchmark needs no more rounds; ``change`` is a fraction."""

    def close(self) -> None:
        """Nothing more will come; what is live is taken down."""


class Silent:
    """For ``--format json`` and for callers without a reader."""

    def stage(self, text: str) -> None: ...

    def log(self, line: str) -> None: ...

    def suite(self, name: str, benchmarks: int) -> None: ...

    def round(
        self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float, budget: float
    ) -> None: ...

    def decided(self, name: str, verdict: Verdict, change: float | None) -> None: ...

    def close(self) -> None: ...


class Lines:
    """Plain lines: stages and logs at once, rounds every so often, decisions only of what changed."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._next_line = 0.0

    def stage(self, text: str) -> None:
        self._say(f"perfbot: {clean(text, 300)}")

    def log(self, line: str) -> None:
        self._say(f"  {clean(line, 300)}")

    def suite(self, name: str, benchmarks: int) -> None:
        self._next_line = 0.0
        self._say(f"perfbot: suite {clean(name, NAME_LENGTH)}, {benchmarks} to decide")

    def round(
        self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float, budget: float
    ) -> None:
        if elapsed < self._next_line:
            return
        self._next_line = elapsed + LINE_EVERY
        standing = f"{clean(suite, NAME_LENGTH)}: round {index + 1}, {decided} of {total} decided"
        self._say(f"  {standing}, {_time_left(elapsed, budget)}, now {clean(benchmark, NAME_LENGTH)}")

    def decided(self, name: str, verdict: Verdict, change: float | None) -> None:
        if verdict not in ("unchanged", "inconclusive"):
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

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console  # noqa: PLC0415 - 50 ms that plain logs need not spend
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn  # noqa: PLC0415

        self._bars: Bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False, style="dim"),
            console=Console(file=stream, highlight=False, markup=False, emoji=False),
            transient=True,
            auto_refresh=False,
        )
        self._overall: TaskID = self._bars.add_task("starting", total=None, note="")
        self._suites: dict[str, TaskID] = {}
        self._standing: dict[str, tuple[int, int]] = {}
        self._next_drawing = 0.0
        self._bars.start()

    def stage(self, text: str) -> None:
        self._bars.update(self._overall, description=clean(text, NAME_LENGTH), refresh=True)

    def log(self, line: str) -> None:
        self._print(f"  {clean(line, 300)}", "dim")

    def suite(self, name: str, benchmarks: int) -> None:
        self._standing[name] = (0, benchmarks)
        self._next_drawing = 0.0
        if name not in self._suites:
            self._suites[name] = self._bars.add_task(f"  {clean(name, 20)}", total=benchmarks, note="")

    def round(
        self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float, budget: float
    ) -> None:
        self._standing[suite] = (decided, total)
        if elapsed < self._next_drawing:
            return
        self._next_drawing = elapsed + DRAW_EVERY
        if suite in self._suites:
            note = f"round {index + 1}, {clean(benchmark, NAME_LENGTH)}"
            self._bars.update(self._suites[suite], completed=decided, total=total, note=note)
        done, every = (sum(column) for column in zip(*self._standing.values(), strict=True))
        self._bars.update(
            self._overall,
            description="measuring",
            completed=done,
            total=every,
            note=f"decided, {_time_left(elapsed, budget)}",
            refresh=True,
        )

    def decided(self, name: str, verdict: Verdict, change: float | None) -> None:
        style = {"regressed": "red", "failed": "red", "improved": "green"}.get(verdict)
        if style:
            self._print(f"  {_decision(name, verdict, change)}", style)

    def close(self) -> None:
        self._bars.stop()

    def _print(self, line: str, style: str) -> None:
        from rich.text import Text  # noqa: PLC0415 - loaded already

        self._bars.console.print(Text(line, style=style))


def progress_for(stream: IO[str] | None = None, *, quiet: bool = False) -> Progress:
    """Live where a person watches a terminal, lines elsewhere; on stderr, so that stdout stays the result."""
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    return Live(stream) if stream.isatty() else Lines(stream)


def _time_left(elapsed: float, budget: float) -> str:
    if not budget:
        return f"{format_duration(round(elapsed))} so far"
    return f"at most {format_duration(round(max(0.0, budget - elapsed)))} left"


def _decision(name: str, verdict: Verdict, change: float | None) -> str:
    by = f" {format_change(change)}" if change is not None else ""
    return f"{clean(name, NAME_LENGTH)}: {_WORDS.get(verdict, verdict)}{by}"
