"""From a request to a job: finds the change; reads git and files, runs nothing of the project."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import replace
from pathlib import Path

from perfbot import __version__
from perfbot.calibration.planning import plan
from perfbot.config import Config, find, load
from perfbot.git.command import open_work_tree, short
from perfbot.model import Change, Policy
from perfbot.pipeline.change import find_change
from perfbot.pipeline.continuing import asked_again, taken_over
from perfbot.pipeline.job import Job, Request
from perfbot.pipeline.select import chosen_suites
from perfbot.pipeline.session import Counted, note_of, sessions_of
from perfbot.runner.machine import read_machine
from perfbot.sides.checkout import changed_files, read_file_at


def understand(request: Request) -> Job:
    """Find the change and what to do about it; reads git and files, runs nothing of the project."""
    repo = open_work_tree(request.repo).folder
    request = asked_again(request, repo)
    change = find_change(
        repo,
        environ=request.environ,
        spec=request.spec,
        base=request.base,
        head=request.head,
        dirty=request.dirty,
        same=request.same,
    )
    ours = load(request.config, repo)
    suites, notes = chosen_suites(ours, request, repo)
    target = _target_config(repo, change) if change.merge_request and request.config is None else ours
    policy = target.policy
    if request.threshold is not None:
        policy = replace(policy, threshold=request.threshold)
    proposed = ours.policy if replace(ours.policy, origin="") != replace(target.policy, origin="") else None
    concerned = request.force or target.run.concerns(changed_files(repo, change))
    counted = _counted(request, repo, change, policy)
    if counted.number:
        policy = replace(policy, alpha=counted.session.tries[counted.number - 1].alpha)
        change = replace(change, notes=(*change.notes, note_of(counted.number, counted.session)))
    planning = plan(repo, change, read_machine().runner(version=__version__), request.calibration)
    return Job(
        repo,
        change,
        ours,
        suites,
        policy,
        proposed,
        request.budget if request.budget is not None else target.run.budget,
        next(seed for seed in (request.seed, ours.run.seed, secrets.randbits(32)) if seed is not None),
        planning,
        (*notes, *planning.notes),
        "" if concerned else "the change touches none of the files that are measured (`when_changed`)",
        target.suites if target is not ours else (),
        taken_over(request, repo, change),
        counted,
    )


def _counted(request: Request, repo: Path, change: Change, policy: Policy) -> Counted:
    """The try of a session that a look at the working tree is; to go on with the last one is none of its own."""
    if not request.dirty or change.origin != "local":
        return Counted()
    sessions, now = sessions_of(request.cache, repo), dt.datetime.now(dt.UTC)
    if request.more and (session := sessions.read(now)).tries:
        return Counted(sessions, len(session.tries), session)
    asked = request.claim.text if request.claim else " ".join((*request.suites, *request.only))
    return Counted(sessions, *sessions.begin(now, change, asked, policy.alpha, fresh=request.fresh))


def _target_config(repo: Path, change: Change) -> Config:
    """The configuration that the merge request cannot edit: the one at its merge base."""
    return find(lambda name: read_file_at(repo, change.base, name), f"at {short(change.base)}")
