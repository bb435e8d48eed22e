"""The workers of both sides, started together, pinned to one core, giving each other the turns."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from perfbot.measure.lockstep import messages
from perfbot.measure.lockstep.link import (
    Link,
    WorkerLost,
    WorkerSpec,
    culprit,
    first_sign,
    started,
)
from perfbot.measure.lockstep.plan import VALUE_SECONDS, WARM_BELOW_SECONDS, Speed, ValuePlan
from perfbot.measure.lockstep.signs import AWAKE
from perfbot.model import SIDES, Round, Side
from perfbot.reasons import Hangs, NotFresh, OutOfTurn, Rubbish, Said
from perfbot.runner.address_space import Layout
from perfbot.runner.cores import pin_process

START_SECONDS = 300.0
"""Longest time to import a suite and collect its benchmarks."""

SLOWER = 5
"""Values may take so many times as long as predicted, beyond the time-out of a single call."""

Messages = dict[Side, messages.Message]


@dataclass(frozen=True, slots=True)
class Collected:
    """What one side's worker collected: benchmarks as the worker described them, and what it could not read."""

    benchmarks: tuple[Mapping[str, Any], ...]
    problems: tuple[Mapping[str, str], ...]


def round_of(
    index: int,
    values: ValuePlan,
    clock: Literal["wall", "cpu"],
    answers: Messages,
    calls: Mapping[Side, int],
    seconds: float,
    core: int,
    *,
    costs: bool = True,
) -> Round:
    """Values in seconds a call; ``calls`` that each side made in one value.

    Args:
        clock: what to read where the system does not tell what calls cost.
        costs: whether to read that where it does.
    """
    told = costs and all(min(answers[side]["costs"]) > 0 for side in SIDES)
    kind = "costs" if told else f"{clock}s"
    base, head = (tuple(max(taken, 1) / calls[side] / 1e9 for taken in answers[side][kind]) for side in SIDES)
    waited = (_waited(answers["base"], calls["base"]), _waited(answers["head"], calls["head"])) if told else None
    return Round(
        index, base, head, calls["base"], seconds, core, "cost" if told else clock, values.mode == "together", waited
    )


def drawn(random: Random) -> dict[Side, int]:
    """For each side, where its memory is to lie: the same, so that what a place costs cancels where both still come to
    the same one; see :mod:`perfbot.worker.heap`."""
    return dict.fromkeys(SIDES, random.getrandbits(48))


def _waited(answer: messages.Message, calls: int) -> float:
    """Seconds a call in which a side neither ran nor wanted the core."""
    idle = sum(answer["costs"]) - sum(answer["cpus"])
    return max(0.0, float(idle) / len(answer["costs"]) / calls / 1e9)


ALIKE_SECONDS = 1.0
"""How much later than one side the other one may break, to have broken alike."""


