"""Measuring again on GitHub: dispatch the workflow, or repeat its newest run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from github.Workflow import Workflow
from github.WorkflowJob import WorkflowJob
from github.WorkflowRun import WorkflowRun

from perfbot.forge.base import NOT_FOUND, Again, MergeRequest, RefusedError
from perfbot.forge.github_server import GitHubServer, number_in, optional
from perfbot.forge.rest import text_in

WAITING = frozenset({"queued", "in_progress", "waiting", "requested", "pending"})

ISO = "%Y-%m-%dT%H:%M:%SZ"
"""Moments as GitHub writes them, in UTC."""

_FORBIDDEN = frozenset({401, 403, 404, 422})


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a workflow; ``created`` as GitHub writes it."""

    id: int
    attempt: int
    status: str
    title: str
    created: str


class GitHubRuns:
    """Runs of the measuring workflow."""

    def __init__(self, server: GitHubServer, workflow: str) -> None:
        self._server = server
        self._name = workflow
        self._newest: dict[str, int] = {}

    @property
    def _workflow(self) -> Workflow:
        return self._server.repository.get_workflow(self._name)

    def in_flight(self, request: MergeRequest) -> bool:
        """Whether a run for this head, or a dispatched one that names it, waits or runs."""
        return any(run.status in WAITING for run in self._runs(request))

    def measure(self, request: MergeRequest, again: Again) -> str:
        """Dispatch the workflow with its inputs; where it takes none, repeat the newest run of the head.

        It is dispatched on the branch that the code is of: a run on another one may write that one's caches. A fork's
        branch is not here: its own run is repeated, which has no more rights than it had.
        """
        if request.fork:
            return self._repeat_own(request, again)
        inputs = {"merge_request": str(request.number), "head": again.head, "target": request.target}
        if again.only:
            inputs["only"] = "\n".join(again.only)
        if again.budget:
            inputs["budget"] = f"{again.budget:g}s"
        if request.head not in self._newest:
            self._runs(request)
        before = self._newest[request.head]
        try:
            self._server.call(
                "dispatch the workflow",
                lambda: self._workflow.create_dispatch(request.branch, inputs, throw=True),
                found=lambda: any(run.id > before for run in self._runs(request)) or None,
            )
        except RefusedError as error:
            if error.status not in _FORBIDDEN:
                raise
            return self._repeat(request, again)
        return "started"

    def elsewhere(self, request: MergeRequest, again: Again) -> str:
        """Dispatch the workflow, or repeat its newest run."""
        if request.fork:
            raise RefusedError("the code of a fork is run on nobody's request but its own", status=403)
        return self.measure(request, again)

    def resume(self, request: MergeRequest, again: Again) -> bool:
        """Nothing: one request starts a run, or none."""
        del request, again
        return False

    def publish(self, request: MergeRequest, job: int) -> str:
        """Repeat the failed jobs of the run that published."""
        del request
        self._rerun("publish again", job, self._attempt(job), WorkflowRun.rerun_failed_jobs)
        return "publishing again"

    def began(self, run: tuple[int, int]) -> tuple[int, int]:
        """When an attempt of a run began to measure, in milliseconds, and its number; zeros when GitHub does not tell.

        Where only what failed was repeated, the jobs that measured are those of an earlier attempt, and keep its time.
        """
        # PyGithub knows no attempts; one has the fields of a run, under an address of its own.
        url = f"{self._server.repository.url}/actions/runs/{run[0]}/attempts/{run[1] or 1}"
        listing = self._server.listing(WorkflowJob, f"{url}/jobs", within="jobs")
        try:
            jobs = list(self._server.each("read the jobs of the run", listing, _ended, wrapped=True))
            began = max((moment for moment in jobs if moment), default=0)
            began = began or self._server.call(
                "read when the run began",
                lambda: _milliseconds(WorkflowRun(self._server.requester, url=url).run_started_at),
            )
        except RefusedError:
            return 0, 0
        return began, run[1]

    def _repeat_own(self, request: MergeRequest, again: Again) -> str:
        runs = sorted(self._listed(head_sha=request.head, event="pull_request"), key=lambda run: run.id)
        if not runs:
            raise RefusedError(
                "There is no run of this head to repeat, and a fork's code is run on no branch of this repository.",
                status=NOT_FOUND,
                hint="Push a commit, or close and reopen the pull request.",
            )
        self._rerun("repeat the workflow run", runs[-1].id, runs[-1].attempt, WorkflowRun.rerun)
        asked = again.only or again.budget
        return "started again" + (", the whole suite: the run of a fork takes no options" if asked else "")

    def _repeat(self, request: MergeRequest, again: Again) -> str:
        runs = self._runs(request)
        if not runs:
            raise RefusedError(
                "There is no run of the measuring workflow to repeat, and it cannot be dispatched.",
                status=NOT_FOUND,
                hint="Give the workflow `on: workflow_dispatch`, as docs/examples/github/perfbot.yml does.",
            )
        self._rerun("repeat the workflow run", runs[0].id, runs[0].attempt, WorkflowRun.rerun)
        whole = again.only or again.budget
        return "started again" + (", the whole suite: the workflow takes no options" if whole else "")

    def _rerun(self, what: str, run: int, attempt: int, how: Callable[[WorkflowRun], bool]) -> None:
        """A run that was repeated has a higher attempt: that is how a lost answer shows."""

        def repeated() -> bool | None:
            return self._attempt(run) > attempt or None

        url = f"{self._server.repository.url}/actions/runs/{run}"
        known = WorkflowRun(self._server.requester, {}, {"url": url, "rerun_url": f"{url}/rerun"}, completed=True)
        self._server.call(what, lambda: how(known), found=repeated)

    def _attempt(self, run: int) -> int:
        repository = self._server.repository
        return self._server.call("read the run", lambda: number_in(repository.get_workflow_run(run).run_attempt))

    def _runs(self, request: MergeRequest) -> list[Run]:
        """Runs for the head, newest first, and dispatched ones whose title names it.

        What was there tells old from new, by numbers: a machine's clock need not be GitHub's.
        """
        runs = {run.id: run for run in self._listed(head_sha=request.head)}
        for status in sorted(WAITING):
            dispatched = self._listed(event="workflow_dispatch", status=status)
            runs |= {run.id: run for run in dispatched if request.head in run.title}
        self._newest[request.head] = max(runs, default=0)
        return [runs[number] for number in sorted(runs, reverse=True)]

    def _listed(self, **query: Any) -> list[Run]:
        listing = self._workflow.get_runs(**query)
        return list(self._server.each("list workflow runs", listing, _run, wrapped=True))


def _run(found: WorkflowRun) -> Run:
    created = optional(found.created_at)
    return Run(
        number_in(found.id),
        number_in(found.run_attempt),
        found.status or "",
        found.display_title or "",
        created.strftime(ISO) if created else "",
    )


def _ended(found: WorkflowJob) -> int:
    """When a job began that has ended; 0 for one that has not, or was not needed."""
    measured = text_in(found.status) == "completed" and found.conclusion != "skipped"
    began = optional(found.started_at)
    return _milliseconds(began) if measured and began else 0


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
