"""GitHub through PyGithub: comments, check runs or commit statuses, workflow runs.

PyGithub's own retrying is off. Its requester is used directly where its objects would ask for more than is
needed, or would lose the place in a listing when one page fails.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import github
import requests
from requests.utils import parse_header_links

from perfbot.forge.base import (
    NOT_FOUND,
    Forge,
    MergeRequest,
    Note,
    Reaction,
    RefusedError,
)
from perfbot.forge.github_runs import GitHubRuns
from perfbot.forge.github_status import GitHubStatuses
from perfbot.forge.retry import Fault, Retries, fault_of, untrusted

T = TypeVar("T")

COMMENT_CHARACTERS = 65_536
PER_PAGE = 100
ACTIONS_BOT = "github-actions[bot]"
"""Who comments with a workflow's own token, which may not ask who it is."""

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
) -> Forge:
    """A forge for one repository.

    Args:
        api: base URL of the API.
        project: ``owner/name``.
        auth: a token, or what :func:`perfbot.forge.github_app.sign_in` gives.
        workflow: file name of the workflow that measures, for re-runs.
        bot: login of an App's bot; empty for tokens, which can be asked.
        pace: seconds between two writing requests, as GitHub asks for.
    """
    client = github.Github(
        base_url=api,
        auth=auth,
        timeout=30,
        per_page=PER_PAGE,
        verify=ca_bundle or True,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=pace,
        user_agent="perfbot",
    )
    server = GitHubServer(client, project, retries or Retries(read), bot)
    return Forge(
        kind="github",
        repository=GitHubRepository(server),
        statuses=GitHubStatuses(server, app=isinstance(auth, github.Auth.AppInstallationAuth)),
        runs=GitHubRuns(server, workflow),
        limit=COMMENT_CHARACTERS,
        conversations=lambda number: GitHubComments(server, number),
    )


def read(error: Exception) -> Fault | None:
    """A client's exception as a fault."""
    if isinstance(error, github.GithubException):
        headers = {str(name): str(value) for name, value in (error.headers or {}).items()}
        return fault_of(error.status, headers, str(error.data or error.message or ""))
    if isinstance(error, requests.exceptions.SSLError):
        return untrusted(error)
    if isinstance(error, requests.exceptions.RequestException):
        return Fault(0, f"no answer: {type(error).__name__}", passing=True)
    return None


