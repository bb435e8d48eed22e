"""The project's pages, served: the same as ``perfbot site`` writes, with search, always current.

``/`` lists the projects; ``/GROUP/NAME/-/`` is a project's overview, and its other pages lie below it.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from perfbot import site
from perfbot.errors import UsageError
from perfbot.history.recording import now
from perfbot.history.records import Subject
from perfbot.history.store import Store, queries
from perfbot.render import site as render

TYPES = {"css": "text/css", "js": "text/javascript"}
DAY = "private, max-age=86400"
FOR_GOOD = "private, max-age=31536000, immutable"
"""Private: a token may guard them, and a proxy would give them to anybody."""


def address_of(public_url: str, project: str) -> str:
    """The address of a project's pages as people reach it; empty where nobody said what the service's is."""
    return f"{public_url.rstrip('/')}/{quote(project)}/-/" if public_url else ""


class Pages:
    """Endpoints of the pages."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def routes(self) -> list[Route]:
        """All pages; the assets are the same for every project."""
        return [
            Route("/", self.projects),
            Route("/assets/{name}", self.asset),
            Route("/{project:path}/-/", self.overview),
            Route("/{project:path}/-/index.html", self.overview),
            Route("/{project:path}/-/benchmarks/{number:row}.html", self.benchmark),
            Route("/{project:path}/-/benchmarks/{number:row}.csv", self.values),
            Route("/{project:path}/-/runs/{number:row}.html", self.run),
            Route("/{project:path}/-/badge.svg", self.badge),
        ]

    def projects(self, request: Request) -> Response:
        """The list of projects."""
        del request
        with self.store.read() as connection:
            names = queries.projects(connection)
        links = [(name, f"{quote(name)}/-/") for name in names]
        return HTMLResponse(render.projects(links, _place(), now()))

    def asset(self, request: Request) -> Response:
        """A style sheet or script, packed once for all; kept by browsers for good where its edition was asked for."""
        name = request.path_params["name"]
        if name not in render.assets():
            return _missing()
        tag = f'"{render.edition()}"'
        kept = FOR_GOOD if request.url.query == render.edition() else DAY
        headers = {"cache-control": kept, "etag": tag, "vary": "accept-encoding"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        data = render.assets()[name]
        if "gzip" in request.headers.get("accept-encoding", ""):
            data = _packed(name)
            headers["content-encoding"] = "gzip"
        return Response(data, media_type=TYPES[name.rpartition(".")[2]], headers=headers)

    def overview(self, request: Request) -> Response:
        """A project's overview; ``q`` searches, ``part`` turns pages."""
        given = request.query_params.get("part", "1")
        part = min(int(given), 10_000) if given.isascii() and given.isdigit() else 1
        search = request.query_params.get("q", "")[:200]
        if not request.url.path.endswith("/"):
            return RedirectResponse("./")

        def page(connection: Connection, scope: site.Scope) -> Response:
            return HTMLResponse(site.overview(connection, scope, _place(), search=search, part=max(part, 1)))

        return self._of_project(request, page)

    def benchmark(self, request: Request) -> Response:
        """One benchmark and metric."""
        place = _place(below=True)
        return self._of_benchmark(request, lambda c, scope, about: HTMLResponse(site.benchmark(c, scope, about, place)))

    def values(self, request: Request) -> Response:
        """Its values as a file for spreadsheets and programs."""
        return self._of_benchmark(request, lambda c, *about: Response(site.values(c, *about), media_type="text/csv"))

    def _of_benchmark(
        self, request: Request, answer: Callable[[Connection, site.Scope, Subject], Response]
    ) -> Response:
        def page(connection: Connection, scope: site.Scope) -> Response:
            about = queries.find_subject(connection, scope.project, request.path_params["number"])
            return _missing() if about is None else answer(connection, scope, about)

        return self._of_project(request, page)

    def run(self, request: Request) -> Response:
        """One run."""

        def page(connection: Connection, scope: site.Scope) -> Response:
            number = request.path_params["number"]
            found = queries.find_run(connection, number)
            if found is None or found.project != scope.project:
                return _missing()
            return HTMLResponse(site.run(connection, number, "../"))

        return self._of_project(request, page)

    def badge(self, request: Request) -> Response:
        """The project's badge; never cached for long."""

        def picture(connection: Connection, scope: site.Scope) -> Response:
            text = site.badge(connection, scope)
            return Response(text, media_type="image/svg+xml", headers={"cache-control": "max-age=300"})

        return self._of_project(request, picture)

    def _of_project(self, request: Request, page: Callable[[Connection, site.Scope], Response]) -> Response:
        try:
            with self.store.read() as connection:
                scope = site.scope_of(connection, request.path_params["project"], request.query_params.get("branch"))
                return page(connection, scope)
        except UsageError:
            return _missing()


def _place(*, below: bool = False) -> render.Address:
    benchmarks, runs = ("", "../runs/") if below else ("benchmarks/", "runs/")
    return render.Address(
        "/assets/",
        lambda number: f"{benchmarks}{number}.html",
        lambda number: f"{runs}{number}.html",
        home="../",
        up="" if below else "/",
        live=True,
    )


@lru_cache
def _packed(name: str) -> bytes:
    return gzip.compress(render.assets()[name], mtime=0)


def _missing() -> Response:
    return PlainTextResponse("There is no such page.\n", 404)
