"""The history as JSON, for programs; described by OpenAPI at ``/api/v1/openapi.json``.

Projects are named as on their forge, slashes included: ``/api/v1/projects/group/name/-/benchmarks``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from perfbot import __version__
from perfbot import report as reports
from perfbot.errors import UsageError
from perfbot.history.records import KINDS, Run, Series, Trend
from perfbot.history.store import Store, queries, standings
from perfbot.site.scope import Scope, scope_of

MOST = 1000
"""Items of one answer."""

ORDERS = ("name", "loss", "stepped", "noise")
BELOW = "/api/v1/projects/{project:path}/-"

Answer = Callable[[Connection, Scope, Request], Any]


class BadQueryError(Exception):
    """A parameter that means nothing; says which and what was expected."""


class Api:
    """Endpoints that read."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def routes(self) -> list[Route]:
        """All endpoints."""
        return [
            Route("/api/v1/openapi.json", self.description),
            Route("/api/v1/projects", self.projects),
            Route(f"{BELOW}/benchmarks", self._of_project(benchmarks)),
            Route(f"{BELOW}/benchmarks/{{number:row}}", self._of_project(benchmark)),
            Route(f"{BELOW}/runs", self._of_project(runs)),
            Route(f"{BELOW}/runs/{{number:row}}", self._of_project(run)),
        ]

    def description(self, request: Request) -> Response:
        """This API, as OpenAPI."""
        del request
        return JSONResponse(openapi())

    def projects(self, request: Request) -> Response:
        """The names of all projects."""
        del request
        with self.store.read() as connection:
            return JSONResponse({"projects": queries.projects(connection)})

    def _of_project(self, answer: Answer) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            try:
                with self.store.read() as connection:
                    branch = request.query_params.get("branch")
                    scope = scope_of(connection, request.path_params["project"], branch)
                    found = answer(connection, scope, request)
            except BadQueryError as error:
                return JSONResponse({"error": str(error)}, 400)
            except UsageError:
                found = None
            return JSONResponse({"error": "not found"}, 404) if found is None else JSONResponse(found)

        return endpoint


def benchmarks(connection: Connection, scope: Scope, request: Request) -> Any:
    """The benchmarks with their trends."""
    order = _choice(request, "order", ORDERS)
    search = request.query_params.get("q", "")[:200]
    found = standings.trends(
        connection, scope.project, scope.branch, order=order,  # type: ignore[arg-type]
        search=search, limit=_number(request, "limit", 100), offset=_number(request, "offset", 0),
    )  # fmt: skip
    total = standings.count_trends(connection, scope.project, scope.branch, search)
    return {"branch": scope.branch, "total": total, "benchmarks": [_trend(one) for one in found]}


def benchmark(connection: Connection, scope: Scope, request: Request) -> Any:
    """One benchmark with its trend and all its points; None when there is none."""
    about = queries.find_subject(connection, scope.project, request.path_params["number"])
    if about is None:
        return None
    trend = standings.trend(connection, about, scope.branch)
    series = next(iter(queries.series(connection, [about], scope.branch)), Series(about, ()))
    return {
        "branch": scope.branch,
        "trend": _trend(trend) if trend else None,
        "points": [dataclasses.asdict(point) for point in series.points],
    }


def runs(connection: Connection, scope: Scope, request: Request) -> Any:
    """Kept runs, the newest first."""
    kind = request.query_params.get("kind")
    if kind is not None:
        _choice(request, "kind", KINDS)
    found = queries.runs(
        connection, scope.project, kind=kind,  # type: ignore[arg-type]
        branch=request.query_params.get("branch"), limit=_number(request, "limit", 100),
    )  # fmt: skip
    return {"runs": [_run(one) for one in found]}


def run(connection: Connection, scope: Scope, request: Request) -> Any:
    """One run with its whole report; None when there is none."""
    found = queries.find_run(connection, request.path_params["number"])
    if found is None or found.project != scope.project:
        return None
    return {"run": _run(found), "report": json.loads(reports.dumps(queries.report(connection, found.number)))}


