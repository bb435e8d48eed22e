"""Two checkouts whose benchmarks run in this interpreter, and what counting them gives."""

from __future__ import annotations

import time
from dataclasses import dataclass

from perfbot.measure.session import Discovery, Failed, Measured, Outcome, SuiteSession

PATIENCE = 100.0
"""Seconds that no test should need."""


@dataclass(frozen=True)
class Counted:
    """What counting a suite gave."""

    discovery: Discovery
    outcomes: tuple[Outcome, ...]

    def values(self, name: str, metric: str) -> list[tuple[float, float]]:
        """Base and head of each round."""
        found = [one for one in self.outcomes if isinstance(one, Measured) and one.metric.name == metric]
        return [(one.round.base[0], one.round.head[0]) for one in found if one.name == name]

    def failures(self, name: str) -> dict[str, Failed]:
        """Why there is none, by metric; "" for all."""
        failed = [one for one in self.outcomes if isinstance(one, Failed) and one.name == name]
        return {one.metric.name if one.metric else "": one for one in failed}


def counted(session: SuiteSession, *, seconds: float = PATIENCE) -> Counted:
    """List a suite and count whatever it counts."""
    discovery = session.discover()
    assert discovery.count is not None
    names = [benchmark.name for benchmark in discovery.benchmarks]
    return Counted(discovery, tuple(discovery.count(names, time.monotonic() + seconds)))
