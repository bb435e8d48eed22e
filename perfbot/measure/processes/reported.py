"""Suites of tools that measure by themselves: a process a turn on each side, and the values that it reports.

A round is one process a side, or one a side for each benchmark, where the tool can run a single one. Both sides'
processes run at once on one core. Tools that measure for a given time get the same share of the core whatever their
speed, for the kernel slices them in lock-step, and wall time times that share is CPU time. Tools that can be told how
many iterations to run are run for many and for one, and the difference in the kernel's own count of their CPU time is
that of the iterations, which no other load on the core touches. What waits, uses several cores, or reports what cannot
be converted, runs in turns: base before head, then head before base.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from perfbot.errors import MeasureError
from perfbot.measure.lockstep.launching import Launcher
from perfbot.measure.lockstep.plan import starting_order
from perfbot.measure.processes import pairing
from perfbot.measure.processes.naming import naming
from perfbot.measure.processes.own_versions import OwnVersions
from perfbot.measure.processes.tool_runs import Ran, Runs
from perfbot.measure.processes.tools import FILTER, NOT_TIMED, Chosen
from perfbot.measure.session import ANYWHERE, Discovery, Failed, Measured, Outcome, Placement
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import SIDES, TIME, Benchmark, Metric, Round, Side
from perfbot.reasons import CommandFailed, Exclusive, Failure, NotReported, Said, SidesAtOnce, with_output
from perfbot.runner.address_space import Layout


@dataclass(slots=True)
class ReportedSuite:
    """One tool's benchmarks, both sides ready.

    Attributes:
        runs: how to start it on either side.
        chosen: which of its metrics are compared.
        own: base's own versions of benchmark files that it took from head; None where it took none.
    """

    name: str
    runs: Runs
    random: Random
    chosen: Chosen = field(default_factory=Chosen)
    own: OwnVersions | None = None
    trace: Trace = no_trace
    startup_seconds: float = 0.0
    _order: int = 0
    _metrics: dict[str, tuple[Metric, ...]] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)
    _excused: set[int] = field(default_factory=set)
    _waits: dict[str, bool] = field(default_factory=dict)
    _exclusive: set[str] = field(default_factory=set)
    """Patterns of which both sides want one port, or cannot run at once for another reason."""
    _iterations: dict[str, int] = field(default_factory=dict)
    _selectors: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._order = self.random.getrandbits(64)

    @property
    def alone(self) -> bool:
        """Whether it needs the machine for itself: it is not bound to a core, or runs but once at a time."""
        return not self.runs.tool.pinned or bool(self._exclusive)

    @property
    def _single(self) -> bool:
        return FILTER in self.runs.tool.line

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        """None: a process of the tool would cost as much as a round."""
        return ()

    def predicted_seconds(self, name: str) -> float:
        """Wall time of its share of the last round."""
        return self._seconds.get(name, 0.0)

    def discover(self) -> Discovery:
        """Run everything once on each side and see what is reported.

        Raises:
            MeasureError: a side reports nothing, or something that cannot be understood.
        """
        launcher = Launcher(Layout(self._order))
        try:
            own = self.own.reported(self.name, self.runs, launcher) if self.own is not None else None
            ran = {side: self.runs.alone(launcher, side, self.runs.tool.everything, Placement()) for side in SIDES}
        finally:
            launcher.close()
        for side in SIDES:
            if not ran[side].results or (ran[side].trouble and not ran[side].tells):
                raise MeasureError(
                    f"suite {self.name}, {side}: `{self.runs.tool.line}` {ran[side].trouble}",
                    output=ran[side].printed,
                    side=side,
                )
        everything = [*(ran[side].results for side in SIDES), *([own.results] if own is not None else [])]
        self.runs = replace(self.runs, naming=naming(*everything))
        own = own.called(self.runs.naming) if own is not None else None
        ran = {side: ran[side].called(self.runs.naming) for side in SIDES}
        self._excused = {ran[side].usage.code for side in SIDES}
        found = pairing.pair(self.name, self.chosen, self.runs.tool.line, ran, own)
        self._metrics, self._selectors = dict(found.metrics), dict(found.selectors)
        common = tuple(Benchmark(self.name, name) for name in found.metrics)
        return Discovery(common, (TIME,), found.settled, found.problems, self._metrics)

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """One process a side, or one a side for each benchmark."""
        launcher = Launcher(Layout(self._order + index))
        order = starting_order(str(self._order), index)
        try:
            for group in ([name] for name in names) if self._single else [list(names)]:
                if place.recalled or time.monotonic() + sum(map(self.predicted_seconds, group)) > until:
                    return
                yield from self._group(launcher, group, order, index, place)
        finally:
            launcher.close()

    def _group(
        self, launcher: Launcher, names: Sequence[str], order: Sequence[Side], index: int, place: Placement
    ) -> Iterator[Outcome]:
        pattern = self.runs.tool.pattern(self._selectors[names[0]]) if self._single else self.runs.tool.everything
        if self.runs.tool.counted and pattern not in self._iterations:
            self._iterations[pattern] = self.runs.enough(launcher, "base", pattern, place)
        iterations = self._iterations.get(pattern, 1)
        began = time.monotonic()
        together, ran = self._run(launcher, names, pattern, order, place)
        anew = False
        if together and self._fails(ran, names):  # perhaps because both want one port
            alone = {side: self.runs.alone(launcher, side, pattern, place, iterations) for side in order}
            if not self._fails(alone, names):
                self._exclusive.add(pattern)
                together, ran, anew = False, alone, True
        seconds = (time.monotonic() - began) / len(names)
        core = place.core if self.runs.tool.pinned else -1
        self.trace(event="round", suite=self.name, benchmarks=list(names), round=index, order=list(order), core=core,
                   mode="together" if together else "turns", seconds=seconds * len(names))  # fmt: skip
        for name in names:
            self._seconds[name] = seconds
            if failures := {side: reasons for side in SIDES if (reasons := self._failure(ran[side], name))}:
                side: Side = "head" if "head" in failures else "base"
                yield Failed(name, "both" if len(failures) == len(SIDES) else side, failures[side])
                continue
            if more := pairing.failing({side: ran[side].found[name] for side in SIDES if name in ran[side].found}):
                yield Failed(name, more[0], (more[1],))
                continue
            for metric in self._metrics[name]:
                readings = {side: ran[side].reading(name, metric.name) for side in SIDES}
                if odd := pairing.unlike(metric, readings):
                    yield Failed(name, odd[0], (odd[1],), skipped=True, metric=metric, left_out=odd[0] == "head")
                    continue
                base, head = (one.value for one in readings.values() if one is not None)
                plain = (name, metric.name) in ran["base"].plain
                converted = together and metric.name in self.runs.tool.walls and not plain
                clock: Literal["wall", "cpu"] = "cpu" if converted else "wall"
                taken = Round(index, (base,), (head,), iterations, seconds, core, clock, together)
                how = SidesAtOnce("iterations" if iterations > 1 else "wall times" if converted else "medians")
                notes = (how,) if converted or plain else (Exclusive(),) if pattern in self._exclusive else ()
                yield Measured(name, metric, taken, notes, anew)

    def _run(
        self, launcher: Launcher, names: Sequence[str], pattern: str, order: Sequence[Side], place: Placement
    ) -> tuple[bool, dict[Side, Ran]]:
        """Run both sides; whether they ran at once, and what they reported."""
        iterations = self._iterations.get(pattern, 1)
        if not self._can_run_at_once(launcher, pattern, place):
            return False, {side: self.runs.alone(launcher, side, pattern, place, iterations) for side in order}
        if iterations > 1:
            return True, self.runs.work_at_once(launcher, order, pattern, place, names[0], iterations)
        return True, self.runs.at_once(launcher, order, pattern, place)

    def _fails(self, ran: Mapping[Side, Ran], names: Sequence[str]) -> bool:
        return any(self._failure(ran[side], name) for side in SIDES for name in names)

    def _can_run_at_once(self, launcher: Launcher, pattern: str, place: Placement) -> bool:
        """Whether all that is asked for can be converted to CPU time, and, by a probe of both sides, nothing waits."""
        if place.core < 0 or not self.runs.tool.pinned:
            return False
        if not set(self.chosen.names) <= self.runs.tool.walls | NOT_TIMED | set(self.chosen.exact):
            return False
        if pattern not in self._waits:
            many = self._iterations.get(pattern, 1)
            base, head = (self.runs.probe(launcher, side, pattern, place, many) for side in SIDES)
            self._waits[pattern] = base.idle or head.idle
            if base.ports & head.ports:
                self._exclusive.add(pattern)
        return not self._waits[pattern] and pattern not in self._exclusive

    def _failure(self, ran: Ran, name: str) -> tuple[Failure, ...]:
        """Why a process says nothing that can be trusted about a benchmark; empty where it does."""
        if ran.trouble and not (ran.usage.code in self._excused and name in ran.found):
            return with_output(CommandFailed(self.runs.tool.line, ran.trouble), ran.printed)
        one = ran.found.get(name)
        if one is not None and one.trouble:
            return (Said(one.trouble),)
        missing = tuple(metric.name for metric in self._metrics[name] if ran.reading(name, metric.name) is None)
        return with_output(NotReported(missing), ran.printed) if missing else ()
