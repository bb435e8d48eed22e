"""Suites of whole commands: both sides at once on one core by CPU time, or, where they wait, in turns by wall time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Literal

from perfbot.measure.lockstep.counting import INSTRUCTIONS
from perfbot.measure.lockstep.launching import LOOK_EVERY, SEEN, Command, Launcher, Usage
from perfbot.measure.lockstep.plan import Speed, patience, starting_order
from perfbot.measure.lockstep.reasons import too_long
from perfbot.measure.processes.counting_commands import CommandCounter
from perfbot.measure.session import ANYWHERE, Discovery, Failed, Measured, Outcome, Placement
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import MEMORY, SIDES, TIME, Benchmark, Metric, Round, Side
from perfbot.reasons import CommandFailed, Exclusive, Threaded, Waits, with_output
from perfbot.runner.address_space import Layout

CPU = Metric("cpu", "s")

CLOCK_TICK = 1e-9
"""Seconds; stands for a CPU time too small to be counted."""

STARTING_SECONDS = 3e-3
"""That a command may be off the core when it is started, and until its end is seen, without waiting for anything."""

WAITED_SECONDS = 10e-3
"""In a round, from which on a command that did not wait when it was probed has waited for something: starting it and
seeing its end take a millisecond or two."""

WAITED_SHARE = 0.05
WAITED_LONG = 0.5
"""Of its time, besides: so much in a single round, or less in two, and it counts as one that waits. A busy disk makes
others wait once, for less."""

Pairwise = dict[Side, Usage]


@dataclass(slots=True)
class CommandSuite:
    """Commands by name, the same on both sides, run in each side's checkout.

    Attributes:
        commands: command line by benchmark name.
        cwd, env: working folder and whole environment of each side.
        prepare: command line before each measured one, or empty; not measured.
        exit_codes: what counts as success.
        metrics: some of TIME, CPU and MEMORY.
        scratch: folder for what commands print.
        counter: counts their instructions; None where that is not asked for.
    """

    name: str
    commands: Mapping[str, str]
    cwd: Mapping[Side, Path]
    env: Mapping[Side, Mapping[str, str]]
    timeout: float
    random: Random
    scratch: Path
    prepare: str = ""
    exit_codes: Sequence[int] = (0,)
    metrics: tuple[Metric, ...] = (TIME,)
    counter: CommandCounter | None = None
    trace: Trace = no_trace
    startup_seconds: float = 0.0
    _order: int = 0
    _speeds: dict[str, Speed] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)
    _waited: dict[str, int] = field(default_factory=dict)
    """Rounds in which a command seemed to wait that did not when it was probed."""
    _exclusive: set[str] = field(default_factory=set)
    """Commands of which both sides want one port, or cannot run at once for another reason."""

    def __post_init__(self) -> None:
        self._order = self.random.getrandbits(64)

    @property
    def alone(self) -> bool:
        """Whether it needs the machine for itself: something in it uses several cores, waits, or runs but once."""
        return bool(self._exclusive) or any(speed.threaded or speed.waits for speed in self._speeds.values())

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        """None: whole commands at once on one core leave nothing that a control could show."""
        return ()

    def discover(self) -> Discovery:
        """The configuration lists them; nothing runs yet."""
        benchmarks = tuple(Benchmark(self.name, name) for name in self.commands)
        if self.counter is None:
            return Discovery(benchmarks, self.metrics)
        return Discovery(
            benchmarks,
            self.metrics,
            problems=self.counter.problems,
            counted=(INSTRUCTIONS,),
            count=self.counter.count,
        )

    def predicted_seconds(self, name: str) -> float:
        """Wall time of its last round."""
        return self._seconds.get(name, 0.0)

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """One run of each command on each side; the very first one, alone, shows whether it waits."""
        launcher = Launcher(Layout(self._order + index))
        try:
            for name in names:
                if place.recalled or time.monotonic() + self._seconds.get(name, 0.0) > until:
                    return
                yield from self._one(launcher, name, index, place.core, until)
        finally:
            launcher.close()

    def _one(self, launcher: Launcher, name: str, index: int, core: int, until: float) -> Iterator[Outcome]:
        if name not in self._speeds:
            failures = self._probe(launcher, name, until)
            if failures or time.monotonic() + self._seconds[name] > until:
                yield from failures
                return
        speed = self._speeds[name]
        outcomes, used = self._round(launcher, name, index, core, until)
        anew = self._waits_after_all(name, used) or self._fails_beside_another(name, outcomes)
        if anew or self._speeds[name] is not speed:  # seen here, or by the round on the other core meanwhile
            outcomes, _ = self._round(launcher, name, index, core, until)
            if any(isinstance(one, Failed) for one in outcomes):
                self._exclusive.discard(name)  # it fails by itself, too: the rest of the suite need not be alone
        yield from (replace(one, anew=anew) if isinstance(one, Measured) else one for one in outcomes)

    def _waits_after_all(self, name: str, used: Pairwise) -> bool:
        """Whether a side waited, which it did not when it was probed: from now on its time is what somebody waits.

        Where children compute it shows only if they are looked at, as they are from the next round on.
        """
        speed = self._speeds[name]
        if speed.waits or speed.threaded:
            return False
        waiting = [one for one in used.values() if one.waited > max(WAITED_SECONDS, WAITED_SHARE * one.cost)]
        known = [one for one in waiting if one.seen > SEEN]
        if waiting:
            self._waited[name] = self._waited.get(name, 0) + bool(known)
        if not known:
            return False
        longest = max(known, key=lambda one: one.waited)
        if longest.waited < WAITED_LONG * (longest.wall - longest.queued) and self._waited[name] < 2:
            return False
        self._speeds[name] = _speed(longest)
        return True

    def _fails_beside_another(self, name: str, outcomes: Sequence[Outcome]) -> bool:
        """Whether it failed in a round at once, as it did not when it was probed: from now on each side runs alone."""
        if not self._at_once(name) or not any(isinstance(one, Failed) for one in outcomes):
            return False
        self._exclusive.add(name)
        return True

    def _at_once(self, name: str) -> bool:
        speed = self._speeds[name]
        return name not in self._exclusive and not speed.waits and not speed.threaded

    def _round(
        self, launcher: Launcher, name: str, index: int, core: int, until: float
    ) -> tuple[list[Outcome], Pairwise]:
        """Run it once on each side, at once or in turns; what that cost, unless something failed."""
        speed = self._speeds[name]
        together = self._at_once(name)
        core = -1 if speed.threaded else core
        order = starting_order(f"{self._order}:{name}", index)
        began = time.monotonic()
        if failures := self._prepare(launcher, name):
            return list(failures), {}
        look_every = LOOK_EVERY if name in self._waited else 0.0
        used = self._run(
            launcher, name, order, self._patience(until), core=core, together=together, look_every=look_every
        )
        seconds = self._seconds[name] = time.monotonic() - began
        self.trace(event="round", suite=self.name, benchmark=name, round=index, order=order, core=core,
                   mode="together" if together else "turns", seconds=seconds,
                   cpus={s: used[s].cpu for s in SIDES}, walls={s: used[s].wall for s in SIDES})  # fmt: skip
        if failures := self._failures(name, used):
            return list(failures), {}
        unusual = Threaded() if speed.threaded else Waits() if speed.waits else None if together else Exclusive()
        notes = (unusual,) if unusual is not None else ()
        outcomes: list[Outcome] = []
        for metric in self.metrics:
            base, head = (_value(metric, used[side], together) for side in SIDES)
            taken = Round(index, (base,), (head,), 1, seconds, core, _clock(metric, together), together)
            outcomes.append(Measured(name, metric, taken, notes if metric == TIME else ()))
        return outcomes, used

    def _probe(self, launcher: Launcher, name: str, until: float) -> list[Failed]:
        """Run each side alone, once; a failure shows the end of its output."""
        outputs = {side: self.scratch / f"{side}.out" for side in SIDES}
        unprepared = self._prepare(launcher, name)
        if unprepared:
            return unprepared
        limit = self._patience(until, known=False)
        used = self._run(launcher, name, ("base",), limit, outputs=outputs, look_every=LOOK_EVERY)
        if used["base"].timed_out and limit < self.timeout:
            return [Failed(name, "both", (too_long(limit),), skipped=True)]
        used |= self._run(launcher, name, ("head",), self._patience(until), outputs=outputs, look_every=LOOK_EVERY)
        if set(used["base"].ports) & set(used["head"].ports):
            self._exclusive.add(name)
        failures = self._failures(name, used, outputs)
        waiting = min((_speed(used[side]) for side in SIDES), key=lambda speed: speed.cpu / speed.wall)
        threaded = max((_speed(used[side]) for side in SIDES), key=lambda speed: speed.cpu / speed.wall)
        self._speeds[name] = threaded if threaded.threaded else waiting
        self._seconds[name] = sum(used[side].wall for side in SIDES)
        return failures

    def _patience(self, until: float, *, known: bool = True) -> float:
        return patience(self.timeout, until - time.monotonic(), known=known)

    def _prepare(self, launcher: Launcher, name: str) -> list[Failed]:
        """Run the preparation on both sides; what it leaves undone would be measured."""
        if not self.prepare:
            return []
        outputs = {side: self.scratch / f"{side}.out" for side in SIDES}
        commands = [Command(self.prepare, self.cwd[side], self.env[side], outputs[side]) for side in SIDES]
        used = dict(zip(SIDES, launcher.run(commands, timeout=self.timeout), strict=True))
        return _failed(name, self.prepare, used, (0,), outputs, during="prepare")

    def _run(
        self,
        launcher: Launcher,
        name: str,
        order: Sequence[Side],
        timeout: float,
        *,
        core: int = -1,
        together: bool = False,
        outputs: Mapping[Side, Path] | None = None,
        look_every: float = 0.0,
    ) -> Pairwise:
        line = self.commands[name]
        commands = [Command(line, self.cwd[s], self.env[s], (outputs or {}).get(s)) for s in order]
        used = launcher.run(commands, timeout=timeout, core=core, together=together, look_every=look_every)
        return dict(zip(order, used, strict=True))

    def _failures(self, name: str, used: Pairwise, outputs: Mapping[Side, Path] | None = None) -> list[Failed]:
        return _failed(name, self.commands[name], used, self.exit_codes, outputs)


def _failed(
    name: str,
    command: str,
    used: Pairwise,
    good: Sequence[int],
    outputs: Mapping[Side, Path] | None,
    during: Literal["", "prepare"] = "",
) -> list[Failed]:
    """The failure of a command that ended otherwise than ``good`` on a side, if it did."""
    wrong = [side for side in SIDES if used[side].timed_out or used[side].code not in good]
    if not wrong:
        return []
    side = wrong[-1]
    reasons = with_output(CommandFailed(command, used[side].ending, during), _tail(outputs[side]) if outputs else "")
    return [Failed(name, "both" if len(wrong) == len(SIDES) else side, reasons)]


def _speed(usage: Usage) -> Speed:
    """What a run tells of a command; what starting it took is no waiting."""
    wall = usage.wall - (usage.waited if usage.waited <= STARTING_SECONDS else 0.0)
    return Speed(max(wall, CLOCK_TICK), usage.cpu, usage.wall, usage.queued)


def _clock(metric: Metric, together: bool) -> Literal["wall", "cpu", "count"]:
    if metric == MEMORY:
        return "count"
    return "cpu" if together or metric == CPU else "wall"


def _value(metric: Metric, usage: Usage, together: bool) -> float:
    if metric == MEMORY:
        return float(max(usage.memory, 1))
    return max(usage.cpu if together or metric == CPU else usage.cost, CLOCK_TICK)


def _tail(file: Path, lines: int = 15) -> str:
    """The last lines that a command printed."""
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - 16_384))
        return "\n".join(stream.read().decode("utf-8", "replace").strip().splitlines()[-lines:])
