"""pytest suites, written for pytest-benchmark or pytest-codspeed; neither plugin is needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from perfbot.config import PytestSuite
from perfbot.harness.base import Effects, SideReady, counter, relative_paths, short_name, worker_specs
from perfbot.measure.lockstep import LockstepSuite
from perfbot.model import SIDES, Side


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
        options = {s: {"paths": relative_paths(suite, sides[s].tree), "args": list(suite.args)} for s in SIDES}
        specs = worker_specs(suite, sides, "pytest_adapter", options)
        return LockstepSuite(
            suite.name,
            specs,
            suite.timeout,
            effects.random,
            partial(short_name, paths=relative_paths(suite, sides["head"].tree)),
            effects.trace,
            timed="time" in suite.metrics,
            counter=counter(suite, specs, effects),
        )
