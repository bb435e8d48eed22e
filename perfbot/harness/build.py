"""A build: its time and peak memory as of any command, and the sizes of what it makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfbot.config import BuildSuite
from perfbot.harness.base import Effects, SideReady
from perfbot.harness.size import SIZE, size_outcome
from perfbot.measure.processes.commands import CommandSuite
from perfbot.measure.session import ANYWHERE, Discovery, Failed, Outcome, Placement
from perfbot.model import MEMORY, SIDES, TIME, Benchmark, Metric, Round, Side
from perfbot.reasons import BuildFailed

BUILD = "build"
"""The benchmark that is the build itself."""


@dataclass(slots=True)
class BuildSession:
    """The build on both sides; what it makes is looked at after each."""

    name: str
    command: CommandSuite
    metrics: tuple[Metric, ...]
    sizes: Mapping[str, str]
    cwd: Mapping[Side, Path]

    @property
    def alone(self) -> bool:
        """Builds use all cores that they get."""
        return True

    @property
    def startup_seconds(self) -> float:
        """None beside the build."""
        return 0.0

    def discover(self) -> Discovery:
        """The build, and the files that it makes."""
        names = (BUILD, *self.sizes)
        own = {**dict.fromkeys(self.sizes, (SIZE,)), BUILD: self.metrics}
        return Discovery(tuple(Benchmark(self.name, name) for name in names), (TIME,), own=own)

    def predicted_seconds(self, name: str) -> float:
        """The build's last time; looking costs nothing."""
        return self.command.predicted_seconds(name) if name == BUILD else 0.0

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        """None: a build would cost as much as a round."""
        return ()

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """Build where that is asked for or nothing was built yet, then look."""
        if BUILD in names or index == 0:
            for outcome in self.command.measure_round(index, [BUILD], until, place):
                if BUILD in names:
                    yield outcome
                if isinstance(outcome, Failed):
                    yield from (Failed(n, outcome.side, (BuildFailed(),)) for n in names if n != BUILD)
                    return
        yield from (size_outcome(name, self.sizes[name], self.cwd, index) for name in names if name != BUILD)


class BuildHarness:
    """The command harness with eyes for files."""

    requires: tuple[str, ...] = ()
    example = """\
[[suite]]
name = "build"
harness = "build"
command = "make"
clean = "make clean"
sizes = { binary = "build/app" }
metrics = ["time", "memory"]
"""

    def session(self, suite: BuildSuite, sides: Mapping[Side, SideReady], effects: Effects) -> BuildSession:
        """The same command line in both sides' checkouts."""
        cwd = {side: sides[side].tree / suite.directory for side in SIDES}
        metrics = tuple(metric for metric in (TIME, MEMORY) if metric.name in suite.metrics) or (TIME,)
        command = CommandSuite(
            name=suite.name,
            commands={BUILD: suite.command},
            cwd=cwd,
            env={side: sides[side].env for side in SIDES},
            timeout=suite.timeout,
            random=effects.random,
            scratch=effects.scratch,
            prepare=suite.clean or "",
            metrics=metrics,
            trace=effects.trace,
        )
        return BuildSession(suite.name, command, metrics, suite.sizes, cwd)
