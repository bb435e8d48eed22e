"""A project's pages from its history: read here, laid out by :mod:`perfbot.render.site`.

One set of relative addresses serves files and service alike::

    index.html                 overview
    benchmarks/NUMBER.html     one benchmark and metric
    benchmarks/NUMBER.csv      its values, run by run
    runs/NUMBER.html           one run, as ``perfbot run --html`` shows it
    badge.svg
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from perfbot.errors import StoreError, UsageError
from perfbot.history.recording import now
from perfbot.history.records import Run, Subject, Trend
from perfbot.history.store import Store, ledger, queries, standings
from perfbot.history.trends import analyse, course
from perfbot.render import page as run_page
from perfbot.render import site
from perfbot.render.history import to_csv

TOP = 5
"""Rows of each list on the overview."""

PART = 100
"""Benchmarks on one part of a served overview."""

KEPT_RUNS = 100
"""Runs that get a page of their own in a folder; a service shows all."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which history is shown."""

    project: str
    branch: str


def scope_of(connection: Connection, project: str | None, branch: str | None = None) -> Scope:
    """The project asked for, or the only one, and the branch whose runs count.

    Raises:
        UsageError: no such project, or several and none was named.
    """
    found = queries.only_project(connection, project)
    return Scope(found, branch or queries.main_branch(connection, found))


def overview(
    connection: Connection, scope: Scope, place: site.Address, *, search: str = "", part: int | None = None
) -> str:
    """The overview: with all benchmarks, or with the ``part``-th hundred of those that match ``search``."""
    project, branch = scope.project, scope.branch

    def top(order: standings.Order) -> tuple[Trend, ...]:
        return standings.trends(connection, project, branch, order=order, limit=TOP)

    total = standings.count_trends(connection, project, branch, search)
    limit, offset = (1_000_000, 0) if part is None else (PART, (part - 1) * PART)
    seen = site.Overview(
        project=project,
        branch=branch,
        worst=[trend for trend in top("loss") if (standings.loss(trend) or 0) > 0],
        stepped=[trend for trend in top("stepped") if trend.told_steps],
        noisy=top("noise"),
        rows=standings.trends(connection, project, branch, search=search, limit=limit, offset=offset),
        total=total,
        runs=queries.runs(connection, project, limit=20),
        alerts=[(one.title, one.raised) for one in ledger.open_alerts(connection, project)],
        search=search,
        pages=_parts(total, part, search),
    )
    return site.overview(seen, place, now())


def _parts(total: int, part: int | None, search: str) -> list[tuple[str, str]]:
    from urllib.parse import urlencode  # noqa: PLC0415  (served pages only)

    if part is None or total <= PART:
        return []
    names = range(1, (total + PART - 1) // PART + 1)
    return [(str(n), "" if n == part else "?" + urlencode({"q": search, "part": n})) for n in names]


def benchmark(connection: Connection, scope: Scope, subject: Subject, place: site.Address) -> str:
    """The page of one benchmark and metric."""
    releases = ledger.read_releases(connection, scope.project)
    found = next(iter(queries.series(connection, [subject], scope.branch)), None)
    if found is None:
        raise UsageError(f"{subject.full_name} was never measured on {scope.branch}.")
    trend = standings.trend(connection, subject, scope.branch)
    if trend is None or trend.points != len(found.points):
        trend = analyse(found, releases)
    return site.benchmark(site.Story(scope.project, trend, course(found), releases), place, now())


def values(connection: Connection, scope: Scope, subject: Subject) -> str:
    """Every value that counts of one benchmark and metric, as CSV."""
    return to_csv(queries.series(connection, [subject], scope.branch))


def run(connection: Connection, number: int, home: str) -> str:
    """The page of one run."""
    return run_page.page(queries.report(connection, number), home=home)


def badge(connection: Connection, scope: Scope) -> str:
    """The project's badge."""
    return site.badge(standings.trends(connection, scope.project, scope.branch, order="loss"))


def write_site(store: Store, project: str | None, branch: str | None, folder: Path) -> int:
    """Writes all pages of a project into a folder that any static host can serve; how many.

    Raises:
        UsageError: no such project.
        StoreError: the folder cannot be written.
    """
    with store.read() as connection:
        scope = scope_of(connection, project, branch)
        runs = queries.runs(connection, scope.project, limit=KEPT_RUNS)
        top, below = _file_places(runs)
        files = {"index.html": overview(connection, scope, top), "badge.svg": badge(connection, scope)}
        _write(folder, {f"assets/{name}": data for name, data in site.assets().items()})
        _write(folder, {name: text.encode() for name, text in files.items()})
        for trend in standings.trends(connection, scope.project, scope.branch):
            about = trend.subject
            made = {"html": benchmark(connection, scope, about, below), "csv": values(connection, scope, about)}
            _write(folder, {f"benchmarks/{about.number}.{kind}": text.encode() for kind, text in made.items()})
        for one in runs:
            text = run(connection, one.number, "../index.html")
            _write(folder, {f"runs/{one.number}.html": text.encode()})
        return 1 + standings.count_trends(connection, scope.project, scope.branch) + len(runs)


def _file_places(runs: Sequence[Run]) -> tuple[site.Address, site.Address]:
    shown = {one.number for one in runs}

    def link_to_run(prefix: str) -> site.Link:
        return lambda number: f"{prefix}runs/{number}.html" if number in shown else ""

    top = site.Address("assets/", lambda n: f"benchmarks/{n}.html", link_to_run(""))
    below = site.Address("../assets/", lambda n: f"{n}.html", link_to_run("../"), home="../index.html")
    return top, below


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise StoreError(f"The page {path} could not be written: {error.strerror}.") from error
