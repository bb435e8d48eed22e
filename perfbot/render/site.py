"""The project's pages: an overview, a page for each benchmark, a badge. The same as files and as served.

Pages link to each other by relative addresses, run scripts of their own folder only, and ask nothing of any other
host. What reports and forges say is plain text here; the templates escape it.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from perfbot.history.records import Level, Point, Release, Run, Subject, Trend, tone_of
from perfbot.render.chart import NAME_LENGTH, as_json, chart
from perfbot.render.escape import clean
from perfbot.render.history import step_words
from perfbot.render.layout import lay_out, source
from perfbot.render.preview import Panel
from perfbot.units import format_change, format_interval, format_noise, format_quantity
from perfbot.words import comparative, counted

LATEST = 25
"""Runs listed on a benchmark's page."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'"
)
"""Scripts and styles from the page's own place only; no other host is asked for anything."""

Link = Callable[[int], str]
"""The number of a run to the relative address of its page; empty where it has none."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What the overview shows.

    Attributes:
        worst, stepped, noisy: the heads of the three lists; ``rows`` the benchmarks of this page.
        total: how many benchmarks there are, or match ``search``.
        alerts: titles of what holds now, with the moment it began.
        pages: names and addresses of further parts of ``rows``; an empty address is this page.
    """

    project: str
    branch: str
    worst: Sequence[Trend]
    stepped: Sequence[Trend]
    noisy: Sequence[Trend]
    rows: Sequence[Trend]
    total: int
    runs: Sequence[Run]
    alerts: Sequence[tuple[str, str]] = ()
    search: str = ""
    pages: Sequence[tuple[str, str]] = ()
    release: tuple[str, str] = ("", "")
    """The newest release against the branch, as words: both ends, and what became of them; empty without a release."""
    compared: str = ""
    """Where that is told."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a page lies: the address of the assets' folder, of the list of projects, and of other pages.

    Attributes:
        benchmark: the name of a subject's page (:attr:`Subject.page`) to its address.
        compare: two commits, releases or branches to the address of their comparison; empty where there is none.
        difference: two commits to what the forge shows of their difference; empty where no forge is known.
        charts: the address of the page that draws several benchmarks in one chart.
        picture: where the pictures of links lie, as chats reach it; empty where nobody said.
    """

    assets: str
    benchmark: Callable[[str], str]
    run: Link
    compare: Callable[[str, str], str] = lambda _base, _head: ""
    difference: Callable[[str, str], str] = lambda _base, _head: ""
    charts: str = ""
    home: str = ""
    up: str = ""
    live: bool = False
    picture: str = ""

    def shown_as(self, name: str) -> str:
        """The address of a page's picture; empty where nobody said what chats reach."""
        return f"{self.picture}{name}" if self.picture else ""


def overview(seen: Overview, place: Address, updated: str) -> str:
    """The project's front page."""
    cards = (
        _card("Biggest regressions", seen.worst, place, _since, "Nothing became worse."),
        _card("Latest change points", seen.stepped, place, _stepped, "No change points so far."),
        _card("Noisiest from run to run", seen.noisy, place, _noisy, "Nothing measured three times yet."),
    )
    return site_page(
        "overview", place, updated,
        title=f"{plain(seen.project) or 'perfbot'}: performance", project=plain(seen.project) or "Performance",
        branch=plain(seen.branch), up=place.up, summary=_summary(seen),
        alerts=[{"title": plain(title), "since": when[:10]} for title, when in seen.alerts],
        cards=cards, total=f"{seen.total:,}", live=place.live, search=seen.search,
        since=_common_start(seen.rows), rows=[_row(trend, place) for trend in seen.rows],
        pages=[{"name": name, "link": link} for name, link in seen.pages],
        runs=[_run(run, place) for run in seen.runs], charts=place.charts,
        since_release={"link": seen.compared, "ends": seen.release[0], "gist": seen.release[1]},
        about=", ".join(filter(None, (": ".join(filter(None, seen.release)), _summary(seen)))),
        picture=place.shown_as("preview.png"),
    )  # fmt: skip


