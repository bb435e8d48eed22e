"""One pair of workers in a round: into each benchmark, its values, out again."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from statistics import fmean
from typing import Protocol

from perfbot.measure.lockstep import endurance
from perfbot.measure.lockstep.freed import with_freed
from perfbot.measure.lockstep.known import Known
from perfbot.measure.lockstep.link import WorkerLost, WorkerSpec
from perfbot.measure.lockstep.messages import Message
from perfbot.measure.lockstep.pair import START_SECONDS, Messages, Pair, drawn, round_of, speed_of
from perfbot.measure.lockstep.plan import (
    ASIDE_NS,
    ASIDE_SHARE,
    LATE_SECONDS,
    Speed,
    ValuePlan,
    in_long_turns,
    measuring_seconds,
    patience,
    plan_values,
    share_of_each,
)
from perfbot.measure.lockstep.reasons import ended_as, joined, notes_of, reasons_of, too_long
from perfbot.measure.lockstep.spread import Spread
from perfbot.measure.lockstep.timed import CPU, quantiles, single_calls
from perfbot.measure.lockstep.waiting import Starter
from perfbot.measure.recall import Recall
from perfbot.measure.sequential_test import FIRST_ROUNDS
from perfbot.measure.session import Failed, Measured, Outcome, Placement
from perfbot.measure.trace import Trace
from perfbot.model import SIDES, TIME, Metric, Round, Side
from perfbot.reasons import AnotherOrder, Hangs, WorksAside
from perfbot.runner.address_space import Layout
from perfbot.runner.cores import allowed_cores

BRIEF_SECONDS = 0.15
"""Of measuring in a round, where somebody waits: the first six rounds are needed in any case, and mostly decide. It is
a third to a half of what starting a pair takes; not by the clock, which is slow where the machine is busy."""

MUCH_SLOWER = 8
"""From here on the round is planned for head's calls: as many as base affords would take too long."""

TRACED = ("began", "walls", "cpus", "costs", "discarded")
"""Of a worker's answer, what goes into the trace."""


class Measurable(Protocol):
    """What a pair needs to know of the suite that it measures; see :class:`perfbot.measure.lockstep.suite`."""

    name: str
    timeout: float
    thrifty: bool
    brief: bool
    known: Known
    timed: tuple[Metric, ...]

    @property
    def trace(self) -> Trace: ...

    @property
    def start(self) -> Starter: ...

    def identity(self, name: str) -> str: ...

    def metric(self, name: str) -> Metric: ...

    def starting(self, index: int) -> list[Side]: ...


def _when_it_is_left() -> None:
    """What a benchmark has begun it ends, where nobody waits: a round that is called off stops before the next one."""


