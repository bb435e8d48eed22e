"""A verdict beside a commit on GitHub: a check run where the token may, a commit status where it may not."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from github.CheckRun import CheckRun as ClientCheckRun
from github.CommitStatus import CommitStatus

from perfbot.forge.base import Annotation, RefusedError, Shown, State, Status
from perfbot.forge.github_server import GitHubServer, number_in, optional
from perfbot.forge.rest import text_in
from perfbot.forge.status_address import NOBODY, Speaker, read_signature, signature, signed_address, speaker_in

SUMMARY = 65_535
DESCRIPTION = 140
TITLE = 255
ANNOTATIONS = 50
"""GitHub takes so many a request, and adds those of later requests to them."""

MAX_ANNOTATIONS = 200
CONCLUSIONS: dict[State, str] = {"success": "success", "failed": "failure"}
STATES: dict[State, str] = {"running": "pending", "success": "success", "failed": "failure"}
READ: dict[str, State] = {"pending": "running", "success": "success"}
"""GitHub's words for a status or a conclusion; what is in none of them counts as failed."""

RERUN = {"label": "Re-run", "description": "Measure this head again", "identifier": "rebench"}
"""The button; 20, 40 and 20 characters at most."""

_FORBIDDEN = frozenset({403, 404})


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run as GitHub tells of it. ``slug`` is its App's; empty where that is gone.

    ``foreign``: a job's, that has the name by accident or on purpose; perfbot's own have no other id than the speaker.
    """

    id: int
    name: str
    done: bool
    conclusion: str
    title: str
    summary: str
    who: Speaker
    slug: str
    foreign: bool


@dataclass(frozen=True, slots=True)
class CommitRow:
    """A commit status. ``creator`` is a login; empty where the account is gone."""

    id: int
    name: str
    creator: str
    shown: Shown


class GitHubStatuses:
    """Check runs, with commit statuses for personal tokens, which may not make them."""

    def __init__(self, server: GitHubServer, *, app: bool) -> None:
        self._server = server
        self._app = app
        self._checks = True

    def show(self, status: Status) -> None:
        """Show a status on its commit."""
        if self._checks:
            try:
                self._check(status)
            except RefusedError as error:
                if error.status not in _FORBIDDEN:
                    raise
                self._checks = False
        if not self._checks:
            self._plain(status)
        elif status.state != "running":
            self._bring_along(status)

    def shown(self, status: Status) -> Sequence[Shown]:
        """All statuses of the name on the commit, newest first."""
        return self._shown_checks(status) if self._checks else self._shown_plain(status)

    def cut(self, description: str) -> str:
        """A description as it is kept."""
        return description[: TITLE if self._checks else DESCRIPTION]

    def _shown_checks(self, status: Status) -> Sequence[Shown]:
        try:
            runs = self._runs(status)
        except RefusedError as error:
            if error.status not in _FORBIDDEN:
                raise
            runs = []
        return [_shown(run) for run in runs] or self._shown_plain(status)

    def _shown_plain(self, status: Status) -> Sequence[Shown]:
        """This account's: whoever may push can set one of any name, with the words of any run in its address."""
        me = self._server.me
        return [row.shown for row in self._plain_ones(status) if row.creator == me]

    def _plain_ones(self, status: Status) -> Sequence[CommitRow]:
        listing = self._server.listing(CommitStatus, f"{self._server.commit(status.sha).url}/statuses")
        try:
            listed = list(self._server.each(f"read the statuses of {status.sha[:7]}", listing, _row))
        except RefusedError as error:
            if error.status not in _FORBIDDEN:
                raise
            return ()
        return sorted((row for row in listed if row.name == status.name), key=lambda row: -row.id)

    def _bring_along(self, status: Status) -> None:
        """A commit status of the name, from when another token published: where both stand, GitHub requires both.

        A token that may not set it leaves it: then it blocks until the next commit, which has none.
        """
        there = self._plain_ones(status)
        if there and there[0].shown.visible != status.visible:
            with contextlib.suppress(RefusedError):
                self._plain(status)

    def _plain(self, status: Status) -> None:
        data = {"context": status.name, "description": status.description[:DESCRIPTION]}
        if address := signed_address(status):
            data["target_url"] = address
        commit = self._server.commit(status.sha)
        self._server.call(
            f"set the status of {status.sha[:7]}",
            lambda: text_in(commit.create_status(STATES[status.visible], **data).state),
        )

    def _check(self, status: Status) -> None:
        """Go on with the unfinished check run of that name, or begin one; end others that were left unfinished.

        Not those of another merge request of the commit: it is still being measured.
        """
        what = f"show the check on {status.sha[:7]}"
        first, *more = _pages(status.annotations)
        data = self._data(status, first)
        run, *left = self._unfinished(status) or [0]
        if not run:
            run = self._new(status, data)
        else:
            self._patch(what, run, data)
        for page in more:
            self._patch(what, run, {"output": _output(status, page)})
        if status.state != "running":
            for other in left:
                self._patch(what, other, self._data(status, ()))

    def _new(self, status: Status, data: dict[str, Any]) -> int:
        repository = self._server.repository
        return self._server.call(
            f"show the check on {status.sha[:7]}",
            lambda: number_in(repository.create_check_run(status.name, status.sha, **data).id),
            found=lambda: self._made(status),
        )

    def _patch(self, what: str, run: int, data: dict[str, Any]) -> None:
        def patch() -> str:
            check = self._server.repository.get_check_run(run)
            check.edit(**data)
            return text_in(check.name)

        self._server.call(what, patch)

    def _data(self, status: Status, annotations: Sequence[Annotation]) -> dict[str, Any]:
        data: dict[str, Any] = {"output": _output(status, annotations)}
        if status.url:
            data["details_url"] = status.url
        if words := signature(status):
            data["external_id"] = words
        if status.state == "running":
            return {**data, "status": "in_progress"}
        if self._app and status.rerun:
            data["actions"] = [RERUN]
        return {**data, "status": "completed", "conclusion": CONCLUSIONS[status.visible]}

    def _made(self, status: Status) -> int | None:
        """One with what would be sent: made by a request whose answer was lost."""
        if status.state == "running":
            return next(iter(self._unfinished(status)), None)
        runs = self._runs(status)
        newest = runs[0] if runs else None
        summary = str(_output(status, ())["summary"])
        who = Speaker(status.order, status.request, status.held) if status.order is not None else NOBODY
        same = newest is not None and newest.who == who and newest.summary == summary
        return newest.id if newest and same and newest.conclusion == CONCLUSIONS[status.visible] else None

    def _unfinished(self, status: Status) -> list[int]:
        """Ids of those that wait for a word about the status' merge request, newest first."""
        return [run.id for run in self._runs(status) if not run.done and run.who.request in (0, status.request)]

    def _runs(self, status: Status) -> list[CheckRun]:
        """This account's check runs of the name, newest first: another App's may not be changed, and would refuse."""
        listing = self._server.commit(status.sha).get_check_runs(check_name=status.name, filter="all")
        listed = self._server.each(f"read the checks of {status.sha[:7]}", listing, _check_run, wrapped=True)
        own = [run for run in listed if run.name == status.name and self._by_me(run) and not run.foreign]
        return sorted(own, key=lambda run: -run.id)

    def _by_me(self, run: CheckRun) -> bool:
        return f"{run.slug}[bot]" == self._server.me


