"""The overview, a benchmark's and a run's page, the badge: read from the history, laid out elsewhere."""

from __future__ import annotations

from sqlalchemy import Connection

from perfbot.errors import UsageError
from perfbot.history.recording import now
from perfbot.history.records import Subject, Trend
from perfbot.history.store import ledger, queries, standings, ways
from perfbot.history.trends import analyse, chained_levels
from perfbot.render import page as run_page
from perfbot.render import preview, site
from perfbot.render.cards import cards
from perfbot.render.history import to_csv
from perfbot.site.scope import Scope

TOP = 5
"""Rows of each list on the overview."""

PART = 100
"""Benchmarks on one part of a served overview."""


def overview(
    connection: Connection,
    scope: Scope,
    place: site.Address,
    *,
    search: str = "",
    part: int | None = None,
    gist: str = "what changed",
) -> str:
    """The overview: with all benchmarks, or with the ``part``-th hundred of those that match ``search``.

    Args:
        gist: what became of the branch since its newest release, in a few words.
    """
    project, branch = scope.project, scope.branch

    def top(order: standings.Order) -> tuple[Trend, ...]:
        return standings.trends(connection, project, branch, order=order, limit=TOP)

    total = standings.count_trends(connection, project, branch, search)
    release = newest_release(connection, scope)
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
        release=(f"{release} → {branch}", gist) if release else ("", ""),
        compared=place.compare(release, branch) if release else "",
    )
    return site.overview(seen, place, now())


def newest_release(connection: Connection, scope: Scope) -> str:
    """The newest release that runs of the branch came after; empty where there is none."""
    newest = queries.runs(connection, scope.project, kind="branch", branch=scope.branch, limit=1)
    first = queries.runs(connection, scope.project, kind="branch", branch=scope.branch, limit=1, newest_first=False)
    if not newest:
        return ""
    known = ledger.read_releases(connection, scope.project)
    return next(
        (one.name for one in reversed(known)
         if first[0].started <= one.moment <= newest[0].started and one.commit != newest[0].head), "",
    )  # fmt: skip


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
    stops = {stop.head: stop for stop in ways.stops(connection, scope.project, scope.branch)} if trend.steps else {}
    points = cards([(trend, step) for step in trend.steps], stops, place, named=False)
    return site.benchmark(site.Story(scope.project, trend, chained_levels(found), releases), place, now(), points)


def picture(connection: Connection, scope: Scope) -> bytes:
    """What a chat shows beside a link to the overview: what became worse, then what stepped last, then the others."""
    known: dict[int, Trend] = {}
    orders: tuple[standings.Order, ...] = ("loss", "stepped", "name")
    for order in orders:
        for trend in standings.trends(connection, scope.project, scope.branch, order=order, limit=preview.MOST_PANELS):
            known.setdefault(trend.subject.number, trend)
    return preview.trends([site.panel(trend) for trend in known.values()])


def values(connection: Connection, scope: Scope, subject: Subject) -> str:
    """Every value that counts of one benchmark and metric, as CSV."""
    return to_csv(queries.series(connection, [subject], scope.branch))


def run(connection: Connection, number: int, home: str) -> str:
    """The page of one run."""
    return run_page.page(queries.report(connection, number), home=home)


def badge(connection: Connection, scope: Scope) -> str:
    """The project's badge."""
    return site.badge(standings.trends(connection, scope.project, scope.branch, order="loss"))
