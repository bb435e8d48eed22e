"""The tables of the comment: a report's results as cells of finished markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from perfbot.explained import Difference, Explanation, Part
from perfbot.model import Policy, Report, Result
from perfbot.render import reasons, view
from perfbot.render.escape import code, prose
from perfbot.render.families import Family, families
from perfbot.render.links import NO_LINKS, Links
from perfbot.render.trend_column import Trends, bars, meaning
from perfbot.units import format_change

SHOWN = 10
"""Rows of a table before the rest is folded."""

Entry = Result | Family


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are finished markdown. ``hidden`` rows were left out."""

    head: tuple[str, ...]
    align: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    hidden: int = 0

    def keep(self, count: int) -> Table:
        """The first ``count`` rows."""
        hidden = max(0, len(self.rows) - count)
        return replace(self, rows=self.rows[:count], hidden=hidden) if hidden else self


@dataclass(frozen=True, slots=True)
class Rows:
    """What every row needs to know besides its result."""

    policy: Policy
    links: Links = NO_LINKS
    trends: Trends = field(default_factory=dict)
    branch: str = ""
    explanations: reasons.Explanations = field(default_factory=dict)

    # Cells

    def name(self, result: Result) -> str:
        """The benchmark, linked to its source, and what else is to be known of it."""
        name, target = code(result.full_name), self.links.source_of(result) or self.links.result(result)
        name = f"[{name}](<{target}>)" if target else name
        metric = "" if result.metric == view.MAIN_METRIC else f" {prose(result.metric)}"
        explained = reasons.explanation_of(result, self.explanations)
        why = (reasons.line_of(explained),) if explained is not None and explained.parts else ()
        return f"{name}{metric}{small((*view.row_notes(result, self.policy), *why))}"

    def change(self, result: Result) -> str:
        """The change and how sure it is, linked to the rounds behind it."""
        change, margin = view.estimate(result)
        if not change:
            return ""
        shown = f"**{together(change)}**" if result.gate == "fail" else together(change)
        target = self.links.result(result)
        shown = f"[{shown}](<{target}>)" if target else shown
        return f"{shown} <sub>{together(margin)}</sub>" if margin else shown

    def trend(self, result: Result) -> str:
        """The branch's last runs and this one, with words."""
        trend = self.trends.get((result.full_name, result.metric))
        drawn = bars(trend, result) if trend is not None else ""
        if trend is None or not drawn:
            return ""
        words, commit = meaning(trend, result)
        target = self.links.trend(trend)
        drawn = f"[`{drawn}`](<{target}>)" if target else f"`{drawn}`"
        return " ".join(filter(None, (drawn, words, code(view.short_commit(commit)) if commit else "")))

    # Tables

    def main(self, entries: Sequence[Entry]) -> Table:
        """Changes, a row each; families in one."""
        last_runs = f"Last runs of {code(self.branch)}, then this" if self.branch else "Last runs, then this"
        return trimmed(
            ("", "Change", "Benchmark", "Base → head", last_runs),
            (":--", ":--", ":--", ":--", ":--"),
            [self._family(entry) if isinstance(entry, Family) else self._one(entry) for entry in entries],
            optional=(3, 4),
        )

    def _one(self, result: Result) -> tuple[str, ...]:
        sign = f"{view.icon(result)}\N{NO-BREAK SPACE}{view.outcome(result)}"
        return sign, self.change(result), self.name(result), transition(result), self.trend(result)

    def _family(self, family: Family) -> tuple[str, ...]:
        first, changes = family.results[0], [one.change for one in family.results if one.change is not None]
        low, high = (format_change(end) for end in (min(changes), max(changes))) if changes else ("", "")
        span = low if low == high else f"{low} to {high}"
        shown = f"**{together(span)}**" if first.gate == "fail" and span else together(span)
        metric = "" if family.metric == view.MAIN_METRIC else f" {prose(family.metric)}"
        name = f"all {len(family.results):,} of {code(family.pattern)}{metric}"
        return f"{view.icon(first)}\N{NO-BREAK SPACE}{view.outcome(first)}", shown, name, "", ""

    def undecided(self, results: Sequence[Result]) -> Table:
        """What nobody can tell yet."""
        rows = (
            (
                self.change(one),
                self.name(one),
                together(view.detectable(one.detectable)) if one.detectable is not None else "",
                str(one.rounds),
            )
            for one in results
        )
        return trimmed(("Change", "Benchmark", "Resolution", "Rounds"), (":--", ":--", "--:", "--:"), rows)

    def unchanged(self, results: Sequence[Result]) -> Table:
        """What is surely within its threshold."""
        rows = ((self.change(one), self.name(one), transition(one)) for one in results)
        return trimmed(("Change", "Benchmark", "Base → head"), (":--", ":--", ":--"), rows)

    def budgets(self, results: Sequence[Result]) -> Table:
        """Absolute limits, those that are exceeded first."""
        words = {"over": "🔴 over", "within": "within", "unclear": "too close to tell"}
        order = list(words)
        limited = sorted(
            ((order.index(one.budget_state), one.full_name, one) for one in results if one.budget_state is not None),
            key=lambda item: item[:2],
        )
        return Table(
            ("", "Head", "Budget", "Benchmark"),
            (":--", "--:", "--:", ":--"),
            tuple(
                (words[one.budget_state or "unclear"], quantity(one.head, one.unit), prose(one.budget), self._bare(one))
                for _, _, one in limited
            ),
        )

    def others(self, results: Sequence[Result]) -> Table:
        """Added, removed, not comparable, failed on base alone."""
        rows = (
            (f"{view.icon(one)}\N{NO-BREAK SPACE}{view.outcome(one)}", self.name(one), transition(one))
            for one in results
        )
        return trimmed(("", "Benchmark", "Value"), (":--", ":--", ":--"), rows, optional=(2,))

    def why(self, explanations: Sequence[Explanation]) -> Table:
        """The functions that changes go back to; a benchmark is named in the first of its rows."""
        rows: list[tuple[str, ...]] = []
        for one in explanations:
            name = code(f"{one.suite}/{one.benchmark}")
            metric = "" if one.metric == view.MAIN_METRIC else f" {prose(one.metric)}"
            title = f"{name}{metric}{small((reasons.share_of(one), *one.notes))}"
            rows += [(title if not place else "", *self._part(part, one.unit)) for place, part in enumerate(one.parts)]
            rows += [] if one.parts else [(title, "", "", "", "")]
        head = ("Benchmark", "Function", "Change", "Because", "Where")
        return trimmed(head, (":--", ":--", "--:", ":--", ":--"), rows, optional=(1, 2, 3, 4))

    def _part(self, part: Part, unit: str) -> tuple[str, ...]:
        low, high = part.interval
        change = (
            f"{together(reasons.amount(part.change, unit))}<br><sub>{together(reasons.span(low, high, unit))}</sub>"
        )
        where, target = reasons.place(part), self.links.line_of(part.file, part.hot if part.edited else part.line)
        shown = f"[{code(where)}](<{target}>)" if target else code(where) if where else ""
        return (
            code(part.short),
            change,
            prose(reasons.because(part, unit)),
            f"{prose(reasons.whose(part))} {shown}".strip(),
        )

    def _bare(self, result: Result) -> str:
        metric = "" if result.metric == view.MAIN_METRIC else f" {prose(result.metric)}"
        return f"{code(result.full_name)}{metric}"