def _trend(trend: Trend) -> dict[str, Any]:
    return dataclasses.asdict(trend)


def _run(one: Run) -> dict[str, Any]:
    return dataclasses.asdict(one)


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadQueryError(f"{name}: found {text[:40]!r}, expected a whole number")
    return min(int(text), MOST) if name == "limit" else int(text)


def _choice(request: Request, name: str, choices: tuple[str, ...]) -> str:
    text = request.query_params.get(name, choices[0])
    if text not in choices:
        raise BadQueryError(f"{name}: found {text[:40]!r}, expected one of {', '.join(choices)}")
    return text


def openapi() -> dict[str, Any]:
    """The description of every endpoint that programs use."""
    project = _parameter("project", "path", {"type": "string"}, "as on its forge; its slashes stay slashes")
    number = _parameter("number", "path", {"type": "integer"}, "the history's own number")
    branch = _parameter("branch", "query", {"type": "string"}, "default: the one measured most")
    limit = _parameter("limit", "query", {"type": "integer", "default": 100, "maximum": MOST}, "")
    offset = _parameter("offset", "query", {"type": "integer", "default": 0}, "")
    search = _parameter("q", "query", {"type": "string"}, "part of a name")
    order = _parameter("order", "query", {"type": "string", "enum": list(ORDERS)}, "")
    kind = _parameter("kind", "query", {"type": "string", "enum": list(KINDS)}, "")
    below = BELOW.replace(":path", "")
    return {
        "openapi": "3.1.0",
        "info": {"title": "perfbot", "version": __version__, "description": (__doc__ or "").partition("\n")[0]},
        "paths": {
            "/api/v1/projects": _get("The names of all projects", []),
            f"{below}/benchmarks": _get(
                "Benchmarks with their trends", [project, branch, search, order, limit, offset]
            ),
            f"{below}/benchmarks/{{number}}": _get("One benchmark with all its points", [project, number, branch]),
            f"{below}/runs": _get("Kept runs, the newest first", [project, branch, kind, limit]),
            f"{below}/runs/{{number}}": _get("One run with its whole report", [project, number]),
            "/api/v1/reports": {"post": _post(_REPORT, [branch, *_about()], {"type": "object"}, "No report.")},
            "/api/v1/releases": {"post": _post(_RELEASES, [], _RELEASE_LIST, "No list of releases.")},
        },
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
    }


def _about() -> list[dict[str, Any]]:
    """What trusted senders say of a merge request's report."""
    return [
        _parameter(
            "merge_request", "query", {"type": "integer"}, "that a report is about; never taken from the report"
        ),
        _parameter("head", "query", {"type": "string"}, "instead of the number: the merge request's head"),
        _parameter("repository", "query", {"type": "string"}, "with head: where its branch lives"),
        _parameter("forge", "query", {"type": "string", "enum": ["gitlab", "github"]}, "for a project's token"),
    ]


def _parameter(name: str, place: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema, "description": text}


def _get(summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    answers = {"200": "Found.", "400": "A parameter means nothing.", "401": "A token is needed.", "404": "Not there."}
    return {"get": {"summary": summary, "parameters": parameters, "responses": _responses(answers)}}


_REPORT = "Hand a report over, with a project's token or the CI's identity token"
_RELEASES = "Hand releases over, from which drift is told; jobs of the branch whose runs count may"
_RELEASE_LIST: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "commit", "moment"],
        "properties": {name: {"type": "string"} for name in ("name", "commit", "moment")},
    },
}


def _post(summary: str, parameters: list[dict[str, Any]], schema: dict[str, Any], wrong: str) -> dict[str, Any]:
    answers = {
        "202": "Queued: it will be kept and published.", "200": "Known already.", "401": "Who is this?",
        "403": "Not for this project, branch or commit.", "408": "Too slow.", "413": "Too large.", "422": wrong,
        "429": "Too many within a day.", "503": "Come again in a moment.",
    }  # fmt: skip
    return {
        "summary": summary,
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": _responses(answers),
    }


def _responses(answers: dict[str, str]) -> dict[str, Any]:
    return {code: {"description": text} for code, text in answers.items()}
