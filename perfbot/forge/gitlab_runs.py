"""Measuring again on GitLab: play or retry the jobs of the merge request's newest pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gitlab.v4.objects import ProjectJob, ProjectMergeRequestPipelineManager, ProjectPipelineJob

from perfbot.forge.base import Again, MergeRequest, RefusedError
from perfbot.forge.gitlab_server import BAD_REQUEST, GitLabServer
from perfbot.units import milliseconds

WAITING = frozenset({"created", "waiting_for_resource", "preparing", "pending", "running", "scheduled"})
"""States of jobs that come before an end."""

FINISHED = frozenset({"success", "failed", "canceled"})

FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Job:
    """A job of a pipeline. ``began`` is when it started, or was made where it has not; milliseconds, 0 when unknown."""

    id: int
    name: str
    status: str
    began: int = 0

    @property
    def kind(self) -> str:
        """Its name without what tells the jobs of a matrix apart."""
        return self.name.partition(":")[0].partition(" ")[0]


class GitLabRuns:
    """The measuring jobs of the merge request's newest pipeline (several in a matrix)."""

    def __init__(self, server: GitLabServer, job: str) -> None:
        self._server = server
        self._job = job

    def in_flight(self, request: MergeRequest) -> bool:
        """Whether a job of that name waits or runs for this head."""
        return any(job.status in WAITING for job in self._jobs(request))

    def measure(self, request: MergeRequest, again: Again) -> str:
        """Play manual jobs, with variables; retry finished ones; otherwise start a pipeline."""
        jobs = self._jobs(request)
        if not jobs:
            self._start_pipeline(request)
            return "started a new pipeline" + (", of the whole suite" if _asks(again) else "")
        said = [self._play(j, request, again) if j.status == "manual" else self._again(j, request, again)
                for j in jobs]  # fmt: skip
        self._publish_after(request)
        return max(said, key=len)

    def elsewhere(self, request: MergeRequest, again: Again) -> str:
        """Start a pipeline: the job that publishes cannot be retried as long as it runs, and nobody would publish."""
        if request.fork:
            raise RefusedError("the code of a fork is run on nobody's request but its own", status=FORBIDDEN)
        self._start_pipeline(request)
        for job in self._jobs(request):
            if job.status == "manual":
                self._play(job, request, again)
        return "started a new pipeline"

    def resume(self, request: MergeRequest, again: Again) -> bool:
        """Go on with a re-run whose start was cut short: the rest of the measuring jobs, and the one that publishes.

        Retried jobs have higher numbers than the job that publishes; where a start is whole, that one has the highest.
        """
        pipeline = self._pipeline(request)
        publishing = self._jobs_of(pipeline, f"{self._job}-publish")
        measuring = self._jobs_of(pipeline)
        last = max((job.id for job in publishing), default=0)
        if not publishing or all(job.id < last for job in measuring):
            return False
        for job in measuring:
            if job.id < last and job.status in FINISHED:
                self._again(job, request, again)
        self._publish_after(request)
        return True

    def publish(self, request: MergeRequest, job: int) -> str:
        """Retry the job that published."""
        self._retry(job, request, {})
        return "publishing again"

    def began(self, run: tuple[int, int]) -> tuple[int, int]:
        """Of a pipeline's newest measuring job: when it began, in milliseconds, and its id; zeros when not told."""
        try:
            jobs = self._jobs_of(run[0])
        except RefusedError:
            return 0, 0
        newest = max(jobs, key=lambda job: (job.began, job.id), default=None)
        return (newest.began, newest.id) if newest and newest.began else (0, 0)

    def _publish_after(self, request: MergeRequest) -> None:
        """The job that published before publishes again; it needs the measuring ones, so GitLab lets it wait."""
        for job in self._jobs_of(self._pipeline(request), f"{self._job}-publish"):
            if job.status in FINISHED:
                self._retry(job.id, request, {})

    def _play(self, job: Job, request: MergeRequest, again: Again) -> str:
        def played() -> bool | None:
            return all(j.status != "manual" for j in self._jobs(request) if j.id == job.id) or None

        data = {"job_variables_attributes": _variables(again)}
        self._start(lambda: self._job_of(job.id).play(post_data=data), played)
        return "started"

    def _again(self, job: Job, request: MergeRequest, again: Again) -> str:
        """Inputs on retry are new in GitLab: an older server takes the retry alone."""
        if _asks(again):
            try:
                self._retry(job.id, request, {"inputs": _inputs(again)})
            except RefusedError as error:
                if error.status != BAD_REQUEST:
                    raise
                self._retry(job.id, request, {})
                return "started again, the whole suite: this GitLab cannot hand options to a finished job"
        else:
            self._retry(job.id, request, {})
        return "started again"

    def _retry(self, job: int, request: MergeRequest, data: dict[str, Any]) -> None:
        """A retried job leaves the list of the pipeline's jobs: that is how a lost answer shows."""
        pipeline = self._pipeline(request)

        def retried() -> bool | None:
            names = ("", f"{self._job}-publish")
            return all(j.id != job for name in names for j in self._jobs_of(pipeline, name)) or None

        self._start(lambda: self._job_of(job).retry(post_data=data)["id"], retried)

    def _start_pipeline(self, request: MergeRequest) -> None:
        before = self._pipeline(request)
        self._start(
            lambda: self._pipelines(request).create().id,
            lambda: self._pipeline(request) != before or None,
        )

    def _start(self, action: Callable[[], object], done: Callable[[], bool | None]) -> None:
        def started() -> bool:
            action()
            return True

        self._server.call(f"start {self._job}", started, found=done)

    def _job_of(self, number: int) -> ProjectJob:
        return self._server.project.jobs.get(number, lazy=True)

    def _pipelines(self, request: MergeRequest) -> ProjectMergeRequestPipelineManager:
        return self._server.project.mergerequests.get(request.number, lazy=True).pipelines

    def _pipeline(self, request: MergeRequest) -> int:
        """Newest pipeline of the pinned head, or of its merged result; 0 when there is none."""
        listed = self._server.each(
            "list pipelines", self._pipelines(request), lambda p: (int(p.id), str(p.sha), str(p.ref))
        )
        own = (number for number, sha, ref in listed if sha == request.head or ref.endswith("/merge"))
        return max(own, default=0)

    def _jobs(self, request: MergeRequest) -> list[Job]:
        return self._jobs_of(self._pipeline(request))

    def _jobs_of(self, pipeline: int, name: str = "") -> list[Job]:
        """The jobs of a name (the measuring one's), each of a matrix once, newest first."""
        if not pipeline:
            return []
        manager = self._server.project.pipelines.get(pipeline, lazy=True).jobs
        jobs: Sequence[Job] = list(self._server.each("list jobs", manager, _read_job))
        named = [job for job in jobs if job.kind == (name or self._job)]
        newest = {job.name: job for job in sorted(named, key=lambda job: job.id)}
        return sorted(newest.values(), key=lambda job: -job.id)


def _read_job(found: ProjectPipelineJob) -> Job:
    told = found.attributes
    began = str(told.get("started_at") or told.get("created_at") or "")
    return Job(int(found.id), str(found.name), str(found.status), milliseconds(began))


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
