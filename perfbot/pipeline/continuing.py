"""A run that goes on from the last one: its rounds count, and more are added."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from perfbot.errors import ReportError, UsageError
from perfbot.git.command import open_work_tree, short
from perfbot.model import Change, Report, Round
from perfbot.pipeline.job import Continued, Request
from perfbot.report import read, write
from perfbot.sides.cache import zone

CONTINUE = "--continue"


def keep_last(report: Report, request: Request) -> None:
    """Keep a run for :data:`CONTINUE`; one with nothing in it would only be in the way of the one before.

    Raises:
        StoreError: the cache cannot be written.
    """
    if not report.skipped and any(result.raw for result in report.results):
        write(report, kept_file(request.cache, open_work_tree(request.repo).folder, report.change))


def asked_again(request: Request, repo: Path) -> Request:
    """The request, about the last run's commits where it names none itself."""
    if not request.more or request.spec or request.base or request.head or _in_ci(request):
        return request
    last = _read(kept_file(request.cache, repo, Change("", "")))
    return replace(request, base=last.change.base, head=last.change.head)


def taken_over(request: Request, repo: Path, change: Change) -> Continued:
    """The last run's rounds.

    Raises:
        UsageError: there is no last run, or it was about something else.
    """
    if not request.more:
        return Continued()
    last = _read(kept_file(request.cache, repo, change))
    theirs, ours = ((one.base, one.head) for one in (last.change, change))
    if theirs != ours or last.change.dirty:
        about = "uncommitted changes" if last.change.dirty else "..".join(map(short, theirs))
        raise UsageError(
            f"{CONTINUE}: the last run was about {about}, and this one would be about {'..'.join(map(short, ours))}",
            hint="Type `perfbot run` for a run of its own.",
        )
    rounds: dict[tuple[str, str], Sequence[Round]] = {
        (one.full_name, one.metric): one.raw for one in last.results if one.verdict != "failed"
    }
    names = frozenset(one.full_name for one in last.results)
    chosen = bool(request.only or request.suites or request.shard)
    return Continued(rounds, frozenset() if chosen else names, last.control, last.seconds, last.budget_seconds)


def _read(file: Path) -> Report:
    if not file.is_file():
        raise UsageError(f"{CONTINUE}: no run of this repository is kept", hint="Type `perfbot run` first.")
    try:
        return read(file)
    except ReportError as error:
        raise UsageError(f"{CONTINUE}: the last run cannot be used: {error.message}") from error


def kept_file(cache: Path, repo: Path, change: Change) -> Path:
    """Where the last run of a work tree lies, with those of its kind of change; ``Change("", "")`` for runs at home."""
    name = hashlib.sha256(str(repo.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return zone(cache, change) / "runs" / f"{name}.json"


def _in_ci(request: Request) -> bool:
    return any(name in request.environ for name in ("GITLAB_CI", "GITHUB_ACTIONS"))
