"""Counting rounds: what a call takes besides time, by workers of their own whose hash seed and layout are fixed.

Both sides run at once and wherever they like: a count does not depend on what else the machine does. Instructions are
counted by valgrind's callgrind, which starts a suite at about five times and counts at about fifty times the usual
time; one process a side serves the whole suite.
"""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from perfbot.measure.lockstep.link import WorkerLost, WorkerSpec
from perfbot.measure.lockstep.pair import START_SECONDS, Messages, Pair
from perfbot.measure.lockstep.reasons import ended_as, joined, told_as
from perfbot.measure.sequential_test import EXACT_ROUNDS, FIRST_ROUNDS
from perfbot.measure.session import Failed, Measured, Outcome
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import MEMORY, SIDES, Metric, Problem, Round, Side
from perfbot.reasons import AnotherOrder, CountingFailed, Hangs, NotCalled, NotCounted, Said
from perfbot.runner.address_space import Layout, can_share

INSTRUCTIONS = Metric("instructions", "1", rule="exact")
ALLOCATED = Metric("allocated", "B", rule="exact")
FOOTPRINT = Metric("footprint", "B", rule="exact")
OBJECTS = Metric("objects", "1", rule="exact")

HASH_SEED = 1
"""Any but 0 (no hashing by seed at all) would do; the same for both sides, every round and every run."""

SLOWDOWN = 50
"""How much longer than usual a call may take while its instructions are counted."""

REPEATS = 1e-3
"""Counts of two rounds that differ by no more than this share are the same: a third round would tell nothing new."""

PATIENCE = 1 / 4
"""Share of the time left that a single benchmark may take."""

LEAST_PATIENCE = 5.0
"""Seconds that it may take in any case."""

NO_VALGRIND, NO_TIME, TOO_SLOW = NotCounted("no valgrind"), NotCounted("no time"), NotCounted("too slow")


def valgrind(out: Path, *more: str) -> tuple[str, ...] | None:
    """The command that runs another one under callgrind, which writes to ``out``; None where there is none."""
    found = shutil.which("valgrind")
    return (found, "-q", "--tool=callgrind", f"--callgrind-out-file={out}", *more) if found else None


def patience(timeout: float, slowdown: int, until: float) -> float:
    """Seconds to wait for one benchmark: its time-out as slow as it may get, or a share of what is left."""
    share = max(LEAST_PATIENCE, PATIENCE * (until - time.monotonic()))
    return min(timeout * slowdown, share)


@dataclass(frozen=True, slots=True)
class CountingMode:
    """Metrics that one kind of worker counts, one after the other while it holds a benchmark.

    Attributes:
        prefix: what runs the worker; a folder for files stands where ``{folder}`` is.
        slowdown: how much longer than usual everything may take.
    """

    metrics: tuple[Metric, ...]
    prefix: tuple[str, ...] = ()
    slowdown: int = 1

    @property
    def rounds(self) -> int:
        """As many as the least exact of its metrics needs."""
        return max(EXACT_ROUNDS if metric.rule == "exact" else FIRST_ROUNDS for metric in self.metrics)


def modes(names: Iterable[str]) -> tuple[CountingMode, ...]:
    """How to count the metrics of these names. Without valgrind there is none for instructions.

    Peak memory repeats to within a few pages where the layout of memory can be drawn; elsewhere it is decided as
    noisy metrics are.
    """
    wanted = set(names)
    memory = replace(MEMORY, rule="exact") if can_share() else MEMORY
    plain = tuple(metric for metric in (ALLOCATED, FOOTPRINT, OBJECTS, memory) if metric.name in wanted)
    command = valgrind(Path("{folder}") / "counts", "--instr-atstart=no") if "instructions" in wanted else None
    return (
        *((CountingMode(plain),) if plain else ()),
        *((CountingMode((INSTRUCTIONS,), command, SLOWDOWN),) if command else ()),
    )


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts metrics of the benchmarks of one suite.

    Attributes:
        metrics: what is wanted, whether it can be counted or not.
        modes: how to count what can be counted.
        timed: the suite's calls are timed as well; then that shows whether a benchmark fails, and a count that cannot
            be had is no failure.
        timeout: seconds a single call may take.
    """

    suite: str
    specs: Mapping[Side, WorkerSpec]
    metrics: tuple[Metric, ...]
    modes: tuple[CountingMode, ...]
    timed: bool
    timeout: float
    scratch: Path
    trace: Trace = no_trace

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What to know before anything is counted."""
        return missing(self.suite, self.metrics, self.modes)

    def count(self, identities: Mapping[str, str], until: float) -> Iterator[Outcome]:
        """Count everything in a few rounds.

        Args:
            identities: the workers' own name of each benchmark by the name that people read.
            until: ``time.monotonic()`` after which nothing is begun.
        """
        countable = {metric for mode in self.modes for metric in mode.metrics}
        for metric in self.metrics:
            if metric not in countable:
                yield from (Failed(name, "both", (NO_VALGRIND,), True, metric) for name in identities)
        for mode in self.modes:
            yield from Rounds(self, mode, identities, until).measure()


