"""Suites in two small folders, base and head, measured by real worker processes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from perfbot.config import parse
from perfbot.harness import SideReady, harness_for
from perfbot.harness.base import Effects
from perfbot.harness.registry import reader
from perfbot.measure.session import Discovery, Failed, Measured, Outcome, SuiteSession
from perfbot.model import SIDES, Round, Side
from perfbot.process import scrubbed_environment

PATIENCE = 60.0
"""Seconds that no test should need."""

FEW_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""The suites run under the tests' own Python, whose many plugins of pytest each process would import first."""


@dataclass
class Sides:
    """Both sides' folders, and what happened in them.

    Attributes:
        log: a file that benchmarks may write to: its path is in their variable ``LOG``.
        events: the trace.
    """

    folder: Path
    python: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def tree(self, side: Side) -> Path:
        """A side's checkout."""
        return self.folder / side

    @property
    def log(self) -> Path:
        """What benchmarks wrote, a line each."""
        return self.folder / "log"

    def logged(self) -> list[str]:
        """The lines of the log so far."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def write(self, files: Mapping[str, str], *, sides: Iterable[Side] = SIDES) -> None:
        """Write files to both sides, or to one."""
        for side in sides:
            for name, text in files.items():
                path = self.tree(side) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

    def suite(self, text: str, *, seed: int = 1, listed: Mapping[str, str] | None = None) -> SuiteSession:
        """The suite of a ``[[suite]]`` table (its name is ``s``), ready to be measured.

        Args:
            listed: benchmarks that are asked for, with the files that they were found in.
        """
        (suite,) = parse(f'[[suite]]\nname = "s"\n{text}\n', "test").suites
        scratch = self.folder / "scratch"
        home = self.folder / "home"
        for folder in (scratch, home, *map(self.tree, SIDES)):
            folder.mkdir(parents=True, exist_ok=True)
        few = FEW_PLUGINS if self.python == Path(sys.executable) else {}
        env = scrubbed_environment(os.environ, home, {"LOG": str(self.log), **few, **suite.env, **self.variables})
        sides = {side: SideReady(side, self.tree(side), self.python, env) for side in SIDES}
        random = Random(seed)  # noqa: S311 - an order, not a secret
        effects = Effects(
            random, scratch, lambda **event: self.events.append(event), reader, listed={"s": listed or {}}
        )
        return harness_for(suite).session(suite, sides, effects)

    def rounds_traced(self) -> list[dict[str, Any]]:
        """The trace's events of measured rounds."""
        return [event for event in self.events if event["event"] == "round"]


@dataclass(frozen=True)
class Taken:
    """What some rounds of a suite gave."""

    discovery: Discovery
    outcomes: tuple[Outcome, ...]

    @property
    def names(self) -> list[str]:
        """Benchmarks that both sides have."""
        return [benchmark.name for benchmark in self.discovery.benchmarks]

    def rounds(self, name: str) -> list[Round]:
        """The measured rounds of a benchmark."""
        return [one.round for one in self.outcomes if isinstance(one, Measured) and one.name == name]

    def measured(self) -> set[str]:
        """Benchmarks with at least one round."""
        return {one.name for one in self.outcomes if isinstance(one, Measured)}

    def failures(self) -> dict[str, Failed]:
        """How benchmarks failed."""
        return {one.name: one for one in self.outcomes if isinstance(one, Failed)}


def take(
    session: SuiteSession, *, rounds: int = 1, names: Sequence[str] | None = None, later: Collection[str] | None = None
) -> Taken:
    """List a suite and measure some rounds of it; what failed is not measured again.

    Args:
        names: what to measure; None: all.
        later: of these, what to measure after the first round, too; None: all.
    """
    discovery = session.discover()
    waiting = [benchmark.name for benchmark in discovery.benchmarks] if names is None else list(names)
    outcomes: list[Outcome] = []
    for index in range(rounds):
        new = list(session.measure_round(index, waiting, time.monotonic() + PATIENCE)) if waiting else []
        failed = {one.name for one in new if isinstance(one, Failed)}
        waiting = [name for name in waiting if name not in failed and (later is None or name in later)]
        outcomes += new
    return Taken(discovery, tuple(outcomes))
