"""The page of one run: a single HTML file that asks nothing of the network and runs only its own script.

A forest plot of every change with its interval and threshold; to unfold, each benchmark's rounds as pictures; what
went wrong, how it was measured, under which policy.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from perfbot.model import Problem, Report, Result
from perfbot.render import headline, packing, pictures, reasons, view
from perfbot.render.escape import clean, output_lines
from perfbot.render.facts import measured_facts
from perfbot.render.flame import why_of
from perfbot.render.layout import pieces, source
from perfbot.render.packing import Row
from perfbot.render.policy import policy_differences
from perfbot.units import format_duration, format_percentage

WRITTEN_OUT = 100
"""Rows that stand in the page itself, readable without its script; the others are packed."""

NAME_LENGTH = 300
TEXT_LENGTH = 1000
OUTPUT_LINES = 200

_GROUPS = {
    "bad": "Regressions and failures",
    "improved": "Improvements",
    "undecided": "Undecided",
    "others": "Added, removed, not comparable",
    "unchanged": "Unchanged",
}


_SIZE = {
    "width": pictures.WIDTH,
    "height": pictures.HEIGHT,
    "left": pictures.LEFT,
    "inner": pictures.WIDTH - pictures.LEFT - pictures.RIGHT,
    "right": pictures.WIDTH - pictures.RIGHT,
    "label": pictures.LEFT - 6,
    "first": pictures.LEFT + 40,
    "foot": pictures.HEIGHT - 5,
}
"""Where the parts of a picture of rounds stand."""


@dataclass(frozen=True, slots=True)
class Group:
    """Results to read together."""

    key: str
    title: str
    count: int
    rows: tuple[Row, ...]
    """Those that stand in the page itself; its script adds the others."""
    later: tuple[Row, ...] = ()


def page(report: Report, *, home: str = "") -> str:
    """The report as one HTML file.

    Args:
        report: judged; nothing in it is trusted.
        home: a relative address to link back to; empty for a page that stands alone.
    """
    return "".join(page_pieces(report, home=home))


def page_pieces(report: Report, *, home: str = "") -> Iterator[str]:
    """:func:`page`, a little at a time."""
    scale = pictures.axis(report.results)
    style, script = source("page/page.css"), source("page/page.js")
    groups = tuple(_groups(report, scale))
    return pieces(
        "report.html.j2",
        style=style,
        script=script,
        policy=content_security_policy(style, script),
        home=home,
        icon=headline.icon(report),
        verdict=report.verdict,
        headline=headline.sentence(report) if report.change.merge_request else headline.headline(report),
        change=_commits(report),
        place=_place(report),
        banners=tuple(f"{sign} {clean(text, TEXT_LENGTH)}" for sign, text in view.banners(report)),
        problems=tuple(_problem(problem) for problem in report.problems),
        groups=groups,
        later=sum(len(group.later) for group in groups),
        packed=packing.packed(_told(groups)),
        size=packing.sizes(_SIZE),
        ticks=scale.ticks(),
        trend=clean(report.trend, TEXT_LENGTH),
        facts=_facts(report),
        differences=tuple(clean(line.replace("`", ""), TEXT_LENGTH) for line in policy_differences(report)),
        environments=tuple(
            (
                clean(one.suite, NAME_LENGTH),
                clean(one.name, NAME_LENGTH),
                clean(one.base, NAME_LENGTH),
                clean(one.head, NAME_LENGTH),
            )
            for one in report.differences
        ),
        acceptances=tuple(
            tuple(clean(text, TEXT_LENGTH) for text in (one.what, one.who, view.moment(one.when), one.reason))
            for one in report.acceptances
        ),
    )


def content_security_policy(style: str, script: str) -> str:
    """Nothing may load or run but this very style and this very script."""
    return (
        f"default-src 'none'; style-src '{_fingerprint(style)}'; script-src '{_fingerprint(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _fingerprint(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _commits(report: Report) -> tuple[tuple[str, str], ...]:
    change = report.change
    dirty = " with uncommitted changes" if change.dirty else ""
    return (
        (view.short_commit(change.base), clean(change.base_name, NAME_LENGTH)),
        (view.short_commit(change.head), clean(change.head_name, NAME_LENGTH) + dirty),
    )


def _place(report: Report) -> str:
    shard = f", part {report.shard.index} of {report.shard.count}" if report.shard else ""
    machine = clean(view.machine(report), NAME_LENGTH)
    where = f" on {machine}" if machine else ""
    extent = view.extent(report)
    return f" · {extent}{where}{shard}" if extent else shard


def _problem(problem: Problem) -> tuple[bool, str, str, str]:
    return (
        problem.fatal,
        clean(problem.where, NAME_LENGTH),
        clean(problem.message, TEXT_LENGTH),
        "\n".join(output_lines(problem.output, OUTPUT_LINES)),
    )


def _groups(report: Report, scale: pictures.Axis) -> Iterable[Group]:
    found, known = view.groups(report.results), reasons.explanations_of(report)
    room = WRITTEN_OUT
    for key, title in _GROUPS.items():
        results: Sequence[Result] = getattr(found, key)
        if results:
            rows = tuple(_row(result, scale, known) for result in results)
            here = [row for index, row in enumerate(rows) if index < room or row.why is not None]
            room = max(0, room - len(rows))
            yield Group(key, title, len(rows), tuple(here), tuple(row for row in rows[len(here) :] if row.why is None))


def _told(groups: Iterable[Group]) -> Iterator[tuple[Row, str]]:
    for group in groups:
        yield from ((row, "") for row in group.rows if row.pictures)
        yield from ((row, group.key) for row in group.later)


def _row(result: Result, scale: pictures.Axis, known: reasons.Explanations) -> Row:
    explanation = reasons.explanation_of(result, known)
    metric = "" if result.metric == view.MAIN_METRIC else f" {result.metric}"
    return Row(
        anchor=view.anchor(result),
        icon=view.icon(result),
        verdict=view.verdict_word(result),
        gate=result.gate,
        name=clean(result.full_name + metric, NAME_LENGTH),
        change=view.change(result),
        interval=view.interval(result),
        remarks=clean("; ".join(view.remarks(result, whole=True)), TEXT_LENGTH),
        forest=pictures.forest(result, scale),
        facts=_result_facts(result),
        pictures=pictures.pictures(result),
        why=why_of(explanation) if explanation is not None else None,
    )


def _result_facts(result: Result) -> tuple[tuple[str, str], ...]:
    threshold = format_percentage(result.threshold) if result.threshold is not None and result.raw else ""
    seen = view.detectable(result.detectable) if result.detectable is not None else ""
    facts = (
        ("Base", view.quantity(result.base, result.unit)),
        ("Head", view.quantity(result.head, result.unit)),
        ("Confidence", _confidence(result.confidence)),
        ("Threshold", threshold),
        ("Resolution", seen),
        ("Budget", f"{result.budget}: {_budget_word(result)}" if result.budget else ""),
        ("Rounds", f"{result.rounds} in {format_duration(result.seconds)}" if result.rounds else ""),
        ("Better", "higher" if result.better == "higher" else ""),
        ("Measured", _how(result)),
        ("Source", f"{result.file}:{result.line}" if result.file and result.line else result.file),
    )
    return tuple((name, clean(text, NAME_LENGTH)) for name, text in facts if text)


def _confidence(confidence: float | None) -> str:
    """With as many nines as there are."""
    return "" if confidence is None else f"{confidence * 100:.6g} %"


def _budget_word(result: Result) -> str:
    return "too close to tell" if result.budget_state == "unclear" else result.budget_state or ""


def _how(result: Result) -> str:
    clocks = sorted({(one.clock, one.together) for one in result.raw})
    words = {
        ("wall", False): "wall time, interleaved",
        ("cpu", False): "CPU time, interleaved",
        ("cpu", True): "CPU time, both sides concurrent",
        ("wall", True): "wall time, both sides concurrent",
    }
    return ", ".join(words.get(clock, "counted") for clock in clocks)


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    notes = tuple(("Note", note) for note in report.change.notes)
    return tuple((name, clean(text, TEXT_LENGTH)) for name, text in (*measured_facts(report), *notes))
