"""The end of a run in a terminal: the same order as the comment, in colours where there are any."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from perfbot.model import Problem, Report, Result
from perfbot.render import view
from perfbot.render.escape import clean, output_lines

UNDECIDED_SHOWN = 20
OUTPUT_LINES = 20
NAME_LENGTH = 70

_STYLES = {"fail": "bold red", "accepted": "yellow"}
_VERDICT_STYLES = {"regressed": "yellow", "improved": "green", "failed": "red", "inconclusive": "cyan"}


def console(stream: IO[str] | None = None) -> Console:
    """A console on a stream (stdout); plain text, not wrapped, when that is no terminal."""
    stream = stream or sys.stdout
    plain = not stream.isatty()
    return Console(
        file=stream, highlight=False, markup=False, emoji=False, soft_wrap=plain, width=160 if plain else None
    )


def terminal(report: Report, on: Console | None = None) -> None:
    """Print a report: what went wrong, a table of what matters, and the headline last, where the eye is."""
    on = on or console()
    if on.is_terminal:
        _print_report(report, on)
        return
    with on.capture() as printed:
        _print_report(report, on)
    on.file.write("".join(f"{line.rstrip()}\n" for line in printed.get().splitlines()))


def _print_report(report: Report, on: Console) -> None:
    for problem in report.problems:
        _print_problem(problem, on)
    found = view.groups(view.shown(report))
    undecided = found.undecided[:UNDECIDED_SHOWN]
    told = (*found.bad, *found.improved, *undecided, *found.others)
    if told:
        on.print(table(told))
    if more := len(found.undecided) - len(undecided):
        on.print(Text(f"… and {more} more undecided: `--report FILE.json` and `--html FILE.html` hold them all"))
    for line in _closing(report):
        on.print(Text(line))
    on.print(Text(f"{view.report_icon(report)} {view.headline(report)}", style=_headline_style(report)))


def table(results: Iterable[Result]) -> Table:
    """Results as a table, a row each, in the order given."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("")
    shown.add_column("benchmark", overflow="fold")
    for name in ("base", "head", "change"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("interval", no_wrap=True)
    shown.add_column("", overflow="fold")
    for result in results:
        shown.add_row(*_cells(result), style=_STYLES.get(result.gate) or _VERDICT_STYLES.get(result.verdict, ""))
    return shown


def _cells(result: Result) -> list[Text]:
    metric = "" if result.metric == view.MAIN_METRIC else f" {result.metric}"
    return [
        Text(text)
        for text in (
            view.verdict_word(result),
            clean(result.full_name + metric, NAME_LENGTH),
            clean(view.quantity(result.base, result.unit), 30),
            clean(view.quantity(result.head, result.unit), 30),
            view.change(result),
            view.interval(result),
            clean("; ".join(view.remarks(result)), 200),
        )
    ]


def _print_problem(problem: Problem, on: Console) -> None:
    word, style = ("error", "red") if problem.fatal else ("warning", "yellow")
    where = f" {clean(problem.where, 200)}:" if problem.where else ""
    on.print(Text(f"{word}:{where} {clean(problem.message, 600)}", style=style))
    for line in output_lines(problem.output, OUTPUT_LINES):
        on.print(Text(f"  │ {line}", style="dim"))


def _closing(report: Report) -> Iterable[str]:
    change, machine = report.change, view.machine(report)
    yield ""
    base = f" ({clean(change.base_name, 60)})" if change.base_name else ""
    dirty = " with uncommitted changes" if change.dirty else ""
    where = f", {clean(machine, 100)}" if machine else ""
    extent = f": {view.extent(report)}{where}" if report.results else ""
    yield f"{view.short_commit(change.base)}{base} → {view.short_commit(change.head)}{dirty}{extent}"
    for note in change.notes:
        yield f"note: {clean(note, 400)}"
    for _, text in view.banners(report):
        yield clean(text, 600)
    if report.control is not None and not report.control.disturbed:
        yield f"control: base against itself {view.control(report)}"
    if report.trend:
        yield clean(report.trend, 400)


def _headline_style(report: Report) -> str:
    return {"fail": "bold red", "error": "bold yellow"}.get(report.verdict, "bold")
