"""Takes reports over HTTP: checks who sends them and what they are, queues them, and answers.

The answer 202 means that the report is in the database and will be kept and published, whatever happens to this
process. Keeping and publishing is the worker's: both may be done again without doing anything twice.
"""

from __future__ import annotations

import dataclasses
import json
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from perfbot import report
from perfbot.history import notify, recording
from perfbot.history.records import Kind
from perfbot.history.store import Store, queries, queue
from perfbot.history.store.documents import fingerprint
from perfbot.history.store.queue import Job
from perfbot.judge.verdict import rejudge
from perfbot.model import Report
from perfbot.service.deliveries import deliver
from perfbot.service.identity import Gatekeeper, Identity, RefusedError
from perfbot.service.pages import address_of

KIND = "report"
MAX_BYTES = 64 * 1024 * 1024

Publish = Callable[[Identity, Report, str, str], None]
"""(who, report, address of its page, what the history says of the target branch): puts a report into its merge request;
done twice it is done once."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """The endpoint ``POST /api/v1/reports`` and what becomes of what it takes."""

    store: Store
    gate: Gatekeeper
    publish: Publish | None = None
    channels: tuple[str, ...] = ()
    public_url: str = ""

    def routes(self, middleware: Sequence[Middleware] = ()) -> list[Route]:
        """The endpoint."""
        return [Route("/api/v1/reports", self.take, methods=["POST"], middleware=middleware)]

    async def take(self, request: Request) -> Response:
        """One report."""
        branch = request.query_params.get("branch", "")
        return await deliver(request, self.gate, MAX_BYTES, lambda who, body: self._queue(who, body, branch))

    def _queue(self, who: Identity, body: bytes, asked: str) -> bool:
        found = report.loads(body, "the report", MAX_BYTES)
        kind, branch = purpose(found, who, asked)
        head = {"identity": dataclasses.asdict(who), "kind": kind, "branch": branch}
        payload = json.dumps(head).encode() + b"\n" + zlib.compress(body, 3)
        key = f"{who.project}:{fingerprint(found)}"
        return self.store.write(lambda c: queue.enqueue(c, KIND, key, payload, now=time.time()))

    def handle(self, job: Job) -> None:
        """Keeps a queued report, publishes it where it belongs, and tells the channels what is new."""
        head, _, body = job.payload.partition(b"\n")
        about = json.loads(head)
        identity = about["identity"]
        who = Identity(**{**identity, "commits": tuple(identity["commits"])})
        found = report.loads(zlib.decompress(body), "the report", MAX_BYTES)
        own = dataclasses.replace(found, change=dataclasses.replace(found.change, project=who.project))
        judged = rejudge(own, own.policy)
        recording.keep(self.store, judged, branch=about["branch"], kind=about["kind"])
        if about["kind"] == "branch" and self.channels:
            link = address_of(self.public_url, who.project)
            notify.update(self.store, who.project, about["branch"], self.channels, link=link)
        if about["kind"] == "merge-request" and self.publish is not None:
            trend = recording.trend_line(self.store, who.project, about["branch"])
            self.publish(who, own, self._page(who.project, fingerprint(judged)), trend)

    def _page(self, project: str, name: str) -> str:
        """The address of a run's page; empty where people cannot reach it."""
        with self.store.read() as connection:
            number = queries.run_number(connection, project, name)
        return f"{address_of(self.public_url, project)}runs/{number}.html" if self.public_url and number else ""


def purpose(found: Report, who: Identity, asked: str) -> tuple[Kind, str]:
    """What a report counts as, by who sends it: a merge request's job never speaks for a branch.

    Args:
        asked: the branch a project's token names; identity tokens say it themselves.

    Raises:
        RefusedError: the report is about something that its sender may not speak for.
    """
    change = found.change
    if change.project and change.project != who.project:
        raise RefusedError(f"the report is of project {change.project!r}, the sender of {who.project!r}")
    if who.branch == "" or change.merge_request:
        return _of_merge_request(found, who)
    if who.commits and change.head not in who.commits:
        raise RefusedError(f"the report is about {change.head[:10]}, the sender's job ran for {who.commits[0][:10]}")
    if who.branch is not None:
        return "branch", who.branch
    if not asked:
        raise RefusedError("with a project's token, say which branch: ?branch=NAME")
    return "branch", asked


def _of_merge_request(found: Report, who: Identity) -> tuple[Kind, str]:
    """Whoever measured it, it becomes no baseline; that it is about the merge request's head, publishing checks."""
    number = found.change.merge_request
    if not number:
        raise RefusedError("the report is about no merge request, and the sender's job ran for no branch")
    if who.merge_request and who.merge_request != number:
        raise RefusedError(f"the report is about merge request {number}, not {who.merge_request}")
    return "merge-request", found.change.target
