"""A verdict beside a commit on GitHub: a check run where the token may, a commit status where it may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from perfbot.forge.base import Annotation, RefusedError, State, Status

SUMMARY = 65_535
DESCRIPTION = 140
TITLE = 255
ANNOTATIONS = 50
"""GitHub takes so many a request, and adds those of later requests to them."""

MAX_ANNOTATIONS = 200
CONCLUSIONS: dict[State, str] = {"success": "success", "failed": "failure"}
STATES: dict[State, str] = {"running": "pending", "success": "success", "failed": "failure"}
RERUN = {"label": "Re-run", "description": "Measure this head again", "identifier": "rebench"}
"""The button; 20, 40 and 20 characters at most."""

_FORBIDDEN = frozenset({403, 404})


class Sender(Protocol):
    """The part of a server this module needs."""

    path: str

    @property
    def me(self) -> str:
        """Login of the account perfbot acts as."""

    def send(
        self,
        what: str,
        verb: str,
        path: str,
        data: dict[str, Any] | None = None,
        found: Callable[[], Any] | None = None,
    ) -> Any:
        """One request and its JSON answer."""

    def each(self, what: str, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """All items of a listing."""


class GitHubStatuses:
    """Check runs, with commit statuses for personal tokens, which may not make them."""

    def __init__(self, server: Sender, *, app: bool) -> None:
        self._server = server
        self._app = app
        self._checks = True

    def show(self, status: Status) -> None:
        """Show a status on its commit."""
        if self._checks:
            try:
                self._check(status)
            except RefusedError as error:
                if error.status not in _FORBIDDEN:
                    raise
                self._checks = False
        if not self._checks:
            self._plain(status)

    def _plain(self, status: Status) -> None:
        data = {
            "state": STATES[status.state],
            "context": status.name,
            "description": status.description[:DESCRIPTION],
        }
        if status.url:
            data["target_url"] = status.url
        self._server.send(f"set the status of {status.sha[:7]}", "POST", f"statuses/{status.sha}", data)

    def _check(self, status: Status) -> None:
        """Go on with the unfinished check run of that name, or begin one."""
        what = f"show the check on {status.sha[:7]}"
        first, *more = _pages(status.annotations)
        data = self._data(status, first)
        run = self._unfinished(status)
        if run is None:
            made = self._server.send(
                what,
                "POST",
                "check-runs",
                {**data, "name": status.name, "head_sha": status.sha},
                lambda: self._unfinished(status) if status.state == "running" else self._newest(status),
            )
            run = int(made["id"]) if isinstance(made, dict) else made
        else:
            self._server.send(what, "PATCH", f"check-runs/{run}", data)
        for page in more:
            output = _output(status, page)
            self._server.send(what, "PATCH", f"check-runs/{run}", {"output": output})

    def _data(self, status: Status, annotations: Sequence[Annotation]) -> dict[str, Any]:
        data: dict[str, Any] = {"output": _output(status, annotations)}
        if status.url:
            data["details_url"] = status.url
        if status.state == "running":
            return {**data, "status": "in_progress"}
        if self._app and status.rerun:
            data["actions"] = [RERUN]
        return {**data, "status": "completed", "conclusion": CONCLUSIONS[status.state]}

    def _unfinished(self, status: Status) -> int | None:
        return next((int(r["id"]) for r in self._runs(status) if r["status"] != "completed"), None)

    def _newest(self, status: Status) -> int | None:
        """A finished one with what would be sent: made by a request whose answer was lost."""
        return next(
            (
                int(run["id"])
                for run in self._runs(status)
                if run.get("conclusion") == CONCLUSIONS[status.state]
                and (run.get("output") or {}).get("summary") == _output(status, ())["summary"]
            ),
            None,
        )

    def _runs(self, status: Status) -> list[dict[str, Any]]:
        runs = self._server.each(
            f"read the checks of {status.sha[:7]}",
            f"{self._server.path}/commits/{status.sha}/check-runs",
            check_name=status.name,
        )
        own = (r for r in runs if r["name"] == status.name and self._by_me(r))
        return sorted(own, key=lambda r: -int(r["id"]))

    def _by_me(self, run: dict[str, Any]) -> bool:
        """Another App's check of the same name may not be changed, and would refuse."""
        slug = (run.get("app") or {}).get("slug")
        return slug is None or f"{slug}[bot]" == self._server.me


def _pages(annotations: Sequence[Annotation]) -> list[Sequence[Annotation]]:
    kept = annotations[:MAX_ANNOTATIONS]
    return [kept[i : i + ANNOTATIONS] for i in range(0, len(kept), ANNOTATIONS)] or [()]


def _output(status: Status, annotations: Sequence[Annotation]) -> dict[str, Any]:
    output: dict[str, Any] = {
        "title": status.description[:TITLE],
        "summary": (status.summary or status.description)[:SUMMARY],
    }
    if annotations:
        output["annotations"] = [_annotation(a) for a in annotations]
    return output


def _annotation(annotation: Annotation) -> dict[str, Any]:
    return {
        "path": annotation.path,
        "start_line": max(annotation.line, 1),
        "end_line": max(annotation.line, 1),
        "annotation_level": "failure" if annotation.failing else "warning",
        "title": annotation.title[:TITLE],
        "message": annotation.message,
    }
