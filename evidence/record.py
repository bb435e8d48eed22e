"""Records A/A rounds on the machine at hand, measured as ``perfbot run`` measures them, for ``truth.py`` to evaluate.

    python -m evidence.record --output here.npz --rounds 150
    python -m evidence.record --output here.npz --rounds 150 --schedule busy-d --load 0,1,2
    python -m evidence.record --output shop.npz --project . --suite shop --python .venv/bin/python
    python -m evidence.truth --rounds here.npz --schedule here-d

Both sides run the same code: twenty small benchmarks of its own (everyday.py), or a lock-step suite of a project's
perfbot.toml in an environment that has what it needs. The file is in the layout of recordings.py, with ``S_c``
and ``S_o`` (nanoseconds of CPU time, and of what calls cost as a run compares them, the shape of ``S_w``) and, for each
benchmark, ``S_benches``, ``S_speed`` (seconds a call: wall, CPU, first, queued), ``S_loops`` and ``S_discard`` (calls a
value, calls thrown away in each turn). It is written every few rounds; an existing schedule is continued up to
``--rounds``, others in the file are kept. Calls of 1 to 3 ms, and calls that run at once on both sides, have fewer
pairs a round: they get schedules of their own, ``S-medium``, ``S-long``.

``--load`` keeps so many processes busy meanwhile; of several numbers each serves ten rounds in turn.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evidence import everyday
from evidence.ledger import ended, say
from evidence.neighbours import Neighbours
from evidence.recordings import read, robust_spread
from perfbot.config import CallableSuite, SuiteBase, load
from perfbot.errors import PerfbotError
from perfbot.harness.base import Effects, SideReady
from perfbot.harness.registry import harness_for
from perfbot.measure.lockstep.plan import SHORT_SECONDS, Speed, plan_values
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.session import Failed, Placement
from perfbot.model import SIDES
from perfbot.process import scrubbed_environment
from perfbot.reasons.words import text
from perfbot.runner.cores import allowed_cores

HERE = Path(__file__).parent

LOAD_ROUNDS = 10
"""Rounds in a row under one load."""

SAVE_ROUNDS = 5
"""A kill costs no more rounds than this."""

FEWEST_ROUNDS = 6
"""No file with fewer is of any use: the rule looks at six first."""

QUICK_ROUNDS = 8


@dataclass(slots=True)
class Schedule:
    """Benchmarks whose rounds have equally many pairs, and what was recorded of them."""

    name: str
    benches: tuple[str, ...]
    pairs: int
    arrays: dict[str, list[Any]] = field(
        default_factory=lambda: {"w": [], "c": [], "o": [], "start": [], "meas": [], "load": []}
    )

    @property
    def rounds(self) -> int:
        """How many there are."""
        return len(self.arrays["start"])

    def take(
        self, seen: Mapping[str, Mapping[str, Any]], seconds: Mapping[str, float], start: float, load: int
    ) -> None:
        """Keep a round: what the trace said of each benchmark, and what it cost."""
        for key, kind in (("w", "walls"), ("c", "cpus"), ("o", "costs")):
            values = [[seen[bench][kind][side][: self.pairs] for side in SIDES] for bench in self.benches]
            self.arrays[key].append(np.array(values, dtype=np.uint64))
        self.arrays["start"].append(start)
        self.arrays["meas"].append([seconds[bench] for bench in self.benches])
        self.arrays["load"].append([load] * len(self.benches))

    def restore(self, file: Mapping[str, NDArray[Any]]) -> None:
        """Go on where a file ends."""
        for key, kept in self.arrays.items():
            kept.extend(file[f"{self.name}_{key}"])

    def contents(self, speeds: Mapping[str, Speed]) -> dict[str, NDArray[Any]]:
        """The arrays of the file."""
        plans = [plan_values(speeds[bench], 0.0) for bench in self.benches]
        kinds = {
            "w": np.uint64,
            "c": np.uint64,
            "o": np.uint64,
            "start": np.float32,
            "meas": np.float32,
            "load": np.int8,
        }
        about = {
            "benches": np.array(self.benches),
            "speed": np.array([as_row(speeds[bench]) for bench in self.benches]),
            "loops": np.array([plan.loops for plan in plans]),
            "discard": np.array([plan.discard for plan in plans]),
        }
        recorded = {key: np.array(kept, dtype=kinds[key]) for key, kept in self.arrays.items()}
        return {f"{self.name}_{key}": array for key, array in {**recorded, **about}.items()}


def as_row(speed: Speed) -> tuple[float, float, float, float]:
    """A speed as numbers; what is not known is not a number."""
    return (speed.wall, speed.cpu, speed.first, np.nan if speed.queued is None else speed.queued)


def as_speed(row: Sequence[float]) -> Speed:
    """The inverse of :func:`as_row`."""
    wall, cpu, first, queued = map(float, row)
    return Speed(wall, cpu, first, None if np.isnan(queued) else queued)


def arrange(name: str, speeds: Mapping[str, Speed]) -> list[Schedule]:
    """The benchmarks by how their values are taken: a schedule each for short, medium and long calls.

    A round may have more pairs than planned here, never fewer; what is more is not kept.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    for bench, speed in speeds.items():
        values = plan_values(speed, 0.0)
        medium = "-medium" if speed.wall > SHORT_SECONDS else ""
        kind = "-long" if values.mode == "together" else medium
        found.setdefault(kind, []).append((bench, values.pairs))
    stem, discarded = (name[:-2], "-d") if name.endswith("-d") else (name, "")
    return [
        Schedule(f"{stem}{kind}{discarded}", tuple(bench for bench, _ in members), min(pairs for _, pairs in members))
        for kind, members in sorted(found.items())
    ]


