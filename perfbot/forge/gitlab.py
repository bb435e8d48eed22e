"""GitLab through python-gitlab: notes, facts about the project, commit statuses."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, cast

import gitlab
import requests

from perfbot.forge.base import (
    NOT_FOUND,
    Forge,
    MergeRequest,
    Note,
    Reaction,
    RefusedError,
    Status,
)
from perfbot.forge.gitlab_runs import GitLabRuns
from perfbot.forge.gitlab_server import BAD_REQUEST, PER_PAGE, GitLabServer, raise_fault, read
from perfbot.forge.retry import Retries

COMMENT_BYTES = 1_048_576
DESCRIPTION = 255
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
    session: requests.Session | None = None,
    retries: Retries | None = None,
) -> Forge:
    """A forge for one project.

    Args:
        url: of the server, without ``/api/v4``.
        project: path or id.
        job: name of the job that measures, for re-runs.
        ca_bundle: file with the server's certificate authority; empty for the usual ones.
    """
    session = session or requests.Session()
    session.hooks["response"].append(raise_fault)
    client = gitlab.Gitlab(
        url,
        private_token=token,
        session=session,
        ssl_verify=ca_bundle or True,
        timeout=30,
        retry_transient_errors=False,
        keep_base_url=True,
    )
    server = GitLabServer(client, project, retries or Retries(read))
    return Forge(
        kind="gitlab",
        repository=GitLabRepository(server),
        statuses=GitLabStatuses(server),
        runs=GitLabRuns(server, job),
        limit=COMMENT_BYTES,
        conversations=lambda number: GitLabComments(server, number),
    )


class GitLabComments:
    """Notes of one merge request."""

    def __init__(self, server: GitLabServer, number: int) -> None:
        self._server = server
        self._request = server.merge_request(number)
        self._where = f"merge request !{number}"

    def notes(self) -> Sequence[Note]:
        """All notes but the server's own, oldest first."""
        me = self._server.me
        listed = self._server.each(
            f"read the comments of {self._where}",
            lambda: self._request.notes.list(iterator=True, per_page=PER_PAGE),
        )
        unique = {n.id: n for n in listed if not n.attributes.get("system")}
        return [_note(unique[number].attributes, me) for number in sorted(unique)]

    def write(self, body: str, marker: str) -> Note:
        """Create a note, once."""
        me = self._server.me

        def create() -> Note:
            return _note(self._request.notes.create({"body": body}).attributes, me)

        def found() -> Note | None:
            return next((n for n in self.notes() if n.mine and marker in n.body), None)

        return self._server.call(f"comment on {self._where}", create, found)

    def edit(self, note: Note, body: str) -> None:
        """Replace a note's text."""
        self._server.call(
            f"edit the comment on {self._where}", lambda: self._request.notes.update(note.id, {"body": body})
        )

    def delete(self, note: Note) -> None:
        """Remove a note."""
        with _gone_is_fine():
            self._server.call(f"delete a doubled comment on {self._where}", lambda: self._request.notes.delete(note.id))

    def react(self, note: Note, reaction: Reaction) -> None:
        """Award an emoji; GitLab answers 404 when it is there already."""
        emojis = self._request.notes.get(note.id, lazy=True).awardemojis
        with _gone_is_fine():
            self._server.call(f"react to a comment on {self._where}", lambda: emojis.create({"name": EMOJI[reaction]}))

    def reactions(self, note: Note) -> frozenset[Reaction]:
        """What this account has awarded."""
        emojis = self._request.notes.get(note.id, lazy=True).awardemojis
        me = self._server.me
        given = {
            e.name
            for e in self._server.each(
                f"read the reactions on {self._where}",
                lambda: emojis.list(iterator=True, per_page=PER_PAGE),
            )
            if e.attributes["user"]["id"] == me
        }
        return frozenset(reaction for reaction, name in EMOJI.items() if name in given)


@contextlib.contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        if error.status != NOT_FOUND:
            raise


def _note(data: dict[str, Any], me: int) -> Note:
    author = data["author"]
    return Note(
        id=int(data["id"]),
        author=str(author["username"]),
        author_key=str(author["id"]),
        body=str(data["body"] or ""),
        mine=author["id"] == me,
        created=str(data.get("created_at") or ""),
        edited=_edited(data),
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
        answer = self._server.call(
            f"read merge request !{number}",
            lambda: self._server.client.http_get(f"{self._server.path}/merge_requests/{number}"),
        )
        return _merge_request(cast("dict[str, Any]", answer))

    def open_merge_requests(self, since: str) -> Sequence[MergeRequest]:
        """Recently touched ones."""
        listed = self._server.each(
            "list merge requests",
            lambda: self._server.project.mergerequests.list(
                state="opened", updated_after=since, iterator=True, per_page=PER_PAGE
            ),
        )
        return [_merge_request(m.attributes) for m in listed]

    def find(self, owner: str, branch: str) -> int:
        """The open merge request of a source branch; on GitLab the owner says nothing more."""
        del owner
        listed = self._server.each(
            f"find the merge request of {branch}",
            lambda: self._server.project.mergerequests.list(
                state="opened", source_branch=branch, iterator=True, per_page=PER_PAGE
            ),
        )
        numbers = [int(m.iid) for m in listed]
        return numbers[0] if len(numbers) == 1 else 0

    def file_at(self, revision: str, path: str) -> str | None:
        """Raw text of a file."""
        try:
            raw = self._server.call(
                f"read {path} at {revision}",
                lambda: self._server.project.files.raw(file_path=path, ref=revision),
            )
        except RefusedError as error:
            if error.status == NOT_FOUND:
                return None
            raise
        return raw.decode("utf-8", "replace")

    def changed_files(self, number: int) -> tuple[str, ...]:
        """Old and new paths of every diff."""
        diffs = self._server.each(
            f"read what merge request !{number} changes",
            lambda: self._server.client.http_list(
                f"{self._server.path}/merge_requests/{number}/diffs", iterator=True, per_page=PER_PAGE
            ),
        )
        return tuple(dict.fromkeys(path for d in diffs for path in (d["old_path"], d["new_path"])))

    def may_write(self, author_key: str) -> bool:
        """Whether the user is a developer or more, directly or through groups."""
        try:
            member = self._server.call(
                "ask what the author of a command may do",
                lambda: self._server.project.members_all.get(int(author_key)),
            )
        except RefusedError:
            return False
        return member.attributes.get("state") == "active" and int(member.access_level) >= DEVELOPER


def _merge_request(data: dict[str, Any]) -> MergeRequest:
    return MergeRequest(
        number=int(data["iid"]),
        head=str(data.get("sha") or ""),
        target=str(data["target_branch"]),
        fork=data.get("source_project_id") != data.get("target_project_id"),
        open=data.get("state") == "opened",
        updated=str(data.get("updated_at") or ""),
    )


class GitLabStatuses:
    """Commit statuses on the right pipeline."""

    def __init__(self, server: GitLabServer) -> None:
        self._server = server

    def show(self, status: Status) -> None:
        """Set a status. Setting the state that stands already is refused by GitLab, and is success."""
        data: dict[str, Any] = {
            "state": status.state,
            "name": status.name,
            "description": status.description[:DESCRIPTION],
        }
        if status.pipeline:
            data["pipeline_id"] = status.pipeline
        if status.url:
            data["target_url"] = status.url
        commit = self._server.project.commits.get(status.sha, lazy=True)
        try:
            self._server.call(f"set the status of {status.sha[:7]}", lambda: commit.statuses.create(data))
        except RefusedError as error:
            if error.status != BAD_REQUEST or "Cannot transition status" not in error.message:
                raise
