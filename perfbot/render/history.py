"""The history as text: a table with sparklines for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import dataclasses
import glob
import io
import json
import shlex
from collections.abc import Iterable, Sequence

from perfbot.history.records import Command, Point, Run, Series, Trend
from perfbot.render.escape import clean
from perfbot.units import format_change, format_noise, format_quantity

BARS = "▁▂▃▄▅▆▇█"
NAME_LENGTH, LINE_LENGTH = 70, 200


def sparkline(levels: Sequence[float]) -> str:
    """Levels as bars of text, the lowest at the bottom; a series that moves less than 2 % stays in the middle."""
    if not levels:
        return ""
    low, high = min(levels), max(levels)
    middle, reach = (low + high) / 2, max((high - low) / 2, abs(low + high) / 2 * 0.01, 1e-300)
    top = len(BARS) - 1
    return "".join(BARS[round((level - middle + reach) / (2 * reach) * top)] for level in levels)


HEAD = ("benchmark", "latest", "noise", "trend", "since", "last change point", "drift")


def table(trends: Iterable[Trend]) -> tuple[tuple[str, ...], ...]:
    """The rows of the table below :data:`HEAD`, as plain text safe for a terminal."""
    return tuple(_row(trend) for trend in trends)


def _row(trend: Trend) -> tuple[str, ...]:
    subject = trend.subject
    name = subject.full_name + ("" if subject.metric == "time" else f" {subject.metric}")
    return (
        clean(name, NAME_LENGTH),
        "" if trend.latest is None else format_quantity(trend.latest, subject.unit),
        "" if trend.noise is None else format_noise(trend.noise),
        sparkline(trend.thumbnail),
        since_words(trend),
        step_words(trend),
        drift_words(trend),
    )


def since_words(trend: Trend) -> str:
    """``+6.4 % since v2.3``; in brackets where its interval holds 0, or it does not matter."""
    since = trend.since
    if since is None:
        return ""
    where = clean(since.name, NAME_LENGTH) or since.moment[:10]
    low, high = since.interval
    change = format_change(since.change)
    clear = not low <= 0 <= high and trend.matters(since.change)
    return f"{change} since {where}" if clear else f"({change}) since {where}"


def step_words(trend: Trend) -> str:
    """``+5.1 % at 1a2b3c4 (2026-03-01)`` of the last change point."""
    if not trend.told_steps:
        return ""
    step = trend.told_steps[-1]
    return f"{format_change(step.change)} at {clean(step.first[:7])} ({step.started[:10]})"


def to_narrow(trends: Iterable[Trend], most: int = 3) -> tuple[str, ...]:
    """What to type to learn which commit made the last change points: those of the largest ones."""
    told = [(trend.subject, trend.told_steps[-1]) for trend in trends if trend.told_steps]
    told.sort(key=lambda one: -abs(one[1].change))
    return tuple(
        f"perfbot bisect {clean(step.after[:9])}..{clean(step.first[:9])} "
        f"--only {shlex.quote(clean(glob.escape(subject.full_name)))}"
        for subject, step in told[:most]
        if subject.metric == "time" and step.after and step.first
    )


def drift_words(trend: Trend) -> str:
    """``+3.0 % over 40 runs``."""
    drift = trend.drift
    return f"{format_change(drift.change)} over {drift.points} runs" if drift and trend.matters(drift.change) else ""


def to_csv(series: Iterable[Series]) -> str:
    """Every point of every series, a line each, in the series' own unit."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [one.name for one in dataclasses.fields(Point)]
    writer.writerow(["suite", "benchmark", "metric", "unit", *names])
    for one in series:
        about = one.subject
        for point in one.points:
            values = [getattr(point, name) for name in names]
            cells = [about.suite, about.benchmark, about.metric, about.unit, *values]
            writer.writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: object) -> object:
    """A spreadsheet runs what begins with a sign; a name that does is quoted."""
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + cell
    return "" if cell is None else cell


def to_json(lines: Iterable[tuple[Series, Trend]]) -> str:
    """Every series with its points and its trend, as one JSON list."""
    found = [
        {**dataclasses.asdict(trend), "points": [dataclasses.asdict(point) for point in series.points]}
        for series, trend in lines
    ]
    return json.dumps(found, indent=1) + "\n"


def command_rows(commands: Iterable[Command]) -> tuple[tuple[str, ...], ...]:
    """Commands given in comments as rows of text: when, merge request, who, what, and what became of it."""
    return tuple(
        (one.moment, str(one.merge_request), clean(one.who, NAME_LENGTH), clean(one.text, LINE_LENGTH),
         clean(one.outcome, LINE_LENGTH))
        for one in commands
    )  # fmt: skip


def run_rows(runs: Iterable[Run]) -> tuple[tuple[str, ...], ...]:
    """Kept runs as rows of text: number, when, kind, branch, commits, verdict, machine, why unused."""
    return tuple(
        (str(run.number), run.started, run.kind, clean(run.branch, NAME_LENGTH),
         f"{clean(run.base[:7])} → {clean(run.head[:7])}", run.verdict, str(run.results),
         clean(run.machine, NAME_LENGTH), run.why)
        for run in runs
    )  # fmt: skip