def projects(found: Iterable[tuple[str, str]], place: Address, updated: str) -> str:
    """The list of projects: names and addresses."""
    listed = [{"name": plain(name) or "(no name)", "link": link} for name, link in found]
    return site_page("projects", place, updated, title="perfbot: projects", projects=listed)


@dataclass(frozen=True, slots=True)
class Story:
    """What a benchmark's page shows; ``levels`` are :func:`perfbot.history.trends.chained_levels` of its series."""

    project: str
    trend: Trend
    levels: Sequence[Level]
    releases: Sequence[Release] = ()


def benchmark(story: Story, place: Address, updated: str, change_points: Sequence[Any] = ()) -> str:
    """The page of one benchmark and metric: its chained ratios, its values, its change points and runs.

    Args:
        change_points: of :func:`perfbot.render.cards.cards`.
    """
    trend, subject = story.trend, story.trend.subject
    points = [level.point for level in story.levels]
    drawn = chart(trend, story.levels, story.releases, place.run)
    return site_page(
        "benchmark", place, updated,
        title=f"{plain(subject.full_name)} {plain(subject.metric)}", home=place.home,
        project=plain(story.project) or "Overview", name=plain(subject.full_name), metric=plain(subject.metric),
        facts=_facts(trend), data=as_json(drawn), thinned=_thinned_words(len(drawn["when"]), len(points)),
        chain_title=_chain_title(story.levels), csv=f"{subject.page}.csv",
        machines=_machines(points),
        cards=change_points, charts=f"{place.charts}?b={subject.page}" if place.charts else "",
        about="; ".join(f"{name}: {value}" for name, value, _ in _facts(trend)),
        picture=place.shown_as(f"benchmarks/{subject.page}.png") if trend.told_steps else "",
        points=[_point(point, subject, place) for point in reversed(points[-LATEST:])],
    )  # fmt: skip


@lru_cache
def assets() -> dict[str, bytes]:
    """Every file the pages need beside them, by name; pages ask for them with :func:`edition` after the name."""
    return {
        name: source(f"site/{name}").encode() for name in ("site.css", "site.js", "charts.js", "uplot.css", "uplot.js")
    }


@lru_cache
def edition() -> str:
    """Names what the assets hold, so that a browser may keep them until they change."""
    seen = hashlib.sha256()
    for name, data in sorted(assets().items()):
        seen.update(name.encode() + data)
    return seen.hexdigest()[:12]


def badge(trends: Sequence[Trend]) -> str:
    """An SVG badge: how many benchmarks became slower since the last release, or steady."""
    lost = [trend for trend in trends if trend.lost()]
    if not trends:
        return _badge("no data", "#6e7781")
    if not lost:
        return _badge("steady", "#1a7f37")
    first = lost[0].since
    where = f" since {plain(first.name)[:20]}" if first and first.name else ""
    words = {comparative(t.subject.metric, t.subject.unit, t.subject.better, worse=True).adjective for t in lost}
    return _badge(f"{len(lost)} {words.pop() if len(words) == 1 else 'worse'}{where}", "#cf222e")


def _badge(text: str, colour: str) -> str:
    label = "performance"
    left, right = 7 * len(label) + 10, 7 * len(text) + 10
    return lay_out("site/badge.svg.html.j2", label=label, text=text, colour=colour, left=left, right=right)


def site_page(template: str, place: Address, updated: str, **view: Any) -> str:
    """A page of the site, from its template."""
    return lay_out(
        f"site/{template}.html.j2",
        policy=POLICY,
        assets=place.assets,
        edition=edition(),
        updated=plain(updated),
        **{"about": "", "picture": "", **view},
    )


def plain(text: str) -> str:
    """Anybody's text, fit to be shown."""
    return clean(text, NAME_LENGTH)


