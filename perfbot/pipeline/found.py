"""What a run has found so far, and the report that is made of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

from perfbot.judge.control import control_of
from perfbot.judge.gate import gate_of
from perfbot.judge.geometric import geometric_means
from perfbot.judge.verdict import judge
from perfbot.measure.rounds import Outcomes
from perfbot.model import Problem, Report, Result
from perfbot.overall import Culprit, Reach
from perfbot.pipeline.job import Explained, Job, Request
from perfbot.pipeline.surroundings import Surroundings
from perfbot.report.extent import fitted
from perfbot.runner.load import Lookout


@dataclass(slots=True)
class Found:
    """What is known so far; survives an interruption."""

    around: Surroundings
    lookout: Lookout
    outcomes: Outcomes | None = None
    problems: list[Problem] = field(default_factory=list)
    explained: Explained = field(default_factory=Explained)
    reach: Reach | None = None
    culprits: tuple[Culprit, ...] = ()
    measuring: float = 0.0
    """When measuring began."""
    skip: str = ""
    """Why nothing was measured, although nothing is wrong."""
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.around.clock()


def judged(job: Job, outcomes: Outcomes) -> tuple[Result, ...]:
    """What the rounds say, under the target branch's policy."""
    control = control_of(outcomes.controls, job.policy) or job.continued.control
    return judge(outcomes.comparisons, job.policy, family=outcomes.family, control=control)


def report_of(job: Job, request: Request, found: Found, *, complete: bool) -> Report:
    """All that was found, with the run's verdict."""
    outcomes = found.outcomes or Outcomes()
    earlier = job.continued
    control = control_of(outcomes.controls, job.policy) or earlier.control
    results = judged(job, outcomes)
    problems = (*found.problems, *outcomes.problems, *found.explained.problems)
    means = geometric_means(results, job.policy, control)
    verdict = gate_of(results, problems, complete=complete, skipped=job.skip or found.skip, means=means)
    seconds = found.around.clock() - found.started + earlier.seconds
    report = Report(
        change=replace(job.change, notes=(*job.change.notes, *job.planning.notes, *outcomes.forecast)),
        verdict=verdict,
        results=results,
        problems=problems,
        policy=job.policy,
        proposed_policy=job.proposed,
        runner=found.around.runner(),
        control=control,
        started=(found.around.now() - dt.timedelta(seconds=seconds)).isoformat(timespec="seconds"),
        seconds=seconds,
        budget_seconds=job.budget + earlier.budget,
        family=outcomes.family,
        seed=job.seed,
        complete=complete,
        shard=job.planning.shard(request.shard),
        skipped=job.skip or found.skip,
        startups=outcomes.startups,
        geometric_means=means,
        reach=found.reach,
        culprits=found.culprits,
        explanations=tuple(found.explained.explanations),
        differences=tuple(found.explained.differences),
    )
    return fitted(report)
