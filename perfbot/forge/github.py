"""GitHub: comments, and facts about the repository."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from perfbot.forge.base import (
    NOT_FOUND,
    Forge,
    MergeRequest,
    Note,
    Reaction,
    RefusedError,
)
from perfbot.forge.github_runs import GitHubRuns
from perfbot.forge.github_server import ACCEPT, GitHubServer
from perfbot.forge.github_status import GitHubStatuses
from perfbot.forge.rest import Rest
from perfbot.forge.retry import Retries

COMMENT_CHARACTERS = 65_536
MAX_CHANGED_FILES = 3_000
"""GitHub lists no more files of a pull request than these."""

WRITERS = frozenset({"admin", "maintain", "write"})
REACTIONS: dict[Reaction, str] = {"seen": "eyes", "done": "rocket", "refused": "confused"}


def connect(
    api: str,
    project: str,
    authorise: Callable[[], Mapping[str, str]],
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
        authorise: headers of a token (:func:`by_token`), or of an App's installation.
        workflow: file name of the workflow that measures, for re-runs.
        bot: login of an App's bot; empty for tokens, which can be asked.
        pace: seconds between two writing requests, as GitHub asks for.
        transport: instead of the network.
    """
    rest = Rest(
        api,
        lambda: {**ACCEPT, **authorise()},
        retries or Retries(),
        pace=pace,
        ca_bundle=ca_bundle,
        transport=transport,
    )
    server = GitHubServer(rest, project, bot)
    return Forge(
        kind="github",
        repository=GitHubRepository(server),
        statuses=GitHubStatuses(server, app=bool(bot)),
        runs=GitHubRuns(server, workflow),
        limit=COMMENT_CHARACTERS,
        lost=server.lost,
        comments=lambda number: GitHubComments(server, number),
    )


def by_token(token: str) -> Callable[[], Mapping[str, str]]:
    """Headers of a token that does not change."""
    headers = {"Authorization": f"Bearer {token}"}
    return lambda: headers


class GitHubComments:
    """Issue comments of one pull request."""

    def __init__(self, server: GitHubServer, number: int) -> None:
        self._server = server
        self._path = f"issues/{number}/comments"
        self._where = f"pull request #{number}"

    def notes(self) -> Sequence[Note]:
        """All comments, oldest first."""
        me = self._server.me
        listed = self._server.each(f"read the comments of {self._where}", self._path, read=lambda data: _note(data, me))
        unique = {note.id: note for note in listed}
        return [unique[number] for number in sorted(unique)]

    def get(self, number: int) -> Note | None:
        """One comment."""
        me = self._server.me
        what = f"read a comment of {self._where}"
        return self._server.find(what, f"issues/comments/{number}", read=lambda data: _note(data, me))

    def write(self, body: str, marker: str) -> Note:
        """Create a comment, once as far as the server tells."""
        me, what = self._server.me, f"comment on {self._where}"

        def found() -> Note | None:
            return next((n for n in self.notes() if n.mine and marker in n.body), None)

        return self._server.send(what, "POST", self._path, {"body": body}, read=lambda d: _note(d, me), found=found)

    def edit(self, note: Note, body: str) -> None:
        """Replace a comment's text."""
        what, path = f"edit the comment on {self._where}", f"issues/comments/{note.id}"
        self._server.send(what, "PATCH", path, {"body": body}, read=lambda data: data["id"])

    def delete(self, note: Note) -> None:
        """Remove a comment."""
        what, path = f"delete a doubled comment on {self._where}", f"issues/comments/{note.id}"
        try:
            self._server.send(what, "DELETE", path, read=lambda _: None)
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise

    def react(self, note: Note, reaction: Reaction) -> None:
        """Add a reaction; GitHub keeps one of a kind."""
        what, path = f"react to a comment on {self._where}", f"issues/comments/{note.id}/reactions"
        self._server.send(what, "POST", path, {"content": REACTIONS[reaction]}, read=lambda data: data["content"])

    def reactions(self, note: Note) -> frozenset[Reaction]:
        """What this account has added."""
        path = f"issues/comments/{note.id}/reactions"
        listed = self._server.each(
            f"read the reactions on {self._where}", path, read=lambda r: (str(r["content"]), _by(r))
        )
        given = {content for content, who in listed if who == self._server.me}
        return frozenset(reaction for reaction, content in REACTIONS.items() if content in given)


