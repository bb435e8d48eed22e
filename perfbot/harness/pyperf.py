"""Scripts that use ``pyperf.Runner``, run as they are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from perfbot.config import PyperfSuite
from perfbot.harness.base import Effects, SideReady, counter, relative_paths, short_name, worker_specs
from perfbot.measure.lockstep import LockstepSuite
from perfbot.model import SIDES, Side


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
        options = {s: {"paths": relative_paths(suite, sides[s].tree), "args": list(suite.args)} for s in SIDES}
        specs = worker_specs(suite, sides, "pyperf_adapter", options)
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
