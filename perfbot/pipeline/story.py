"""The whole story of one run: change → checkout → measure → judge → report.

Each step is a module of its own; this one only passes what one step found to the next.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from random import Random

from perfbot.config import check_paths
from perfbot.errors import ConfigError, Interrupted, SetupError, UsageError
from perfbot.git.command import short
from perfbot.harness.base import Effects
from perfbot.harness.registry import reader
from perfbot.measure.discovering import Selection
from perfbot.measure.rounds import Outcomes
from perfbot.measure.scheduler import Scheduler
from perfbot.measure.session import SuiteSession, problem_of
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import Problem, Report
from perfbot.pipeline.culprits import culprits
from perfbot.pipeline.edits import differing_files, marked
from perfbot.pipeline.found import Found, judged, report_of
from perfbot.pipeline.job import Job, Request, asks_why
from perfbot.pipeline.known_names import remember, resolved
from perfbot.pipeline.prepare import build_of, builds_of, groups_of, prepared, sessions_of
from perfbot.pipeline.reach import Reached
from perfbot.pipeline.select import meant, selected, share_of, touched_by
from perfbot.pipeline.surroundings import HERE, Surroundings
from perfbot.pipeline.understand import understand
from perfbot.pipeline.vanished import vanished
from perfbot.process import nothing_left
from perfbot.render.progress import Progress
from perfbot.sides.checkout import changed_files
from perfbot.words import counted


def run(request: Request, progress: Progress, trace: Trace = no_trace, around: Surroundings = HERE) -> Report:
    """Measure a change and judge it.

    An interruption (:class:`perfbot.errors.Interrupted`) ends measuring; the report then holds what there was, and
    says that it is not complete.

    Raises:
        ChangeError, ConfigError: before anything is measured.
    """
    lookout = around.lookout()
    progress.stage("finding the change")
    job = understand(request)
    try:
        return _carried_out(resolved(job, request), request, progress, trace, Found(around, lookout))
    except (UsageError, ConfigError):  # nothing of that name, or nothing at all, was found to measure
        job.counted.take_back()
        raise


def _carried_out(job: Job, request: Request, progress: Progress, trace: Trace, found: Found) -> Report:
    """What the job comes to: measured, judged, and put into a report."""
    for note in (*job.change.notes, *job.notes):
        progress.log(note)
    progress.limit(job.budget)
    complete = True
    if not job.skip:
        try:
            _measure(job, request, progress, trace, found)
            results = judged(job, found.outcomes or Outcomes())
            left = job.budget - (found.around.clock() - found.measuring)
            prepared_in = found.measuring - found.started
            found.culprits = culprits(job, request, results, left, progress, prepared=prepared_in)
        except Interrupted as error:
            complete = False
            found.problems.append(Problem("run", error.message))
    report = report_of(job, request, found, complete=complete)
    job.counted.end(report)
    return report


def _measure(job: Job, request: Request, progress: Progress, trace: Trace, found: Found) -> None:
    """Prepare both sides of every suite, measure them all together, and look into what changed while they stand."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(nothing_left())
        folder = stack.enter_context(found.around.scratch())
        alone = len(job.suites) == 1 and builds_of(job.suites[0]) == 1
        order = Random(job.seed)  # noqa: S311 - an order, not a secret
        effects = Effects(order, folder, trace, reader, alone, request.dirty, found.around.start, job.listed)
        progress.stage(f"preparing {short(job.change.base)} and {short(job.change.head)}", folded=True)
        sessions, differing = _set_up(job, request, progress, effects, stack, found)
        if not sessions:
            return
        progress.stage("measuring")
        _take_rounds(job, request, progress, found, sessions, differing)
        if found.outcomes is not None and asks_why(job.config, request):
            from perfbot.pipeline.explain import explained  # noqa: PLC0415 - at one's desk nobody waits for it

            explained(job, sessions, judged(job, found.outcomes), found.explained, progress)


def _set_up(
    job: Job, request: Request, progress: Progress, effects: Effects, stack: contextlib.ExitStack, found: Found
) -> tuple[list[SuiteSession], set[str]]:
    """Sessions of the suites whose sides could be set up, and the files of benchmarks that differ between them."""
    sessions: list[SuiteSession] = []
    differing: set[str] = set()
    for group in groups_of(job.suites, job.repo):
        try:
            made = [
                stack.enter_context(prepared(job, build_of(group, number), request, progress))
                for number in range(builds_of(group[0]))
            ]
        except SetupError as error:
            names = ", ".join(suite.name for suite in group)
            found.problems.append(problem_of(names, error))
            continue
        trees = made[0][0]
        check_paths(replace(job.config, suites=tuple(group)), trees[1].path)
        differing.update(differing_files(job, group, trees))
        sessions += sessions_of(build_of(group, 0), [sides for _, sides in made], effects, found.problems)
    return sessions, differing


def _take_rounds(
    job: Job,
    request: Request,
    progress: Progress,
    found: Found,
    sessions: Sequence[SuiteSession],
    differing: Collection[str],
) -> None:
    """Measure round by round, until each benchmark is decided or time is up; interrupted, what there is stays."""
    found.measuring = found.around.clock()
    wanted = job.continued.narrowed(selected(job, request))
    reached = Reached(job, sessions, progress, wanted, job.only_reached, follows=not request.dirty)
    scheduler = Scheduler(
        sessions,
        job.policy,
        job.budget,
        progress,
        selection=_selection(job, request, reached),
        random=Random(job.seed),  # noqa: S311 - an order, not a secret
        cores=found.around.cores(),
        lanes=len(found.around.cores()) - round(found.lookout.cores()),
        controls=not request.dirty,
    )
    try:
        scheduler.run()
    except UsageError:
        if not reached.emptied:
            raise
        found.skip = f"the change reaches none of {counted(len(reached.left_out), 'benchmark')} (`only_reached`)"
    finally:
        found.reach = reached.record(frozenset(differing))
        outcomes = marked(scheduler.outcomes(), job, differing)
        gone = vanished(job, request, outcomes.left_out)
        remember(job, request, outcomes)
        found.outcomes = replace(outcomes, comparisons=(*outcomes.comparisons, *gone))


def _selection(job: Job, request: Request, reached: Reached) -> Selection:
    """Which benchmarks are measured, and what is known of them."""
    return Selection(
        wanted=reached.narrowed,
        share=share_of(job, request),
        touched=reached.touches(touched_by(changed_files(job.repo, job.change))),
        noise=job.planning.noise,
        meant=partial(meant, job),
        earlier=job.continued.rounds,
        patterns=request.only,
        claim=request.claim,
    )
