"""The service's part that is about the history: pages, API, ingest and metrics, and the jobs they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from perfbot.history import notify
from perfbot.history.store import Store
from perfbot.history.store.consumer import Handler
from perfbot.service.access import Guard
from perfbot.service.api import Api
from perfbot.service.identity import Gatekeeper
from perfbot.service.ingest import KIND, Ingest, Judging
from perfbot.service.keeper import Forges, Keeper
from perfbot.service.metrics import Counted, Tally, metrics_routes
from perfbot.service.pages import Pages
from perfbot.service.tags import KIND as TAGS
from perfbot.service.tags import Tags


@dataclass(frozen=True, slots=True)
class History:
    """How the history is served.

    Attributes:
        gate: who may hand reports over; None: nobody, and there is no such endpoint.
        forges: where merge requests' reports are published; None: they are kept only.
        judging: reads and keeps reports; None: this process does.
        difference: a project and two commits to what its forge shows of their difference; empty where none is known.
        main_branch: says the branch whose runs count, by the project; empty where nobody said.
        read_token: what pages and API ask for; empty: everybody may look.
        channels: where alerts go.
        public_url: where people reach this service: for links in alerts and comments; empty: there are none.
    """

    store: Store
    gate: Gatekeeper | None = None
    forges: Forges | None = None
    read_token: str = ""
    channels: tuple[str, ...] = ()
    public_url: str = ""
    judging: Judging | None = None
    main_branch: Callable[[str], str] = lambda _: ""
    difference: Callable[[str, str, str], str] = lambda _project, _base, _head: ""

    def parts(self) -> tuple[list[BaseRoute], Mapping[str, Handler]]:
        """Routes, and handlers of the jobs that belong to them. The routes take every path, so they come last."""
        tally = Tally()
        counted, guarded = Middleware(Counted, tally=tally), Middleware(Guard, token=self.read_token)
        seen = [
            *Api(self.store).routes(),
            *metrics_routes(self.store, tally),
            *Pages(self.store, self.difference, self.public_url).routes(),
        ]
        routes: list[BaseRoute] = []
        handlers: dict[str, Handler] = {}
        judging = self.judging or Keeper(self.store, self.forges, self.channels, self.public_url)
        taken = Ingest(self.store, self.gate, judging) if self.gate else None
        if taken is not None:
            routes += taken.routes([counted])
            handlers[KIND] = taken.handle
        if self.gate is not None:
            told = Tags(self.store, self.gate, self.main_branch)
            routes += told.routes([counted])
            handlers[TAGS] = told.handle
        if self.channels:
            handlers[notify.JOB] = notify.handler(self.channels, notify.apprise_send)
        routes.append(Mount("", app=Starlette(routes=seen, middleware=[counted, guarded])))
        return routes, handlers
