"""Benchmarks of which both sides want something that only one process can have at a time: a port, a lock, a file.

A worker of one side then measures all of them and ends before one of the other side starts. Rounds scatter more, for
the machine changes in between; what is compared is the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from random import Random

from perfbot.measure.lockstep.freed import with_freed
from perfbot.measure.lockstep.known import Known
from perfbot.measure.lockstep.link import WorkerSpec
from perfbot.measure.lockstep.messages import Message
from perfbot.measure.lockstep.pair import Collected, round_of
from perfbot.measure.lockstep.pair_session import Measurable, planned_by
from perfbot.measure.lockstep.plan import Speed, ValuePlan, measuring_seconds, patience, plan_values
from perfbot.measure.lockstep.reasons import ended_as, joined, notes_of
from perfbot.measure.lockstep.ring import Broken, Ring, RingSuite
from perfbot.measure.lockstep.timed import CPU, quantiles, single_calls
from perfbot.measure.session import ANYWHERE, Measured, Outcome, Placement
from perfbot.model import SIDES, TIME, Round, Side
from perfbot.reasons import Exclusive

Specs = Mapping[Side, WorkerSpec]


@dataclass(frozen=True, slots=True)
class Visit:
    """One benchmark on one side: what the worker said when it was held in it and when it had left it.

    Attributes:
        taken: its answers with values, by plan.
    """

    ready: Message
    done: Message
    taken: tuple[Message, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether it ended with an error, or by leaving itself out."""
        return bool(self.done["error"] or self.done["skipped"])


