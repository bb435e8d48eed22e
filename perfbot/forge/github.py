"""GitHub through PyGithub: comments, and facts about the repository."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import github
import httpx
from github.ContentFile import ContentFile
from github.File import File
from github.Issue import Issue
from github.IssueComment import IssueComment
from github.NamedUser import NamedUser
from github.Organization import Organization
from github.PullRequest import PullRequest
from github.Reaction import Reaction as GivenReaction

from perfbot.forge.base import (
    NOT_FOUND,
    Forge,
    MergeRequest,
    Note,
    Reaction,
    RefusedError,
    no_such_file,
)
from perfbot.forge.github_runs import GitHubRuns
from perfbot.forge.github_server import NOT_READ, GitHubServer, number_in, optional
from perfbot.forge.github_status import GitHubStatuses
from perfbot.forge.rest import Rest, commit_in, text_in
from perfbot.forge.retry import Retries
from perfbot.web import docs

COMMENT_CHARACTERS = 65_536
FULL_ID = re.compile(r"[0-9a-f]{40}")
MAX_CHANGED_FILES = 3_000
"""GitHub lists no more files of a pull request than these."""

WRITERS = frozenset({"admin", "maintain", "write"})
REACTIONS: dict[Reaction, str] = {"seen": "eyes", "done": "rocket", "refused": "confused"}


def connect(
    api: str,
    project: str,
    auth: github.Auth.Auth,
    *,
    workflow: str,
    bot: str = "",
    ca_bundle: str = "",
    pace: float = 1.0,
    retries: Retries | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Forge:
    """A forge for one repository.

    Args:
        api: base URL of the API.
        project: ``owner/name``.
        auth: a token, or what :func:`perfbot.forge.github_app.sign_in` gives.
        workflow: file name of the workflow that measures, for re-runs.
        bot: login of an App's bot; empty for tokens, which can be asked.
        pace: seconds between two writing requests, as GitHub asks for.
        transport: instead of the network.
    """
    rest = Rest(api, retries or Retries(), pace=pace, ca_bundle=ca_bundle, faults=NOT_READ, transport=transport)
    server = GitHubServer(rest, auth, project, bot)
    return Forge(
        kind="github",
        repository=GitHubRepository(server),
        statuses=GitHubStatuses(server, app=bool(bot)),
        runs=GitHubRuns(server, workflow),
        limit=COMMENT_CHARACTERS,
        lost=server.lost,
        comments=lambda number: GitHubComments(server, number),
    )


class GitHubComments:
    """Issue comments of one pull request."""

    def __init__(self, server: GitHubServer, number: int) -> None:
        self._server = server
        self._number = number
        self._where = f"pull request #{number}"

    @property
    def _issue(self) -> Issue:
        return self._server.repository.get_issue(self._number)

    def _comment(self, number: int) -> IssueComment:
        return self._issue.get_comment(number)

    def notes(self) -> Sequence[Note]:
        """All comments, oldest first."""
        me, what = self._server.me, f"read the comments of {self._where}"
        listed = self._server.each(what, self._issue.get_comments(), lambda found: _note(found, me))
        unique = {note.id: note for note in listed}
        return [unique[number] for number in sorted(unique)]

    def get(self, number: int) -> Note | None:
        """One comment."""
        me, what = self._server.me, f"read a comment of {self._where}"
        return self._server.find(what, lambda: _note(self._comment(number), me))

    def write(self, body: str, marker: str) -> Note:
        """Create a comment, once as far as the server tells."""
        me, what = self._server.me, f"comment on {self._where}"

        def found() -> Note | None:
            return next((n for n in self.notes() if n.mine and marker in n.body), None)

        return self._server.call(what, lambda: _note(self._issue.create_comment(body), me), found=found)

    def edit(self, note: Note, body: str) -> None:
        """Replace a comment's text."""

        def edit() -> str:
            comment = self._comment(note.id)
            comment.edit(body)
            return text_in(comment.body)

        self._server.call(f"edit the comment on {self._where}", edit)

    def delete(self, note: Note) -> None:
        """Remove a comment."""
        try:
            self._server.call(f"delete a doubled comment on {self._where}", lambda: self._comment(note.id).delete())
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise

    def react(self, note: Note, reaction: Reaction) -> None:
        """Add a reaction; GitHub keeps one of a kind."""
        what, wanted = f"react to a comment on {self._where}", REACTIONS[reaction]
        self._server.call(what, lambda: text_in(self._comment(note.id).create_reaction(wanted).content))

    def reactions(self, note: Note) -> frozenset[Reaction]:
        """What this account has added."""
        me, what = self._server.me, f"read the reactions on {self._where}"

        def read(found: GivenReaction) -> tuple[str, str]:
            return text_in(found.content), _login(found.user)

        listed = self._server.each(what, self._comment(note.id).get_reactions(), read)
        given = {content for content, who in listed if who == me}
        return frozenset(reaction for reaction, content in REACTIONS.items() if content in given)


def _login(user: NamedUser | Organization) -> str:
    """Empty where the account is gone."""
    known = optional(user)
    return (known.login or "") if known else ""


