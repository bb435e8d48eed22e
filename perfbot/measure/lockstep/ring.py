"""Workers of several commits in one round: started together, alike, on one core, handing turns on in a ring.

A pair is a ring of two. Where one worker is lost, the ring is broken, and the round ends there; whose fault it was is
told, so that the next round can do without it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from perfbot.measure.lockstep import messages
from perfbot.measure.lockstep.known import Known
from perfbot.measure.lockstep.link import Link, WorkerLost, WorkerSpec, first_sign, started
from perfbot.measure.lockstep.pair import SLOWER, START_SECONDS, Collected, as_speed
from perfbot.measure.lockstep.plan import (
    VALUE_SECONDS,
    WARM_BELOW_SECONDS,
    Speed,
    ValuePlan,
    measuring_seconds,
    plan_values,
)
from perfbot.measure.lockstep.reasons import reasons_of, start_failure, told_as
from perfbot.measure.lockstep.signs import AWAKE
from perfbot.measure.session import Placement
from perfbot.model import SIDES
from perfbot.reasons import Hangs, Rubbish
from perfbot.runner.address_space import Layout
from perfbot.runner.cores import allowed_cores, pin_process
from perfbot.stats.evidence import evidence_of

Answers = dict[int, messages.Message]

LONG_TURN = 4
"""Values in a turn where more than two take turns."""

MUCH_SLOWER = 8
"""From here on a round is planned for the last commit's calls, as that of a pair is for head's."""


@dataclass(frozen=True, slots=True)
class RingRound:
    """One benchmark in one round.

    Attributes:
        name: as people read it.
        typical, means: logs of what a call costs, by commit, against the first of them: of what is typical and of
            the means.
    """

    name: str
    typical: Mapping[int, float]
    means: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class RingLost:
    """A commit that could not be measured: with one benchmark, or (``name`` is empty) with all of them."""

    name: str
    commit: int
    reason: str


RingOutcome = RingRound | RingLost


@dataclass(slots=True)
class RingSuite:
    """What a suite's rings have in common.

    Attributes:
        specs: how to start each commit's worker; may grow.
        identities: the workers' own names of benchmarks.
        timeout: seconds a single call may take.
        known: what rounds have shown so far.
    """

    specs: dict[int, WorkerSpec]
    identities: Mapping[str, str]
    timeout: float
    known: Known

    def measure(
        self, commits: Sequence[int], names: Sequence[str], until: float, place: Placement, random: Random
    ) -> Iterator[RingOutcome]:
        """One round of some benchmarks in processes of some commits, while there is time."""
        ring: Ring | None = None
        try:
            began = time.monotonic()
            ring = Ring(self, random.sample(list(commits), len(commits)), place, random)
            ring.enter([self.identities[name] for name in names])
            share = measuring_seconds(time.monotonic() - began) / len(names)
            self.known.started(time.monotonic() - began)
            for name in names:
                if time.monotonic() + self.known.predicted_seconds(name) > until:
                    return
                yield from ring.one(name, share, until)
        except Broken as broken:
            yield RingLost(broken.name, broken.commit, broken.reason)
        finally:
            if ring is not None:
                ring.close()


class Broken(Exception):
    """A worker was lost, and with it the round: in a benchmark, or (``name`` is empty) before any."""

    def __init__(self, name: str, commit: int, reason: str) -> None:
        super().__init__(reason)
        self.name, self.commit, self.reason = name, commit, reason


class Ring:
    """The workers of one round, in the order in which they take turns. Close it in every case."""

    def __init__(self, suite: RingSuite, commits: Sequence[int], place: Placement, random: Random) -> None:
        self._suite, self._random = suite, random
        self._cores = (place.core,) if place.core >= 0 else allowed_cores()
        self._name = ""
        self._links: dict[int, Link] = {}
        seed = random.randrange(1, 2**32)
        layout = Layout(seed)
        pipes = [os.pipe() for _ in commits]
        try:
            for at, commit in enumerate(commits):
                ends = (pipes[at][0], pipes[(at + 1) % len(pipes)][1])
                self._links[commit] = Link(suite.specs[commit], ends, seed, layout)
            workers = started([link.start for link in self._links.values()], layout, alike=True)
            for commit, link in self._links.items():  # noqa: B007 - which one could not be started is told
                link.begin(workers)
        except WorkerLost as lost:
            self.close()
            raise Broken("", commit, start_failure(lost)) from lost
        finally:
            for fd in (end for pipe in pipes for end in pipe):
                os.close(fd)
        if place.crowded:
            self._pin(self._cores)

    def enter(self, identities: Sequence[str], seconds: float = START_SECONDS) -> None:
        """Let all workers begin, which may take so long."""
        for commit, link in self._links.items():
            self._send(commit, link, op="run", names=list(identities))
        self._receive(seconds, "running")

    def one(self, name: str, share: float, until: float) -> Iterator[RingOutcome]:
        """One benchmark: held by all, measured, left."""
        self._name = name
        began = time.monotonic()
        arrived = self._receive(self._suite.timeout, "ready", "done")
        failed = {commit: _trouble(message) for commit, message in arrived.items() if message["event"] == "done"}
        if not failed:
            yield from self._held(name, share, until, arrived)
        held = [commit for commit in arrived if commit not in failed]
        for commit in held:
            self._send(commit, self._links[commit], op="leave")
        ended = self._receive(self._suite.timeout, "done", only=held)
        failed |= {commit: why for commit, message in ended.items() if (why := _trouble(message))}
        self._suite.known.took(name, time.monotonic() - began)
        yield from (RingLost(name, commit, why) for commit, why in failed.items())
        self._name = ""

    def follow(self, name: str, files: Sequence[str], seconds: float) -> messages.Message | None:
        """One benchmark of a ring of one: what a call of it runs; None where it was not held."""
        found: list[messages.Message] = []

        def held(_: messages.Message) -> None:
            ((commit, link),) = self._links.items()
            self._send(commit, link, op="reach", files=list(files))
            found.append(self._receive(seconds, "answer")[commit])
            if not messages.is_reach(found[0]):
                raise Broken(name, commit, told_as([Rubbish()]))

        self.visit(name, held, seconds)
        return found[0] if found else None

    def visit(
        self, name: str, held: Callable[[messages.Message], None], seconds: float | None = None
    ) -> tuple[messages.Message, messages.Message]:
        """One benchmark of a ring of one: what the worker said when it was held in it, and when it had left it.

        Args:
            held: what is done inside, if it comes so far.
            seconds: longest time to wait, if not that of a single call.
        """
        seconds = self._suite.timeout if seconds is None else seconds
        self._name = name
        ((commit, arrived),) = self._receive(seconds, "ready", "done").items()
        done = arrived
        if arrived["event"] == "ready":
            held(arrived)
            self._send(commit, self._links[commit], op="leave")
            done = self._receive(seconds, "done")[commit]
        self._name = ""
        return arrived, done

    def probe(self, *, once: bool) -> Speed:
        """How fast the only commit is, while it is held in a benchmark."""
        (commit,) = self._links
        self._pin(allowed_cores())
        return self._speed(commit, once=once)

    def take(self, values: ValuePlan, predicted: float) -> messages.Message:
        """Its values, while it is held; they should take so many seconds."""
        self._pin(self._cores if values.pinned else allowed_cores())
        (answer,) = self._values(values, predicted).values()
        return answer

    def collect(self, seconds: float = START_SECONDS) -> Collected:
        """List what the only commit has."""
        ((commit, link),) = self._links.items()
        self._send(commit, link, op="list")
        answer = self._receive(seconds, "listed")[commit]
        return Collected(tuple(answer["benchmarks"]), tuple(answer["problems"]))

    def _held(self, name: str, share: float, until: float, ready: Answers) -> Iterator[RingRound]:
        known = self._suite.known
        once = any(message["once"] for message in ready.values())
        if known.speed(name) is None:
            known.learn(name, self._probe(once=once), once=once)
            if once:
                return
        speed = known.speeds[name]
        values = plan_values(speed, share, once=once)
        predicted = values.seconds(speed.wall) * len(self._links) / 2
        if time.monotonic() + predicted > until:
            known.took(name, predicted)
            return
        self._pin(self._cores if values.pinned else allowed_cores())
        answers = self._values(values, predicted)
        clock = "costs" if all(min(one["costs"]) > 0 for one in answers.values()) else f"{speed.clock}s"
        costs = {
            commit: [max(value, 1) / values.loops / ready[commit]["inner"] / 1e9 for value in answer[clock]]
            for commit, answer in answers.items()
        }
        yield ring_round(name, costs, values.loops)

    def _probe(self, *, once: bool) -> Speed:
        """Of the first commit, or of the last where that is much slower."""
        self._pin(allowed_cores())
        low, high = (self._speed(commit, once=once) for commit in (min(self._links), max(self._links)))
        planned, other = (high, low) if high.wall > MUCH_SLOWER * low.wall else (low, high)
        return Speed(planned.wall, planned.cpu, planned.first, planned.queued, other)

    def _speed(self, commit: int, *, once: bool) -> Speed:
        at_least, again_below = (0.0, 0.0) if once else (VALUE_SECONDS, WARM_BELOW_SECONDS)
        order = {"op": "probe", "at_least": round(at_least * 1e9), "again_below": round(again_below * 1e9)}
        self._send(commit, self._links[commit], **order)
        answer = self._receive(self._suite.timeout, "answer", only=[commit])[commit]
        if not messages.is_probe(answer):
            raise Broken(self._name, commit, told_as([Rubbish()]))
        return as_speed(answer)

    def _values(self, values: ValuePlan, predicted: float) -> Answers:
        counts, drawn_every = _turns(values, len(self._links))
        last = len(self._links) - 1
        alike = values.discards(len(counts), self._random) if values.mode == "together" else None
        for at, (commit, link) in reversed(list(enumerate(self._links.items()))):
            self._send(
                commit,
                link,
                op=values.mode,
                loops=values.loops,
                discards=alike or values.discards(len(counts), self._random),
                counts=counts,
                draw=self._random.getrandbits(48),
                drawn_every=drawn_every,
                first=at == 0,
                hand_over_last=at != last,
            )
        answers = self._receive(self._suite.timeout + SLOWER * predicted, "answer")
        for commit, answer in answers.items():
            if not messages.has_values(answer, values.pairs):
                raise Broken(self._name, commit, told_as([Rubbish()]))
        return answers

    def close(self) -> None:
        """End all workers and everything they started."""
        for link in self._links.values():
            link.quit()
        for link in self._links.values():
            link.close()

    def _pin(self, cores: Sequence[int]) -> None:
        for link in self._links.values():
            pin_process(link.child.pid, cores)

    def _send(self, commit: int, link: Link, **order: Any) -> None:
        try:
            link.send(**order)
        except WorkerLost as lost:
            raise self._broken(commit, lost) from lost

    def _receive(self, seconds: float, *events: str, only: Sequence[int] | None = None) -> Answers:
        """A message of each worker, in any order: what waits for another's turn waits until that speaks."""
        deadline = AWAKE.now() + seconds
        received: Answers = {}
        waiting = {self._links[commit]: commit for commit in (self._links if only is None else only)}
        while waiting:
            spoke = first_sign(list(waiting), deadline) or list(waiting)[:1]
            for link in spoke:
                commit = waiting.pop(link)
                received[commit] = self._expected(commit, link, deadline, events)
        return received

    def _expected(self, commit: int, link: Link, deadline: float, events: tuple[str, ...]) -> messages.Message:
        try:
            message = link.receive(deadline)
        except WorkerLost as lost:
            raise self._broken(commit, lost) from lost
        if message["event"] == "fatal":
            raise Broken("", commit, start_failure(link.gave_up(message["error"])))
        if message["event"] not in events:
            raise Broken(self._name, commit, _trouble(message) or "answered out of turn")
        if "name" in message and self._name and message["name"] != self._suite.identities[self._name]:
            raise Broken(self._name, commit, "its benchmarks come in another order")
        return message

    def _broken(self, commit: int, lost: WorkerLost) -> Broken:
        """Whoever ended by itself is the story; the others end when it is gone."""
        if lost.reason == Hangs():
            return Broken(self._name, commit, told_as(reasons_of(lost)))
        ended = [one for one, link in self._links.items() if link.child.wait(0.3) is not None and not link.abandoned]
        culprit = commit if commit in ended or not ended else ended[0]
        told = lost if culprit == commit else self._links[culprit].lost()
        return Broken(self._name, culprit, told_as(reasons_of(told)))