def _by(data: Any) -> str:
    """Login of the author; empty where the account is gone."""
    return str((data.get("user") or {}).get("login") or "")


def _note(data: Any, me: str) -> Note:
    author = _by(data)
    return Note(
        id=int(data["id"]),
        author=author,
        author_key=author,
        body=str(data.get("body") or ""),
        mine=bool(author) and author == me,
        created=str(data.get("created_at") or ""),
        edited=data.get("created_at") != data.get("updated_at"),
    )


class GitHubRepository:
    """Facts about the repository."""

    def __init__(self, server: GitHubServer) -> None:
        self._server = server

    def merge_request(self, number: int) -> MergeRequest:
        """One pull request."""
        return self._server.send(f"read pull request #{number}", "GET", f"pulls/{number}", read=_pull)

    def open_merge_requests(self, since: str) -> Sequence[MergeRequest]:
        """Recently touched ones."""
        query = {"state": "open", "sort": "updated", "direction": "desc"}
        found = []
        for pull in self._server.each("list pull requests", "pulls", read=_pull, **query):
            if pull.updated < since:
                break
            found.append(pull)
        return found

    def find(self, owner: str, branch: str) -> int:
        """The open pull request of a branch."""
        what, query = f"find the pull request of {owner}:{branch}", {"state": "open", "head": f"{owner}:{branch}"}
        listed = list(self._server.each(what, "pulls", read=lambda pull: int(pull["number"]), **query))
        return listed[0] if len(listed) == 1 else 0

    def default_branch(self) -> str:
        """The repository's default branch."""
        return self._server.send("read the repository", "GET", "", read=lambda data: str(data["default_branch"]))

    def file_at(self, revision: str, path: str) -> str | None:
        """Text of a file."""
        where = f"contents/{quote(path)}?{urlencode({'ref': revision})}"
        return self._server.find(f"read {path} at {revision}", where, read=_content)

    def changed_files(self, number: int) -> tuple[str, ...] | None:
        """Old and new paths of every changed file; None where GitHub lists fewer than it counts."""
        what = f"read what pull request #{number} changes"
        listed = list(self._server.each(what, f"pulls/{number}/files", read=_paths))
        told = self._server.send(what, "GET", f"pulls/{number}", read=lambda data: data.get("changed_files"))
        if len(listed) >= MAX_CHANGED_FILES or told not in (None, len(listed)):
            return None
        return tuple(dict.fromkeys(path for paths in listed for path in paths))

    def may_write(self, author_key: str) -> bool:
        """Whether GitHub's permission endpoint says admin, maintain or write."""
        if not author_key:
            return False
        what = "ask what the author of a command may do"
        path = f"collaborators/{quote(author_key)}/permission"
        try:
            return self._server.send(what, "GET", path, read=lambda answer: answer["permission"]) in WRITERS
        except RefusedError:
            return False


def _content(data: Any) -> str | None:
    """A folder is listed, a link or submodule has another type: neither is the file that was asked for."""
    if isinstance(data, list) or data["type"] != "file":
        return None
    return base64.b64decode(data["content"]).decode("utf-8", "replace")


def _paths(data: Any) -> tuple[str, ...]:
    """Old and new name of a changed file."""
    return tuple(str(path) for path in (data.get("previous_filename"), data["filename"]) if path)


def _pull(data: Any) -> MergeRequest:
    head, base = data["head"], data["base"]
    return MergeRequest(
        number=int(data["number"]),
        head=str(head["sha"]),
        target=str(base["ref"]),
        merge_sha=str(data.get("merge_commit_sha") or ""),
        fork=(head.get("repo") or {}).get("full_name") != (base.get("repo") or {}).get("full_name"),
        source=str((head.get("repo") or {}).get("full_name") or ""),
        open=data.get("state") == "open",
        updated=str(data.get("updated_at") or ""),
    )
