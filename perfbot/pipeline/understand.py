"""From a request to a job: finds the change; reads git and files, runs nothing of the project."""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from perfbot import __version__
from perfbot.calibration.planning import plan
from perfbot.config import Config, Suite, find, load
from perfbot.errors import ChangeError, UsageError
from perfbot.git.command import open_work_tree, short
from perfbot.model import Change, Policy
from perfbot.model.aside import words_of
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
    change = _marked(request, repo, change)
    ours = load(request.config, repo)
    suites, notes = chosen_suites(ours, request, repo)
    target = _target_config(repo, change) if change.merge_request and request.config is None else ours
    policy = target.policy
    if request.threshold is not None:
        policy = replace(policy, threshold=request.threshold)
    proposed = ours.policy if replace(ours.policy, origin="") != replace(target.policy, origin="") else None
    changed = changed_files(repo, change)
    concerned = request.force or target.run.concerns(changed)
    if not request.force:
        kept = _concerned(suites, target.suites, changed)
        left = ", ".join(one.name for one in suites if one not in kept)
        notes = (*notes, f"left out, for the change touches none of their `when_changed`: {left}") if left else notes
        concerned, suites = concerned and bool(kept), kept or suites
    counted = _counted(request, repo, change, policy) if concerned else Counted()
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
        target.run.only_reached and not request.force,
        counted=counted,
    )


def _marked(request: Request, repo: Path, change: Change) -> Change:
    """The change, with what is not as usual."""
    aside = _aside(request, repo, change)
    note = f"Not the usual run ({aside}): it is shown, and decides nothing."
    return replace(change, aside=aside, notes=(note, *change.notes)) if aside else change


def _aside(request: Request, repo: Path, change: Change) -> str:
    """What of a merge request's run was not as usual, in words; a base that is named and is the usual one is as usual.

    The run is then shown, and decides nothing.
    """
    if request.aside:
        return request.aside
    if not change.merge_request:
        return words_of("", request.settings)
    if request.given:
        return "other suites than the project's"
    base = ""
    if request.base or request.spec:
        with contextlib.suppress(ChangeError, UsageError):
            usual = find_change(repo, environ=request.environ, head=request.head, same=True)
            if usual.base == change.base:
                return words_of("", request.settings)
        base = change.base_name or short(change.base)
    return words_of(base, request.settings)


def _counted(request: Request, repo: Path, change: Change, policy: Policy) -> Counted:
    """The try of a session that a look at the working tree is; to go on with the last one is none of its own."""
    if not request.dirty or change.origin != "local":
        return Counted()
    sessions, now = sessions_of(request.cache, repo), dt.datetime.now(dt.UTC)
    if request.more and (session := sessions.read(now)).tries:
        return Counted(sessions, len(session.tries), session, own=False)
    asked = request.claim.text if request.claim else " ".join((*request.suites, *request.only))
    return Counted(sessions, *sessions.begin(now, change, asked, policy.alpha, fresh=request.fresh))


def _concerned(suites: tuple[Suite, ...], targets: tuple[Suite, ...], changed: Sequence[str]) -> tuple[Suite, ...]:
    """The suites that a change concerns, as the target branch says of those that it has."""
    said = {one.name: one for one in targets}
    return tuple(one for one in suites if said.get(one.name, one).concerned_by(changed))


def _target_config(repo: Path, change: Change) -> Config:
    """The configuration that the merge request cannot edit: the one at its merge base."""
    return find(lambda name: read_file_at(repo, change.base, name), f"at {short(change.base)}")
