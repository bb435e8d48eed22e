"""A calibration for people: a markdown document, and a page with a picture of each benchmark's spread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from perfbot.calibration.figures import RULE, Normal, false_alarms, starved, summarise
from perfbot.calibration.noise import WRONG
from perfbot.calibration.records import Calibration
from perfbot.render import pictures, view
from perfbot.render.escape import clean, code, prose
from perfbot.render.layout import lay_out, source
from perfbot.render.page import NAME_LENGTH, content_security_policy
from perfbot.units import format_change, format_duration, format_percentage, typed_duration

CELLS = 24
"""Characters of a benchmark's strip in the document, half of them for either direction."""

COUNTS = "·○◉●"
"""Runs in a cell: none, one, two, more."""

_GROUPS = (
    ("bad", "False alarms"),
    ("undecided", "Undecided in some runs"),
    ("unchanged", "Always unchanged"),
)


_HEAD = (
    "| benchmark | changes seen | normal range | round-to-round sd | rounds | time | visible in the budget | alarms "
    "| undecided | threshold | suggested |"
)


@dataclass(frozen=True, slots=True)
class Dot:
    """One run's change: where it stands in percent of the width, on which line, and how the run ended."""

    at: float
    down: float
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """One benchmark, as plain text that the template escapes, and its picture."""

    anchor: str
    name: str
    summary: str
    needs: tuple[str, ...]
    suggested: str
    label: str
    dots: tuple[Dot, ...]
    threshold: pictures.Span
    visible: pictures.Span | None
    marks: tuple[float, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Benchmarks to read together."""

    key: str
    title: str
    rows: tuple[Row, ...]


def document(calibration: Calibration) -> str:
    """The calibration as markdown, with a strip of characters for each benchmark: no forge shows SVG in a table."""
    normals = summarise(calibration)
    scale = _scale(normals)
    rows = [
        f"| {code(_name(one))} | `{_strip(one, scale)}` | {format_change(one.lowest)} to {format_change(one.highest)} "
        f"| {_share(one.spread)} | {one.rounds:g} | {format_duration(one.seconds)} | {_share(one.visible)} "
        f"| {one.alarms} | {one.undecided} | {_share(one.threshold)} | {_suggestion(one)} |"
        for one in normals
    ]
    reach = f"from {format_change(scale.change_at(2))} to {format_change(scale.change_at(98))}"
    strips = (
        "In a strip, the middle `┃` is no change, `[` and `]` are the threshold, `○` is one run, `◉` two, `●` more. "
        f"All have one scale, {reach}, logarithmic further out."
    )
    reading = (
        f"{RULE} **Bold** ones are larger than the threshold. Rounds, time and the round-to-round standard deviation "
        "(sd) are medians over the runs; visible is the smallest change that can be seen when all benchmarks share the "
        "whole budget."
    )
    table = [_HEAD, "|:--|:-:|:--|--:|--:|--:|--:|--:|--:|--:|--:|", *rows]
    said = (_what(calibration, prose), _alarms(calibration), _starved(calibration))
    parts = (["# Calibration"], *([f"{sentence}."] for sentence in said if sentence), table, [strips], [reading])
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def page(calibration: Calibration) -> str:
    """The calibration as one HTML file that asks nothing of the network; nothing in it is trusted."""
    normals = summarise(calibration)
    scale = _scale(normals)
    count, low, high = false_alarms(calibration)
    style, script = source("page/page.css") + source("page/calibration.css"), source("page/page.js")
    return lay_out(
        "calibration.html.j2",
        style=style,
        script=script,
        policy=content_security_policy(style, script),
        what=_what(calibration, clean),
        alarms=_alarms(calibration),
        starved=_starved(calibration),
        alarm=(count / len(calibration.runs), low, high, calibration.setting.alpha),
        groups=tuple(_groups(normals, scale)),
        ticks=scale.ticks(),
        rule=RULE,
        facts=_facts(calibration),
    )


def _what(calibration: Calibration, shown: Callable[[str, int], str]) -> str:
    setting, runs = calibration.setting, len(calibration.runs)
    return (
        f"{runs} A/A run{'s' * (runs != 1)} of {setting.commit[:10]} on {shown(setting.machine, NAME_LENGTH)}; "
        f"budget {format_duration(setting.budget)}, threshold {format_percentage(setting.threshold)}"
    )


def _alarms(calibration: Calibration) -> str:
    count, *ends = false_alarms(calibration)
    low, high = (format_percentage(round(end, 3)) for end in ends)
    return (
        f"Runs with a false alarm: {count} of {len(calibration.runs)} (95 % interval {low} to {high}; "
        f"nominal {format_percentage(calibration.setting.alpha)})"
    )


def _starved(calibration: Calibration) -> str:
    """Why there may be dashes where suggestions should be, and what to type; empty where nothing starved."""
    count, budget = starved(calibration), calibration.setting.budget
    if not count:
        return ""
    return (
        f"In {count} of {len(calibration.runs)} runs {format_duration(budget)} ended before every benchmark had six "
        f"rounds, and fewer say nothing: calibrate again with more, such as --budget {typed_duration(2 * budget)}"
    )


def _facts(calibration: Calibration) -> tuple[tuple[str, str], ...]:
    setting = calibration.setting
    facts = (
        ("Commit", setting.commit),
        ("Machine", setting.machine),
        ("Budget", f"{format_duration(setting.budget)} a run"),
        ("Threshold", f"{format_percentage(setting.threshold)} where no limit says otherwise"),
        ("Comparisons", str(max(run.family for run in calibration.runs))),
        ("Runs", f"{len(calibration.runs)}, from {_first(calibration)} to {view.moment(calibration.moment)}"),
    )
    return tuple((name, clean(text, NAME_LENGTH)) for name, text in facts)


def _first(calibration: Calibration) -> str:
    return view.moment(min(run.started for run in calibration.runs))


def _scale(normals: Iterable[Normal]) -> pictures.Axis:
    """Holds all changes and thresholds; what only could be seen may reach beyond it."""
    return pictures.axis_to(
        end for one in normals for end in (one.lowest, one.highest, one.threshold, one.suggested or 0.0)
    )


def _name(one: Normal) -> str:
    return one.name if one.metric == view.MAIN_METRIC else f"{one.name} {one.metric}"


def _strip(one: Normal, scale: pictures.Axis) -> str:
    """The changes as a line of characters; marks stand between cells, so that no run hides one."""
    cells = [0] * CELLS
    for change, _ in one.changes:
        cells[_cell(change, scale)] += 1
    low, high = (_cell(end, scale) for end in _ends(one.threshold))
    shown = []
    for index, count in enumerate(cells):
        shown += ["["] if index == low else []
        shown += ["┃"] if index == CELLS // 2 else []
        shown += [COUNTS[min(count, 3)]]
        shown += ["]"] if index == high else []
    return "".join(shown)


def _cell(change: float, scale: pictures.Axis) -> int:
    return min(CELLS - 1, int(scale.at(change) / 100 * CELLS))


def _suggestion(one: Normal) -> str:
    text = _share(one.suggested)
    return f"**{text}**" if one.suggested is not None and one.suggested > one.threshold else text


def _share(value: float | None) -> str:
    return "–" if value is None else format_percentage(float(f"{value:.1e}"))


def _groups(normals: Sequence[Normal], scale: pictures.Axis) -> Iterable[Group]:
    for key, title in _GROUPS:
        rows = tuple(_row(one, scale) for one in normals if _kind(one) == key)
        if rows:
            yield Group(key, title, rows)


def _kind(one: Normal) -> str:
    return "bad" if one.alarms else "undecided" if one.undecided else "unchanged"


def _row(one: Normal, scale: pictures.Axis) -> Row:
    normal = f"{format_change(one.lowest)} to {format_change(one.highest)}"
    larger = one.suggested is not None and one.suggested > one.threshold
    suite, _, benchmark = one.name.partition("/")
    return Row(
        anchor=view.anchor_of(suite, benchmark, one.metric),
        name=clean(_name(one), NAME_LENGTH),
        summary=normal,
        needs=(f"{one.rounds:g} rounds in {format_duration(one.seconds)}", f"sees {_share(one.visible)}"),
        suggested=f"use {_share(one.suggested)}" if larger else "",
        label=f"{len(one.changes)} runs, {normal}; threshold {_share(one.threshold)}",
        dots=_dots(one, scale),
        threshold=_both_ways(one.threshold, scale),
        visible=_both_ways(one.visible, scale) if one.visible else None,
        marks=tuple(scale.at(end) for end in _ends(one.suggested)) if larger and one.suggested else (),
        facts=_row_facts(one),
    )


def _ends(size: float) -> tuple[float, float]:
    return 1 / (1 + size) - 1, size


def _both_ways(size: float, scale: pictures.Axis) -> pictures.Span:
    return scale.span(*_ends(size))


def _dots(one: Normal, scale: pictures.Axis) -> tuple[Dot, ...]:
    """Neighbours that would hide each other go to lines above and below the middle one."""
    placed = sorted((scale.at(change), _dot_kind(verdict)) for change, verdict in one.changes)
    lines = [0]
    for (before, _), (at, _) in pairwise(placed):
        lines.append((lines[-1] + 1) % len(LINES) if at - before < DOT_WIDTH else 0)
    return tuple(Dot(at, LINES[line], kind) for (at, kind), line in zip(placed, lines, strict=True))


LINES = (13.0, 7.0, 19.0)
"""Of a row's picture, from its top, in pixels."""

DOT_WIDTH = 2.5
"""Percent of the width."""


def _dot_kind(verdict: str) -> str:
    return "alarm" if verdict in WRONG else "open" if verdict == "inconclusive" else "calm"


def _row_facts(one: Normal) -> tuple[tuple[str, str], ...]:
    runs = len(one.changes)
    return (
        ("Normal range", f"{format_change(one.lowest)} to {format_change(one.highest)}"),
        ("Round-to-round standard deviation", _share(one.spread)),
        ("A decision needs", f"{one.rounds:g} rounds, {format_duration(one.seconds)}"),
        ("Visible in the budget", _share(one.visible)),
        ("False alarms", f"{one.alarms} of {runs}"),
        ("Undecided", f"{one.undecided} of {runs}"),
        ("Threshold", _share(one.threshold)),
        ("Suggested", _share(one.suggested)),
    )
