"""What all tools that measure by themselves have in common: from the configuration to a suite that can be measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perfbot.config import ToolBase
from perfbot.harness.base import Effects, SideReady
from perfbot.measure.processes.own_versions import OwnVersions
from perfbot.measure.processes.reported import ReportedSuite
from perfbot.measure.processes.tool_runs import Runs
from perfbot.measure.processes.tools import Chosen, Parse, Tool
from perfbot.model import SIDES, Side


def whole_name(name: str) -> str:
    """A regular expression that only this name matches."""
    return f"^{re.escape(name)}$"


@dataclass(frozen=True, slots=True)
class ToolHarness:
    """A tool, by its parser and by how it chooses benchmarks.

    Attributes:
        pattern: text for ``{filter}`` that chooses one benchmark by what the tool calls it.
        everything: text for ``{filter}`` that chooses all.
        files: globs of result files that the tool writes where it likes.
        walls: metrics that it takes from wall time, in runs of a given length rather than of given work.
        medians: those of them that are medians of single calls.
    """

    parse: Parse
    example: str
    pattern: Callable[[str], str] = whole_name
    everything: str = "."
    files: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    walls: frozenset[str] = frozenset()
    medians: frozenset[str] = frozenset()

    def session(self, suite: ToolBase, sides: Mapping[Side, SideReady], effects: Effects) -> ReportedSuite:
        """A process a turn on each side."""
        return reported_suite(suite, self, sides, effects)


def reported_suite(
    suite: ToolBase,
    harness: ToolHarness,
    sides: Mapping[Side, SideReady],
    effects: Effects,
    *,
    parse: Parse | None = None,
    variables: Mapping[str, str] | None = None,
) -> ReportedSuite:
    """The suite of a tool.

    Args:
        parse: instead of the harness's own, where the configuration has a say in it.
        variables: that the tool needs besides the side's environment; what the suite sets itself wins.
    """
    tool = Tool(
        suite.command,
        parse or harness.parse,
        harness.pattern,
        harness.everything,
        suite.output or (() if "{output}" in suite.command else harness.files),
        suite.exit_codes,
        suite.pinned,
        harness.walls,
        harness.medians,
        effects.reader,
    )
    runs = Runs(
        tool,
        cwd={side: sides[side].tree / suite.directory for side in SIDES},
        env={side: {**sides[side].env, **(variables or {}), **suite.env} for side in SIDES},
        timeout=suite.timeout,
        scratch=effects.scratch / suite.name,
        tops={side: sides[side].tree for side in SIDES},
    )
    base = sides["base"]
    return ReportedSuite(
        name=suite.name,
        own=OwnVersions(base.files, base.set_up_again) if base.files is not None else None,
        runs=runs,
        random=effects.random,
        chosen=Chosen(suite.metrics, suite.higher, suite.lower, suite.exact),
        trace=effects.trace,
    )