class PairSession:
    """One pair of workers, from its start to its end.

    Args:
        begun: the workers, where they have started already.

    Attributes:
        current: the benchmark that both workers were told to enter, or empty between two.
    """

    def __init__(
        self,
        suite: Measurable,
        specs: Mapping[Side, WorkerSpec],
        random: Random,
        index: int,
        place: Placement,
        *,
        control: bool = False,
        begun: Pair | None = None,
    ) -> None:
        self._suite = suite
        self._begun = begun
        self._specs = specs
        self._random = random
        self._index = index
        self._core, self._crowded, self._hurried = place.core, place.crowded, place.hurried
        self._recall = place.recall or Recall()
        self._control = control
        self._share = self._tests = self._hurry = self._extra = 0.0
        self._count = 1
        self._cpu = Round(index, (1.0,), (1.0,))
        self._until = math.inf
        self._works_aside = self._clashed = False
        self.current = ""

    def measure(self, names: Sequence[str], until: float) -> Iterator[tuple[list[Outcome], str]]:
        """Enter each of ``names`` on both sides and measure it, while there is time.

        Raises:
            WorkerLost: in :attr:`current`, or, where that is empty, when the pair was started.
        """
        suite = self._suite
        self._until, self._count = until, len(names)
        began = time.monotonic()
        start = min(START_SECONDS, max(until - began, 0.0) + LATE_SECONDS)
        seed, order = self._random.randrange(1, 2**32), suite.starting(self._index)
        layout = Layout(seed)
        pair = self._begun or suite.start(
            self._specs, hash_seed=seed, timeout=suite.timeout, layout=layout, start=start, order=order, alike=True
        )
        try:
            with self._recall.ends(pair.stop):
                self._enter_all(pair, names, began, order)
            for name in names:
                if self._recall.called or time.monotonic() + suite.known.predicted_seconds(name) > until:
                    return
                self.current = name
                with self._recall.ends(pair.stop if suite.brief else _when_it_is_left):
                    outcomes = self._one(pair, name)
                yield outcomes, name
                self.current = ""
        finally:
            ending = time.monotonic()
            pair.close()
            ended = time.monotonic()
            suite.trace(event="end", suite=suite.name, round=self._index, control=self._control, seconds=ended - began,
                        tests=self._tests, ending=ended - ending)  # fmt: skip

    def _enter_all(self, pair: Pair, names: Sequence[str], began: float, order: Sequence[Side]) -> None:
        """Have workers that were started at ``began`` ready to enter ``names``, and plan the round."""
        suite = self._suite
        if self._crowded:
            pair.pin(self._cores)
        pair.enter_all([suite.identity(name) for name in names])
        startup = suite.known.startup_seconds if self._begun else time.monotonic() - began
        longest = max(suite.known.predicted_seconds(name) for name in names)
        measuring = BRIEF_SECONDS if suite.brief else measuring_seconds(startup)
        self._share = share_of_each(len(names), measuring, longest, hurried=self._hurried)
        suite.known.started(startup)
        suite.trace(event="pair", suite=suite.name, round=self._index, core=self._core, startup=startup,
                    order=order, control=self._control)  # fmt: skip

    def failure(self, lost: WorkerLost) -> Failed:
        """What the loss of a worker means for the benchmark that it was in."""
        if self._is_too_long(lost):
            return Failed(self.current, "both", (too_long(self._hurry),), skipped=True)
        return Failed(self.current, lost.side, reasons_of(lost), lost.skipped, left_out=lost.skipped)

    def _is_too_long(self, lost: WorkerLost) -> bool:
        return self._hurry > 0 and lost.reason == Hangs()

    def _be_patient(self, pair: Pair, *, known: bool = True) -> None:
        """Wait for single calls as long as the budget allows, or, before one is known, as lets it be decided."""
        pair.patience = patience(self._suite.timeout, self._until - time.monotonic(), known=known)
        self._hurry = 0.0 if known or pair.patience >= self._suite.timeout else pair.patience

    @property
    def _cores(self) -> tuple[int, ...]:
        return (self._core,) if self._core >= 0 else allowed_cores()

    def _one(self, pair: Pair, name: str) -> list[Outcome]:
        """One round of one benchmark."""
        self._be_patient(pair)
        waiting = time.monotonic()
        arrived = pair.arrivals()
        began = time.monotonic()
        self._tests += began - waiting
        for side in SIDES:
            if arrived[side]["name"] != self._suite.identity(name):
                raise WorkerLost(side, AnotherOrder())
        held = [side for side in SIDES if arrived[side]["event"] == "ready"]
        self._suite.known.took(name, 0.0)
        outcomes = self._held(pair, name, arrived) if len(held) == len(SIDES) else []
        leaving = time.monotonic()
        ended = {**arrived, **pair.leave(held)}
        outcomes = [with_freed(outcome, arrived, ended) for outcome in outcomes]
        self._tests += time.monotonic() - leaving
        failures = [
            ended_as(name, side, message) for side, message in ended.items() if message["error"] or message["skipped"]
        ]
        seconds = time.monotonic() - began - self._extra
        self._extra = 0.0
        self._suite.known.took(name, max(seconds, self._suite.known.predicted_seconds(name)))
        if all(message.get("value") is not None for message in ended.values()):
            base, head = (float(ended[side]["value"]) for side in SIDES)
            taken = Round(self._index, (base,), (head,), seconds=seconds, core=self._core, clock="count")
            outcomes = [Measured(name, self._suite.metric(name), taken)]
        self._clashed = self._clashed or len(failures) == 1
        return list(joined(failures)) if failures else outcomes

    def _held(self, pair: Pair, name: str, ready: Messages) -> list[Outcome]:
        """Both sides are inside the benchmark: probe it if it is new, then take the round's values, if they fit."""
        suite = self._suite
        once = any(message["once"] for message in ready.values())
        speed = suite.known.speed(name)
        if speed is None:
            pair.pin(allowed_cores())
            speed = self._probe(pair, once=once)
            if speed.clashes:
                self._clash(name)
                return []
            suite.known.learn(name, speed, once=once)
            if once:
                return []
        spread = suite.known.spread(name)
        values = suite.known.stretches.get(name) or self._planned(speed, spread, once=once)
        taken = self._take(pair, name, values, ready)
        if taken is None:
            return []
        measured = self._whole(pair, name, values, taken, ready)
        if measured is None:
            return []
        beside = () if self._control or suite.timed == (TIME,) else self._beside(pair, name, values, ready)
        return [one for one in (measured, *beside) if one.metric in suite.timed]

    def _clash(self, name: str) -> None:
        """One side may ask the other's server. Whose fault that is shows only before something failed in this pair: a
        server that it left there is not there in the next one, without that benchmark."""
        if not self._clashed:
            self._suite.known.exclusive.add(name)
        self._clashed = True

    def _planned(self, speed: Speed, spread: Spread, *, once: bool) -> ValuePlan:
        """Values of a round; where somebody waits, the first ones, which mostly decide, stay as short as planned."""
        planned = plan_values(speed, self._share, once=once, within=spread.within, uneven=spread.uneven)
        if not self._suite.brief or self._index >= FIRST_ROUNDS:
            return planned
        plain = plan_values(speed, self._share, once=once, uneven=spread.uneven)
        return min(planned, plain, key=lambda one: one.pairs)

    def _whole(self, pair: Pair, name: str, values: ValuePlan, taken: Round, ready: Messages) -> Measured | None:
        """The round of its costs, after a look at what many calls do where nobody has looked yet.

        From the first round on, which runs alone: six short rounds beside a look would decide before it ends.
        """
        known, plain = self._suite.known, not self._control and self._suite.thrifty
        if name in known.stretches:  # since before this round, or found meanwhile by the one beside it
            return self._measured(name, endurance.kept(taken, values)) if values is known.stretches[name] else None
        if self._works_aside and not self._control and name not in known.once:
            return self._in_long_turns(pair, name, taken, ready)
        if plain and name not in known.endured:
            return self._endure(pair, name, values, taken, ready)
        if plain and values.mode == "turns":
            known.spread(name).add(taken)
        return self._measured(name, taken)

    def _beside(self, pair: Pair, name: str, values: ValuePlan, ready: Messages) -> Iterator[Measured]:
        """What else of time is wanted of the same benchmark."""
        wanted, speed = self._suite.timed, self._suite.known.speeds[name]
        if CPU in wanted:
            yield Measured(name, CPU, self._cpu)
        plan = single_calls(wanted, speed, pinned=values.pinned)
        once = name in self._suite.known.once
        taken = None if plan is None or once else self._take(pair, name, plan, ready, event="calls")
        if taken is not None:
            yield from (Measured(name, metric, one) for metric, one in quantiles(taken, wanted))

    def _measured(self, name: str, taken: Round, *, anew: bool = False) -> Measured:
        known = self._suite.known
        speed = known.speeds[name]
        meant = speed.threaded or WorksAside() in known.notes.get(name, ())
        notes = (*notes_of(speed, pinned=taken.core >= 0 or meant), *known.notes.get(name, ()))
        return Measured(name, TIME, taken, notes, anew)

    def _take(self, pair: Pair, name: str, values: ValuePlan, ready: Messages, *, event: str = "round") -> Round | None:
        """The values of one plan; None where they would not be there in time."""
        suite, speed = self._suite, self._suite.known.speeds[name]
        pinned = pair.pin(self._cores if values.pinned else allowed_cores()) and values.pinned
        first: Side = self._random.choice(SIDES)
        began = time.monotonic()
        predicted = values.seconds(speed.wall)
        if began + predicted > self._until:
            suite.known.took(name, predicted)
            return None
        self._be_patient(pair)
        answers = pair.measure(values, first, predicted + 2 * speed.first, drawn(self._random))
        seconds = time.monotonic() - began
        suite.trace(
            event=event, suite=suite.name, benchmark=name, round=self._index, control=self._control,
            mode=values.mode, first=first, loops=values.loops, discard=values.discard, seconds=seconds,
            **{key: {side: answers[side][key] for side in SIDES} for key in TRACED},
        )  # fmt: skip
        self._works_aside = any(_works_aside(answers[side]) for side in SIDES)
        calls = {side: values.loops * ready[side]["inner"] for side in SIDES}
        core = self._core if pinned else -1
        if event == "round":
            self._cpu = round_of(self._index, values, "cpu", answers, calls, seconds, core, costs=False)
        taken = round_of(self._index, values, speed.clock, answers, calls, seconds, core)
        return replace(taken, reach=values.calls)

    def _endure(self, pair: Pair, name: str, values: ValuePlan, usual: Round, ready: Messages) -> Measured | None:
        """Many calls more in the same processes: where later ones prove to be of another kind, they are compared."""
        known = self._suite.known
        left = self._until - time.monotonic()
        left = min(left, endurance.BRIEF_SECONDS) if self._suite.brief else left
        stretch = endurance.stretch(known.speeds[name], values, self._count, left, usual.seconds)
        long = (
            None if stretch is None or name in known.once else self._take(pair, name, stretch, ready, event="stretch")
        )
        if stretch is None or long is None:
            known.endured.add(name)
            return self._measured(name, usual)
        if name in known.stretches:  # found meanwhile by the round beside this one, which says how all are measured
            return None
        if self._works_aside:
            return self._in_long_turns(pair, name, long, ready)
        self._extra = long.seconds
        reach = values.calls + stretch.calls
        sign = endurance.moved(usual, long)
        if sign and known.suspected.get(name) == sign:
            lasting = endurance.lasting(stretch, usual, long, known.speeds[name], self._until - time.monotonic())
            known.stretches[name], known.notes[name] = lasting, endurance.notes(long, values, lasting)
            return self._measured(name, replace(endurance.kept(long, lasting), reach=reach), anew=True)
        known.suspected[name] = sign
        if not sign:
            known.endured.add(name)
        return self._measured(name, replace(usual, reach=reach))

    def _in_long_turns(self, pair: Pair, name: str, short: Round, ready: Messages) -> Measured | None:
        """The round once more, as all later ones are: threads that went on were not timed in it."""
        known = self._suite.known
        call = max(fmean(short.base) * ready["base"]["inner"], fmean(short.head) * ready["head"]["inner"])
        plan = in_long_turns(call)
        long = self._take(pair, name, plan, ready)
        known.stretches[name], known.notes[name] = plan, (WorksAside(),)
        known.endured.add(name)
        return None if long is None else self._measured(name, long, anew=True)

    def _probe(self, pair: Pair, *, once: bool) -> Speed:
        """Speed of base, or of head where that is much slower; what either side does beside computing is in it."""
        self._be_patient(pair, known=False)
        try:
            base = speed_of(pair, "base", once=once)
        except WorkerLost as lost:
            raise (lost if self._is_too_long(lost) else self._worse(pair, lost, once=once)) from lost
        self._be_patient(pair)
        return planned_by(base, speed_of(pair, "head", once=once))

    def _worse(self, pair: Pair, lost: WorkerLost, *, once: bool) -> WorkerLost:
        """What base's failure is called once head was tried too."""
        try:
            speed_of(pair, "head", once=once)
        except WorkerLost as too:
            return WorkerLost("both", too.reason, too.output, skipped=too.skipped)
        return lost


def planned_by(base: Speed, head: Speed) -> Speed:
    """Rounds are planned by base's speed, or by that of head where it is much slower."""
    planned, other = (head, base) if head.wall > MUCH_SLOWER * base.wall else (base, head)
    return replace(planned, other=other)


def _works_aside(answer: Message) -> bool:
    """Whether threads of a side computed on while it was the other side's turn."""
    cost: int = sum(answer["costs"]) or sum(answer["walls"])
    return bool(answer["aside"] > max(ASIDE_SHARE * cost, ASIDE_NS))
