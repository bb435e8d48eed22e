"""Measuring again on GitHub: dispatch the workflow, or repeat its newest run."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

from perfbot.forge.base import NOT_FOUND, Again, MergeRequest, RefusedError
from perfbot.forge.github_status import Sender

WAITING = frozenset({"queued", "in_progress", "waiting", "requested", "pending"})

_FORBIDDEN = frozenset({401, 403, 404, 422})


class GitHubRuns:
    """Runs of the measuring workflow."""

    def __init__(self, server: Sender, workflow: str) -> None:
        self._server = server
        self._workflow = f"actions/workflows/{quote(workflow)}"

    def in_flight(self, request: MergeRequest) -> bool:
        """Whether a run for this head, or a dispatched one that names it, waits or runs."""
        return any(run["status"] in WAITING for run in self._runs(request))

    def measure(self, request: MergeRequest, again: Again) -> str:
        """Dispatch the workflow with its inputs; where it takes none, repeat the newest run of the head."""
        default = self._server.send("read the repository", "GET", self._server.path)["default_branch"]
        inputs = {"merge_request": str(request.number), "head": again.head}
        if again.only:
            inputs["only"] = "\n".join(again.only)
        if again.budget:
            inputs["budget"] = f"{again.budget:g}s"
        started = time.time()
        try:
            self._server.send(
                "dispatch the workflow",
                "POST",
                f"{self._workflow}/dispatches",
                {"ref": default, "inputs": inputs},
                lambda: self._since(request, started),
            )
        except RefusedError as error:
            if error.status not in _FORBIDDEN:
                raise
            return self._repeat(request, again)
        return "started"

    def publish(self, request: MergeRequest, job: int) -> str:
        """Repeat the failed jobs of the run that published."""
        del request
        what = "publish again"
        attempt = self._server.send(what, "GET", f"actions/runs/{job}")["run_attempt"]

        def repeated() -> bool | None:
            return self._server.send(what, "GET", f"actions/runs/{job}")["run_attempt"] > attempt or None

        self._server.send(what, "POST", f"actions/runs/{job}/rerun-failed-jobs", {}, repeated)
        return "publishing again"

    def _repeat(self, request: MergeRequest, again: Again) -> str:
        runs = self._runs(request)
        if not runs:
            raise RefusedError(
                "There is no run of the measuring workflow to repeat, and it cannot be dispatched.",
                status=NOT_FOUND,
                hint="Give the workflow `on: workflow_dispatch`, as docs/examples/github/perfbot.yml does.",
            )
        run, attempt = runs[0]["id"], runs[0]["run_attempt"]

        def repeated() -> bool | None:
            return self._server.send("look", "GET", f"actions/runs/{run}")["run_attempt"] > attempt or None

        self._server.send("repeat the workflow run", "POST", f"actions/runs/{run}/rerun", {}, repeated)
        whole = again.only or again.budget
        return "started again" + (", the whole suite: the workflow takes no options" if whole else "")

    def _runs(self, request: MergeRequest) -> list[dict[str, Any]]:
        """Runs for the head, newest first, and dispatched ones whose title names it."""
        path = f"{self._server.path}/{self._workflow}/runs"
        of_head = self._server.each("list workflow runs", path, head_sha=request.head)
        runs = {int(run["id"]): run for run in of_head}
        for status in sorted(WAITING):
            dispatched = self._server.each("list workflow runs", path, event="workflow_dispatch", status=status)
            runs |= {int(r["id"]): r for r in dispatched if request.head in str(r.get("display_title"))}
        return [runs[number] for number in sorted(runs, reverse=True)]

    def _since(self, request: MergeRequest, moment: float) -> bool | None:
        """Whether a dispatched run for the head appeared after a moment (seconds since the epoch)."""
        after = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment - 2))
        return any(run["created_at"] >= after for run in self._runs(request)) or None