class GitHubServer:
    """The client, the repository, and the retry layer, shared by the parts."""

    def __init__(self, client: github.Github, project: str, retries: Retries, bot: str = "") -> None:
        self._client = client
        self._retries = retries
        self._me = bot
        self.path = f"/repos/{quote(project)}"

    def send(
        self,
        what: str,
        verb: str,
        path: str,
        data: dict[str, Any] | None = None,
        found: Callable[[], Any] | None = None,
    ) -> Any:
        """One request and its JSON answer. ``path`` is below the repository unless it starts with ``/``."""
        return self._answer(what, verb, path, data, found)[1]

    def each(self, what: str, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """All items over all pages, by the Link headers; answers that wrap their list are unwrapped."""
        url = f"{path}?{urlencode({'per_page': PER_PAGE, **query})}"
        while url:
            headers, data = self._answer(what, "GET", url)
            yield from data if isinstance(data, list) else next(v for v in data.values() if isinstance(v, list))
            links = parse_header_links(headers.get("link", ""))
            url = next((link["url"] for link in links if link.get("rel") == "next"), "")

    def _answer(
        self,
        what: str,
        verb: str,
        path: str,
        data: dict[str, Any] | None = None,
        found: Callable[[], Any] | None = None,
    ) -> tuple[dict[str, Any], Any]:
        url = path if path.startswith(("/", "http")) else f"{self.path}/{path}"

        def ask() -> tuple[dict[str, Any], Any]:
            return self._client.requester.requestJsonAndCheck(verb, url, input=data)

        def again() -> tuple[dict[str, Any], Any] | None:
            made = found() if found else None
            return None if made is None else ({}, made)

        return self._retries.call(what, ask, found=again if found else None)

    @property
    def me(self) -> str:
        """Login of the account perfbot acts as."""
        if not self._me:
            self._me = self._ask_me()
        return self._me

    def _ask_me(self) -> str:
        try:
            return str(self.send("ask who the token belongs to", "GET", "/user")["login"])
        except RefusedError as error:
            if error.status == 403:
                return ACTIONS_BOT
            raise


class GitHubComments:
    """Issue comments of one pull request."""

    def __init__(self, server: GitHubServer, number: int) -> None:
        self._server = server
        self._path = f"issues/{number}/comments"
        self._where = f"pull request #{number}"

    def notes(self) -> Sequence[Note]:
        """All comments, oldest first."""
        me = self._server.me
        listed = self._server.each(f"read the comments of {self._where}", f"{self._server.path}/{self._path}")
        unique = {int(c["id"]): c for c in listed}
        return [_note(unique[number], me) for number in sorted(unique)]

    def write(self, body: str, marker: str) -> Note:
        """Create a comment, once."""

        def found() -> dict[str, Any] | None:
            listed = self._server.each("read comments", f"{self._server.path}/{self._path}")
            return next((c for c in listed if _by(c) == self._server.me and marker in c["body"]), None)

        me = self._server.me
        made = self._server.send(f"comment on {self._where}", "POST", self._path, {"body": body}, found)
        return _note(made, me)

    def edit(self, note: Note, body: str) -> None:
        """Replace a comment's text."""
        path = f"issues/comments/{note.id}"
        self._server.send(f"edit the comment on {self._where}", "PATCH", path, {"body": body})

    def delete(self, note: Note) -> None:
        """Remove a comment."""
        try:
            self._server.send(f"delete a doubled comment on {self._where}", "DELETE", f"issues/comments/{note.id}")
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise

    def react(self, note: Note, reaction: Reaction) -> None:
        """Add a reaction; GitHub keeps one of a kind."""
        path = f"issues/comments/{note.id}/reactions"
        what = f"react to a comment on {self._where}"
        self._server.send(what, "POST", path, {"content": REACTIONS[reaction]})

    def reactions(self, note: Note) -> frozenset[Reaction]:
        """What this account has added."""
        path = f"{self._server.path}/issues/comments/{note.id}/reactions"
        given = {
            r["content"]
            for r in self._server.each(f"read the reactions on {self._where}", path)
            if _by(r) == self._server.me
        }
        return frozenset(reaction for reaction, content in REACTIONS.items() if content in given)


def _by(data: dict[str, Any]) -> str:
    """Login of the author; empty where the account is gone."""
    return str((data.get("user") or {}).get("login") or "")


def _note(data: dict[str, Any], me: str) -> Note:
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
        return _pull(self._server.send(f"read pull request #{number}", "GET", f"pulls/{number}"))

    def open_merge_requests(self, since: str) -> Sequence[MergeRequest]:
        """Recently touched ones."""
        listed = self._server.each(
            "list pull requests",
            f"{self._server.path}/pulls",
            state="open",
            sort="updated",
            direction="desc",
        )
        found = []
        for pull in map(_pull, listed):
            if pull.updated < since:
                break
            found.append(pull)
        return found

    def find(self, owner: str, branch: str) -> int:
        """The open pull request of a branch."""
        listed = list(
            self._server.each(
                f"find the pull request of {owner}:{branch}",
                f"{self._server.path}/pulls",
                state="open",
                head=f"{owner}:{branch}",
            )
        )
        return int(listed[0]["number"]) if len(listed) == 1 else 0

    def file_at(self, revision: str, path: str) -> str | None:
        """Text of a file."""
        where = f"contents/{quote(path)}?{urlencode({'ref': revision})}"
        try:
            data = self._server.send(f"read {path} at {revision}", "GET", where)
        except RefusedError as error:
            if error.status == NOT_FOUND:
                return None
            raise
        if not isinstance(data, dict) or data.get("type") != "file":
            return None
        return base64.b64decode(data["content"]).decode("utf-8", "replace")

    def changed_files(self, number: int) -> tuple[str, ...] | None:
        """Old and new paths of every changed file; None beyond what GitHub lists."""
        listed = list(
            self._server.each(f"read what pull request #{number} changes", f"{self._server.path}/pulls/{number}/files")
        )
        if len(listed) >= MAX_CHANGED_FILES:
            return None
        paths = [p for f in listed for p in (f.get("previous_filename"), f["filename"]) if p]
        return tuple(dict.fromkeys(paths))

    def may_write(self, author_key: str) -> bool:
        """Whether GitHub's permission endpoint says admin, maintain or write."""
        if not author_key:
            return False
        try:
            answer = self._server.send(
                "ask what the author of a command may do",
                "GET",
                f"collaborators/{quote(author_key)}/permission",
            )
        except RefusedError:
            return False
        return answer.get("permission") in WRITERS


def _pull(data: dict[str, Any]) -> MergeRequest:
    head, base = data["head"], data["base"]
    return MergeRequest(
        number=int(data["number"]),
        head=str(head["sha"]),
        target=str(base["ref"]),
        merge_sha=str(data.get("merge_commit_sha") or ""),
        fork=(head.get("repo") or {}).get("full_name") != (base.get("repo") or {}).get("full_name"),
        open=data.get("state") == "open",
        updated=str(data.get("updated_at") or ""),
    )