def panel(trend: Trend) -> Panel:
    """A benchmark in a picture, coloured by what became of it."""
    tone = _chip(trend)["tone"]
    return Panel(trend.thumbnail, "bad" if tone == "bad" else "good" if tone == "good" else "")


def title_of(subject: Subject) -> str:
    """What a benchmark and metric is called in lists."""
    return plain(subject.full_name if subject.metric == "time" else f"{subject.full_name} {subject.metric}")


def _summary(seen: Overview) -> str:
    if not seen.runs:
        return "No runs kept yet."
    newest = seen.runs[0]
    found = counted(seen.total, "benchmark") + (f" with “{plain(seen.search)}” in the name" if seen.search else "")
    return f"{found} · newest run {newest.started[:16].replace('T', ' ')} of {plain(newest.head[:7])}"


def _card(
    title: str, trends: Sequence[Trend], place: Address, detail: Callable[[Trend], dict[str, str]], empty: str
) -> dict[str, Any]:
    rows = [
        {
            "name": title_of(t.subject),
            "link": place.benchmark(t.subject.page),
            "spark": spark(t.thumbnail),
            **_kept_together(detail(t)),
        }
        for t in trends
    ]
    return {"title": title, "rows": rows, "empty": empty}


def _since(trend: Trend) -> dict[str, str]:
    return {**_chip(trend), "detail": _since_when(trend).partition(",")[0]}


def _since_when(trend: Trend) -> str:
    since = trend.since
    if since is None:
        return ""
    missing = f", {since.missing} bridged by values" if since.missing else ""
    return f"since {plain(since.name) or since.moment[:10]}, {counted(since.links, 'run')}{missing}"


def _stepped(trend: Trend) -> dict[str, str]:
    step = trend.told_steps[-1]
    tone = tone_for(trend, step.change)
    detail = f"{step.started[:10]} at {plain(step.first[:7])}"
    return {"change": format_change(step.change), "interval": "", "tone": tone, "detail": detail}


def _noisy(trend: Trend) -> dict[str, str]:
    detail = counted(trend.points, "run")
    return {"change": _noise(trend), "interval": "", "tone": "", "detail": detail}


def _noise(trend: Trend) -> str:
    if trend.noise is None:
        return ""
    return format_noise(trend.noise)


def _chip(trend: Trend) -> dict[str, str]:
    since = trend.since
    if since is None:
        return {"change": "", "interval": "", "tone": ""}
    tone = "" if _unclear(since.interval) else tone_for(trend, since.change)
    return {"change": format_change(since.change), "interval": format_interval(*since.interval), "tone": tone}


def tone_for(trend: Trend, change: float) -> str:
    """What colours a change; nothing where it does not matter."""
    return tone_of(trend.subject, change) if trend.matters(change) else ""


def _unclear(interval: tuple[float, float]) -> bool:
    return interval[0] <= 0 <= interval[1]


def _row(trend: Trend, place: Address) -> dict[str, str]:
    latest = "" if trend.latest is None else format_quantity(trend.latest, trend.subject.unit)
    chip = {**_chip(trend), "interval": ""}
    return {
        "name": title_of(trend.subject),
        "link": place.benchmark(trend.subject.page),
        "spark": spark(trend.thumbnail),
        "latest": latest,
        "step": (step := step_words(trend).partition(" ("))[0],
        "step_day": "".join(step[1:]).strip(),
        "noise": _noise(trend),
        "change_value": f"{trend.since.change if trend.since else 0.0:.6g}",
        "step_value": trend.steps[-1].started[:10].replace("-", "") if trend.steps else "0",
        "noise_value": f"{trend.noise or 0.0:.6g}",
        **chip,
    }


def _common_start(trends: Sequence[Trend]) -> str:
    names = {trend.since.name for trend in trends if trend.since is not None}
    return plain(names.pop()) if len(names) == 1 and "" not in names else "the start"


