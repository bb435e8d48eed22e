"""airspeed velocity's suites; asv itself need not be installed."""

from __future__ import annotations

import os
from collections.abc import Mapping

from perfbot.config import AsvSuite
from perfbot.config.asv import read_asv
from perfbot.errors import MeasureError
from perfbot.harness.base import Effects, SideReady, counter, own_files, worker_specs
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.lockstep.timed import timed_metrics
from perfbot.model import SIDES, Side


class AsvHarness:
    """Lock-step: timed benchmarks take turns; memory and tracked values are asked for once a round."""

    requires: tuple[str, ...] = ()
    example = """\
[[suite]]
name = "asv"
harness = "asv"
config = "asv.conf.json"
paths = ["benchmarks/"]
setup = ["pip install ."]
"""

    def session(self, suite: AsvSuite, sides: Mapping[Side, SideReady], effects: Effects) -> LockstepSuite:
        """Workers that import the package of benchmarks, and a folder a side for what ``setup_cache`` makes."""
        options = {side: _options(suite, sides[side], effects) for side in SIDES}
        specs = worker_specs(suite, sides, "asv_adapter", options)
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


def _options(suite: AsvSuite, ready: SideReady, effects: Effects) -> dict[str, str]:
    try:
        settings = read_asv(ready.tree / suite.config, ready.tree)
    except (OSError, ValueError) as error:
        message = f"suite {suite.name}, {ready.side}: {suite.config} cannot be read: {error}"
        raise MeasureError(message, side=ready.side) from error
    scratch = effects.scratch / f"{suite.name}-{ready.side}"
    scratch.mkdir(exist_ok=True)
    folder = os.path.relpath(ready.tree / settings.folder, ready.tree / suite.directory)
    return {"folder": folder, "scratch": str(scratch)}
