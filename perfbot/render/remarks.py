"""What is to be said at a line of a file: for annotations of a forge, and for editors that read ``file:line: …``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from perfbot.explained import Explanation, Part
from perfbot.model import Report, Result
from perfbot.render import headline, view
from perfbot.render.escape import clean
from perfbot.render.links import LAST_LINE
from perfbot.render.reasons import amount, because, explanation_of, explanations_of
from perfbot.units import format_change, format_interval

LONGEST_PATH = 500

LONGEST = 300
"""Characters of what is said of a function."""

MOST_TOGETHER = 20
"""Benchmarks that are named at one line."""

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
    """Whether there is a line to remark on."""
    return is_place(result.file, result.line)


def is_place(file: str, line: int) -> bool:
    """Whether a line may be pointed at: files and lines come from the report, and may lead anywhere."""
    plain = file.isprintable() and len(file) <= LONGEST_PATH and "\\" not in file
    inside = not file.startswith(("/", "~", "<")) and not {"..", ".git"} & set(file.split("/"))
    return bool(file) and plain and inside and 0 < line <= LAST_LINE


def where_it_goes_back_to(report: Report, results: Iterable[Result]) -> tuple[Remark, ...]:
    """Remarks on results where there is something to be mended: at the function that a change goes back to.

    That is the first of the explanation's functions that the change edits, at the line that the change wrote; with
    none, the benchmark itself. What several benchmarks say of one line is one remark.
    """
    known = explanations_of(report)
    found: dict[tuple[str, int], list[Remark]] = {}
    for result in results:
        one = _at_the_function(result, explanation_of(result, known)) or remark(result, whole=True)
        if one.path:
            found.setdefault((one.path, one.line), []).append(one)
    return tuple(map(_together, found.values()))


def _at_the_function(result: Result, explanation: Explanation | None) -> Remark | None:
    parts = explanation.parts if explanation is not None else ()
    at_head = (part for part in parts if part.own[1] > 0 or part.calls[1] > 0)
    edited = (part for part in at_head if (part.edited or part.uses) and is_place(part.file, _line_of(part)))
    part = next(edited, None)
    if part is None or explanation is None or (part.change > 0) != (explanation.change > 0):
        return None
    why = f"{part.short} {amount(part.change, explanation.unit)}: {because(part, explanation.unit)}".replace("`", "")
    said = remark(result)
    message = "; ".join(filter(None, (clean(why, LONGEST), said.message)))
    return Remark(part.file, _line_of(part), said.severity, said.title, message)


def _line_of(part: Part) -> int:
    return part.uses_line or part.hot or part.line


def _together(remarks: Sequence[Remark]) -> Remark:
    """One remark for all that is said at a line; the first is the most severe, as results are ordered."""
    first, *more = remarks
    if not more:
        return first
    told = "\n".join(f"{one.title}: {one.message}" for one in remarks[:MOST_TOGETHER])
    left = len(remarks) - MOST_TOGETHER
    told += f"\n… and {left} more" if left > 0 else ""
    return replace(first, title=f"{first.title}, and {len(more)} more", message=told)


def remark(result: Result, *, whole: bool = False) -> Remark:
    """What a result says at its line.

    Args:
        whole: the reason with all of its lines.
    """
    shown = "" if result.change is None else format_change(result.change)
    if shown and result.interval is not None:
        shown += f" {format_interval(*result.interval)}"
    why = "; ".join(dict.fromkeys(filter(None, (view.decided_by(result), *view.clauses(result, whole=whole)))))
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
    found, known = view.groups(view.shown(report)), explanations_of(report)
    for result in (*found.bad, *found.improved, *found.undecided, *found.others):
        said = remark(result)
        place = f"{said.path}:{said.line}" if said.path else "perfbot"
        metric = "" if result.metric == view.MAIN_METRIC else f" ({clean(result.metric, 30)})"
        message = f": {clean(said.message, 600)}" if said.message else ""
        yield f"{place}: {said.severity}: {clean(said.title, 300)}{metric}{message}"
        if result.verdict == "regressed" and (at := _at_the_function(result, explanation_of(result, known))):
            yield f"{at.path}:{at.line}: {at.severity}: {clean(at.title, 300)}{metric}: {clean(at.message, 600)}"
    yield f"perfbot: {headline.headline(report)}"
