"""Instructions of whole commands, with all that they start: one run a round under valgrind's callgrind."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfbot.measure.lockstep.counting import (
    HASH_SEED,
    INSTRUCTIONS,
    NO_TIME,
    NO_VALGRIND,
    SLOWDOWN,
    TOO_SLOW,
    patience,
    valgrind,
)
from perfbot.measure.lockstep.launching import Command, Launcher, Usage
from perfbot.measure.lockstep.reasons import told_as
from perfbot.measure.sequential_test import EXACT_ROUNDS
from perfbot.measure.session import Failed, Measured, Outcome
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import SIDES, Problem, Round, Side
from perfbot.reasons import CommandFailed, NotCounted


@dataclass(frozen=True, slots=True)
class CommandCounter:
    """Counts the instructions of a suite's commands.

    Attributes:
        commands: command line by benchmark name; the other attributes as in
            :class:`perfbot.measure.processes.commands.CommandSuite`.
        timed: the commands are timed as well; then that shows whether one fails.
    """

    suite: str
    commands: Mapping[str, str]
    cwd: Mapping[Side, Path]
    env: Mapping[Side, Mapping[str, str]]
    timeout: float
    scratch: Path
    prepare: str = ""
    exit_codes: Sequence[int] = (0,)
    timed: bool = True
    trace: Trace = no_trace

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What to know before anything is counted."""
        found = valgrind(self.scratch) is not None
        return () if found else (Problem(f"suite {self.suite}", told_as([NO_VALGRIND]), fatal=False),)

    def count(self, names: Sequence[str], until: float) -> Iterator[Outcome]:
        """Count each command in a few rounds, or once where there is no time for more.

        Args:
            until: ``time.monotonic()`` after which nothing is begun.
        """
        if valgrind(self.scratch) is None:
            yield from (Failed(name, "both", (NO_VALGRIND,), True, INSTRUCTIONS) for name in names)
            return
        waiting = dict.fromkeys(names, 0.0)
        for index in range(EXACT_ROUNDS):
            for name, seconds in list(waiting.items()):
                began = time.monotonic()
                if began + seconds > until:
                    continue
                outcome = self._one(name, index, patience(self.timeout, SLOWDOWN, until))
                waiting[name] = time.monotonic() - began
                if isinstance(outcome, Failed):
                    del waiting[name]
                yield outcome
        for name, seconds in waiting.items():
            if not seconds:
                yield Failed(name, "both", (NO_TIME,), True, INSTRUCTIONS)

    def _one(self, name: str, index: int, timeout: float) -> Outcome:
        """Both sides at once, once."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            began = time.monotonic()
            used = self.run(name, Path(folder), timeout)
            failure = self._failure(name, used)
            if failure is not None:
                return failure
            base, head = (_total(Path(folder) / side) for side in SIDES)
            seconds = time.monotonic() - began
        if not (base and head):
            return Failed(name, "both", (NotCounted("no answer"),), True, INSTRUCTIONS)
        self.trace(event="count", suite=self.suite, benchmark=name, metric=INSTRUCTIONS.name, round=index,
                   base=base, head=head, seconds=seconds)  # fmt: skip
        return Measured(name, INSTRUCTIONS, Round(index, (base,), (head,), 1, seconds, clock="count"))

    def run(self, name: str, folder: Path, timeout: float) -> dict[Side, Usage]:
        """Run a command once on both sides; callgrind writes a file of each process into ``folder``/side."""
        launcher = Launcher()
        try:
            if self.prepare:
                launcher.run([Command(self.prepare, self.cwd[s], self.env[s]) for s in SIDES], timeout=self.timeout)
            commands = [self._command(name, side, folder / side) for side in SIDES]
            return dict(zip(SIDES, launcher.run(commands, timeout=timeout, together=True), strict=True))
        finally:
            launcher.close()

    def _command(self, name: str, side: Side, folder: Path) -> Command:
        folder.mkdir()
        prefix = valgrind(folder / "counts.%p", "--trace-children=yes") or ()
        env = {**self.env[side], "PYTHONHASHSEED": str(HASH_SEED)}
        return Command(self.commands[name], self.cwd[side], env, prefix=prefix)

    def _failure(self, name: str, used: Mapping[Side, Usage]) -> Failed | None:
        wrong = [side for side in SIDES if used[side].timed_out or used[side].code not in self.exit_codes]
        if not wrong:
            return None
        side = wrong[-1]
        slow = used[side].timed_out
        reason = TOO_SLOW if slow else CommandFailed(self.commands[name], used[side].ending, "valgrind")
        where = "both" if len(wrong) == len(SIDES) else side
        return Failed(name, where, (reason,), self.timed or slow, INSTRUCTIONS)


def _total(folder: Path) -> float:
    """Instructions of all processes that left a file there; 0 where none did."""
    found = (line.split() for file in folder.glob("counts.*") for line in file.read_text().splitlines())
    return float(sum(int(words[1]) for words in found if len(words) > 1 and words[0] == "totals:"))
