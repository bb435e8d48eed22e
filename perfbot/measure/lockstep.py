"""Suites whose benchmarks run inside live workers that take turns: pytest, pyperf, plain functions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from perfbot.errors import MeasureError
from perfbot.measure.link import WorkerLost, WorkerSpec
from perfbot.measure.pair import Listing, Pair, allowed_cores, kept_off
from perfbot.measure.plan import (
    LONG_SECONDS,
    VALUE_SECONDS,
    WARM_BELOW_SECONDS,
    Speed,
    Values,
    plan_values,
)
from perfbot.measure.session import Discovery, Failed, Measured, Outcome
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import SIDES, TIME, Benchmark, Comparison, Problem, Round, Side

Clock = Literal["wall", "cpu"]

OUTPUT_LINES = 15
"""How much of a failing process's output is shown."""

START_ATTEMPTS = 2
"""A pair that cannot start is tried again once: the first attempt may have met a disturbed machine."""

WAITS = "waits for something (CPU time is below wall time): compared by wall time, in turns"
THREADED = "computes in several threads: compared by wall time, in turns, not pinned"
UNPINNED = "this system refuses to pin processes to a core: expect wider intervals"


@dataclass(slots=True)
class LockstepSuite:
    """One suite, both sides ready.

    Attributes:
        specs: how to start each side's worker.
        timeout: seconds a single call may take.
        random: source of cores, hash seeds and who begins.
        display: the name that people read, from the worker's own (a node id); must stay unique.
    """

    name: str
    specs: Mapping[Side, WorkerSpec]
    timeout: float
    random: Random
    display: Callable[[str], str] = str
    trace: Trace = no_trace
    startup_seconds: float = 0.0
    _ids: dict[str, str] = field(default_factory=dict)
    _speeds: dict[str, Speed] = field(default_factory=dict)
    _once: set[str] = field(default_factory=set)
    _seconds: dict[str, float] = field(default_factory=dict)
    _undecided: int = 1

    def discover(self) -> Discovery:
        """List both sides with a pair of workers that is used for nothing else."""
        pair = self._start()
        try:
            listings = pair.collect()
        except WorkerLost as lost:
            message = f"suite {self.name}: the benchmarks of {lost.side} could not be listed: {lost.reason}"
            raise MeasureError(message, output=_tail(lost.output)) from lost
        finally:
            pair.close()
        return self._discovery(listings)

    def _discovery(self, listings: Mapping[Side, Listing]) -> Discovery:
        found = {side: {item["name"]: item for item in listings[side].benchmarks} for side in SIDES}
        problems = [
            Problem(f"suite {self.name}, {side}: {item['where']}", _last_line(item["message"]), item["message"], False)
            for side in SIDES
            for item in listings[side].problems
        ]
        self._ids = {self.display(identity): identity for identity in found["head"] | found["base"]}
        common = [self._benchmark(item) for name, item in found["head"].items() if name in found["base"]]
        added = [item for name, item in found["head"].items() if name not in found["base"]]
        removed = [item for name, item in found["base"].items() if name not in found["head"]]
        settled = [
            *(Comparison(self._benchmark(item), TIME, status="added") for item in added),
            *(Comparison(self._benchmark(item), TIME, status="removed") for item in removed),
        ]
        return Discovery(tuple(common), (TIME,), tuple(settled), tuple(problems))

    def _benchmark(self, item: Mapping[str, Any]) -> Benchmark:
        return Benchmark(self.name, self.display(item["name"]), item.get("file", ""), item.get("line", 0))

    def predicted_seconds(self, name: str) -> float:
        """Measuring time of its last round."""
        return self._seconds.get(name, 0.0)

    def measure_round(self, index: int, names: Sequence[str], until: float) -> Iterator[Outcome]:
        """Measure ``names`` in order with one pair; a lost worker costs the benchmark it was in, and a new pair."""
        rest = list(names)
        attempts = 0
        while rest and time.monotonic() < until:
            try:
                for outcome, name in self._with_pair(index, rest, until):
                    rest = rest[rest.index(name) + 1 :]
                    attempts = 0
                    yield from outcome
                return
            except _LostIn as lost:
                if lost.name:
                    rest = rest[rest.index(lost.name) + 1 :]
                    yield Failed(lost.name, lost.lost.side, _reason(lost.lost))
                    continue
                attempts += 1
                if attempts == START_ATTEMPTS:
                    message = f"suite {self.name}: the worker of {lost.lost.side} {lost.lost.reason}"
                    raise MeasureError(message, output=_tail(lost.lost.output)) from lost

    def _start(self) -> Pair:
        return Pair(self.specs, hash_seed=self.random.randrange(1, 2**32), timeout=self.timeout)

    def _with_pair(self, index: int, names: list[str], until: float) -> Iterator[tuple[list[Outcome], str]]:
        cores = allowed_cores()
        core = self.random.choice(cores) if cores else -1
        began = time.monotonic()
        self._undecided = len(names)
        pair, current = None, ""
        try:
            pair = self._start()
            pair.enter_all([self._ids[name] for name in names])
            with kept_off(core, cores):
                for position, name in enumerate(names):
                    arrived = pair.arrivals(starting=position == 0)
                    if position == 0:
                        self.startup_seconds = time.monotonic() - began
                        self.trace(event="pair", suite=self.name, round=index, core=core, startup=self.startup_seconds)
                    current = name
                    if time.monotonic() + self._seconds.get(name, 0.0) > until:
                        return
                    yield self._one(pair, name, index, arrived, core, cores), name
                    current = ""
        except WorkerLost as lost:
            raise _LostIn(current, lost) from lost
        finally:
            if pair is not None:
                pair.close()

    def _one(
        self,
        pair: Pair,
        name: str,
        index: int,
        arrived: Mapping[Side, Mapping[str, Any]],
        core: int,
        cores: tuple[int, ...],
    ) -> list[Outcome]:
        """One round of one benchmark in which both sides have arrived."""
        began = time.monotonic()
        for side in SIDES:
            if arrived[side]["name"] != self._ids[name]:
                raise WorkerLost(side, "its benchmarks come in another order than those of the other side", "")
        held = [side for side in SIDES if arrived[side]["event"] == "ready"]
        outcomes: list[Outcome] = []
        if len(held) == len(SIDES):
            if any(arrived[side].get("once") for side in SIDES):
                self._once.add(name)
            outcomes = self._held(pair, name, index, core, cores)
        ended = {**arrived, **pair.leave(held)}
        failures = [Failed(name, side, m["error"] or m["skipped"], not m["error"]) for side, m in ended.items()
                    if m["error"] or m["skipped"]]  # fmt: skip
        self._seconds[name] = time.monotonic() - began
        return list(_joined(failures)) if failures else outcomes

    def _held(self, pair: Pair, name: str, index: int, core: int, cores: tuple[int, ...]) -> list[Outcome]:
        once = name in self._once
        if name not in self._speeds:
            pair.pin(cores)
            self._speeds[name] = self._probe(pair)
            if once:
                return []
        speed = self._speeds[name]
        values = plan_values(speed, self.startup_seconds / self._undecided, once=once)
        pinned = pair.pin([core] if values.pinned and core >= 0 else cores)
        first: Side = self.random.choice(SIDES)
        began = time.monotonic()
        answers = pair.measure(values, first)
        seconds = time.monotonic() - began
        self.trace(
            event="round", suite=self.name, benchmark=name, round=index, mode=values.mode, first=first,
            loops=values.loops, discard=values.discard, seconds=seconds,
            began={side: answers[side]["began"] for side in SIDES},
            walls={side: answers[side]["walls"] for side in SIDES}, cpus={side: answers[side]["cpus"] for side in SIDES},
        )  # fmt: skip
        taken = _round(index, values, speed.clock, answers, seconds, core if pinned else -1)
        return [Measured(name, TIME, taken, _notes(speed, pinned))]

    def _probe(self, pair: Pair) -> Speed:
        """Speed of base; where its calls are long, head is asked too whether it waits or computes in threads."""
        base = self._probe_side(pair, "base")
        if base.wall < LONG_SECONDS or base.waits or base.threaded:
            return base
        head = self._probe_side(pair, "head")
        return Speed(base.wall, head.cpu, base.first, head.voluntary) if head.waits or head.threaded else base

    @staticmethod
    def _probe_side(pair: Pair, side: Side) -> Speed:
        answer = pair.probe(side, at_least=VALUE_SECONDS, again_below=WARM_BELOW_SECONDS)
        scale = answer["loops"] * 1e9
        return Speed(answer["wall"] / scale, answer["cpu"] / scale, answer["first"] / 1e9, answer["voluntary"])


