"""What is to be said at a line of a file: for annotations of a forge, and for editors that read ``file:line: …``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from perfbot.model import Report, Result
from perfbot.render import headline, view
from perfbot.render.escape import clean
from perfbot.render.links import LAST_LINE
from perfbot.units import format_change, format_interval

LONGEST_PATH = 500

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One result at the line where its benchmark stands.

    Attributes:
        path: relative to the top of the repository; empty, with line 0, where the report names no line of it.
    """

    path: str
    line: int
    severity: Severity
    title: str
    message: str


def has_place(result: Result) -> bool:
    """Whether there is a line to remark on: files and lines come from the report, and may lead anywhere."""
    plain = result.file.isprintable() and len(result.file) <= LONGEST_PATH and "\\" not in result.file
    inside = not result.file.startswith(("/", "~")) and not {"..", ".git"} & set(result.file.split("/"))
    return bool(result.file) and plain and inside and 0 < result.line <= LAST_LINE


def remark(result: Result, *, whole: bool = False) -> Remark:
    """What a result says at its line.

    Args:
        whole: the reason with all of its lines.
    """
    shown = "" if result.change is None else format_change(result.change)
    if shown and result.interval is not None:
        shown += f" {format_interval(*result.interval)}"
    why = "; ".join(dict.fromkeys(filter(None, (view.decided_by(result), *view.why(result, whole=whole).split("; ")))))
    message = ": ".join(filter(None, (shown, why)))
    path, line = (result.file, result.line) if has_place(result) else ("", 0)
    return Remark(path, line, _severity(result), f"{result.full_name}: {view.outcome(result)}", message)


def _severity(result: Result) -> Severity:
    if result.gate == "fail":
        return "error"
    return "warning" if result.verdict in ("regressed", "failed") else "info"


def lines(report: Report) -> Iterator[str]:
    """Everything that a table shows, a line each: ``file:line: severity: benchmark: outcome: …``; the headline last."""
    for problem in report.problems:
        where = f"{clean(problem.where, 200)}: " if problem.where else ""
        yield f"perfbot: {'error' if problem.fatal else 'warning'}: {where}{clean(problem.message, 600)}"
    found = view.groups(view.shown(report))
    for result in (*found.bad, *found.improved, *found.undecided, *found.others):
        said = remark(result)
        place = f"{said.path}:{said.line}" if said.path else "perfbot"
        metric = "" if result.metric == view.MAIN_METRIC else f" ({clean(result.metric, 30)})"
        message = f": {clean(said.message, 600)}" if said.message else ""
        yield f"{place}: {said.severity}: {clean(said.title, 300)}{metric}{message}"
    yield f"perfbot: {headline.headline(report)}"
