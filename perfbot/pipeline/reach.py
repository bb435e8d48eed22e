"""What benchmarks reach of the change: one call of each is followed, in a process that is used for nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from random import Random

from perfbot.measure.lockstep.known import Known
from perfbot.measure.lockstep.link import WorkerSpec
from perfbot.measure.lockstep.ring import Broken, Ring, RingSuite
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.session import ANYWHERE, SuiteSession
from perfbot.model import Benchmark
from perfbot.overall import Reach
from perfbot.pipeline.job import Job
from perfbot.reach.edited import Edits, edits_of
from perfbot.reach.reached import Followed, Reaching, asked_about
from perfbot.render.progress import Progress
from perfbot.sides.checkout import changed_files, read_file_at

SHARE, LEAST_SECONDS, MOST_SECONDS = 0.05, 3.0, 60.0
"""Of the budget, for following calls; what was not followed by then counts as concerned."""

START_SECONDS = 30.0
"""For the process to start in."""

PROJECT_FILES = ("pyproject.toml", "setup.py")

MOST_FILES = 150
"""Changed files that are looked into; a change of more concerns everything."""


@dataclass(slots=True)
class Reached:
    """What is known of it; each suite is followed when it is first asked about, once it is discovered.

    Attributes:
        wanted: which benchmarks anybody asks about, ``suite/benchmark``.
        only: nothing else is to be measured.
        follows: calls are followed; otherwise nothing is known, and names tell.
        left_out: names that are not, for they reach nothing of the change.
    """

    job: Job
    sessions: Sequence[SuiteSession]
    progress: Progress
    wanted: Callable[[str], bool]
    only: bool = False
    follows: bool = True
    left_out: set[str] = field(default_factory=set)
    _edits: Edits = field(default_factory=Edits)
    _found: dict[str, dict[str, Followed]] = field(default_factory=dict)
    _kept: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.follows and any(isinstance(one, LockstepSuite) for one in self.sessions):
            self._edits = _edits(self.job)
        if self.only and self._edits.others:
            shown = ", ".join(self._edits.others[:3]) + (" …" if len(self._edits.others) > 3 else "")
            self.progress.log(f"only_reached: everything is measured, for {shown} may concern any benchmark")
            self.only = False

    @property
    def emptied(self) -> bool:
        """Nothing is left to be measured."""
        return bool(self.left_out) and not self._kept

    def narrowed(self, name: str) -> bool:
        """Whether a benchmark is to be measured."""
        if not self.wanted(name):
            return False
        if self.only and not self._concerned(name):
            self.left_out.add(name)
            return False
        self._kept.add(name)
        return True

    def touches(self, otherwise: Callable[[Benchmark], bool]) -> Callable[[Benchmark], bool]:
        """Whether a benchmark's call runs what the change edits; where that is not known, what names tell."""

        def touched(benchmark: Benchmark) -> bool:
            followed = self._of(benchmark.suite).get(benchmark.full_name)
            if followed is None:
                return otherwise(benchmark)
            return bool(Reaching(self._edits).touched(followed.call)) or followed.left

        return touched

    def record(self, benchmark_files: Collection[str]) -> Reach | None:
        """What no call runs, for the report."""
        followed = {name: one for suite in self._found.values() for name, one in suite.items()}
        without = [one.name for one in self.sessions if not isinstance(one, LockstepSuite)]
        found = Reaching(self._edits).reach(followed, benchmark_files, without)
        if found is None:
            return Reach(left_out=len(self.left_out)) if self.left_out else None
        return replace(found, left_out=len(self.left_out))

    def _concerned(self, name: str) -> bool:
        followed = self._of(name.partition("/")[0]).get(name)
        return followed is None or Reaching(self._edits).concerns(followed)

    def _of(self, suite: str) -> dict[str, Followed]:
        if suite not in self._found:
            session = next((one for one in self.sessions if one.name == suite), None)
            self._found[suite] = {}
            if self.follows and isinstance(session, LockstepSuite) and self._edits.files:
                names = [name for name in session.names if self.wanted(f"{suite}/{name}")]
                self.progress.log(f"suite {suite}: following a call of each benchmark")
                seconds = min(max(SHARE * self.job.budget, LEAST_SECONDS), MOST_SECONDS) / len(self.sessions)
                self._found[suite] = dict(_followed(session, names, asked_about(self._edits), seconds, self.job.seed))
        return self._found[suite]


def _edits(job: Job) -> Edits:
    change = job.change
    files = changed_files(job.repo, change)
    if len(files) > MOST_FILES:
        return Edits(others=files)
    texts = {
        file: (read_file_at(job.repo, change.base, file), read_file_at(job.repo, change.head, file))
        if file.endswith(".py")
        else (None, None)
        for file in files
    }
    return replace(edits_of(texts), projects=_projects(job, files))


def _projects(job: Job, files: Iterable[str]) -> tuple[str, ...]:
    """The folders above changed Python files that pip can install from."""
    above = {parent for file in files if file.endswith(".py") for parent in PurePosixPath(file).parents if parent.parts}
    there = (one for one in above for name in PROJECT_FILES if _is_there(job, f"{one}/{name}"))
    return tuple(sorted({str(one) for one in there}))


def _is_there(job: Job, file: str) -> bool:
    return read_file_at(job.repo, job.change.head, file) is not None


def _followed(
    session: LockstepSuite, names: Sequence[str], files: Sequence[str], seconds: float, seed: int
) -> Iterable[tuple[str, Followed]]:
    """One call of each benchmark, as far as time allows; one that breaks its process costs itself alone."""
    until, rest = time.monotonic() + seconds, list(names)
    suite = _alone(session)
    while rest and time.monotonic() < until:
        before: frozenset[tuple[str, int, str]] = frozenset()
        left = False
        try:
            with closing(Ring(suite, [0], ANYWHERE, Random(seed))) as ring:  # noqa: S311 - not a secret
                ring.enter([session.identity(name) for name in rest], max(seconds, START_SECONDS))
                while rest and time.monotonic() < until:
                    found = ring.follow(rest[0], files, max(1.0, until - time.monotonic()))
                    name = rest.pop(0)
                    if found is None:
                        continue
                    before |= frozenset(_places(found["before"]))
                    call, left = frozenset(_places(found["call"])), left or found["left"]
                    yield f"{session.name}/{name}", Followed(before, call, left)
                    before |= call
        except Broken as broken:
            if not broken.name:
                return
            rest.pop(0)


def _places(found: Iterable[Sequence[object]]) -> Iterable[tuple[str, int, str]]:
    return ((str(file), int(str(line)), str(name)) for file, line, name in found)


def _alone(session: LockstepSuite) -> RingSuite:
    spec: WorkerSpec = session.specs["head"]
    followed = replace(spec, options={**spec.options, "follow": True})
    return RingSuite({0: followed}, {name: session.identity(name) for name in session.names}, session.timeout, Known())
