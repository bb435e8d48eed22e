"""All pages of a project, written into a folder that any static host can serve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from itertools import combinations
from pathlib import Path

from sqlalchemy import Connection

from perfbot.errors import StoreError, UsageError
from perfbot.history.records import Run, slug
from perfbot.history.store import Store, queries
from perfbot.history.trends.between import Stretch
from perfbot.render import preview, site
from perfbot.render.chart import as_json
from perfbot.render.comparison import gist, picture
from perfbot.site import comparing, pages
from perfbot.site.scope import scope_of

KEPT_RUNS = 100
"""Runs that get a page of their own; a service shows all."""

KEPT_RELEASES = 5
"""Newest releases that are compared with each other and with the branch; a service compares any two commits."""

Difference = Callable[[str, str], str]


def write_site(
    store: Store,
    project: str | None,
    branch: str | None,
    folder: Path,
    difference: Difference = lambda _a, _b: "",
    url: str = "",
) -> int:
    """Writes the pages of a project; how many.

    Args:
        difference: two commits to what the forge shows of their difference; empty where that is not known.
        url: where people will reach the folder; with it, pages have a picture that chats show beside a link.

    Raises:
        UsageError: no such project.
        StoreError: the folder cannot be written.
    """
    with store.read() as connection:
        scope = scope_of(connection, project, branch)
        runs = queries.runs(connection, scope.project, limit=KEPT_RUNS)
        seen = comparing.Branch(connection, scope)
        pairs = _pairs(seen)
        top, below = _places(runs, pairs, difference, f"{url.rstrip('/')}/" if url else "")
        _write(folder, {f"assets/{name}": data for name, data in site.assets().items()})
        count = _benchmarks(connection, seen, below, folder)
        gists = _comparisons(connection, seen, pairs, below, folder)
        release = pages.newest_release(connection, scope)
        told = gists.get((release, scope.branch), "what changed")
        made = {
            "index.html": pages.overview(connection, scope, top, gist=told),
            "badge.svg": pages.badge(connection, scope),
            "charts.html": comparing.charts(scope, top),
            "stops.js": comparing.stops_script(connection, scope),
            "names.js": comparing.names_script(connection, scope),
        }
        _write(folder, {name: text.encode() for name, text in made.items()})
        if url:
            _write(folder, {"preview.png": pages.picture(connection, scope)})
        for one in runs:
            text = pages.run(connection, one.number, "../index.html")
            _write(folder, {f"runs/{one.number}.html": text.encode()})
        return 2 + count + len(gists) + len(runs)


def _benchmarks(connection: Connection, seen: comparing.Branch, place: site.Address, folder: Path) -> int:
    places = Stretch(seen.stops, 0, len(seen.stops) - 1).places
    for trend, way in seen.known:
        about = trend.subject
        made = {
            "html": pages.benchmark(connection, seen.scope, about, place),
            "csv": pages.values(connection, seen.scope, about),
            "js": comparing.way_script(about, way, places),
        }
        _write(folder, {f"benchmarks/{about.page}.{kind}": text.encode() for kind, text in made.items()})
        if place.picture and trend.told_steps:  # a flat line tells nothing, and a project may have thousands
            _write(folder, {f"benchmarks/{about.page}.png": preview.trends([site.panel(trend)])})
    return len(seen.known)


def _pairs(seen: comparing.Branch) -> dict[tuple[str, str], str]:
    """Names of both ends to the name of their page."""
    names = seen.choices()[-KEPT_RELEASES - 1 :]
    return {(first, last): f"{_safe(first)}...{_safe(last)}.html" for first, last in combinations(names, 2)}


def _safe(name: str) -> str:
    """A name as a part of a file's name: itself where it can be, told apart from others where it cannot."""
    kept = slug(name, 60)
    return kept if kept == name else f"{kept}-{sha256(name.encode()).hexdigest()[:8]}"


def _comparisons(
    connection: Connection,
    seen: comparing.Branch,
    pairs: Mapping[tuple[str, str], str],
    place: site.Address,
    folder: Path,
) -> dict[tuple[str, str], str]:
    direct = as_json({f"{first}\0{last}": name for (first, last), name in pairs.items()})
    names = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    told: dict[tuple[str, str], str] = {}
    for (first, last), name in pairs.items():
        try:
            found = seen.compared(first, last)
        except UsageError:  # no commit of the branch was measured between two releases
            continue
        told[first, last] = gist(found.found)
        shown = f"compare/{name.removesuffix('.html')}.png"
        text = comparing.page(connection, seen, found, place, direct, names, picture=shown)
        _write(folder, {f"compare/{name}": text.encode()})
        if place.picture:
            _write(folder, {shown: picture(found.found)})
    return told


def _places(
    runs: Sequence[Run], pairs: Mapping[tuple[str, str], str], difference: Difference, url: str
) -> tuple[site.Address, site.Address]:
    shown = {one.number for one in runs}

    def place(up: str) -> site.Address:
        def compare(first: str, last: str) -> str:
            return f"{up}compare/{pairs[first, last]}" if (first, last) in pairs else ""

        return site.Address(
            f"{up}assets/", lambda name: f"{up}benchmarks/{name}.html",
            lambda number: f"{up}runs/{number}.html" if number in shown else "",
            compare, difference, f"{up}charts.html", f"{up}index.html", picture=url,
        )  # fmt: skip

    return place(""), place("../")


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise StoreError(f"The page {path} could not be written: {error.strerror}.") from error
