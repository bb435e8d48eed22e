"""GitLab through python-gitlab: notes, facts about the project, commit statuses."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
from gitlab.v4.objects import (
    ProjectMergeRequest,
    ProjectMergeRequestDiff,
    ProjectMergeRequestNote,
    ProjectMergeRequestNoteAwardEmojiManager,
)

from perfbot.forge.base import (
    NOT_FOUND,
    Forge,
    MergeRequest,
    Note,
    Reaction,
    RefusedError,
    no_such_file,
)
from perfbot.forge.gitlab_runs import GitLabRuns
from perfbot.forge.gitlab_server import GitLabServer
from perfbot.forge.gitlab_status import GitLabStatuses
from perfbot.forge.rest import commit_in, text_in
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
        self._notes = server.project.mergerequests.get(number, lazy=True).notes
        self._where = f"merge request !{number}"

    def notes(self) -> Sequence[Note]:
        """All notes but the server's own, oldest first."""
        me = self._server.me

        def read(note: ProjectMergeRequestNote) -> Note | None:
            return None if note.attributes.get("system") else _note(note, me)

        listed = self._server.each(f"read the comments of {self._where}", self._notes, read)
        unique = {note.id: note for note in listed if note is not None}
        return [unique[number] for number in sorted(unique)]

    def get(self, number: int) -> Note | None:
        """One note."""
        me = self._server.me
        return self._server.find(f"read a comment of {self._where}", lambda: _note(self._notes.get(number), me))

    def write(self, body: str, marker: str) -> Note:
        """Create a note, once as far as the server tells."""
        me, what = self._server.me, f"comment on {self._where}"

        def found() -> Note | None:
            return next((n for n in self.notes() if n.mine and marker in n.body), None)

        return self._server.call(what, lambda: _note(self._notes.create({"body": body}), me), found=found)

    def edit(self, note: Note, body: str) -> None:
        """Replace a note's text."""
        what = f"edit the comment on {self._where}"
        self._server.call(what, lambda: self._notes.update(note.id, {"body": body})["id"])

    def delete(self, note: Note) -> None:
        """Remove a note."""
        what = f"delete a doubled comment on {self._where}"
        with _gone_is_fine():
            self._server.call(what, lambda: self._notes.delete(note.id))

    def react(self, note: Note, reaction: Reaction) -> None:
        """Award an emoji; GitLab answers 404 when it is there already."""
        what, emojis = f"react to a comment on {self._where}", self._emojis(note)
        with _gone_is_fine():
            self._server.call(what, lambda: emojis.create({"name": EMOJI[reaction]}).name)

    def reactions(self, note: Note) -> frozenset[Reaction]:
        """What this account has awarded."""
        me, what = self._server.me, f"read the reactions on {self._where}"
        listed = self._server.each(what, self._emojis(note), lambda emoji: (text_in(emoji.name), int(emoji.user["id"])))
        given = {name for name, who in listed if who == me}
        return frozenset(reaction for reaction, name in EMOJI.items() if name in given)

    def _emojis(self, note: Note) -> ProjectMergeRequestNoteAwardEmojiManager:
        return self._notes.get(note.id, lazy=True).awardemojis


@contextlib.contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        if error.status != NOT_FOUND:
            raise


def _note(found: ProjectMergeRequestNote, me: int) -> Note:
    author, told = found.author, found.attributes
    return Note(
        id=int(found.id),
        author=text_in(author["username"]),
        author_key=str(int(author["id"])),
        body=str(found.body or ""),
        mine=int(author["id"]) == me,
        created=str(told.get("created_at") or ""),
        edited=_edited(told),
        internal=bool(told.get("internal") or told.get("confidential")),
    )


def _edited(told: Mapping[str, Any]) -> bool:
    created, updated = told.get("created_at") or "", told.get("updated_at") or ""
    return bool(created and updated) and created[:19] != updated[:19]


class GitLabRepository:
    """Facts about the project."""

    def __init__(self, server: GitLabServer) -> None:
        self._server = server

    def merge_request(self, number: int) -> MergeRequest:
        """One merge request."""
        requests = self._server.project.mergerequests
        return self._server.call(f"read merge request !{number}", lambda: _merge_request(requests.get(number)))

    def open_merge_requests(self, since: str) -> Sequence[MergeRequest]:
        """Recently touched ones."""
        query = {"state": "opened", **({"updated_after": since} if since else {})}
        requests = self._server.project.mergerequests
        return list(self._server.each("list merge requests", requests, _merge_request, **query))

    def find(self, owner: str, branch: str) -> Sequence[int]:
        """The open merge requests of a source branch of this very project: a fork's branch may be called alike."""
        del owner
        what = f"find the merge request of {branch}"
        query = {"state": "opened", "source_branch": branch}
        every = self._server.each(what, self._server.project.mergerequests, _merge_request, **query)
        return [request.number for request in every if not request.fork]

    def is_merge(self, commit: str, head: str) -> bool:
        """Not needed: what is measured is the author's commit, in merged results, too."""
        del commit, head
        return False

    def default_branch(self) -> str:
        """The project's default branch."""
        return self._server.call("read the project", lambda: text_in(self._server.current_project().default_branch))

    def file_at(self, revision: str, path: str) -> str | None:
        """Text of a file."""
        files = self._server.project.files
        try:
            raw = self._server.call(f"read {path} at {revision}", lambda: files.get(path, revision).decode())
        except RefusedError as error:
            if no_such_file(error, revision, "404 File Not Found"):
                return None
            raise
        return raw.decode("utf-8", "replace")

    def changed_files(self, number: int) -> tuple[str, ...] | None:
        """Old and new paths of every diff; None where GitLab does not list them all, or not yet.

        It lists a thousand files, fewer of many lines or bytes, and says nothing of the rest but that it counted more.
        """
        what, requests = f"read what merge request !{number} changes", self._server.project.mergerequests
        request = requests.get(number, lazy=True)
        # python-gitlab's own manager of diffs knows the versions alone.
        where = {"path": f"{requests.path}/{number}/diffs"}
        diffs = list(self._server.each(what, request.diffs, _paths, **where))
        counted = self._server.call(what, lambda: str(requests.get(number).attributes.get("changes_count") or ""))
        if counted != str(len(diffs)):
            return None
        return tuple(dict.fromkeys(path for both in diffs for path in both))

    def may_write(self, author_key: str) -> bool:
        """Whether the user is a developer or more, directly or through groups."""
        what, members, number = (
            "ask what the author of a command may do",
            self._server.project.members_all,
            int(author_key),
        )

        def read() -> bool:
            member = members.get(number)
            return int(member.access_level) >= DEVELOPER and member.attributes.get("state") == "active"

        try:
            return self._server.call(what, read)
        except RefusedError:
            return False


def _paths(diff: ProjectMergeRequestDiff) -> tuple[str, str]:
    """Old and new name of a changed file."""
    return text_in(diff.old_path), text_in(diff.new_path)


def _merge_request(found: ProjectMergeRequest) -> MergeRequest:
    told = found.attributes
    return MergeRequest(
        number=int(found.iid),
        head=commit_in(told.get("sha")),
        target=text_in(found.target_branch),
        fork=told.get("source_project_id") != told.get("target_project_id"),
        open=told.get("state") == "opened",
        merged=told.get("state") == "merged",
        updated=str(told.get("updated_at") or ""),
        description=str(told.get("description") or ""),
    )
