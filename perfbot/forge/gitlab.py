"""GitLab through python-gitlab: notes, commit statuses, jobs.

The client's own retrying is off; a hook on its session turns every answer of 400 and above into a fault before the
client reads it, so that Retry-After is not lost.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

import gitlab
import requests
from gitlab.v4.objects import Project, ProjectMergeRequest

from perfbot.forge.base import (
    NOT_FOUND,
    Again,
    Forge,
    MergeRequest,
    Note,
    Reaction,
    RefusedError,
    Status,
)
from perfbot.forge.retry import Fault, FaultError, Retries, fault_of

T = TypeVar("T")

COMMENT_BYTES = 1_048_576
DESCRIPTION = 255
DEVELOPER = 30
"""Access level that may push to branches that are not protected."""

PER_PAGE = 100
EMOJI: dict[Reaction, str] = {"seen": "eyes", "done": "white_check_mark", "refused": "no_entry_sign"}
WAITING = frozenset({"created", "waiting_for_resource", "preparing", "pending", "running", "scheduled"})
"""Pipeline and job states that come before an end."""

_BAD_REQUEST = 400


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
    session.hooks["response"].append(_raise_fault)
    client = gitlab.Gitlab(
        url,
        private_token=token,
        session=session,
        ssl_verify=ca_bundle or True,
        timeout=30,
        retry_transient_errors=False,
        obey_rate_limit=False,
        keep_base_url=True,
    )
    server = _Server(client, project, retries or Retries(_read))
    return Forge(
        kind="gitlab",
        repository=GitLabRepository(server),
        statuses=GitLabStatuses(server),
        runs=GitLabRuns(server, job),
        limit=COMMENT_BYTES,
        unit="bytes",
        conversations=lambda number: GitLabComments(server, number),
    )


def _raise_fault(response: requests.Response, *_: Any, **__: Any) -> None:
    if response.status_code >= _BAD_REQUEST:
        raise FaultError(fault_of(response.status_code, response.headers, response.text))


def _read(error: Exception) -> Fault | None:
    if isinstance(error, requests.exceptions.SSLError):
        return Fault(0, f"no trusted connection: {error}")
    if isinstance(error, requests.exceptions.RequestException):
        return Fault(0, f"no answer: {type(error).__name__}", passing=True)
    if isinstance(error, gitlab.exceptions.GitlabParsingError):
        return Fault(0, "the answer was not what the API promises", passing=True)
    return None


class _Server:
    """The client, the project, and the retry layer, shared by the four parts."""

    def __init__(self, client: gitlab.Gitlab, project: str, retries: Retries) -> None:
        self.client = client
        self.project: Project = client.projects.get(project, lazy=True)
        self.path = f"/projects/{self.project.encoded_id}"
        self._retries = retries
        self._me = 0

    def call(self, what: str, action: Callable[[], T], found: Callable[[], T | None] | None = None) -> T:
        return self._retries.call(what, action, found=found)

    def each(self, what: str, listing: Callable[[], Any]) -> Iterator[Any]:
        """All items over all pages; a page that fails is asked for again by itself."""
        pages = self.call(what, listing)
        while (item := self.call(what, lambda: next(pages, None))) is not None:
            yield item

    def merge_request(self, number: int) -> ProjectMergeRequest:
        return self.project.mergerequests.get(number, lazy=True)

    @property
    def me(self) -> int:
        """Id of the user the token belongs to."""
        if not self._me:
            answer = self.call("ask who the token belongs to", lambda: self.client.http_get("/user"))
            self._me = int(cast("dict[str, Any]", answer)["id"])
        return self._me


class GitLabComments:
    """Notes of one merge request."""

    def __init__(self, server: _Server, number: int) -> None:
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

    def __init__(self, server: _Server) -> None:
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
        draft=bool(data.get("draft")),
        open=data.get("state") == "opened",
        labels=tuple(data.get("labels") or ()),
        updated=str(data.get("updated_at") or ""),
    )


class GitLabStatuses:
    """Commit statuses on the right pipeline."""

    def __init__(self, server: _Server) -> None:
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
            if error.status != _BAD_REQUEST or "Cannot transition status" not in error.message:
                raise


class GitLabRuns:
    """The measuring jobs of the merge request's newest pipeline (several in a matrix)."""

    def __init__(self, server: _Server, job: str) -> None:
        self._server = server
        self._job = job

    def in_flight(self, request: MergeRequest) -> bool:
        """Whether a job of that name waits or runs for this head."""
        return any(job["status"] in WAITING for job in self._jobs(request))

    def measure(self, request: MergeRequest, again: Again) -> str:
        """Play manual jobs, with variables; retry finished ones; otherwise start a pipeline."""
        jobs = self._jobs(request)
        if not jobs:
            self._start_pipeline(request)
            return "started a new pipeline" + (", of the whole suite" if _asks(again) else "")
        said = [self._play(j, request, again) if j["status"] == "manual" else self._again(j, request, again)
                for j in jobs]  # fmt: skip
        return max(said, key=len)

    def publish(self, request: MergeRequest, job: int) -> str:
        """Retry the job that published."""
        self._retry(job, request, {})
        return "publishing again"

    def _play(self, job: dict[str, Any], request: MergeRequest, again: Again) -> str:
        def played() -> bool | None:
            return all(j["status"] != "manual" for j in self._jobs(request) if j["id"] == job["id"]) or None

        self._post(f"jobs/{job['id']}/play", {"job_variables_attributes": _variables(again)}, played)
        return "started"

    def _again(self, job: dict[str, Any], request: MergeRequest, again: Again) -> str:
        """Inputs on retry are new in GitLab: an older server takes the retry alone."""
        if _asks(again):
            try:
                self._retry(job["id"], request, {"inputs": _inputs(again)})
            except RefusedError as error:
                if error.status != _BAD_REQUEST:
                    raise
                self._retry(job["id"], request, {})
                return "started again, the whole suite: this GitLab cannot hand options to a finished job"
        else:
            self._retry(job["id"], request, {})
        return "started again"

    def _retry(self, job: int, request: MergeRequest, data: dict[str, Any]) -> None:
        """A retried job leaves the list of the pipeline's jobs: that is how a lost answer shows."""
        pipeline = self._pipeline(request)

        def retried() -> bool | None:
            return all(j["id"] != job for j in self._jobs_of(pipeline)) or None

        self._post(f"jobs/{job}/retry", data, retried)

    def _start_pipeline(self, request: MergeRequest) -> None:
        before = self._pipeline(request)
        self._post(
            f"merge_requests/{request.number}/pipelines",
            {},
            lambda: self._pipeline(request) != before or None,
        )

    def _post(self, path: str, data: dict[str, Any], done: Callable[[], bool | None]) -> None:
        def post() -> bool:
            self._server.client.http_post(f"{self._server.path}/{path}", post_data=data)
            return True

        self._server.call(f"start {self._job}", post, found=done)

    def _pipeline(self, request: MergeRequest) -> int:
        """Newest pipeline of the pinned head, or of its merged result; 0 when there is none."""
        path = f"{self._server.path}/merge_requests/{request.number}/pipelines"
        pipelines = self._server.each(
            "list pipelines",
            lambda: self._server.client.http_list(path, iterator=True, per_page=PER_PAGE),
        )
        return max(
            (int(p["id"]) for p in pipelines if p["sha"] == request.head or p["ref"].endswith("/merge")),
            default=0,
        )

    def _jobs(self, request: MergeRequest) -> list[dict[str, Any]]:
        return self._jobs_of(self._pipeline(request))

    def _jobs_of(self, pipeline: int) -> list[dict[str, Any]]:
        """The jobs of that name, each of a matrix once, newest first."""
        if not pipeline:
            return []
        path = f"{self._server.path}/pipelines/{pipeline}/jobs"
        jobs = self._server.each(
            "list jobs", lambda: self._server.client.http_list(path, iterator=True, per_page=PER_PAGE)
        )
        named = [j for j in jobs if j["name"].partition(":")[0].partition(" ")[0] == self._job]
        newest = {j["name"]: j for j in sorted(named, key=lambda j: int(j["id"]))}
        return sorted(newest.values(), key=lambda j: -int(j["id"]))


def _asks(again: Again) -> bool:
    return bool(again.only or again.budget)


def _inputs(again: Again) -> dict[str, str]:
    return {v["key"].removeprefix("PERFBOT_").lower(): v["value"] for v in _variables(again)}


def _variables(again: Again) -> list[dict[str, str]]:
    """What ``perfbot run`` reads beside its command line."""
    variables = {"PERFBOT_FORCE": "1", "PERFBOT_HEAD": again.head}
    if again.only:
        variables["PERFBOT_ONLY"] = "\n".join(again.only)
    if again.budget:
        variables["PERFBOT_BUDGET"] = f"{again.budget:g}s"
    return [{"key": key, "value": value} for key, value in variables.items()]
