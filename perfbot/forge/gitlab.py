"""GitLab: notes, facts about the project, commit statuses."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from perfbot.forge.base import (
    NOT_FOUND,
    Forge,
    MergeRequest,
    Note,
    Reaction,
    RefusedError,
)
from perfbot.forge.gitlab_runs import GitLabRuns
from perfbot.forge.gitlab_server import GitLabServer
from perfbot.forge.gitlab_status import GitLabStatuses
from perfbot.forge.retry import Retries

COMMENT_BYTES = 1_048_576
DEVELOPER = 30
"""Access level that may push to branches that are not protected."""

EMOJI: dict[Reaction, str] = {"seen": "eyes", "done": "white_check_mark", "refused": "no_entry_sign"}


def connect(
    url: str,
    project: str,
    token: str,
    *,
    job: str,
    ca_bundle: str = "",
    retries: Retries | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Forge:
    """A forge for one project.

    Args:
        url: of the server, without ``/api/v4``.
        project: path or id.
        job: name of the job that measures, for re-runs.
        ca_bundle: file with the server's certificate authority; empty for the usual ones.
        transport: instead of the network.
    """
    server = GitLabServer(url, project, token, retries or Retries(), ca_bundle=ca_bundle, transport=transport)
    return Forge(
        kind="gitlab",
        repository=GitLabRepository(server),
        statuses=GitLabStatuses(server),
        runs=GitLabRuns(server, job),
        limit=COMMENT_BYTES,
        lost=server.lost,
        comments=lambda number: GitLabComments(server, number),
    )


class GitLabComments:
    """Notes of one merge request."""

    def __init__(self, server: GitLabServer, number: int) -> None:
        self._server = server
        self._path = f"merge_requests/{number}/notes"
        self._where = f"merge request !{number}"

    def notes(self) -> Sequence[Note]:
        """All notes but the server's own, oldest first."""
        me = self._server.me
        listed = self._server.each(
            f"read the comments of {self._where}", self._path, read=lambda d: None if d.get("system") else _note(d, me)
        )
        unique = {note.id: note for note in listed if note is not None}
        return [unique[number] for number in sorted(unique)]

    def get(self, number: int) -> Note | None:
        """One note."""
        me = self._server.me
        path = f"{self._path}/{number}"
        return self._server.find(f"read a comment of {self._where}", path, read=lambda data: _note(data, me))

    def write(self, body: str, marker: str) -> Note:
        """Create a note, once as far as the server tells."""
        me, what = self._server.me, f"comment on {self._where}"

        def found() -> Note | None:
            return next((n for n in self.notes() if n.mine and marker in n.body), None)

        return self._server.send(what, "POST", self._path, {"body": body}, read=lambda d: _note(d, me), found=found)

    def edit(self, note: Note, body: str) -> None:
        """Replace a note's text."""
        what = f"edit the comment on {self._where}"
        self._server.send(what, "PUT", f"{self._path}/{note.id}", {"body": body}, read=lambda data: data["id"])

    def delete(self, note: Note) -> None:
        """Remove a note."""
        what = f"delete a doubled comment on {self._where}"
        with _gone_is_fine():
            self._server.send(what, "DELETE", f"{self._path}/{note.id}", read=lambda _: None)

    def react(self, note: Note, reaction: Reaction) -> None:
        """Award an emoji; GitLab answers 404 when it is there already."""
        what, path = f"react to a comment on {self._where}", f"{self._path}/{note.id}/award_emoji"
        with _gone_is_fine():
            self._server.send(what, "POST", path, {"name": EMOJI[reaction]}, read=lambda data: data["name"])

    def reactions(self, note: Note) -> frozenset[Reaction]:
        """What this account has awarded."""
        me, path = self._server.me, f"{self._path}/{note.id}/award_emoji"
        what = f"read the reactions on {self._where}"
        listed = self._server.each(what, path, read=lambda data: (str(data["name"]), data["user"]["id"]))
        given = {name for name, who in listed if who == me}
        return frozenset(reaction for reaction, name in EMOJI.items() if name in given)


@contextlib.contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        if error.status != NOT_FOUND:
            raise


def _note(data: Any, me: int) -> Note:
    author = data["author"]
    return Note(
        id=int(data["id"]),
        author=str(author["username"]),
        author_key=str(author["id"]),
        body=str(data["body"] or ""),
        mine=author["id"] == me,
        created=str(data.get("created_at") or ""),
        edited=_edited(data),
        internal=bool(data.get("internal") or data.get("confidential")),
    )


def _edited(data: dict[str, Any]) -> bool:
    created, updated = data.get("created_at") or "", data.get("updated_at") or ""
    return bool(created and updated) and created[:19] != updated[:19]


class GitLabRepository:
    """Facts about the project."""

    def __init__(self, server: GitLabServer) -> None:
        self._server = server

    def merge_request(self, number: int) -> MergeRequest:
        """One merge request."""
        return self._server.send(
            f"read merge request !{number}", "GET", f"merge_requests/{number}", read=_merge_request
        )

    def open_merge_requests(self, since: str) -> Sequence[MergeRequest]:
        """Recently touched ones."""
        query = {"state": "opened", **({"updated_after": since} if since else {})}
        return list(self._server.each("list merge requests", "merge_requests", read=_merge_request, **query))

    def find(self, owner: str, branch: str) -> int:
        """The open merge request of a source branch of this very project: a fork's branch may be called alike."""
        del owner
        what = f"find the merge request of {branch}"
        query = {"state": "opened", "source_branch": branch}
        every = self._server.each(what, "merge_requests", read=_merge_request, **query)
        listed = [request for request in every if not request.fork]
        return listed[0].number if len(listed) == 1 else 0

    def default_branch(self) -> str:
        """The project's default branch."""
        return self._server.send("read the project", "GET", "", read=lambda data: str(data["default_branch"]))

    def file_at(self, revision: str, path: str) -> str | None:
        """Raw text of a file."""
        where = f"repository/files/{quote(path, safe='')}/raw?ref={quote(revision, safe='')}"
        raw = self._server.file(f"read {path} at {revision}", where)
        return None if raw is None else raw.decode("utf-8", "replace")

    def changed_files(self, number: int) -> tuple[str, ...] | None:
        """Old and new paths of every diff; None where GitLab does not list them all, or not yet.

        It lists a thousand files, fewer of many lines or bytes, and says nothing of the rest but that it counted more.
        """
        what, path = f"read what merge request !{number} changes", f"merge_requests/{number}"
        diffs = list(self._server.each(what, f"{path}/diffs", read=lambda d: (str(d["old_path"]), str(d["new_path"]))))
        counted = self._server.send(what, "GET", path, read=lambda data: str(data.get("changes_count") or ""))
        if counted != str(len(diffs)):
            return None
        return tuple(dict.fromkeys(path for both in diffs for path in both))

    def may_write(self, author_key: str) -> bool:
        """Whether the user is a developer or more, directly or through groups."""
        what = "ask what the author of a command may do"
        try:
            state, level = self._server.send(
                what,
                "GET",
                f"members/all/{int(author_key)}",
                read=lambda data: (data.get("state"), int(data["access_level"])),
            )
        except RefusedError:
            return False
        return state == "active" and level >= DEVELOPER


def _merge_request(data: Any) -> MergeRequest:
    return MergeRequest(
        number=int(data["iid"]),
        head=str(data.get("sha") or ""),
        target=str(data["target_branch"]),
        fork=data.get("source_project_id") != data.get("target_project_id"),
        open=data.get("state") == "opened",
        updated=str(data.get("updated_at") or ""),
    )