class _LostIn(Exception):
    """A worker was lost inside a benchmark, or (empty name) between benchmarks."""

    def __init__(self, name: str, lost: WorkerLost) -> None:
        super().__init__(str(lost))
        self.name = name
        self.lost = lost


def _round(
    index: int, values: Values, clock: Clock, answers: Mapping[Side, Mapping[str, Any]], seconds: float, core: int
) -> Round:
    base, head = (
        tuple(max(taken, 1) / values.loops / 1e9 for taken in answers[side][f"{clock}s"][: values.pairs])
        for side in SIDES
    )
    return Round(index, base, head, values.loops, seconds, core, clock, values.mode == "together")


def _notes(speed: Speed, pinned: bool) -> tuple[str, ...]:
    if speed.threaded:
        return (THREADED,)
    notes = (WAITS,) if speed.waits else ()
    return notes if pinned else (*notes, UNPINNED)


def _joined(failures: list[Failed]) -> Iterator[Failed]:
    """One failure a benchmark: of one side, or of both with head's reason."""
    if len(failures) == len(SIDES):
        worst = min(failures, key=lambda failure: (failure.skipped, failure.side == "base"))
        yield Failed(worst.name, "both", worst.reason, worst.skipped)
    else:
        yield from failures


def _reason(lost: WorkerLost) -> str:
    return "\n".join(part for part in (lost.reason, _tail(lost.output)) if part)


def _tail(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-OUTPUT_LINES:])


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