class Recorder:
    """A suite, both of whose sides are the same code, and the rounds recorded of it."""

    def __init__(self, suite: SuiteBase, tree: Path, python: Path, scratch: Path, options: argparse.Namespace) -> None:
        self._options = options
        env = scrubbed_environment(os.environ, scratch)
        sides = {side: SideReady(side, tree, python, {**env, **suite.env}) for side in SIDES}
        session = harness_for(suite).session(suite, sides, Effects(Random(options.seed), scratch, self._note))
        if not isinstance(session, LockstepSuite):
            raise SystemExit(f"suite {suite.name}: its harness measures from outside; record one in lock-step")
        session.thrifty = False  # an array has equally many pairs in every round
        self._session = session
        self._seen: dict[str, dict[str, Any]] = {}
        self._start = 0.0
        found = session.discover()
        for problem in found.problems:
            say(f"{problem.where}: {problem.summary}")
        self._names = [b.name for b in found.benchmarks if wanted(b.name, suite, options.only)]
        self.speeds: dict[str, Speed] = {}
        self.schedules: list[Schedule] = []

    def _note(self, **event: Any) -> None:
        if event["event"] == "pair":
            self._start = event["startup"]
        elif event["event"] == "round":
            self._seen[event["benchmark"]] = event

    def prepare(self, path: Path) -> dict[str, NDArray[Any]]:
        """Find out, or read again, how long calls take; what the file holds of other schedules."""
        kept: dict[str, NDArray[Any]] = {}
        if path.exists():
            with np.load(path) as file:
                kept = {name: file[name] for name in file.files}
        self.speeds = self._known(kept) or self._probed()
        if not self.speeds:
            raise SystemExit("no benchmark could be measured")
        self.schedules = arrange(self._options.schedule, self.speeds)
        for schedule in self.schedules:
            if f"{schedule.name}_w" in kept:
                schedule.restore(kept)
        return kept

    def _known(self, file: Mapping[str, NDArray[Any]]) -> dict[str, Speed]:
        """Speeds of an earlier part of the same recording, so that loops and pairs stay what they are."""
        stem = self._options.schedule.removesuffix("-d")
        names = [name.removesuffix("_speed") for name in file if name.endswith("_speed")]
        mine = [n for n in names if n.removesuffix("-d").removesuffix("-medium").removesuffix("-long") == stem]
        known = {
            str(bench): as_speed(row)
            for name in mine
            for bench, row in zip(file[f"{name}_benches"], file[f"{name}_speed"], strict=True)
        }
        if known and not set(known) <= set(self._names):
            raise SystemExit(f"{self._options.schedule}: has other benchmarks in this file; choose another --schedule")
        for bench, speed in known.items():
            self._session.known.learn(bench, speed, once=False)
        return known

    def _probed(self) -> dict[str, Speed]:
        """One round that is not kept: it finds out how long calls take, and who fails."""
        self._round(0)
        left_out = [name for name in self._names if name not in self._seen or len(values(self._seen[name])) < 2]
        for name in left_out:
            say(f"{name}: left out, it gave fewer than two values a round")
        speeds = {name: self._session.known.speed(name) for name in self._names if name not in left_out}
        return {name: speed for name, speed in speeds.items() if speed is not None}

    def _round(self, index: int) -> None:
        self._seen.clear()
        cores = allowed_cores()
        place = Placement(Random(f"{self._options.seed}:{index}").choice(cores)) if cores else Placement()
        names = list(self.speeds) or self._names
        for outcome in self._session.measure_round(index, names, time.monotonic() + 3600, place):
            if isinstance(outcome, Failed):
                say(f"{outcome.name}: {text(outcome.reasons).splitlines()[-1]}")

    def record(self, path: Path, kept: dict[str, NDArray[Any]]) -> None:
        """Record what is missing of the rounds wanted; the file is whole after every few of them."""
        options = self._options
        begun = min(schedule.rounds for schedule in self.schedules)
        try:
            with Neighbours() as neighbours:
                for index in range(begun, options.rounds):
                    load = options.load[index // LOAD_ROUNDS % len(options.load)]
                    neighbours.set(load)
                    self._round(index + 1)
                    self._keep(load)
                    say(f"round {index + 1} of {options.rounds}, load {load}")
                    if (index + 1) % SAVE_ROUNDS == 0:
                        self.save(path, kept)
        finally:
            self.save(path, kept)

    def _keep(self, load: int) -> None:
        """A round in which a benchmark is missing is none for its whole schedule."""
        seconds = {name: self._session.predicted_seconds(name) for name in self.speeds}
        for schedule in self.schedules:
            whole = all(len(values(self._seen.get(bench, {}))) >= schedule.pairs for bench in schedule.benches)
            if whole and schedule.rounds < self._options.rounds:
                schedule.take(self._seen, seconds, self._start, load)

    def save(self, path: Path, kept: Mapping[str, NDArray[Any]]) -> None:
        """Write the file anew beside the old one, then put it in its place."""
        if not any(schedule.rounds for schedule in self.schedules):
            return
        contents = dict(kept)
        contents.setdefault("benches", np.array(self.schedules[0].benches))
        for schedule in self.schedules:
            if schedule.rounds:
                contents |= schedule.contents(self.speeds)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        with beside.open("wb") as file:
            np.savez_compressed(file, **contents)
        beside.replace(path)


def values(event: Mapping[str, Any]) -> list[int]:
    """Base's values of a round; none where there was no round."""
    found: list[int] = event["walls"]["base"] if event else []
    return found


def wanted(name: str, suite: SuiteBase, only: str) -> bool:
    """Whether a benchmark is to be recorded."""
    from perfbot.measure.discovering import selector

    skipped = bool(suite.skip) and selector(suite.skip)(name)
    return selector(suite.only)(name) and not skipped and selector(only.split(",") if only else ())(name)


def the_suite(options: argparse.Namespace) -> tuple[SuiteBase, Path]:
    """The suite to record and the folder that it lies in."""
    if not options.project:
        functions = {function.__name__: f"everyday:{function.__name__}" for function in everyday.FUNCTIONS}
        return CallableSuite(name="everyday", harness="python", functions=functions), HERE
    suites = {suite.name: suite for suite in load(None, options.project).suites}
    if not options.suite and len(suites) == 1:
        return next(iter(suites.values())), options.project
    if options.suite not in suites:
        raise SystemExit(f"--suite: found {options.suite!r}, expected one of {', '.join(suites)}")
    return suites[options.suite], options.project


def table(path: Path, schedules: Sequence[Schedule], speeds: Mapping[str, Speed]) -> str:
    """What was recorded, as markdown: the spread of a round by either clock."""
    lines = ["| schedule | benchmark | call, µs | rounds | pairs | spread, wall | spread, CPU | seconds a round |"]
    lines.append("|:--|:--|--:|--:|--:|--:|--:|--:|")
    for schedule in schedules:
        clocks = [robust_spread(read(path, schedule.name, clock=clock).ratios().shipped) for clock in ("wall", "cpu")]
        seconds = np.mean(schedule.arrays["meas"], axis=0)
        for index, bench in enumerate(schedule.benches):
            wall, cpu = (clock[index] for clock in clocks)
            lines.append(
                f"| {schedule.name} | {bench} | {speeds[bench].wall * 1e6:.1f} | {schedule.rounds} | {schedule.pairs} "
                f"| {wall:.2%} | {cpu:.2%} | {seconds[index]:.3f} |"
            )
    return "\n".join(lines)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--output", type=Path, required=True, metavar="FILE.npz", help="made, or added to")
    add("--rounds", type=int, default=150, help="rounds that the schedule has in the end (default: 150)")
    add("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds, to see whether it works")
    add("--schedule", default="here-d", metavar="NAME", help="its name in the file (default: here-d)")
    add("--load", default="0", type=loads, metavar="N,…", help="busy processes beside it, 0 to 2 or more (default: 0)")
    add("--seed", type=int, default=1, help="of cores, hash seeds and who begins")
    add("--project", type=Path, metavar="FOLDER", help="record a suite of its perfbot.toml instead")
    add("--suite", default="", help="which one; needed where there are several")
    add("--python", type=Path, default=Path(sys.executable), help="interpreter with what the suite needs")
    add("--only", default="", metavar="GLOB,…", help="only these benchmarks")
    return parser


def loads(text: str) -> list[int]:
    """Numbers of busy processes."""
    found = [int(part) for part in text.split(",")]
    if min(found) < 0:
        raise ValueError(text)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Record, then show what there is."""
    options = parser().parse_args(arguments)
    options.rounds = QUICK_ROUNDS if options.quick else options.rounds
    suite, tree = the_suite(options)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            recorder = Recorder(suite, tree.resolve(), options.python.absolute(), Path(scratch), options)
            kept = recorder.prepare(options.output)
            recorder.record(options.output, kept)
        except PerfbotError as error:
            say(f"{error}\n{getattr(error, 'output', '')}")
            return 2
    print(table(options.output, recorder.schedules, recorder.speeds))
    if min(schedule.rounds for schedule in recorder.schedules) < FEWEST_ROUNDS:
        say(f"fewer than {FEWEST_ROUNDS} rounds: nothing can be decided from them")
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
