"""pytest suites, written for pytest-benchmark or pytest-codspeed; neither plugin is needed."""

from __future__ import annotations

from collections.abc import Mapping

from perfbot.config import PytestSuite
from perfbot.harness.base import Effects, SideReady, files_session
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.model import Side


class PytestHarness:
    """Lock-step, through pytest's own collection and fixtures."""

    requires: tuple[str, ...] = ("pytest",)
    example = """\
[[suite]]
name = "core"
harness = "pytest"
paths = ["benchmarks/"]
setup = ["pip install ."]
"""

    def session(self, suite: PytestSuite, sides: Mapping[Side, SideReady], effects: Effects) -> LockstepSuite:
        """Workers that hold inside each test's ``benchmark`` call."""
        return files_session(suite, sides, effects, "pytest_adapter")
