"""The end of a run in a terminal: the same order as the comment, in colours where there are any, fit to the screen."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import IO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from perfbot.explained import Explanation
from perfbot.model import Policy, Problem, Report, Result
from perfbot.render import headline, reasons, view
from perfbot.render.escape import clean, logged, middle, output_lines
from perfbot.render.whole import culprits, left_out, unreached, unreached_functions, whole_suites

LOG_WIDTH = 120
"""Characters of a line where nobody says how wide the screen is."""

SHOWN = {"bad": 20, "improved": 10, "undecided": 10, "others": 10}
"""Rows of each group; the rest is counted."""

UNREACHED = 3
"""Functions that no benchmark runs, by name."""

EVERYTHING = 1_000_000
OUTPUT_LINES = 20
NARROWEST_NAME = 16
"""Characters that a name gets at least; what else would stand in its row goes first."""

GAP = 2
_NAME_PARTS = ("::", "/")

_STYLES = {"fail": "bold red", "accepted": "yellow"}
_VERDICT_STYLES = {"regressed": "yellow", "improved": "green", "failed": "red", "inconclusive": "cyan"}


def console(stream: IO[str] | None = None, *, piped: int = LOG_WIDTH) -> Console:
    """A console on a stream (stdout); plain text, not wrapped, ``piped`` characters wide, when that is no terminal."""
    stream = stream or sys.stdout
    plain = not stream.isatty()
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=plain,
        width=piped if plain else None,
    )


def terminal(
    report: Report, on: Console | None = None, *, whole: bool = False, where: Sequence[tuple[str, str]] = ()
) -> None:
    """Print a report: what went wrong, a table of what matters, and the headline last, where the eye is.

    Args:
        whole: every row, the unchanged ones too.
        where: what can be read on: a name and a file or command for each.
    """
    on = on or console()
    if on.is_terminal:
        _print_report(report, on, whole=whole, where=where)
        return
    with on.capture() as printed:
        _print_report(report, on, whole=whole, where=where)
    on.file.write(logged("".join(f"{line.rstrip()}\n" for line in printed.get().splitlines())))


def _print_report(report: Report, on: Console, *, whole: bool, where: Sequence[tuple[str, str]]) -> None:
    for problem in report.problems:
        _print_problem(problem, on)
    told, hidden = _chosen(report, whole=whole)
    for line in table(told, report.policy, on.width, reasons.explanations_of(report)):
        on.print(line, no_wrap=True, overflow="crop", crop=True)
    if hidden:
        on.print(Text(f"… and {hidden}: perfbot show --all", style="dim"))
    for sentence in _closing(report):
        say(sentence, on)
    longest = max((len(name) for name, _ in where), default=0)
    for name, place in where:
        on.print(Text(f"  {name:{longest}}  {place}", style="dim"), no_wrap=True, overflow="ignore", crop=False)
    if rest := headline.rest(report):
        on.print(Text(f"{rest}."))
    words = headline.headline(report) + {"fail": ": the gate fails"}.get(report.verdict, "")
    on.print(Text(f"{headline.icon(report)} {words}", style=_headline_style(report)))


def _chosen(report: Report, *, whole: bool) -> tuple[list[Result], str]:
    """The results that get a row, and how many of each group have none."""
    found = view.groups(view.shown(report))
    told: list[Result] = []
    hidden = []
    names = {"bad": "slower or failed", "improved": "better", "undecided": "undecided", "others": "others"}
    for group, most in SHOWN.items():
        results = getattr(found, group)
        kept = results[: EVERYTHING if whole else most]
        told += kept
        if more := len(results) - len(kept):
            hidden.append(f"{more:,} more {names[group]}")
    return [*told, *(found.unchanged if whole else ())], ", ".join(hidden)


@dataclass(frozen=True, slots=True)
class _Row:
    cells: tuple[str, str, str, str]
    """Outcome, change, margin, base → head."""
    name: str
    notes: tuple[str, ...]
    style: str


def table(
    results: Sequence[Result], policy: Policy, width: int, explanations: reasons.Explanations | None = None
) -> list[Text]:
    """Results as lines no wider than the screen, in the order given: names are cut in the middle, their common
    beginning is told once, notes follow on lines of their own.
    """
    if not results:
        return []
    shared = common_start([one.full_name for one in results])
    rows = [_row(one, policy, shared, reasons.explanation_of(one, explanations or {})) for one in results]
    widths = [max(len(row.cells[column]) for row in rows) for column in range(4)]
    before = sum(size + GAP for size in widths[:3] if size)
    room = width - before
    longest = max(cell_len(row.name) for row in rows)
    moved = widths[3] + GAP if widths[3] and room - widths[3] - GAP >= min(longest, NARROWEST_NAME) else 0
    room = max(min(room - moved, max(longest, len(shared) + 12)), 1)
    lines = [_heading(shared, widths, room, moved)] if len(results) > 1 or shared else []
    for row in rows:
        cells = [f"{row.cells[0]:{widths[0]}}", f"{row.cells[1]:>{widths[1]}}", f"{row.cells[2]:{widths[2]}}"]
        start = "".join(f"{cell}{' ' * GAP}" for cell, size in zip(cells, widths, strict=False) if size)
        end = f"{' ' * GAP}{row.cells[3]}" if moved else ""
        lines.append(Text(f"{start}{_wide(row.name, room)}{end}".rstrip(), style=row.style))
        for note in row.notes:
            lines += [Text(f"{' ' * before}{part}", style="dim") for part in _wrapped(note, width - before)]
    return lines


def _wide(text: str, width: int) -> str:
    """A text that takes just so many cells of a screen: characters of some scripts, and emoji, take two."""
    length = width
    while cell_len(cut := middle(text, max(length, 1))) > max(width, 1):
        length -= 1
    return cut + " " * (width - cell_len(cut))


def _heading(shared: str, widths: Sequence[int], room: int, moved: int) -> Text:
    before = "".join(
        f"{name:{size}}{' ' * GAP}" for name, size in zip(("", "change", ""), widths, strict=False) if size
    )
    if not widths[1]:
        before = before.replace("change", "")
    name = f"benchmark {middle(shared, max(room - 11, 1))}…" if shared else "benchmark"
    return Text(f"{before}{name:{room}}{f'{chr(32) * GAP}base → head' if moved else ''}".rstrip(), style="dim")


def _row(result: Result, policy: Policy, shared: str, why: Explanation | None) -> _Row:
    metric = "" if result.metric == view.MAIN_METRIC else f" {clean(result.metric, 30)}"
    change, margin = view.estimate(result)
    moved = clean(view.transition(result), 40)
    if result.verdict == "inconclusive" and result.detectable is not None:
        moved = f"resolution {view.detectable(result.detectable)}"
    told = [reasons.line_of(why)] if why is not None and why.parts else []
    notes = tuple(clean(note, 300) for note in (*view.row_notes(result, policy), *told))
    style = _STYLES.get(result.gate) or _VERDICT_STYLES.get(result.verdict, "")
    name = clean(result.full_name.removeprefix(shared)) + metric
    return _Row((clean(view.outcome(result), 30), change, margin, moved), name, notes, style)


def common_start(names: Sequence[str]) -> str:
    """What all names begin with, up to the end of a folder, file or class; empty for a single name."""
    if len(set(names)) < 2:
        return ""
    first, last = min(names), max(names)
    shared = next((i for i, (a, b) in enumerate(zip_longest(first, last)) if a != b), len(first))
    ends = [first.rfind(part, 0, shared) + len(part) for part in _NAME_PARTS if first.rfind(part, 0, shared) >= 0]
    return first[: max(ends)] if ends else ""


def _wrapped(line: str, width: int) -> list[str]:
    """Folded between words; a word that is longer than the screen is cut in its middle."""
    words = [middle(word, max(width - 8, 8)) for word in line.strip().split()]
    indent = len(line) - len(line.lstrip())
    return textwrap.wrap(
        " ".join(words),
        max(width, 16),
        initial_indent=line[:indent],
        subsequent_indent=" " * (indent or 2),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _print_problem(problem: Problem, on: Console) -> None:
    word, style = ("error", "red") if problem.fatal else ("warning", "yellow")
    where = f" {clean(problem.where, 200)}:" if problem.where else ""
    for part in _wrapped(f"{word}:{where} {clean(problem.message, 600)}", on.width):
        on.print(Text(part, style=style))
    for line in output_lines(problem.output, OUTPUT_LINES):
        on.print(Text(f"  │ {line}", style="dim"), no_wrap=True, overflow="ellipsis")


def say(sentence: str, on: Console, style: str = "") -> None:
    """A sentence that is folded between its words, and nowhere else."""
    for part in _wrapped(sentence, on.width):
        on.print(Text(part, style=style))


def _closing(report: Report) -> Iterable[str]:
    change, machine = report.change, view.machine(report)
    yield ""
    base = f" ({clean(change.base_name, 60)})" if change.base_name else ""
    dirty = " with uncommitted changes" if change.dirty else ""
    on_runner = f", {clean(machine, 100)}" if machine else ""
    extent = f": {view.extent(report)}{on_runner}" if report.results else ""
    yield f"{view.short_commit(change.base)}{base} → {view.short_commit(change.head)}{dirty}{extent}"
    for note in change.notes:
        yield f"note: {clean(note, 400)}"
    for _, text in view.banners(report):
        yield clean(text, 600)
    if report.control is not None and not report.control.disturbed:
        yield f"control: base against itself {view.control(report)}"
    yield from (clean(line, 200) for line in whole_suites(report))
    for name, size, commit in culprits(report):
        yield f"{clean(name, 80)}: {size} by {clean(commit, 120)}"
    if missed := unreached(report):
        shown = [clean(line, 120) for line in unreached_functions(report)]
        yield f"{missed}: {'; '.join(shown[:UNREACHED])}{' …' if len(shown) > UNREACHED else ''}"
    if unasked := left_out(report):
        yield unasked
    if report.trend:
        yield clean(report.trend, 400)


def _headline_style(report: Report) -> str:
    return {"fail": "bold red", "error": "bold yellow"}.get(report.verdict, "bold")
