"""Explaining rounds of whole commands: both sides under callgrind, which counts each function's instructions."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perfbot.measure.lockstep.counting import NO_VALGRIND, SLOWDOWN, TOO_SLOW, valgrind
from perfbot.measure.processes.commands import CommandSuite
from perfbot.measure.processes.counting_commands import CommandCounter
from perfbot.model import SIDES
from perfbot.why.callgrind import profile_of
from perfbot.why.intervals import FEWEST
from perfbot.why.profile import Observation

LARGEST = 64 * 1024 * 1024
"""Bytes of what callgrind wrote of one process; what has more is not read."""

NOTE = "functions' shares are of instructions, which callgrind counted"


@dataclass(slots=True)
class ExplainingCommands:
    """Explains benchmarks of one suite of commands.

    Attributes:
        failed: why benchmarks are not explained.
    """

    suite: CommandSuite
    failed: dict[str, str] = field(default_factory=dict)

    def observe(self, names: Sequence[str], seconds: float) -> Iterator[Observation]:
        """As many rounds as it takes, since they repeat themselves; fewer where time is short."""
        if valgrind(self.suite.scratch) is None:
            self.failed.update(dict.fromkeys(names, NO_VALGRIND.replace("not counted: ", "")))
            return
        until = time.monotonic() + seconds
        for _ in range(FEWEST):
            for name in names:
                if name in self.failed or time.monotonic() > until:
                    continue
                observation = self._one(name, until)
                if observation is not None:
                    yield observation

    def _one(self, name: str, until: float) -> Observation | None:
        """Both sides at once, once."""
        suite = self.suite
        counter = suite.counter or CommandCounter(
            suite.name, suite.commands, suite.cwd, suite.env, suite.timeout, suite.scratch, suite.prepare,
            suite.exit_codes,
        )  # fmt: skip
        timeout = min(suite.timeout * SLOWDOWN, max(1.0, until - time.monotonic()))
        with tempfile.TemporaryDirectory(dir=suite.scratch) as folder:
            used = counter.run(name, Path(folder), timeout)
            if any(used[side].timed_out or used[side].code not in suite.exit_codes for side in SIDES):
                slow = any(used[side].timed_out for side in SIDES)
                self.failed[name] = TOO_SLOW if slow else "it fails under valgrind"
                return None
            sides = {side: profile_of(_texts(Path(folder) / side), str(suite.cwd[side])) for side in SIDES}
        if not all(profile.seconds for profile in sides.values()):
            self.failed[name] = "valgrind did not say what it counted"
            return None
        return Observation(name, sides)


def _texts(folder: Path) -> Iterator[str]:
    for file in sorted(folder.glob("counts.*")):
        if file.stat().st_size <= LARGEST:
            yield file.read_text(encoding="utf-8", errors="replace")
