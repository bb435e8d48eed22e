"""One suite of which several commits are measured in common rounds.

In rings; where its tool can only be run side by side, in pairs of neighbours.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import numpy as np

from perfbot.bisect.records import CommonRound
from perfbot.config import Suite
from perfbot.errors import MeasureError
from perfbot.harness import SideReady, harness_for
from perfbot.harness.base import Effects
from perfbot.judge.ratios import evidence_of_rounds
from perfbot.measure.lockstep.reasons import last_line
from perfbot.measure.lockstep.ring import RingLost, RingSuite
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.session import Discovery, Failed, Measured, Placement, SuiteSession
from perfbot.model import TIME, Metric, Round, Side
from perfbot.reasons.words import text


@dataclass(frozen=True, slots=True)
class Key:
    """What is searched for: a benchmark by its name in its suite, and a metric."""

    suite: str
    benchmark: str
    metric: Metric

    @property
    def name(self) -> str:
        """``suite/benchmark``."""
        return f"{self.suite}/{self.benchmark}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A round of one benchmark."""

    key: Key
    round: CommonRound


@dataclass(frozen=True, slots=True)
class Lost:
    """A commit that cannot be measured: with one benchmark, or (it is empty) with all."""

    suite: str
    benchmark: str
    commit: int
    reason: str


@dataclass(slots=True)
class CommonSuite:
    """A suite, with what commits of it are ready.

    Attributes:
        ends: numbers of the first and the last commit.
        processes: started so far.
    """

    suite: Suite
    effects: Effects
    ready: Mapping[int, SideReady]
    ends: tuple[int, int]
    processes: int = 0
    _first: SuiteSession | None = None
    _ring: RingSuite | None = None
    _pairs: dict[tuple[int, int], SuiteSession] = field(default_factory=dict)

    def discover(self) -> tuple[Discovery, tuple[Key, ...]]:
        """What both ends have, and what of it rounds can measure.

        Raises:
            MeasureError: an end cannot be listed.
        """
        session = self._session(*self.ends)
        found = session.discover()
        self._first, self.processes = session, self.processes + 2
        timed = isinstance(session, LockstepSuite)
        if isinstance(session, LockstepSuite):
            ids = {one.name: session.identity(one.name) for one in found.benchmarks}
            self._ring = RingSuite({}, ids, session.timeout, session.known)
        else:
            self._pairs[self.ends] = session
        keys = tuple(
            Key(self.suite.name, one.name, metric)
            for one in found.benchmarks
            for metric in found.metrics_of(one)
            if (metric == TIME if timed else metric.rule == "noisy")
        )
        return found, keys

    @property
    def alone(self) -> bool:
        """It needs the machine for itself: nothing is known of it yet, or it waits, or uses several cores."""
        return self._first is None or self.processes <= len(self.ends) or self._first.alone

    @property
    def round_seconds(self) -> float:
        """What starting a process takes."""
        return (self._first.startup_seconds if self._first else 0.0) / 2

    def measure(
        self, index: int, commits: Sequence[int], names: Sequence[str], until: float, place: Placement, random: Random
    ) -> Iterator[Taken | Lost]:
        """One round of some benchmarks at some commits."""
        if self._ring is not None:
            self.processes += len(commits)
            yield from self._in_ring(self._ring, commits, names, until, place, random)
            return
        for low, high in pairwise(commits):
            if time.monotonic() < until:
                self.processes += 2
                yield from self._in_pair(index, low, high, names, until, place)

    def _in_ring(
        self,
        ring: RingSuite,
        commits: Sequence[int],
        names: Sequence[str],
        until: float,
        place: Placement,
        random: Random,
    ) -> Iterator[Taken | Lost]:
        for commit in commits:
            if commit not in ring.specs:
                session = self._session(commit, commit)
                assert isinstance(session, LockstepSuite)  # noqa: S101 - as the first one
                ring.specs[commit] = session.specs["head"]
        for outcome in ring.measure(commits, names, until, place, random):
            if isinstance(outcome, RingLost):
                yield Lost(self.suite.name, outcome.name, outcome.commit, last_line(outcome.reason))
            else:
                key = Key(self.suite.name, outcome.name, TIME)
                yield Taken(key, CommonRound(outcome.typical, outcome.means))

    def _in_pair(
        self, index: int, low: int, high: int, names: Sequence[str], until: float, place: Placement
    ) -> Iterator[Taken | Lost]:
        if (low, high) not in self._pairs:
            session = self._session(low, high)
            try:
                session.discover()
            except MeasureError as error:
                yield Lost(self.suite.name, "", high if error.side == "head" else low, error.message)
                return
            self._pairs[low, high] = session
        for outcome in self._pairs[low, high].measure_round(index, names, until, place):
            if isinstance(outcome, Measured):
                if taken := _common(outcome.round, outcome.metric.unit, low, high):
                    yield Taken(Key(self.suite.name, outcome.name, outcome.metric), taken)
            elif not (outcome.skipped and not outcome.left_out):
                yield from self._failed(outcome, low, high)

    def _failed(self, failed: Failed, low: int, high: int) -> Iterator[Lost]:
        sides = {"base": (low,), "head": (high,), "both": (low, high)}[failed.side]
        for commit in sides:
            yield Lost(self.suite.name, failed.name, commit, last_line(text(failed.reasons)))

    def _session(self, low: int, high: int) -> SuiteSession:
        sides: dict[Side, SideReady] = {"base": self.ready[low], "head": self.ready[high]}
        return harness_for(self.suite).session(self.suite, sides, self.effects)


def _common(taken: Round, unit: str, low: int, high: int) -> CommonRound | None:
    """A pair's round, as one that two commits share; None where its values have no ratio."""
    if min(*taken.base, *taken.head) <= 0:
        return None
    found = evidence_of_rounds([taken], unit)
    if found.base is None or found.head is None:
        return None
    typical, mean = float(found.typical[0]), float(np.log(found.head / found.base)[0])
    return CommonRound({low: 0.0, high: typical}, {low: 0.0, high: mean})