def _run(run: Run, place: Address) -> dict[str, str]:
    what = f"!{run.merge_request} into {run.branch}" if run.merge_request else run.branch
    return {
        "number": str(run.number),
        "link": place.run(run.number),
        "started": run.started[:16].replace("T", " "),
        "what": plain(what if run.kind != "calibration" else f"{run.branch}, calibration"),
        "commits": f"{plain(run.base[:7])} → {plain(run.head[:7])}",
        "verdict": run.verdict,
        "why": run.why if run.kind == "branch" else "",
        "machine": plain(run.machine),
    }


SPARK_REACH = 0.04
"""A smaller way up and down does not fill the picture: chained comparisons wander by their errors."""


def _kept_together(card: dict[str, str]) -> dict[str, str]:
    """A day is not folded inside, however narrow a card is."""
    day = re.sub(r"(?<=\d)-(?=\d\d\b)", "\N{NON-BREAKING HYPHEN}", card["detail"])
    return {**card, "detail": day}


def spark(levels: Sequence[float], width: int = 96, height: int = 20) -> str:
    """Points of an SVG polyline; one that moves by no more than noise does stays near the middle."""
    if len(levels) < 2:
        return ""
    low, high = min(levels), max(levels)
    middle, reach = (low + high) / 2, max((high - low) / 2, abs(low + high) / 2 * SPARK_REACH)
    across = width / (len(levels) - 1)
    return " ".join(
        f"{i * across:.1f},{height / 2 - (level - middle) / reach * (height / 2 - 1):.1f}"
        for i, level in enumerate(levels)
    )


def _thinned_words(drawn: int, points: int) -> str:
    if drawn == points:
        return ""
    return (
        f"Of {points:,} runs {drawn:,} are drawn: the newest, and before them the highest and lowest of each stretch."
    )


def _facts(trend: Trend) -> tuple[tuple[str, str, str], ...]:
    subject = trend.subject
    chip = _chip(trend)
    found = [
        ("Latest", "" if trend.latest is None else format_quantity(trend.latest, subject.unit), ""),
        (_since_when(trend).capitalize(), f"{chip['change']} {chip['interval']}".strip(), chip["tone"]),
    ]
    if trend.drift:
        tone = tone_for(trend, trend.drift.change)
        words = f"{format_change(trend.drift.change)} {format_interval(*trend.drift.interval)}"
        found.append((f"Drift over {trend.drift.points} runs", words, tone))
    found.append(("Noise of a run", _noise(trend), ""))
    if trend.budget:
        found.append(("Budget", plain(trend.budget.text), ""))
    if subject.better == "higher":
        found.append(("Better", "higher", ""))
    return tuple((name, value, tone) for name, value, tone in found if name and value)


def _point(point: Point, subject: Subject, place: Address) -> dict[str, str]:
    value = "" if point.head_value is None else format_quantity(point.head_value, subject.unit)
    change = "" if point.log_change is None else format_change(math.expm1(point.log_change))
    return {
        "run": str(point.run),
        "link": place.run(point.run),
        "started": point.started[:16].replace("T", " "),
        "commits": f"{plain(point.base[:7])} → {plain(point.head[:7])}",
        "value": value,
        "change": change,
        "machine": plain(point.machine),
    }


def _chain_title(levels: Sequence[Level]) -> str:
    first = plain(levels[0].point.head[:7]) if levels else "the first run"
    kinds = {level.link for level in levels}
    dashed = "; dashed where a link was not measured, and bridged by the values around it" if "bridged" in kinds else ""
    broken = "; broken where nothing bridges it" if "broken" in kinds else ""
    return f"Change against {first}, by side-by-side comparisons, with its 95 % interval{dashed}{broken}"


def _machines(points: Sequence[Point]) -> list[str]:
    return [plain(name) for name in dict.fromkeys(point.machine for point in points)]