def _note(found: IssueComment, me: str) -> Note:
    author = _login(found.user)
    return Note(
        id=number_in(found.id),
        author=author,
        author_key=author,
        body=text_in(found.body),
        mine=bool(author) and author == me,
        created=_iso(found.created_at),
        edited=found.created_at != found.updated_at,
    )


def _iso(moment: datetime | None) -> str:
    """As GitHub writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


class GitHubRepository:
    """Facts about the repository."""

    def __init__(self, server: GitHubServer) -> None:
        self._server = server
        self._readable: set[str] = set()

    def merge_request(self, number: int) -> MergeRequest:
        """One pull request."""
        return self._server.call(
            f"read pull request #{number}", lambda: _pull(self._server.repository.get_pull(number))
        )

    def open_merge_requests(self, since: str) -> Sequence[MergeRequest]:
        """Recently touched ones."""
        listing = self._server.repository.get_pulls(state="open", sort="updated", direction="desc")
        found = []
        for pull in self._server.each("list pull requests", listing, _pull):
            if pull.updated < since:
                break
            found.append(pull)
        return found

    def find(self, owner: str, branch: str) -> Sequence[int]:
        """The open pull requests of a branch: one for each target."""
        listing = self._server.repository.get_pulls(state="open", head=f"{owner}:{branch}")
        what = f"find the pull request of {owner}:{branch}"
        return list(self._server.each(what, listing, lambda pull: number_in(pull.number)))

    def is_merge(self, commit: str, head: str) -> bool:
        """GitHub makes another test merge whenever the target moves on, and tells of the newest alone."""
        if not FULL_ID.fullmatch(commit):
            return False
        what, repository = f"read {commit[:7]}", self._server.repository
        found = self._server.find(what, lambda: [one.sha for one in repository.get_git_commit(commit).parents])
        return found is not None and len(found) == 2 and found[1] == head

    def default_branch(self) -> str:
        """The repository's default branch."""
        return self._server.default_branch()

    def file_at(self, revision: str, path: str) -> str | None:
        """Text of a file."""
        what, repository = f"read {path} at {revision}", self._server.repository
        try:
            return self._server.call(what, lambda: _content(repository.get_contents(path, revision)))
        except RefusedError as error:
            if not no_such_file(error, revision, '"Not Found"'):
                raise
        if revision.startswith("refs/heads/") and revision not in self._readable:
            self._see(revision)
            self._readable.add(revision)
        return None

    def _see(self, revision: str) -> None:
        """That files may be read at all: GitHub hides what a token may not see behind the answer for what is not there.

        Raises:
            RefusedError: they may not.
        """
        repository = self._server.repository
        try:
            self._server.call(f"list the files at {revision}", lambda: bool(repository.get_contents("", revision)))
        except RefusedError as error:
            if error.status in (NOT_FOUND, 403):
                error.hint = f"Give the job `permissions: contents: read`, or the token that right: {docs('security')}"
            raise

    def changed_files(self, number: int) -> tuple[str, ...] | None:
        """Old and new paths of every changed file; None where GitHub lists fewer than it counts."""
        what = f"read what pull request #{number} changes"
        listed = list(self._server.each(what, self._server.repository.get_pull(number).get_files(), _paths))
        told = self._server.call(what, lambda: self._server.repository.get_pull(number).complete().changed_files)
        if len(listed) >= MAX_CHANGED_FILES or told not in (None, len(listed)):
            return None
        return tuple(dict.fromkeys(path for paths in listed for path in paths))

    def may_write(self, author_key: str) -> bool:
        """Whether GitHub's permission endpoint says admin, maintain or write."""
        if not author_key:
            return False
        what = "ask what the author of a command may do"
        try:
            said = self._server.call(what, lambda: self._server.repository.get_collaborator_permission(author_key))
        except RefusedError:
            return False
        return said in WRITERS


def _content(found: ContentFile | list[ContentFile]) -> str | None:
    """A folder is listed, a link or submodule has another type: neither is the file that was asked for."""
    if isinstance(found, list) or text_in(found.type) != "file":
        return None
    if text_in(found.encoding) == "none":
        raise RefusedError(f"{found.path} is too large: GitHub hands out files of up to 1 MB.", status=413)
    return found.decoded_content.decode("utf-8", "replace")


def _paths(found: File) -> tuple[str, ...]:
    """Old and new name of a changed file."""
    return tuple(path for path in (found.previous_filename, text_in(found.filename)) if path)


def _pull(found: PullRequest) -> MergeRequest:
    source, target = optional(found.head.repo), optional(found.base.repo)
    name = (source.full_name or "") if source else ""
    return MergeRequest(
        number=number_in(found.number),
        head=commit_in(text_in(found.head.sha)),
        target=text_in(found.base.ref),
        branch=text_in(found.head.ref),
        merge_sha=found.merge_commit_sha or "",
        fork=name != (target.full_name if target else ""),
        source=name,
        open=found.state == "open",
        merged=optional(found.merged_at) is not None,
        updated=_iso(found.updated_at),
        description=found.body or "",
    )