_OTHERS = {"added": "added", "removed": "removed", "failed": "failed", "incomparable": "not comparable"}


def kinds(results: Sequence[Result]) -> str:
    """What there is of all that is not compared: "Added, failed"."""
    found = {one.verdict for one in results}
    return ", ".join(word for verdict, word in _OTHERS.items() if verdict in found).capitalize()


def differences(found: Sequence[Difference]) -> Table:
    """What else differs between both sides."""
    suites = len({one.suite for one in found}) > 1
    rows = (
        (
            prose(one.suite) if suites else "",
            code(one.name),
            *(code(text, 60) if text else "–" for text in (one.base, one.head)),
        )
        for one in found
    )
    return trimmed(("Suite", "", "Base", "Head"), (":--", ":--", ":--", ":--"), rows, optional=(0,))


def entries(results: Sequence[Result], report: Report) -> tuple[Entry, ...]:
    """Results in their order, but with families in the place of their first member."""
    found = {id(one): family for family in families(results, report.results) for one in family.results}
    placed: dict[int, Entry] = {}
    for one in results:
        entry: Entry = found.get(id(one), one)
        placed.setdefault(id(entry), entry)
    return tuple(placed.values())


def trimmed(
    head: tuple[str, ...], align: tuple[str, ...], rows: Iterable[tuple[str, ...]], optional: Sequence[int] = ()
) -> Table:
    """Without the optional columns that are empty all the way down."""
    every = tuple(rows)
    kept = [column for column in range(len(head)) if column not in optional or any(row[column] for row in every)]

    def cut(cells: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cells[column] for column in kept)

    return Table(cut(head), cut(align), tuple(map(cut, every)))


def quantity(value: float | None, unit: str) -> str:
    """A value with its unit."""
    text = view.quantity(value, unit)
    return together(text) if unit in view.KNOWN_UNITS else prose(text)


def transition(result: Result) -> str:
    """Base and head in one cell."""
    text = view.transition(result)
    return together(text) if result.unit in view.KNOWN_UNITS else prose(text)


def small(notes: Iterable[str]) -> str:
    """Notes on lines of their own below a cell's text."""
    return "".join(f"<br><sub>{prose(note)}</sub>" for note in notes)


def together(text: str) -> str:
    """A number and its unit stay on one line."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")