class Pair:
    """Both workers of one round. Close it in every case: that kills them with all they started.

    Args:
        hash_seed: of both.
        layout: of both's memory; drawn by the system where there is none.
        timeout: seconds a single call may take.
        start: longest time to import a suite and collect its benchmarks.
        order: who is started first. What only the first or the second to start suffers (both want one file, one
            port) hits both sides equally often, and widens the interval instead of moving it.
        alike: fork both from one interpreter where that alone gives them one layout: for times, but not for memory,
            of which forks share some.

    Attributes:
        patience: seconds to wait for a single call, or for what a benchmark does before and after; may be changed.
    """

    def __init__(
        self,
        specs: Mapping[Side, WorkerSpec],
        *,
        hash_seed: int,
        timeout: float,
        layout: Layout | None,
        start: float = START_SECONDS,
        order: Sequence[Side] = SIDES,
        alike: bool = False,
    ) -> None:
        self.patience = timeout
        self._start = start
        self.links: dict[Side, Link] = {}
        base_reads, head_writes = os.pipe()
        head_reads, base_writes = os.pipe()
        turn_fds = {"base": (base_reads, base_writes), "head": (head_reads, head_writes)}
        try:
            for side in order:
                self.links[side] = Link(specs[side], turn_fds[side], hash_seed, layout)
            workers = started([link.start for link in self.links.values()], layout, alike=alike)
            for link in self.links.values():
                link.begin(workers)
        except WorkerLost:
            self.close()
            raise
        finally:
            for fd in (base_reads, head_writes, head_reads, base_writes):
                os.close(fd)

    def begin(self, specs: Mapping[Side, WorkerSpec], *, timeout: float, start: float) -> None:
        """Let workers that wait be those of some sides; see :mod:`perfbot.measure.lockstep.waiting`.

        Args:
            timeout, start: as when they are started.

        Raises:
            WorkerLost: one ended, or has loaded what it should not.
        """
        for side, answer in self._receive(SIDES, start, "waiting").items():
            if not answer["fresh"]:
                raise self.links[side].lost(NotFresh())
        for side, link in self.links.items():
            link.send(op="begin", cwd=str(specs[side].cwd), options=dict(specs[side].options))
        self.patience, self._start = timeout, start

    def load(self) -> None:
        """Let workers that wait load their suite's tool."""
        for link in self.links.values():
            with contextlib.suppress(WorkerLost):  # what is lost shows when it is asked to begin
                link.send(op="load")

    def ready(self, deadline: float) -> None:
        """Wait until both workers have said something, which stays to be read."""
        for link in self.links.values():
            first_sign([link], deadline)

    @property
    def used(self) -> float:
        """Processor seconds of both workers so far, as far as they live."""
        return sum(link.used for link in self.links.values())

    def collect(self) -> dict[Side, Collected]:
        """List both sides' benchmarks.

        Raises:
            WorkerLost: a worker could not even start its suite.
        """
        for link in self.links.values():
            link.send(op="list")
        answers = self._receive(SIDES, self._start, "listed")
        return {s: Collected(tuple(answers[s]["benchmarks"]), tuple(answers[s]["problems"])) for s in SIDES}

    def enter_all(self, names: list[str], *, counting: bool = False) -> None:
        """Let both workers enter ``names`` one after the other, once both have started; :meth:`arrivals` waits.

        Args:
            counting: memory or objects are to be counted, so that no benchmark must leave anything behind.
        """
        for link in self.links.values():
            link.send(op="run", names=names, counting=counting)
        self._receive(SIDES, self._start, "running")

    def arrivals(self) -> Messages:
        """Wait until each side is held inside the next benchmark (``ready``) or has already ended it (``done``)."""
        return self._receive(SIDES, self.patience, "ready", "done")

    def leave(self, sides: Iterable[Side]) -> Messages:
        """Let held sides go and wait until they have ended the benchmark."""
        sides = tuple(sides)
        for side in sides:
            self.links[side].send(op="leave")
        return self._receive(sides, self.patience, "done")

    def probe(self, side: Side, *, at_least: float, again_below: float) -> messages.Message:
        """Time one side alone; see :func:`perfbot.worker.turns.probe`. Seconds."""
        order = {"op": "probe", "at_least": round(at_least * 1e9), "again_below": round(again_below * 1e9)}
        self.links[side].send(**order)
        answer = self._receive((side,), self.patience, "answer")[side]
        if not messages.is_probe(answer):
            raise self.links[side].lost(Rubbish())
        return answer

    def measure(self, values: ValuePlan, first: Side, predicted: float, draws: Mapping[Side, int]) -> Messages:
        """Take the values of one round; both sides' answers (nanoseconds for ``values.loops`` calls each).

        Args:
            predicted: seconds that it should take.
        """
        second: Side = "head" if first == "base" else "base"
        if values.mode == "together":
            counts = {first: [values.pairs], second: [values.pairs]}
        else:
            counts = dict(zip((first, second), values.counts, strict=True))
        first_is_last = len(counts[first]) > len(counts[second])
        alike = values.mode == "together"
        for side in (second, first):
            self.links[side].send(
                op=values.mode,
                loops=values.loops,
                discards=values.discards(len(counts[side]), Random(draws[first if alike else side])),  # noqa: S311
                counts=counts[side],
                draw=draws[side],
                drawn_every=values.drawn_every,
                first=side == first,
                hand_over_last=(side == second) == first_is_last,
            )
        answers = self._receive(SIDES, self.patience + SLOWER * predicted, "answer")
        for side, answer in answers.items():
            if not messages.has_values(answer, values.pairs):
                raise self.links[side].lost(Rubbish())
        return answers

    def count(self, sides: Iterable[Side], seconds: float, *, out: Mapping[Side, str], **order: Any) -> Messages:
        """Count a metric of one call on some sides; see :func:`perfbot.worker.counting.count`.

        Args:
            seconds: longest time to wait.
            out: each side's.
        """
        sides = tuple(sides)
        for side in sides:
            self.links[side].send(op="count", out=out[side], **order)
        answers = self._receive(sides, seconds, "answer")
        for side, answer in answers.items():
            if not messages.is_count(answer):
                raise self.links[side].lost(Rubbish())
        return answers

    def ask(
        self, orders: Mapping[Side, Mapping[str, Any]], seconds: float, fits: Callable[[messages.Message], bool]
    ) -> Messages:
        """Give each side an order of its own; what they answer.

        Args:
            seconds: longest time to wait.
            fits: whether an answer is one.
        """
        for side, order in orders.items():
            self.links[side].send(**order)
        answers = self._receive(tuple(orders), seconds, "answer")
        for side, answer in answers.items():
            if not fits(answer):
                raise self.links[side].lost(Rubbish())
        return answers

    def pin(self, cores: Iterable[int]) -> bool:
        """Bind both workers to some cores."""
        cores = tuple(cores)
        pinned = [pin_process(link.child.pid, cores) for link in self.links.values()]
        return all(pinned)

    def stop(self) -> None:
        """End both workers' processes, from any thread; whoever waits for them hears of it, and closes the pair."""
        for link in self.links.values():
            link.child.signal(signal.SIGKILL)

    def close(self) -> None:
        """End both workers and everything they started."""
        for link in self.links.values():
            link.quit()
        for link in self.links.values():
            link.close()

    def _receive(self, sides: Iterable[Side], seconds: float, *events: str) -> Messages:
        """One message of each side, whichever speaks first: the other one may be waiting for it in vain."""
        deadline = AWAKE.now() + seconds
        received: Messages = {}
        waiting = [self.links[side] for side in sides]
        while waiting:
            spoke = first_sign(waiting, deadline)
            if not spoke:
                raise culprit([link.hanging() for link in waiting])
            for link in spoke:
                waiting.remove(link)
                try:
                    received[link.side] = self._expected(link, deadline, events)
                except WorkerLost as lost:
                    raise self._both(lost, waiting, deadline, events) from lost
        return received

    def _both(self, lost: WorkerLost, others: Sequence[Link], deadline: float, events: tuple[str, ...]) -> WorkerLost:
        """What breaks on both sides alike breaks on one of them first: the other one has a moment to do so too."""
        for other in first_sign(others, min(deadline, AWAKE.now() + ALIKE_SECONDS)) if others else ():
            try:
                self._expected(other, deadline, events)
            except WorkerLost as too:
                if {lost.side, too.side} == set(SIDES) and not other.abandoned:
                    worse = min((lost, too), key=lambda one: (one.skipped, one.side == "base"))
                    return WorkerLost("both", worse.reason, worse.output, skipped=worse.skipped)
        return lost

    def _expected(self, link: Link, deadline: float, events: tuple[str, ...]) -> messages.Message:
        try:
            message = link.receive(deadline)
        except WorkerLost as lost:
            raise self._really_lost(link, lost) from lost
        if message["event"] in events:
            return message
        if message["event"] == "fatal":
            raise link.gave_up(message["error"])
        if message["event"] == "done" and (message["error"] or message["skipped"]):
            raise WorkerLost(link.side, Said(message["error"] or message["skipped"]), skipped=not message["error"])
        raise link.lost(OutOfTurn(message["event"]))

    def _really_lost(self, link: Link, lost: WorkerLost) -> WorkerLost:
        """A worker ends when the other one is gone; then the other one is the story."""
        if lost.reason in (Hangs(), Rubbish()):
            return lost
        other = next(one for one in self.links.values() if one is not link)
        return other.lost() if link.abandoned and not other.abandoned else lost


def speed_of(pair: Pair, side: Side, *, once: bool) -> Speed:
    """How fast one side is, by calls of it alone; ``once``: by its first call alone."""
    at_least, again_below = (0.0, 0.0) if once else (VALUE_SECONDS, WARM_BELOW_SECONDS)
    return as_speed(pair.probe(side, at_least=at_least, again_below=again_below))


def as_speed(answer: messages.Message) -> Speed:
    """What a worker's probe says."""
    scale = answer["loops"] * 1e9
    queued = max(0, answer["wall"] - answer["cost"]) / scale if answer["cost"] else None
    ports = frozenset(answer["ports"])
    return Speed(answer["wall"] / scale, answer["cpu"] / scale, answer["first"] / 1e9, queued, ports=ports)
