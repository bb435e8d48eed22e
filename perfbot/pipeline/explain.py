"""After the verdicts: why what changed did, by fresh rounds of its own. No verdict depends on any of this."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from perfbot.config import Suite
from perfbot.errors import ChangeError, Interrupted, MeasureError
from perfbot.explained import Difference, Differs, Explanation
from perfbot.git.command import open_work_tree
from perfbot.measure.builds import BuiltSuite
from perfbot.measure.lockstep.counting import ALLOCATED, FOOTPRINT, INSTRUCTIONS
from perfbot.measure.lockstep.explaining import LATE_SHARE, Explaining
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.processes.commands import CommandSuite
from perfbot.measure.processes.explaining import ExplainingCommands
from perfbot.measure.session import SuiteSession
from perfbot.model import SIDES, TIME, Problem, Result, Side
from perfbot.pipeline.job import Explained, Job
from perfbot.render import view
from perfbot.render.progress import Progress
from perfbot.why.edits import Edits, edits_of
from perfbot.why.explain import explain
from perfbot.why.profile import Observation, Surroundings

FIRST_SECONDS, NEXT_SECONDS = 14.0, 7.0
"""Wanted for the first benchmark and for each further one: they share their processes."""

WHERE = "looking into what changed"

CHANGED = ("regressed", "improved")

Kind = Literal["time", "instructions", "memory"]
KINDS: tuple[Kind, ...] = ("time", "instructions", "memory")

ALLOCATIONS = (ALLOCATED.name, FOOTPRINT.name)

ALIVE = "functions' shares are of what was alive when a call ended"


def explained(
    job: Job,
    sessions: Sequence[SuiteSession],
    results: Sequence[Result],
    found: Explained,
    progress: Progress,
) -> None:
    """Look into what regressed or improved, what fails the gate first, as far as time allows.

    Whoever interrupts this ends it: everything that was found before is kept, and the run is complete.
    """
    chosen = _chosen(results, sessions, job.config.why.most)
    if not chosen:
        return
    most = job.config.why.share * job.budget / (1 + LATE_SHARE)
    seconds = min(most, FIRST_SECONDS + NEXT_SECONDS * (len(chosen) - 1))
    progress.stage("looking into what changed")
    try:
        for batch in _batches(chosen, sessions):
            _explain(job, batch, seconds * len(batch.results) / len(chosen), found)
    except Interrupted:
        found.problems.append(Problem(WHERE, "was interrupted; verdicts do not depend on it", fatal=False))
    except (MeasureError, ChangeError, OSError) as error:
        found.problems.append(Problem(WHERE, str(error), fatal=False))


Explainable = LockstepSuite | CommandSuite


def _explainable(sessions: Sequence[SuiteSession]) -> dict[str, Explainable]:
    """Suites whose benchmarks run inside of live workers, and those of commands."""
    plain = [one.first if isinstance(one, BuiltSuite) else one for one in sessions]
    return {one.name: one for one in plain if isinstance(one, Explainable)}


def _chosen(results: Sequence[Result], sessions: Sequence[SuiteSession], most: int) -> list[Result]:
    """What fails the gate, then what regressed, then what improved; each the largest change first."""
    suites = _explainable(sessions)
    groups = view.groups(results)
    moved = [one for one in (*groups.bad, *groups.improved) if one.verdict in CHANGED and one.change is not None]
    return [one for one in moved if one.suite in suites and one.metric in _metrics(suites[one.suite])][:most]


def _metrics(session: Explainable) -> tuple[str, ...]:
    """Of which metrics functions can be told."""
    return (TIME.name, INSTRUCTIONS.name) if isinstance(session, CommandSuite) else (TIME.name, *ALLOCATIONS)


@dataclass(frozen=True, slots=True)
class Batch:
    """Results of one suite that the same rounds explain, all of metrics of one kind."""

    session: Explainable
    results: tuple[Result, ...]
    kind: Kind = "time"

    @property
    def names(self) -> list[str]:
        """Its benchmarks."""
        return list(dict.fromkeys(one.benchmark for one in self.results))

    def rounds(self, seed: int) -> Explaining | ExplainingCommands:
        """What observes it."""
        if isinstance(self.session, CommandSuite):
            return ExplainingCommands(self.session, instructions=self.kind == "instructions")
        random = Random(f"{seed}:why:{self.session.name}")  # noqa: S311 - an order, not a secret
        return Explaining(self.session, random, memory=self.kind == "memory")


def _batches(chosen: Sequence[Result], sessions: Sequence[SuiteSession]) -> Iterator[Batch]:
    for name, session in _explainable(sessions).items():
        for kind in KINDS:
            mine = tuple(one for one in chosen if one.suite == name and kind_of(one.metric) == kind)
            if mine:
                yield Batch(session, mine, kind)


def kind_of(metric: str) -> Kind:
    """What a metric is explained by."""
    if metric in ALLOCATIONS:
        return "memory"
    return "instructions" if metric == INSTRUCTIONS.name else "time"


def _explain(job: Job, batch: Batch, seconds: float, found: Explained) -> None:
    """Observe and explain one batch; what was observed before an interruption is explained as well."""
    rounds = batch.rounds(job.seed)
    observed: dict[str, list[Observation]] = {name: [] for name in batch.names}
    began = time.monotonic()
    try:
        for observation in rounds.observe(batch.names, seconds):
            observed[observation.name].append(observation)
    finally:
        took = (time.monotonic() - began) / len(batch.names)
        surroundings = rounds.surroundings if isinstance(rounds, Explaining) else {}
        differences = differences_of(batch.session.name, surroundings)
        found.differences += [one for one in differences if one not in found.differences]
        packages = {one.name: f"{one.base} → {one.head}" for one in differences if one.kind == "package"}
        edits = _edits(job, next(one for one in job.suites if one.name == batch.session.name))
        for result in batch.results:
            notes = (ALIVE,) if batch.kind == "memory" else rounds.notes_of(result.benchmark)
            if reason := rounds.failed.get(result.benchmark, ""):
                bare = Explanation(result.suite, result.benchmark, result.metric, result.unit, reason=reason)
                found.explanations.append(bare)
            elif observed[result.benchmark]:
                explanation = explain(result, observed[result.benchmark], edits, packages, took)
                found.explanations.append(replace(explanation, notes=(*notes, *explanation.notes)))


def _edits(job: Job, suite: Suite) -> Edits:
    """The change's hunks."""
    git = open_work_tree(job.repo)
    text = git.text(
        "diff", "--unified=0", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv",
        "--src-prefix=a/", "--dst-prefix=b/", job.change.base, job.change.head,
    )  # fmt: skip
    files = git.names("ls-tree", "-r", "-z", "--name-only", "--full-tree", job.change.head)
    edits = edits_of(text, suite.directory, files)
    return replace(edits, source=lambda file: git.maybe("show", f"{job.change.head}:{file}"))


def differences_of(suite: str, sides: Mapping[Side, Surroundings]) -> list[Difference]:
    """What differs between both sides' environments: packages first."""
    if len(sides) < len(SIDES):
        return []
    base, head = sides["base"], sides["head"]
    names = sorted({*base.packages, *head.packages})
    versions = [(name, base.packages.get(name, ""), head.packages.get(name, "")) for name in names]
    found = [Difference(suite, "package", name, old, new) for name, old, new in versions if old != new]
    kinds: tuple[Differs, ...] = ("python", "compiler", "flags")
    for kind in kinds:
        old, new = getattr(base, kind), getattr(head, kind)
        if old != new:
            found.append(Difference(suite, kind, kind, old, new))
    return found
