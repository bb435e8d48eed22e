"""Two commits or releases of a branch compared, and what several benchmarks in one chart are drawn from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from perfbot.errors import UsageError
from perfbot.history.recording import now
from perfbot.history.records import Release, Stop, Subject, Trend, Way
from perfbot.history.store import ledger, queries, standings, ways
from perfbot.history.trends.between import Between, Stretch, compare, find_stop, weeks
from perfbot.render import comparison as pages
from perfbot.render.chart import seconds_of, thinned_way
from perfbot.render.site import Address, plain, site_page, title_of
from perfbot.site.scope import Scope

CHOICES = 20
"""Newest releases that a form offers."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two places of a branch, and what became of every subject between them."""

    first: str
    last: str
    stretch: Stretch
    found: tuple[Between, ...]


class Branch:
    """What comparing needs of a branch, read once: its commits, releases, trends and levels."""

    def __init__(self, connection: Connection, scope: Scope) -> None:
        self.scope = scope
        self.stops: tuple[Stop, ...] = ways.stops(connection, scope.project, scope.branch)
        self.releases: tuple[Release, ...] = ledger.read_releases(connection, scope.project)
        self.trends: Mapping[int, Trend] = {
            one.subject.number: one for one in standings.trends(connection, scope.project, scope.branch)
        }
        kept = ways.ways(connection, scope.project, scope.branch)
        self.known: tuple[tuple[Trend, Way], ...] = tuple(
            (self.trends[number], way) for number, way in kept if number in self.trends
        )

    def compared(self, first: str, last: str) -> Compared:
        """Two commits, releases or dates; given in either order.

        Raises:
            UsageError: one of them was not measured, or they are the same.
        """
        start, end = self._place(first), self._place(last)
        if start > end:
            start, end, first, last = end, start, last, first
        if start == end:
            raise UsageError(f"Between {first} and {last} no commit of {self.scope.branch} was measured.")
        stretch = Stretch(self.stops, start, end)
        return Compared(first or self.scope.branch, last or self.scope.branch, stretch, compare(stretch, self.known))

    def _place(self, text: str) -> int:
        found = find_stop(self.stops, self.releases, self.scope.branch, text)
        if found is None:
            raise UsageError(
                f"{text!r} is no commit that was measured on {self.scope.branch}, no release and no date.",
                hint="See the commits with: perfbot history runs; tags are read by: perfbot history refresh",
            )
        return found

    def choices(self) -> tuple[str, ...]:
        """Releases that can be compared, and the branch; the newest last."""
        if not self.stops:
            return ()
        first, last = self.stops[0].started, self.stops[-1].started
        names = [one.name for one in self.releases if first <= one.moment <= last]
        return (*names[-CHOICES:], self.scope.branch)


def page(
    connection: Connection,
    seen: Branch,
    compared: Compared,
    place: Address,
    direct: Any = None,
    choices: Sequence[str] = (),
    *,
    picture: str,
) -> str:
    """The page of a comparison.

    Args:
        direct: names of both ends to addresses, as JSON for the page; None where a server is asked.
        picture: what its picture for links is called.
    """
    start, end = (compared.stretch.stops[at].head for at in (compared.stretch.first, compared.stretch.last))
    view = pages.Comparison(
        project=seen.scope.project, first=compared.first, last=compared.last, stretch=compared.stretch,
        found=compared.found, trends=seen.trends, weeks=weeks(compared.stretch, seen.known),
        run=queries.run_between(connection, seen.scope.project, start, end), choices=choices or seen.choices(),
        direct=direct, picture=picture,
    )  # fmt: skip
    return pages.comparison(view, place, now())


def charts(scope: Scope, place: Address) -> str:
    """The page that draws several benchmarks in one chart."""
    return site_page(
        "charts", place, now(), title=f"{plain(scope.project)}: several benchmarks", home=place.home,
        project=plain(scope.project) or "Overview", branch=plain(scope.branch),
    )  # fmt: skip


def stops_script(connection: Connection, scope: Scope) -> str:
    """The commits of the branch, for the chart."""
    stops = ways.stops(connection, scope.project, scope.branch)
    first, last = (stops[0].started, stops[-1].started) if stops else ("", "")
    shown = [one for one in ledger.read_releases(connection, scope.project) if first <= one.moment <= last]
    return _script("perfbotStops", {
        "when": [seconds_of(stop.started) for stop in stops],
        "days": [stop.started[:10] for stop in stops],
        "heads": [plain(stop.head[:7]) for stop in stops],
        "releases": [{"when": seconds_of(one.moment), "text": plain(one.name)} for one in shown],
    })  # fmt: skip


def names_script(connection: Connection, scope: Scope) -> str:
    """The benchmarks that can be drawn: pages and names."""
    known = standings.subjects(connection, scope.project, scope.branch)
    return _script("perfbotNames", [[one.page, title_of(one)] for one in known])


def way_script(about: Subject, way: Way, places: Mapping[int, int]) -> str:
    """The levels of one benchmark.

    Args:
        places: of each run's commit among the stops.
    """
    kept = thinned_way([(places[run], log) for run, log in zip(way.runs, way.logs, strict=True) if run in places])
    data = {"places": [place for place, _ in kept], "logs": [float(f"{log:.5g}") for _, log in kept]}
    return f"(window.perfbotWays ??= {{}})[{_json(about.page)}] = {_json(data)};\n"


def one_way_script(connection: Connection, scope: Scope, about: Subject) -> str:
    """:func:`way_script` of one subject, read by itself.

    Raises:
        UsageError: its levels are not kept.
    """
    found = next(iter(ways.ways(connection, scope.project, scope.branch, [about.number])), None)
    if found is None:
        raise UsageError(f"{about.full_name} has no levels yet.", hint="Run: perfbot history refresh")
    stops = ways.stops(connection, scope.project, scope.branch)
    return way_script(about, found[1], Stretch(stops, 0, len(stops) - 1).places)


def _script(name: str, data: Any) -> str:
    return f"window.{name} = {_json(data)};\n"


def _json(data: Any) -> str:
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
