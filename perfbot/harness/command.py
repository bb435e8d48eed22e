"""Any command line: CPU time or wall time, and peak memory."""

from __future__ import annotations

from collections.abc import Mapping

from perfbot.config import CommandSuite
from perfbot.harness.base import Effects, SideReady
from perfbot.measure import commands
from perfbot.model import MEMORY, SIDES, TIME, Side

METRICS = {metric.name: metric for metric in (TIME, MEMORY)}


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
        return commands.CommandSuite(
            name=suite.name,
            commands=dict(suite.commands),
            cwd={side: sides[side].tree / suite.directory for side in SIDES},
            env={side: sides[side].env for side in SIDES},
            timeout=suite.timeout,
            random=effects.random,
            scratch=effects.scratch,
            prepare=suite.prepare or "",
            exit_codes=suite.exit_codes,
            metrics=tuple(METRICS[name] for name in suite.metrics),
            trace=effects.trace,
        )