def _turns(values: ValuePlan, workers: int) -> tuple[list[int], int]:
    """Values in each turn, and after how many turns the place in memory is drawn anew.

    In a pair turns are short, so that both see the same drift. Where more take turns, there are more of them, and each
    costs a switch: four values a turn, and memory drawn in each.
    """
    if values.mode == "together":
        return [values.pairs], values.drawn_every
    if workers == len(SIDES) or values.loops == 1:
        return values.counts[0], values.drawn_every
    whole, rest = divmod(values.pairs, LONG_TURN)
    return [LONG_TURN] * whole + ([rest] if rest else []), 1


def _trouble(message: messages.Message) -> str:
    """Why a benchmark ended before it was measured, or badly."""
    if message["event"] != "done":
        return ""
    told: str = message["error"] or message["skipped"]
    return told or ("" if message.get("held") else "it ended without being measured")


def ring_round(name: str, costs: Mapping[int, Sequence[float]], loops: int) -> RingRound:
    """What the values of one round say: each commit against the first, as head against base in a pair.

    Args:
        costs: seconds a call, by commit, equally many each; above zero.
        loops: calls that a value was averaged over.
    """
    first, *others = costs
    bases = [costs[first]] * len(others)
    lasted = [float(np.median(costs[first])) * loops] * len(others)
    found = evidence_of(bases, [costs[other] for other in others], lasted)
    assert found.base is not None  # noqa: S101 - made of values
    assert found.head is not None  # noqa: S101
    means = np.log(found.head / found.base)
    return RingRound(
        name,
        {first: 0.0, **dict(zip(others, found.typical.tolist(), strict=True))},
        {first: 0.0, **dict(zip(others, means.tolist(), strict=True))},
    )
