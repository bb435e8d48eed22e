"""Explaining rounds of whole commands: callgrind counts calls, perf samples where time goes; one of them will do."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perfbot.measure.lockstep.counting import NO_VALGRIND, SLOWDOWN, TOO_SLOW, valgrind
from perfbot.measure.lockstep.launching import Command, Launcher
from perfbot.measure.lockstep.reasons import told_as
from perfbot.measure.processes.commands import CommandSuite
from perfbot.measure.processes.counting_commands import CommandCounter
from perfbot.measure.processes.sampling_commands import Turn, perf_command, sampled
from perfbot.model import SIDES, Side
from perfbot.why.callgrind import Counted, counted_of
from perfbot.why.intervals import FEWEST
from perfbot.why.perf import profile_of, together
from perfbot.why.profile import Observation

LARGEST = 64 * 1024 * 1024
"""Bytes of what callgrind wrote of one process; what has more is not read."""

ROUND_SECONDS = 0.4
"""Of both sides together, in one round of sampling: a command that takes less runs several times."""

ROUNDS = 10
MOST_RUNS = 20

ENOUGH = 8
"""Rounds that are to fit into the time, where runs are short enough."""

ENDING = 1.0
"""Seconds to read what was sampled."""

COUNTING_SHARE = 0.4
"""Of the time, that counting may take before sampling has to begin."""

BY_INSTRUCTIONS = "functions' shares are of instructions, which callgrind counted"
BY_TIME = "functions' times were sampled by perf, and their calls counted by callgrind"
BY_TIME_ALONE = "functions' times were sampled by perf; who calls whom is not known without valgrind"


@dataclass(slots=True)
class ExplainingCommands:
    """Explains benchmarks of one suite of commands.

    Attributes:
        instructions: explain what they execute, instead of the time that it takes.
        failed: why benchmarks are not explained.
        notes: how functions of each benchmark were told.
    """

    suite: CommandSuite
    instructions: bool = False
    failed: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def observe(self, names: Sequence[str], seconds: float) -> Iterator[Observation]:
        """Rounds of these benchmarks, for so many seconds at most (but for what a last run takes)."""
        for name in names:
            yield from self._of(name, time.monotonic() + seconds / len(names))

    def notes_of(self, name: str) -> tuple[str, ...]:
        """What is to be said of a benchmark's explanation."""
        return (self.notes[name],) if name in self.notes else ()

    def _of(self, name: str, until: float) -> Iterator[Observation]:
        counted = self._counted(name, until)
        perf = None if self.instructions else perf_command(self.suite.scratch)
        if perf is not None:
            rounds = list(self._sampled(name, until, perf, counted))
            if len(rounds) >= FEWEST:
                self.failed.pop(name, None)
                self.notes[name] = BY_TIME if counted else BY_TIME_ALONE
                yield from rounds
                return
        if counted is not None:  # it repeats itself: as many rounds as it takes
            self.notes[name] = BY_INSTRUCTIONS
            sides = {side: one.profile for side, one in counted.items()}
            other = not self.instructions
            yield from (Observation(name, sides, other_unit=other) for _ in range(FEWEST))

    def _counted(self, name: str, until: float) -> Mapping[Side, Counted] | None:
        """Both sides at once, once, under callgrind."""
        suite = self.suite
        if valgrind(suite.scratch) is None:
            self.failed[name] = told_as([NO_VALGRIND]).removeprefix("not counted: ")
            return None
        counter = suite.counter or CommandCounter(
            suite.name, suite.commands, suite.cwd, suite.env, suite.timeout, suite.scratch, suite.prepare,
            suite.exit_codes,
        )  # fmt: skip
        timeout = min(suite.timeout * SLOWDOWN, max(1.0, COUNTING_SHARE * (until - time.monotonic())))
        with tempfile.TemporaryDirectory(dir=suite.scratch) as folder:
            used = counter.run(name, Path(folder), timeout)
            if any(used[side].timed_out or used[side].code not in suite.exit_codes for side in SIDES):
                slow = any(used[side].timed_out for side in SIDES)
                self.failed[name] = told_as([TOO_SLOW]) if slow else "it fails under valgrind"
                return None
            sides = {side: counted_of(_texts(Path(folder) / side), str(suite.cwd[side])) for side in SIDES}
        if not all(one.profile.seconds for one in sides.values()):
            self.failed[name] = "valgrind did not say what it counted"
            return None
        return sides

    def _sampled(
        self, name: str, until: float, perf: str, counted: Mapping[Side, Counted] | None
    ) -> Iterator[Observation]:
        """Rounds of both sides in turns while perf looks on."""
        suite = self.suite
        launcher = Launcher()
        try:
            with tempfile.TemporaryDirectory(dir=suite.scratch) as folder:
                runs = sampled(perf, launcher.pid, Path(folder), self._runs(launcher, name, until - ENDING))
        finally:
            launcher.close()
        for index in sorted({run.round for run in runs}):
            mine = {side: [run for run in runs if run.round == index and run.side == side] for side in SIDES}
            if all(sum(run.met.count for run in mine[side]) for side in SIDES):
                yield Observation(name, {
                    side: profile_of(
                        together([run.met for run in mine[side]]),
                        sum(run.seconds for run in mine[side]) / len(mine[side]),
                        str(suite.cwd[side]),
                        counted[side] if counted else None,
                    )
                    for side in SIDES
                })  # fmt: skip

    def _runs(self, launcher: Launcher, name: str, until: float) -> Iterator[Turn]:
        """Runs of both sides, until time is up or one fails; the first of each side show how long they take."""
        suite, often, longest = self.suite, 1, 0.0
        for index in range(ROUNDS + 1):
            began = time.monotonic()
            if began + longest > until:
                return
            for side in (SIDES if index % 2 else SIDES[::-1]) * often:
                commands = [Command(line, suite.cwd[side], suite.env[side]) for line in (suite.commands[name],)]
                if suite.prepare:
                    launcher.run([Command(suite.prepare, suite.cwd[side], suite.env[side])], timeout=suite.timeout)
                start = time.monotonic()
                (used,) = launcher.run(commands, timeout=suite.timeout)
                if used.timed_out or used.code not in suite.exit_codes:
                    return
                yield Turn(index, side, start, time.monotonic(), used.cost)
            took = time.monotonic() - began
            longest = max(longest, took)
            if not index:
                often = max(1, min(MOST_RUNS, int(min(ROUND_SECONDS, (until - began) / ENOUGH) / took)))
                longest = took * often


def _texts(folder: Path) -> Iterator[str]:
    for file in sorted(folder.glob("counts.*")):
        if file.stat().st_size <= LARGEST:
            yield file.read_text(encoding="utf-8", errors="replace")
