"""The project's pages, served: the same as ``perfbot site`` writes, with search, always current.

``/`` lists the projects; ``/GROUP/NAME/-/`` is a project's overview, and its other pages lie below it.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from perfbot.errors import UsageError
from perfbot.history.recording import now
from perfbot.history.records import Subject
from perfbot.history.store import Store, queries, standings
from perfbot.render import comparison, preview
from perfbot.render import site as render
from perfbot.site import comparing, pages
from perfbot.site.scope import Scope, scope_of

TYPES = {"css": "text/css", "js": "text/javascript"}
DAY = "private, max-age=86400"
FOR_GOOD = "private, max-age=31536000, immutable"
"""Private: a token may guard them, and a proxy would give them to anybody."""


def address_of(public_url: str, project: str) -> str:
    """The address of a project's pages as people reach it; empty where nobody said what the service's is."""
    return f"{public_url.rstrip('/')}/{quote(project)}/-/" if public_url else ""


class Pages:
    """Endpoints of the pages."""

    def __init__(
        self,
        store: Store,
        difference: Callable[[str, str, str], str] = lambda _project, _a, _b: "",
        public_url: str = "",
    ) -> None:
        self.store, self.difference, self.public_url = store, difference, public_url

    def routes(self) -> list[Route]:
        """All pages; the assets are the same for every project."""
        return [
            Route("/", self.projects),
            Route("/assets/{name}", self.asset),
            Route("/{project:path}/-/", self.overview),
            Route("/{project:path}/-/index.html", self.overview),
            Route("/{project:path}/-/compare", self.compare),
            Route("/{project:path}/-/charts.html", self.charts),
            Route("/{project:path}/-/stops.js", self._script(comparing.stops_script)),
            Route("/{project:path}/-/names.js", self._script(comparing.names_script)),
            Route("/{project:path}/-/benchmarks/{page}.html", self.benchmark),
            Route("/{project:path}/-/benchmarks/{page}.csv", self.values),
            Route("/{project:path}/-/benchmarks/{page}.js", self.levels),
            Route("/{project:path}/-/runs/{number:row}.html", self.run),
            Route("/{project:path}/-/badge.svg", self.badge),
            Route("/{project:path}/-/preview.png", self.picture),
            Route("/{project:path}/-/compare.png", self.compare),
            Route("/{project:path}/-/benchmarks/{page}.png", self.picture_of_benchmark),
        ]

    def projects(self, request: Request) -> Response:
        """The list of projects."""
        del request
        with self.store.read() as connection:
            names = queries.projects(connection)
        links = [(name, f"{quote(name)}/-/") for name in names]
        return HTMLResponse(render.projects(links, self._place(Scope("", "")), now()))

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
        part = min(int(given), 10_000) if given.isascii() and given.isdigit() and len(given) < 10 else 1
        search = request.query_params.get("q", "")[:200]
        if not request.url.path.endswith("/"):
            return RedirectResponse("./")

        def page(connection: Connection, scope: Scope) -> Response:
            return HTMLResponse(pages.overview(connection, scope, self._place(scope), search=search, part=max(part, 1)))

        return self._of_project(request, page)

    def benchmark(self, request: Request) -> Response:
        """One benchmark and metric."""
        return self._of_benchmark(
            request,
            lambda c, scope, about: HTMLResponse(pages.benchmark(c, scope, about, self._place(scope, below=True))),
        )

    def levels(self, request: Request) -> Response:
        """Its levels, for the chart of several."""
        return self._of_benchmark(request, lambda c, *about: _javascript(comparing.one_way_script(c, *about)))

    def charts(self, request: Request) -> Response:
        """Several benchmarks in one chart."""
        return self._of_project(request, lambda _, scope: HTMLResponse(comparing.charts(scope, self._place(scope))))

    def compare(self, request: Request) -> Response:
        """Two commits, releases or dates, ``from`` and ``to``; without them, the newest release and the branch."""
        asked = request.query_params

        def page(connection: Connection, scope: Scope) -> Response:
            seen = comparing.Branch(connection, scope)
            first = asked.get("from", "")[:200] or pages.newest_release(connection, scope)
            try:
                found = seen.compared(first, asked.get("to", "")[:200] or scope.branch)
            except UsageError as error:
                return PlainTextResponse(f"{error.message}\n", 404)
            if request.url.path.endswith(".png"):
                return _png(comparison.picture(found.found))
            query = urlencode({"from": first, "to": asked.get("to", "")[:200] or scope.branch})
            shown = f"compare.png?{query}"
            return HTMLResponse(comparing.page(connection, seen, found, self._place(scope), picture=shown))

        return self._of_project(request, page)

    def _script(self, made: Callable[[Connection, Scope], str]) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            return self._of_project(request, lambda connection, scope: _javascript(made(connection, scope)))

        return endpoint

    def values(self, request: Request) -> Response:
        """Its values as a file for spreadsheets and programs."""
        return self._of_benchmark(request, lambda c, *about: Response(pages.values(c, *about), media_type="text/csv"))

    def _of_benchmark(self, request: Request, answer: Callable[[Connection, Scope, Subject], Response]) -> Response:
        def page(connection: Connection, scope: Scope) -> Response:
            found = standings.trend_of_page(connection, scope.project, scope.branch, request.path_params["page"])
            return _missing() if found is None else answer(connection, scope, found.subject)

        return self._of_project(request, page)

    def run(self, request: Request) -> Response:
        """One run."""

        def page(connection: Connection, scope: Scope) -> Response:
            number = request.path_params["number"]
            found = queries.find_run(connection, number)
            if found is None or found.project != scope.project:
                return _missing()
            return HTMLResponse(pages.run(connection, number, "../"))

        return self._of_project(request, page)

    def badge(self, request: Request) -> Response:
        """The project's badge; never cached for long."""

        def picture(connection: Connection, scope: Scope) -> Response:
            text = pages.badge(connection, scope)
            return Response(text, media_type="image/svg+xml", headers={"cache-control": "max-age=300"})

        return self._of_project(request, picture)

    def picture(self, request: Request) -> Response:
        """What chats show beside a link to the overview."""
        return self._of_project(request, lambda c, scope: _png(pages.picture(c, scope)))

    def picture_of_benchmark(self, request: Request) -> Response:
        """What they show beside a link to a benchmark."""

        def drawn(connection: Connection, scope: Scope, about: Subject) -> Response:
            trend = standings.trend(connection, about, scope.branch)
            return _missing() if trend is None else _png(preview.trends([render.panel(trend)]))

        return self._of_benchmark(request, drawn)

    def _place(self, scope: Scope, *, below: bool = False) -> render.Address:
        up = "../" if below else ""
        return render.Address(
            "/assets/",
            lambda name: f"{up}benchmarks/{name}.html",
            lambda number: f"{up}runs/{number}.html",
            lambda first, last: f"{up}compare?{urlencode({'from': first, 'to': last})}",
            lambda base, head: self.difference(scope.project, base, head),
            f"{up}charts.html",
            home="../" if below else "./",
            up="" if below else "/",
            live=True,
            picture=address_of(self.public_url, scope.project) if scope.project else "",
        )

    def _of_project(self, request: Request, page: Callable[[Connection, Scope], Response]) -> Response:
        try:
            with self.store.read() as connection:
                scope = scope_of(connection, request.path_params["project"], request.query_params.get("branch"))
                return page(connection, scope)
        except UsageError:
            return _missing()


@lru_cache
def _packed(name: str) -> bytes:
    return gzip.compress(render.assets()[name], mtime=0)


def _png(data: bytes) -> Response:
    return Response(data, media_type="image/png", headers={"cache-control": "max-age=300"})


def _javascript(text: str) -> Response:
    return Response(text, media_type="text/javascript")


def _missing() -> Response:
    return PlainTextResponse("There is no such page.\n", 404)
