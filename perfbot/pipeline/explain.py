"""After the verdicts: why what changed did, by fresh rounds of its own. No verdict depends on any of this."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from perfbot.config import Suite
from perfbot.errors import ChangeError, Interrupted, MeasureError
from perfbot.explained import Difference, Differs, Explanation
from perfbot.git.command import open_work_tree
from perfbot.measure.builds import BuiltSuite
from perfbot.measure.lockstep.explaining import Explaining
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.session import SuiteSession
from perfbot.model import SIDES, TIME, Problem, Result, Side
from perfbot.pipeline.job import Job, Request
from perfbot.render import view
from perfbot.render.progress import Progress
from perfbot.why.edits import Edits, edits_of
from perfbot.why.explain import explain
from perfbot.why.profile import Observation, Surroundings

FIRST_SECONDS, NEXT_SECONDS = 14.0, 7.0
"""Wanted for the first benchmark and for each further one: they share their processes."""

WHERE = "looking into what changed"


@dataclass(slots=True)
class Explained:
    """What is known so far; survives an interruption."""

    explanations: list[Explanation] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def explained(
    job: Job,
    request: Request,
    sessions: Sequence[SuiteSession],
    results: Sequence[Result],
    found: Explained,
    progress: Progress,
) -> None:
    """Look into what regressed or improved, what fails the gate first, as far as time allows.

    Whoever interrupts this ends it: everything that was found before is kept, and the run is complete.
    """
    asked_for = job.config.why.enabled and not request.dirty  # who waits at a desk asks for it, or goes on
    wanted = request.why if request.why is not None else asked_for
    chosen = _chosen(results, sessions, job.config.why.most) if wanted else []
    if not chosen:
        return
    seconds = min(job.config.why.share * job.budget, FIRST_SECONDS + NEXT_SECONDS * (len(chosen) - 1))
    progress.stage("looking into what changed")
    try:
        for suite, session in _explainable(sessions).items():
            mine = [one for one in chosen if one.suite == suite]
            if mine:
                _of_suite(job, session, mine, seconds * len(mine) / len(chosen), found)
    except Interrupted:
        found.problems.append(Problem(WHERE, "was interrupted; verdicts do not depend on it", fatal=False))
    except (MeasureError, ChangeError, OSError) as error:
        found.problems.append(Problem(WHERE, str(error), fatal=False))


def _explainable(sessions: Sequence[SuiteSession]) -> dict[str, LockstepSuite]:
    """Suites whose benchmarks run inside of live workers."""
    plain = [one.first if isinstance(one, BuiltSuite) else one for one in sessions]
    return {one.name: one for one in plain if isinstance(one, LockstepSuite)}


def _chosen(results: Sequence[Result], sessions: Sequence[SuiteSession], most: int) -> list[Result]:
    """What fails the gate, then what regressed, then what improved; each the largest change first."""
    suites = _explainable(sessions)
    groups = view.groups(results)
    ordered = [*groups.bad, *groups.improved]
    moved = [one for one in ordered if one.verdict in ("regressed", "improved") and one.change is not None]
    return [one for one in moved if one.metric == TIME.name and one.unit == TIME.unit and one.suite in suites][:most]


def _of_suite(job: Job, session: LockstepSuite, results: Sequence[Result], seconds: float, found: Explained) -> None:
    rounds = Explaining(session, Random(f"{job.seed}:why:{session.name}"))  # noqa: S311 - an order, not a secret
    observed: dict[str, list[Observation]] = {one.benchmark: [] for one in results}
    began = time.monotonic()
    try:
        for observation in rounds.observe([one.benchmark for one in results], seconds):
            observed[observation.name].append(observation)
    finally:
        took = (time.monotonic() - began) / len(results)
        differences = differences_of(session.name, rounds.surroundings)
        found.differences += differences
        packages = {one.name: f"{one.base} → {one.head}" for one in differences if one.kind == "package"}
        suite = next(one for one in job.suites if one.name == session.name)
        edits = _edits(job, suite)
        for result in results:
            if result.benchmark in rounds.failed:
                reason = rounds.failed[result.benchmark]
                found.explanations.append(
                    Explanation(result.suite, result.benchmark, result.metric, result.unit, reason=reason)
                )
            elif observed[result.benchmark]:
                found.explanations.append(explain(result, observed[result.benchmark], edits, packages, took))


def _edits(job: Job, suite: Suite) -> Edits:
    """The change's hunks in Python files."""
    git = open_work_tree(job.repo)
    text = git.text(
        "diff", "--unified=0", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv",
        "--src-prefix=a/", "--dst-prefix=b/", job.change.base, job.change.head, "--", "*.py",
    )  # fmt: skip
    files = git.names("ls-tree", "-r", "-z", "--name-only", "--full-tree", job.change.head)
    return edits_of(text, suite.directory, (file for file in files if file.endswith(".py")))


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
