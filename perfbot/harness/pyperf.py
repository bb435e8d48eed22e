"""Scripts that use ``pyperf.Runner``, run as they are."""

from __future__ import annotations

from collections.abc import Mapping

from perfbot.config import PyperfSuite
from perfbot.harness.base import Effects, SideReady, files_session
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.model import Side


class PyperfHarness:
    """Lock-step: the scripts' task functions are called by perfbot's loop instead of pyperf's."""

    requires: tuple[str, ...] = ("pyperf",)
    example = """\
[[suite]]
name = "scripts"
harness = "pyperf"
paths = ["benchmarks/bench_*.py"]
setup = ["pip install ."]
"""

    def session(self, suite: PyperfSuite, sides: Mapping[Side, SideReady], effects: Effects) -> LockstepSuite:
        """Workers that hold inside each ``bench_func`` and its siblings."""
        return files_session(suite, sides, effects, "pyperf_adapter")
