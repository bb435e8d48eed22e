"""Plain Python functions, named in the configuration."""

from __future__ import annotations

from collections.abc import Mapping

from perfbot.config import CallableSuite
from perfbot.harness.base import Effects, SideReady, counter, own_files, worker_specs
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.lockstep.timed import timed_metrics
from perfbot.model import SIDES, Side


class PythonHarness:
    """Lock-step: each function is called without arguments."""

    requires: tuple[str, ...] = ()
    example = """\
[[suite]]
name = "functions"
harness = "python"
functions = { parse = "package.bench:parse_large" }
setup = ["pip install ."]
"""

    def session(self, suite: CallableSuite, sides: Mapping[Side, SideReady], effects: Effects) -> LockstepSuite:
        """Workers that import each function and call it."""
        named = {"functions": dict(suite.functions), "statements": dict(suite.statements), "preamble": suite.preamble}
        options = dict.fromkeys(SIDES, named)
        specs = worker_specs(suite, sides, "python", options)
        return LockstepSuite(
            suite.name,
            specs,
            suite.timeout,
            effects.random,
            trace=effects.trace,
            timed=timed_metrics(suite.metrics),
            counter=counter(suite, specs, effects),
            own_files=own_files(suite, sides["base"], lambda: specs["base"]),
            goes_on=effects.alone,
            brief=effects.brief,
            start=effects.start,
        )