@dataclass(slots=True)
class ExclusiveRound:
    """One round of some benchmarks, on one side after the other.

    Attributes:
        order: which side comes first. What fails there is not measured on the other one.
        seed: of all that is drawn, the same on both sides.
    """

    suite: Measurable
    specs: Specs
    index: int
    place: Placement
    order: Sequence[Side]
    seed: str
    _probed: dict[str, dict[Side, Speed]] = field(default_factory=dict)
    _plans: dict[str, tuple[ValuePlan, ...]] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)

    def measure(self, names: Sequence[str], until: float) -> Iterator[Outcome]:
        """What comes of each; nothing where there was no time."""
        first, second = self.order
        visits = {first: self._side(first, names, until)}
        visits[second] = self._side(second, [name for name in names if self._goes_on(visits[first], name)], until)
        known = self.suite.known
        for name in names:
            known.took(name, max(self._seconds.get(name, 0.0), known.predicted_seconds(name)))
            found = {side: visits[side][name] for side in SIDES if name in visits[side]}
            if len(found) == len(SIDES) or any(visit.broken for visit in found.values()):
                yield from self._outcomes(name, found)

    @staticmethod
    def _goes_on(visits: Mapping[str, Visit], name: str) -> bool:
        return name in visits and not visits[name].broken

    def _side(self, side: Side, names: Sequence[str], until: float) -> dict[str, Visit]:
        """Measure all on one side; a worker that is lost costs the benchmark that it was in, and a new one."""
        found: dict[str, Visit] = {}
        rest = list(names)
        while rest and time.monotonic() < until and not self.place.recalled:
            try:
                began = time.monotonic()
                with closing(self._started(side, rest, until - began)) as ring:
                    ring.enter([self.suite.identity(name) for name in rest])
                    share = measuring_seconds(time.monotonic() - began) / len(rest)
                    while rest and time.monotonic() + self.suite.known.predicted_seconds(rest[0]) <= until:
                        name = rest.pop(0)
                        found[name] = self._visit(ring, side, name, share, until)
                    return found
            except Broken as broken:
                lost = {"error": broken.reason, "skipped": ""}
                for name in [broken.name] if broken.name else rest:
                    found[name] = Visit(lost, lost)
                if not broken.name:
                    return found
        return found

    def _started(self, side: Side, names: Sequence[str], left: float) -> Ring:
        """A worker of one side, which is waited for as that of a pair is."""
        suite = self.suite
        known = all(suite.known.speed(name) for name in names)
        identities = {name: suite.identity(name) for name in names}
        ring = RingSuite({0: self.specs[side]}, identities, patience(suite.timeout, left, known=known), suite.known)
        return Ring(ring, [0], self.place, Random(self.seed))  # noqa: S311 - not a secret

    def _visit(self, ring: Ring, side: Side, name: str, share: float, until: float) -> Visit:
        began = time.monotonic()
        taken: list[Message] = []

        def held(ready: Message) -> None:
            plans = self._planned(ring, side, name, share, once=ready["once"])
            speed = self.suite.known.speed(name) or self._probed[name][side]
            for plan in plans:
                predicted = plan.seconds(speed.wall) / 2
                if time.monotonic() + predicted > until:
                    return
                taken.append(ring.take(plan, predicted))

        ready, done = ring.visit(name, held)
        self._seconds[name] = self._seconds.get(name, 0.0) + time.monotonic() - began
        return Visit(ready, done, tuple(taken))

    def _planned(self, ring: Ring, side: Side, name: str, share: float, *, once: bool) -> tuple[ValuePlan, ...]:
        """Of its round, the same on both sides; none where only the first call may be timed, and was for a probe."""
        speed = self.suite.known.speed(name)
        if speed is None:
            speed = self._probed.setdefault(name, {})[side] = ring.probe(once=once)
            if len(self._probed[name]) == len(SIDES):
                self.suite.known.learn(name, planned_by(**self._probed[name]), once=once)
            if once:
                return ()
        if name not in self._plans:
            plan = plan_values(speed, share, once=once)
            calls = None if once else single_calls(self.suite.timed, speed, pinned=plan.pinned)
            self._plans[name] = tuple(_alone(one) for one in (plan, calls) if one is not None)
        return self._plans[name]

    def _outcomes(self, name: str, visits: Mapping[Side, Visit]) -> Iterator[Outcome]:
        done = {side: visit.done for side, visit in visits.items()}
        failures = [ended_as(name, side, visit.done) for side, visit in visits.items() if visit.broken]
        if failures:
            yield from joined(failures)
        elif all(message.get("value") is not None for message in done.values()):
            base, head = (float(done[side]["value"]) for side in SIDES)
            taken = Round(self.index, (base,), (head,), seconds=self._seconds[name], core=-1, clock="count")
            yield Measured(name, self.suite.metric(name), taken)
        else:
            ready = {side: visit.ready for side, visit in visits.items()}
            yield from (with_freed(one, ready, done) for one in self._measured(name, visits))

    def _measured(self, name: str, visits: Mapping[Side, Visit]) -> Iterator[Measured]:
        """Each metric of time that is wanted, as far as both sides have values of it."""
        taken = min(len(visit.taken) for visit in visits.values())
        if not taken:
            return
        whole, *calls = (self._round(name, visits, at) for at in range(taken))
        timed, speed = self.suite.timed, self.suite.known.speeds[name]
        notes = (*notes_of(speed, pinned=whole[0].core >= 0), Exclusive())
        if TIME in timed:
            yield Measured(name, TIME, whole[0], notes)
        if CPU in timed:
            yield Measured(name, CPU, whole[1])
        for single, _ in calls:
            yield from (Measured(name, metric, one) for metric, one in quantiles(single, timed))

    def _round(self, name: str, visits: Mapping[Side, Visit], at: int) -> tuple[Round, Round]:
        """The values of one plan: what calls cost, and the CPU time in it."""
        plan, speed = self._plans[name][at], self.suite.known.speeds[name]
        answers = {side: visits[side].taken[at] for side in SIDES}
        calls = {side: plan.loops * visits[side].ready["inner"] for side in SIDES}
        core = self.place.core if plan.pinned else -1
        seconds = self._seconds[name]
        cost = round_of(self.index, plan, speed.clock, answers, calls, seconds, core)
        cpu = round_of(self.index, plan, "cpu", answers, calls, seconds, core, costs=False)
        return replace(cost, reach=plan.calls), cpu


def listed_alone(specs: Specs, timeout: float, seed: str) -> dict[Side, Collected] | None:
    """What each side has, read while no process of the other one lives; None where one cannot be read."""
    found: dict[Side, Collected] = {}
    try:
        for side in SIDES:
            suite = RingSuite({0: specs[side]}, {}, timeout, Known())
            with closing(Ring(suite, [0], ANYWHERE, Random(seed))) as ring:  # noqa: S311 - not a secret
                found[side] = ring.collect()
    except Broken:
        return None
    return found


def _alone(plan: ValuePlan) -> ValuePlan:
    """The same for a side that takes no turns with another one."""
    return replace(plan, mode="turns", turn=plan.pairs) if plan.mode == "together" else plan
