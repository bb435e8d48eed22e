"""What every harness can do: turn a configured suite and two prepared sides into something to measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Protocol

from perfbot.config import PyperfSuite, PytestSuite, SuiteBase
from perfbot.config.names import short_name
from perfbot.measure.lockstep.counting import INSTRUCTIONS, Counter, modes
from perfbot.measure.lockstep.link import WorkerSpec
from perfbot.measure.lockstep.own_files import OwnFiles
from perfbot.measure.lockstep.pair import Pair
from perfbot.measure.lockstep.suite import LockstepSuite, Narrow
from perfbot.measure.lockstep.timed import TIMED, timed_metrics
from perfbot.measure.lockstep.waiting import Starter
from perfbot.measure.processes.tools import Written
from perfbot.measure.session import SuiteSession
from perfbot.measure.trace import Trace
from perfbot.model import SIDES, Side
from perfbot.sides.benchmark_files import BenchmarkFiles


@dataclass(frozen=True, slots=True)
class SideReady:
    """One side, checked out and set up.

    Attributes:
        tree: top of its checkout.
        python: interpreter of its environment; None where the suite needs none.
        env: the whole environment that its benchmarks see.
    """

    side: Side
    tree: Path
    python: Path | None
    env: Mapping[str, str]
    files: BenchmarkFiles | None = None
    """Benchmark files that base took from head; None where they are the same, and on head."""

    set_up_again: Callable[[], None] = lambda: None
    """Runs the set-up's commands once more where they ran before. Raises SetupError."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What measuring needs from outside: randomness, a folder for scratch files, a trace.

    Attributes:
        reader: says what a tool wrote and which harness reads it, for hints; empty when that is unknown.
        alone: there is one suite in the run: what lists it may go on to be its first round.
        brief: somebody waits for the verdict, and will ask again.
        start: starts the pair of workers of a round.
        listed: of a suite, the benchmarks that are wanted and where they were last found: nothing else is read.
    """

    random: Random
    scratch: Path
    trace: Trace
    reader: Callable[[Sequence[Written]], str] = lambda _: ""
    alone: bool = False
    brief: bool = False
    start: Starter = Pair
    listed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Harness(Protocol):
    """One kind of suite."""

    @property
    def requires(self) -> tuple[str, ...]:
        """Python packages that have to be importable in each side's environment."""
        ...

    @property
    def example(self) -> str:
        """A ``[[suite]]`` table that works, for documentation and ``perfbot harnesses``."""
        ...

    def session(self, suite: Any, sides: Mapping[Side, SideReady], effects: Effects) -> SuiteSession:
        """The suite, ready to be measured."""
        ...


def worker_specs(
    suite: SuiteBase, sides: Mapping[Side, SideReady], adapter: str, options: Mapping[Side, Mapping[str, Any]]
) -> dict[Side, WorkerSpec]:
    """How to start a lock-step worker on each side, in the suite's folder of the side's checkout."""
    specs: dict[Side, WorkerSpec] = {}
    for side in SIDES:
        ready = sides[side]
        if ready.python is None:
            raise ValueError(f"suite {suite.name} needs a Python environment")
        cwd = ready.tree / suite.directory
        own = sorted({Path(path).parts[0] for path in suite.relative_paths(ready.tree) if path != "."})
        specs[side] = WorkerSpec(
            side, ready.python, cwd, ready.env, adapter, {"own": own, **options[side]}, tree=ready.tree
        )
    return specs


def own_files(suite: SuiteBase, base: SideReady, spec: Callable[[], WorkerSpec]) -> OwnFiles | None:
    """The way back to base's own benchmark files.

    Args:
        spec: how to start base's worker, found anew from the files that are in its tree.
    """
    return OwnFiles(base.files, suite.directory, spec) if base.files is not None and base.files.names else None


def counter(suite: SuiteBase, specs: Mapping[Side, WorkerSpec], effects: Effects) -> Counter | None:
    """What counts a suite's metrics that are not of time; None where there are none."""
    names = [name for name in suite.metrics if name not in TIMED]
    if not names:
        return None
    found = modes(names)
    known = {metric.name: metric for metric in (INSTRUCTIONS, *(m for mode in found for m in mode.metrics))}
    metrics = tuple(known[name] for name in names)
    timed = bool(timed_metrics(suite.metrics))
    return Counter(suite.name, specs, metrics, found, timed, suite.timeout, effects.scratch, effects.trace)


def files_session(
    suite: PytestSuite | PyperfSuite, sides: Mapping[Side, SideReady], effects: Effects, adapter: str
) -> LockstepSuite:
    """Lock-step workers for a suite of files, each listing its own benchmarks."""

    def found(files: Sequence[str] = ()) -> dict[Side, WorkerSpec]:
        options = {s: {"paths": files or suite.relative_paths(sides[s].tree), "args": list(suite.args)} for s in SIDES}
        return worker_specs(suite, sides, adapter, options)

    specs, wanted = found(), effects.listed.get(suite.name, {})
    return LockstepSuite(
        suite.name,
        specs,
        suite.timeout,
        effects.random,
        partial(short_name, paths=suite.relative_paths(sides["head"].tree)),
        effects.trace,
        timed=timed_metrics(suite.metrics),
        counter=counter(suite, specs, effects),
        own_files=own_files(suite, sides["base"], lambda: found()["base"]),
        goes_on=effects.alone,
        brief=effects.brief,
        start=effects.start,
        narrow=Narrow(found(sorted(set(wanted.values()))), frozenset(wanted)) if wanted else None,
    )
