"""What base reports with its own versions of benchmark files that it took from head: what head removed, or broke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from perfbot.errors import MeasureError, SetupError
from perfbot.measure.lockstep.launching import Launcher
from perfbot.measure.processes.tool_runs import Ran, Runs
from perfbot.measure.session import Placement
from perfbot.sides.benchmark_files import BenchmarkFiles


@dataclass(frozen=True, slots=True)
class OwnVersions:
    """The files, and how base is built from those that are in place.

    Attributes:
        set_up: runs the set-up's commands in base's tree; a compiled tool has its benchmarks from there.
    """

    files: BenchmarkFiles
    set_up: Callable[[], None]

    def reported(self, suite: str, runs: Runs, launcher: Launcher) -> Ran | None:
        """One process of base with its own files; None where head brought all of them, or it cannot be had.

        Raises:
            MeasureError: base cannot be built with head's files any more.
        """
        if not self.files.any_on_base():
            return None
        ran = None
        try:
            with self.files.own(built=True):
                self.set_up()
                ran = runs.alone(launcher, "base", runs.tool.everything, Placement())
        except SetupError:
            pass  # base's own set-up fails: what it had is not known, and is not called removed
        try:
            self.set_up()
        except SetupError as error:
            message = f"suite {suite}: base could not be set up again with head's benchmark files: {error.message}"
            raise MeasureError(message, output=error.output) from error
        return ran