def _check_run(found: ClientCheckRun) -> CheckRun:
    output, app = optional(found.output), optional(found.app)
    return CheckRun(
        id=number_in(found.id),
        name=text_in(found.name),
        done=text_in(found.status) == "completed",
        conclusion=found.conclusion or "",
        title=(output.title or "") if output else "",
        summary=(output.summary or "") if output else "",
        who=read_signature(found.external_id or ""),
        slug=(app.slug or "") if app else "",
        foreign=_is_foreign(found.external_id or ""),
    )


def _is_foreign(external_id: str) -> bool:
    return bool(external_id) and read_signature(external_id) == NOBODY


def _shown(run: CheckRun) -> Shown:
    state = READ.get(run.conclusion, "failed") if run.done else "running"
    return _of(run.who, state, run.title)


def _of(who: Speaker, state: State, words: str) -> Shown:
    said: State = "success" if who.held else state
    return Shown(said, words, who.order, request=who.request, held=who.held)


def _row(found: CommitStatus) -> CommitRow:
    state, creator = READ.get(text_in(found.state), "failed"), optional(found.creator)
    shown = _of(speaker_in(found.target_url or ""), state, found.description or "")
    return CommitRow(number_in(found.id), text_in(found.context), (creator.login or "") if creator else "", shown)


def _pages(annotations: Sequence[Annotation]) -> list[Sequence[Annotation]]:
    kept = annotations[:MAX_ANNOTATIONS]
    return [kept[i : i + ANNOTATIONS] for i in range(0, len(kept), ANNOTATIONS)] or [()]


def _output(status: Status, annotations: Sequence[Annotation]) -> dict[str, Any]:
    output: dict[str, Any] = {
        "title": status.description[:TITLE],
        "summary": (status.summary or status.description)[:SUMMARY],
    }
    if annotations:
        output["annotations"] = [_annotation(a) for a in annotations]
    return output


def _annotation(annotation: Annotation) -> dict[str, Any]:
    return {
        "path": annotation.path,
        "start_line": max(annotation.line, 1),
        "end_line": max(annotation.line, 1),
        "annotation_level": "failure" if annotation.failing else "warning",
        "title": annotation.title[:TITLE],
        "message": annotation.message,
    }
