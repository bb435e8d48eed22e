"""Any command line: CPU time or wall time, peak memory, instructions."""

from __future__ import annotations

from collections.abc import Mapping

from perfbot.config import CommandSuite
from perfbot.harness.base import Effects, SideReady
from perfbot.measure.lockstep.counting import INSTRUCTIONS
from perfbot.measure.processes import commands
from perfbot.measure.processes.counting_commands import CommandCounter
from perfbot.model import MEMORY, SIDES, TIME, Side

METRICS = {metric.name: metric for metric in (TIME, commands.CPU, MEMORY)}
"""Those that rounds measure; instructions are counted."""


class CommandHarness:
    """A process a turn, or both sides' processes at once on one core."""

    requires: tuple[str, ...] = ()
    example = """\
[[suite]]
name = "programs"
harness = "command"
commands = { parse = "./build/parse data/large.json" }
setup = ["make -C build"]
metrics = ["time", "memory"]
"""

    def session(self, suite: CommandSuite, sides: Mapping[Side, SideReady], effects: Effects) -> commands.CommandSuite:
        """The same command lines in both sides' checkouts."""
        cwd = {side: sides[side].tree / suite.directory for side in SIDES}
        env = {side: sides[side].env for side in SIDES}
        metrics = tuple(METRICS[name] for name in suite.metrics if name in METRICS)
        counter = CommandCounter(
            suite=suite.name,
            commands=dict(suite.commands),
            cwd=cwd,
            env=env,
            timeout=suite.timeout,
            scratch=effects.scratch,
            prepare=suite.prepare or "",
            exit_codes=suite.exit_codes,
            timed=bool(metrics),
            trace=effects.trace,
        )
        return commands.CommandSuite(
            name=suite.name,
            commands=dict(suite.commands),
            cwd=cwd,
            env=env,
            timeout=suite.timeout,
            random=effects.random,
            scratch=effects.scratch,
            prepare=suite.prepare or "",
            exit_codes=suite.exit_codes,
            metrics=metrics,
            counter=counter if INSTRUCTIONS.name in suite.metrics else None,
            trace=effects.trace,
        )
