"""Two commits or releases of a branch, compared: what became slower, which commits did it, and when, suite by suite."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from perfbot.history.records import Stop, Trend, tone_of
from perfbot.history.trends.between import Between, Cell, Stretch
from perfbot.render.cards import cards
from perfbot.render.preview import bars
from perfbot.render.site import Address, plain, site_page, spark, title_of
from perfbot.units import format_change, format_interval
from perfbot.words import comparative, counted

MOST_UNCLEAR = 200
"""Benchmarks without a clear change that are listed; the others are counted."""

TOGETHER = 8
"""Benchmarks that one chart shows apart."""

MOST_WEEKS = 26
"""Columns of the heat map: the newest."""

SURE = 3.0
"""Standard errors from which a cell of the heat map is coloured: it has many cells."""

SHADES = ((0.10, 3), (0.03, 2), (0.005, 1))
"""Mean log changes from which a cell is as dark; smaller ones have no colour."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the page shows.

    Attributes:
        first, last: what people call both ends.
        found: of :func:`perfbot.history.trends.between.compare`, by the trends ``trends``.
        weeks: of :func:`perfbot.history.trends.between.weeks`.
        run: the run that measured just these two side by side; 0 where none did.
        choices: names that may be compared, the newest last.
        direct: choices lead to pages of their own, by name; else the server is asked.
        picture: what the page's picture is called.
    """

    project: str
    first: str
    last: str
    stretch: Stretch
    found: Sequence[Between]
    trends: Mapping[int, Trend]
    weeks: Mapping[tuple[str, str], Mapping[str, Cell]]
    run: int = 0
    choices: Sequence[str] = ()
    direct: Mapping[str, str] | None = None
    picture: str = ""


def comparison(seen: Comparison, place: Address, updated: str) -> str:
    """The page of two commits."""
    start, end = seen.stretch.stops[seen.stretch.first], seen.stretch.stops[seen.stretch.last]
    told = [one for one in seen.found if one.outcome != "unclear"]
    unclear = [one for one in seen.found if one.outcome == "unclear"]
    stepped = [(seen.trends[one.subject.number], step) for one in seen.found for step in one.steps]
    return site_page(
        "compare", place, updated,
        title=f"{ends(seen)}: {gist(seen.found)}", project=plain(seen.project) or "Overview", home=place.home,
        ends=ends(seen), gist=gist(seen.found), facts=_facts(seen, start, end),
        difference=place.difference(start.head, end.head), run=place.run(seen.run) if seen.run else "",
        rows=[_row(one, place) for one in told], unclear=[_row(one, place) for one in unclear[:MOST_UNCLEAR]],
        unclear_title=counted(len(unclear), "benchmark"), left_out=max(0, len(unclear) - MOST_UNCLEAR),
        chart=_chart(told, place, start, end), heat=heat(seen.weeks), cards=cards(stepped, _by_head(seen), place),
        first=plain(seen.first), last=plain(seen.last), choices=[plain(name) for name in seen.choices],
        direct=seen.direct, about=f"{plain(seen.project)}, {counted(len(seen.found), 'benchmark')} compared",
        picture=place.shown_as(seen.picture),
    )  # fmt: skip


def picture(found: Sequence[Between]) -> bytes:
    """What a chat shows beside a link to a comparison: its changes."""
    told = [one for one in found if one.outcome in ("worse", "better", "changed") and one.change is not None]
    return bars([(one.change or 0.0, tone_of(one.subject, one.change or 0.0)) for one in told])


def _by_head(seen: Comparison) -> dict[str, Stop]:
    return {stop.head: stop for stop in seen.stretch.stops[seen.stretch.first : seen.stretch.last + 1]}


def ends(seen: Comparison) -> str:
    """ "v2.3 → main"."""
    return f"{plain(_named(seen.first))} → {plain(_named(seen.last))}"


def _named(end: str) -> str:
    return end[:10] if len(end) == 40 and end.isalnum() else end


def gist(found: Sequence[Between]) -> str:
    """What happened, in few words: "4 slower, 11 faster"; "no clear change in 40 benchmarks"."""
    counts: Counter[str] = Counter()
    for one in found:
        if one.outcome in ("worse", "better"):
            about = one.subject
            words = comparative(about.metric, about.unit, about.better, worse=one.outcome == "worse")
            counts[words.adjective] += 1
        elif one.outcome in ("changed", "added", "gone"):
            counts[{"gone": "no longer measured", "added": "new"}.get(one.outcome, one.outcome)] += 1
    if not counts:
        return f"no clear change in {counted(len(found), 'benchmark')}"
    return ", ".join(f"{count:,} {word}" for word, count in counts.items())


def _facts(seen: Comparison, start: Stop, end: Stop) -> list[tuple[str, str]]:
    way = seen.stretch.last - seen.stretch.first
    return [
        ("From", f"{plain(start.head[:10])}, {start.started[:10]}"),
        ("To", f"{plain(end.head[:10])}, {end.started[:10]}"),
        ("Measured between", counted(way, "commit")),
        ("Compared", counted(len(seen.found), "benchmark")),
    ]


HEAD = ("benchmark", "change", "95 %", "what", "by")


def rows(found: Sequence[Between]) -> tuple[tuple[str, ...], ...]:
    """A comparison as a table of text below :data:`HEAD`."""
    return tuple(
        (
            title_of(one.subject),
            format_change(one.change) if one.change is not None else "",
            format_interval(*one.interval) if one.interval is not None else "",
            _what(one),
            counted(len(one.steps), "change point") if one.steps else "",
        )
        for one in found
    )


_WORDS = {"added": "new", "gone": "no longer measured", "apart": "nothing bridges a gap between them"}


def _row(one: Between, place: Address) -> dict[str, Any]:
    tone = {"worse": "bad", "better": "good"}.get(one.outcome, "")
    known = one.change is not None and one.interval is not None
    return {
        "name": title_of(one.subject),
        "link": place.benchmark(one.subject.page),
        "spark": spark(one.levels if len(one.levels) <= MOST_POINTS else _thinned(one.levels)),
        "change": format_change(one.change) if one.change is not None else "",
        "interval": format_interval(*one.interval) if one.interval is not None else "",
        "value": f"{one.change:.6g}" if one.change is not None and math.isfinite(one.change) else "0",
        "tone": tone,
        "what": _what(one),
        "steps": counted(len(one.steps), "change point") if one.steps else ("a slow drift" if tone and known else ""),
        "step_count": str(len(one.steps)),
    }


MOST_POINTS = 96
"""Of a thumbnail: a point a pixel."""


def _thinned(levels: Sequence[float]) -> list[float]:
    return [levels[round(at * (len(levels) - 1) / (MOST_POINTS - 1))] for at in range(MOST_POINTS)]


def _what(one: Between) -> str:
    if one.outcome in ("worse", "better"):
        about = one.subject
        return comparative(about.metric, about.unit, about.better, worse=one.outcome == "worse").adjective
    return _WORDS.get(one.outcome, "")


def _chart(told: Sequence[Between], place: Address, start: Stop, end: Stop) -> dict[str, str]:
    """The address of one chart with the benchmarks that moved most, and what it is called."""
    drawn = [one.subject.page for one in told if one.outcome in ("worse", "better", "changed")][:TOGETHER]
    if not place.charts or len(drawn) < 2:
        return {"link": "", "words": ""}
    view = f"&from={_seconds(start.started)}&to={_seconds(end.started)}"
    return {"link": f"{place.charts}?b={','.join(drawn)}{view}", "words": f"these {len(drawn)} in one chart"}


def _seconds(moment: str) -> int:
    from datetime import datetime  # noqa: PLC0415

    return int(datetime.fromisoformat(moment).timestamp())


@dataclass(frozen=True, slots=True)
class Heat:
    """A heat map: names of columns, and rows of (name, cells), each cell a text, a shade and what a pointer is told."""

    weeks: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    left_out: int


def heat(found: Mapping[tuple[str, str], Mapping[str, Cell]]) -> Heat:
    """Suites by week; weeks that nobody measured in are left out."""
    mondays = sorted({week for row in found.values() for week in row})
    kept = mondays[-MOST_WEEKS:]
    rows = [
        (plain(suite if metric == "time" else f"{suite} {metric}"), tuple(_cell(row.get(week)) for week in kept))
        for (suite, metric), row in sorted(found.items())
    ]
    return Heat(tuple(_week(monday) for monday in kept), tuple(rows), len(mondays) - len(kept))


def _week(monday: str) -> str:
    return date.fromisoformat(monday).strftime("%d %b").lstrip("0")


def _cell(cell: Cell | None) -> tuple[str, str]:
    if cell is None:
        return "", ""
    tenths = round(1000 * math.expm1(cell.change))
    text = f"{tenths / 10:+.1f}".replace("-", "−") if tenths else "0"
    sure = abs(cell.change) > SURE * cell.error
    shade = next((shade for size, shade in SHADES if sure and abs(cell.change) >= size), 0)
    return text, f"{'bad' if cell.change > 0 else 'good'}{shade}" if shade else ""