def missing(suite: str, metrics: Sequence[Metric], found: Sequence[CountingMode]) -> tuple[Problem, ...]:
    """A warning where instructions are wanted and nothing can count them."""
    counted = {metric for mode in found for metric in mode.metrics}
    return (Problem(f"suite {suite}", told_as([NO_VALGRIND]), fatal=False),) if set(metrics) - counted else ()


class Rounds:
    """All rounds of one mode: a fresh pair of workers each."""

    def __init__(self, counter: Counter, mode: CountingMode, identities: Mapping[str, str], until: float) -> None:
        self._counter = counter
        self._mode = mode
        self._identities = identities
        self._until = until
        self._waiting: dict[tuple[str, Metric], Measured | None] = {
            (name, metric): None for name in identities for metric in mode.metrics
        }
        self._calls: dict[str, int] = {}
        self._seconds: dict[str, float] = {}
        self._current = ""

    def measure(self) -> Iterator[Outcome]:
        """Count in rounds; what was never counted in the end says so."""
        seconds = 0.0
        for index in range(self._mode.rounds):
            began = time.monotonic()
            if began + seconds > self._until or not self._waiting:
                break
            for outcome in self._round(index):
                self._note(outcome)
                yield outcome
            seconds = time.monotonic() - began
        for (name, metric), last in self._waiting.items():
            if last is None:
                yield Failed(name, "both", (NO_TIME,), True, metric)

    def _note(self, outcome: Outcome) -> None:
        """Remember what was counted; what failed, or repeated itself, is not counted again."""
        for name, metric in list(self._waiting):
            if outcome.name != name or outcome.metric not in (None, metric):
                continue
            if isinstance(outcome, Failed) or _repeats(outcome, self._waiting[name, metric]):
                del self._waiting[name, metric]
            else:
                self._waiting[name, metric] = outcome

    def _round(self, index: int) -> Iterator[Outcome]:
        """Count once what is still waiting; a lost worker costs the benchmark it was in, and a new pair."""
        rest = list(dict.fromkeys(name for name, _ in self._waiting))
        while rest and time.monotonic() < self._until:
            self._current = ""
            try:
                for name, outcomes in self._pair_of_workers(index, rest):
                    rest = rest[rest.index(name) + 1 :]
                    yield from outcomes
            except WorkerLost as lost:
                failed = [self._current] if self._current else rest
                rest = rest[rest.index(self._current) + 1 :] if self._current else []
                for name in failed:
                    yield from self._lost(name, lost)
            else:
                return

    def _pair_of_workers(self, index: int, names: Sequence[str]) -> Iterator[tuple[str, list[Outcome]]]:
        """One pair of workers, while there is time."""
        with tempfile.TemporaryDirectory(dir=self._counter.scratch) as folder:
            start = min(START_SECONDS, max(LEAST_PATIENCE, self._until - time.monotonic()))
            specs = {side: self._spec(side, folder) for side in SIDES}
            layout = None if self._mode.prefix else Layout(HASH_SEED)  # valgrind lays its programs out by itself
            pair = Pair(specs, hash_seed=HASH_SEED, timeout=self._patience(), layout=layout, start=start)
            with closing(pair):
                pair.enter_all([self._identities[name] for name in names], counting=not self._mode.prefix)
                for name in names:
                    began = time.monotonic()
                    if began + self._seconds.get(name, 0.0) > self._until:
                        return
                    self._current = name
                    yield name, self._one(pair, name, index, folder)
                    self._current = ""
                    self._seconds[name] = time.monotonic() - began

    def _spec(self, side: Side, folder: str) -> WorkerSpec:
        prefix = tuple(word.replace("{folder}", f"{folder}/{side}") for word in self._mode.prefix)
        (Path(folder) / side).mkdir()
        return replace(self._counter.specs[side], prefix=prefix)

    @property
    def _slow(self) -> bool:
        return self._mode.slowdown > 1

    def _patience(self) -> float:
        return patience(self._counter.timeout, self._mode.slowdown, self._until)

    def _one(self, pair: Pair, name: str, index: int, folder: str) -> list[Outcome]:
        """All metrics of one benchmark."""
        arrived = pair.arrivals()
        for side in SIDES:
            message = arrived[side]
            if message["name"] != self._identities[name]:
                raise WorkerLost(side, AnotherOrder())
            if message["event"] == "done":
                said = message["error"] or message["skipped"]
                raise WorkerLost(side, Said(said) if said else NotCalled(), skipped=not message["error"])
        outcomes = [
            self._count(pair, arrived, name, metric, index, folder)
            for metric in self._mode.metrics
            if (name, metric) in self._waiting
        ]
        left = pair.leave(SIDES)
        failures = [ended_as(name, side, one) for side, one in left.items() if one["error"] or one["skipped"]]
        return outcomes if self._counter.timed or not failures else list(joined(failures))

    def _count(
        self, pair: Pair, ready: Messages, name: str, metric: Metric, index: int, folder: str
    ) -> Measured | Failed:
        began = time.monotonic()
        once = any(message["once"] for message in ready.values())
        answers = self._answers(pair, name, metric, folder, once=once)
        refused = [(side, answers[side]["refused"]) for side in SIDES if "refused" in answers[side]]
        if refused:
            side, why = refused[0]
            return Failed(name, "both" if len(refused) == len(SIDES) else side, (Said(why),), True, metric)
        seconds = time.monotonic() - began
        calls = {side: ready[side]["inner"] if metric == INSTRUCTIONS else 1 for side in SIDES}
        base, head = (float(answers[side]["value"]) / calls[side] for side in SIDES)
        self._counter.trace(event="count", suite=self._counter.suite, benchmark=name, metric=metric.name, round=index,
                            base=base, head=head, calls=answers["base"]["calls"], seconds=seconds)  # fmt: skip
        taken = Round(index, (base,), (head,), answers["base"]["calls"], seconds, clock="count")
        return Measured(name, metric, taken)

    def _answers(self, pair: Pair, name: str, metric: Metric, folder: str, *, once: bool) -> Messages:
        """Base finds out in how many calls to count; from then on both sides count in as many."""
        out = {side: f"{folder}/{side}/counts" for side in SIDES}
        answers: Messages = {}
        for sides in (SIDES,) if name in self._calls or metric != INSTRUCTIONS else tuple((s,) for s in SIDES):
            calls = self._calls.get(name, 0)
            answers |= pair.count(sides, self._patience(), out=out, metric=metric.name, once=once, calls=calls)
            if metric == INSTRUCTIONS and "calls" in answers["base"]:
                self._calls[name] = answers["base"]["calls"]
        return answers

    def _lost(self, name: str, lost: WorkerLost) -> Iterator[Failed]:
        """What a benchmark that could not be counted is called. It does not hang where the budget was short."""
        if lost.reason == Hangs() and self._patience() < self._counter.timeout * self._mode.slowdown and not self._slow:
            yield from (
                Failed(name, "both", (NO_TIME,), True, metric)
                for metric in self._mode.metrics
                if (name, metric) in self._waiting and self._waiting[name, metric] is None
            )
            return
        if not self._counter.timed and (lost.skipped or self._mode.slowdown == 1):
            yield Failed(name, lost.side, (lost.reason,), lost.skipped)
            return
        slow = self._slow and lost.reason == Hangs()
        reason = TOO_SLOW if slow else CountingFailed(_gist(told_as([lost.reason])))
        yield from (
            Failed(name, lost.side, (reason,), self._counter.timed or slow, metric)
            for metric in self._mode.metrics
            if (name, metric) in self._waiting and not (slow and self._waiting[name, metric])
        )


def _repeats(new: Measured, last: Measured | None) -> bool:
    """Whether both sides' counts are those of the round before; noisy ones never are."""
    if last is None or new.metric.rule != "exact":
        return False
    pairs = ((new.round.base[0], last.round.base[0]), (new.round.head[0], last.round.head[0]))
    return all(math.isclose(one, other, rel_tol=REPEATS) for one, other in pairs)


def _gist(text: str) -> str:
    """The line of a traceback, Python's or pytest's, that says what happened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    raised = [line.removeprefix("E ").strip() for line in lines if line.startswith("E ")]
    return raised[-1] if raised else lines[-1]
