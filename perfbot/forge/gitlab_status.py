"""Commit statuses on the right pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gitlab.v4.objects import ProjectCommitStatus, ProjectCommitStatusManager

from perfbot.forge.base import RefusedError, Shown, State, Status
from perfbot.forge.gitlab_server import BAD_REQUEST, GitLabServer
from perfbot.forge.status_address import signed_address, speaker_in

DESCRIPTION = 255
STATES: dict[str, State] = {"pending": "running", "running": "running", "success": "success"}
"""GitLab's words; what is in none of them counts as failed."""

_EVENTS: dict[State, str] = {"running": "run", "success": "success", "failed": "drop"}
"""What leads to a state, in GitLab's words."""


@dataclass(frozen=True, slots=True)
class Row:
    """A status as GitLab lists it; ``author`` is a user's number, 0 where the account is gone."""

    id: int
    name: str
    author: int
    pipeline: int
    shown: Shown


class GitLabStatuses:
    """Commit statuses; who spoke stands in their address."""

    def __init__(self, server: GitLabServer) -> None:
        self._server = server

    def show(self, status: Status) -> None:
        """Set a status. Setting the state that stands already is refused by GitLab, and is success."""
        data: dict[str, Any] = {
            "state": status.visible,
            "name": status.name,
            "description": self.cut(status.description),
        }
        if status.pipeline:
            data["pipeline_id"] = status.pipeline
        if address := signed_address(status):
            data["target_url"] = address
        what = f"set the status of {status.sha[:7]}"
        try:
            self._server.call(what, lambda: self._of(status).create(data).id)
        except RefusedError as error:
            if error.status != BAD_REQUEST or not _stands(status.visible, error.message):
                raise

    def shown(self, status: Status) -> Sequence[Shown]:
        """This account's statuses of the name on the commit, newest first; each pipeline has its own.

        Every developer can set one of any name, with the words of any run in its address.
        """
        me = self._server.me
        what, query = f"read the statuses of {status.sha[:7]}", {"name": status.name, "all": "true"}
        try:
            listed = list(self._server.each(what, self._of(status), _row, **query))
        except RefusedError:
            return ()
        rows = sorted((row for row in listed if row.name == status.name and row.author == me), key=lambda row: -row.id)
        return [replace(row.shown, here=not row.pipeline or status.pipeline in (0, row.pipeline)) for row in rows]

    def _of(self, status: Status) -> ProjectCommitStatusManager:
        return self._server.project.commits.get(status.sha, lazy=True).statuses

    def cut(self, description: str) -> str:
        """A description as it is kept."""
        return description[:DESCRIPTION]


def _stands(state: State, refusal: str) -> bool:
    """Whether a change of state is refused because the state is there already, and not because it may not come."""
    return f"Cannot transition status via :{_EVENTS[state]} from :{state} " in f"{refusal} "


def _row(found: ProjectCommitStatus) -> Row:
    told = found.attributes
    state = STATES.get(str(found.status), "failed")
    who = speaker_in(str(told.get("target_url") or ""))
    said: State = "success" if who.held else state
    shown = Shown(said, str(told.get("description") or ""), who.order, request=who.request, held=who.held)
    author = int((told.get("author") or {}).get("id") or 0)
    return Row(int(found.id), str(found.name), author, int(told.get("pipeline_id") or 0), shown)
