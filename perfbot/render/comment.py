"""The comment of a merge request: markdown that both GitLab and GitHub render, short when nothing changed.

Everything that comes from a report goes through :mod:`perfbot.render.escape`. When a comment is longer than its
forge allows, whole rows and lines go, the least important first; a table or a fence is never cut in two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from perfbot.model import Problem, Report, Result
from perfbot.render import view
from perfbot.render.escape import code, fence, link_target, prose
from perfbot.render.layout import lay_out

LIMIT = 1_000_000
"""Bytes: a little less than GitLab's 1,048,576. GitHub allows 65,536."""

SHORT = 100
"""Characters of a text in the line below the title."""

LONG = 500
"""Characters of a paragraph that has a text of the report inside."""

PROBLEMS_SHOWN = 5
"""Problems told outside the fold."""

PROBLEMS_WITH_OUTPUT = 20
OUTPUT_LINES = 40
EVERYTHING = 1_000_000


@dataclass(frozen=True, slots=True)
class Cuts:
    """How many rows (of outputs, lines; of folds, folds) are kept of each part; the order is that of going."""

    unchanged: int = EVERYTHING
    undecided: int = EVERYTHING
    outputs: int = OUTPUT_LINES
    improved: int = EVERYTHING
    budgets: int = EVERYTHING
    others: int = EVERYTHING
    facts: int = EVERYTHING
    problems: int = EVERYTHING
    folds: int = EVERYTHING
    bad: int = EVERYTHING


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
class Fold:
    """Something to unfold: a title of perfbot's own words, then a table, then paragraphs, then lines of a list."""

    title: str
    table: Table | None = None
    lines: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Parts:
    """All that could be said, as finished markdown, before anything is cut."""

    title: str
    place: str
    banners: tuple[str, ...]
    problems: tuple[str, ...]
    bad: Table
    improved: Table
    undecided: Table
    unchanged: Table
    budgets: Table
    others: Table
    undecided_title: str
    outputs: tuple[Problem, ...]
    accepted: tuple[str, ...]
    policy: tuple[str, ...]
    facts: tuple[str, ...]
    trend: str


def comment(
    report: Report,
    *,
    limit: int = LIMIT,
    marker: str = "",
    stale: str = "",
    details_url: str = "",
    artifacts_url: str = "",
    title: str = "",
) -> str:
    """The comment about one report.

    Args:
        report: judged; nothing in it is trusted.
        limit: most bytes of UTF-8 it may have.
        marker: an HTML comment that stands alone on the first line; perfbot's own, not escaped.
        stale: why the table is old ("Measuring f3c2d1a: the table is about 60ab91e."); empty when it is not.
        details_url: the full report's address; its page has a fragment for each result.
        artifacts_url: where the full report can be found when it has no page of its own.
        title: tells several comments or sections apart ("Python 3.12").
    """
    url, artifacts = link_target(details_url), link_target(artifacts_url)
    parts = _parts(report, title, stale, url)

    def write(cuts: Cuts) -> str:
        return lay_out("comment.md.j2", marker=marker, url=url, artifacts=artifacts, **_kept(parts, cuts))

    return _fitted(write, limit)


def _fitted(write: Callable[[Cuts], str], limit: int) -> str:
    """The longest comment within ``limit``: each part in turn is kept as far as it fits, or goes."""
    cuts = Cuts()
    text = write(cuts)
    for part in Cuts.__dataclass_fields__:
        if len(text.encode()) <= limit:
            return text
        low, high = 0, min(getattr(cuts, part), text.count("\n"))
        without = write(replace(cuts, **{part: 0}))
        while len(without.encode()) <= limit and low < high:
            middle = (low + high + 1) // 2
            fits = len(write(replace(cuts, **{part: middle})).encode()) <= limit
            low, high = (middle, high) if fits else (low, middle - 1)
        cuts = replace(cuts, **{part: low})
        text = write(cuts)
    return text


# From report to parts -------------------------------------------------------------------------------------------


def _parts(report: Report, title: str, stale: str, url: str) -> Parts:
    found = view.groups(view.shown(report))
    fatal = [problem for problem in report.problems if problem.fatal]
    return Parts(
        title=_title(report, title),
        place=_place(report),
        banners=tuple(_banners(report, stale)),
        problems=tuple(f"⚠️ {_problem(problem)}" for problem in fatal),
        bad=_main_table(found.bad, url),
        improved=_main_table(found.improved, url),
        undecided=_undecided_table(found.undecided, url),
        undecided_title=view.seen_range(found.undecided),
        unchanged=_unchanged_table(found.unchanged),
        budgets=_budget_table(report.results),
        others=_others_table(found.others),
        outputs=report.problems,
        accepted=tuple(_acceptances(report)),
        policy=tuple(prose(line) for line in view.policy_differences(report)),
        facts=tuple(_facts(report)),
        trend=prose(report.trend),
    )


def _title(report: Report, title: str) -> str:
    named = f"perfbot ({prose(title)})" if title else "perfbot"
    return f"{view.report_icon(report)} {named}: {view.headline(report)}"


def _place(report: Report) -> str:
    """Which commits, how many benchmarks, how long, where."""
    change, machine = report.change, view.machine(report)
    base = code(view.short_commit(change.base)) + (f" ({prose(change.base_name, SHORT)})" if change.base_name else "")
    head = code(view.short_commit(change.head)) + (" with uncommitted changes" if change.dirty else "")
    where = f" on one runner ({prose(machine, SHORT)})" if machine else ""
    shard = f", part {report.shard.index} of {report.shard.count}" if report.shard else ""
    extent = view.extent(report)
    return f"{base} → {head} · {extent}{where}{shard}" if extent else f"{base} → {head}{shard}"


def _banners(report: Report, stale: str) -> Iterable[str]:
    """What changes how the rest is to be read; each a paragraph of its own."""
    if stale:
        yield f"⏳ {prose(stale)}"
    for sign, text in view.banners(report):
        yield f"{sign} {prose(text, LONG)}"


def _problem(problem: Problem) -> str:
    where = f"**{prose(problem.where)}**: " if problem.where else ""
    return where + prose(problem.message)


def _name(result: Result, url: str = "") -> str:
    name = code(result.full_name)
    name = f"[{name}](<{url}#{view.anchor(result)}>)" if url else name
    return name if result.metric == view.MAIN_METRIC else f"{name} {prose(result.metric)}"


def _quantity(value: float | None, unit: str) -> str:
    text = view.quantity(value, unit)
    return _together(text) if unit in view.KNOWN_UNITS else prose(text)


def _together(text: str) -> str:
    """A number and its unit stay on one line."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _change(result: Result, mark: str = "") -> str:
    found = view.change(result)
    shown = f"{mark}{_together(found)}{mark}" if found else ""
    return f"{shown} {_together(view.interval(result))}".strip()


def _remarks(texts: Iterable[str]) -> str:
    return "; ".join(prose(text) for text in texts)


def _main_table(results: Sequence[Result], url: str) -> Table:
    return Table(
        ("", "Benchmark", "Base", "Head", "Change (interval)", ""),
        (":-:", ":--", "--:", "--:", ":--", ":--"),
        tuple(
            (
                view.icon(one),
                _name(one, url),
                _quantity(one.base, one.unit),
                _quantity(one.head, one.unit),
                _change(one, "**" if one.gate == "fail" else "") or view.verdict_word(one),
                _remarks(view.remarks(one)),
            )
            for one in results
        ),
    )


def _undecided_table(results: Sequence[Result], url: str) -> Table:
    rows = (
        (
            _name(one, url),
            _change(one),
            _together(view.detectable(one.detectable)) if one.detectable is not None else "",
            str(one.rounds),
            _remarks(text for text in view.remarks(one) if not text.startswith(view.COULD_HAVE_SEEN)),
        )
        for one in results
    )
    return _trimmed(
        ("Benchmark", "Change (interval)", "Could have seen", "Rounds", ""),
        (":--", ":--", "--:", "--:", ":--"),
        rows,
    )


def _unchanged_table(results: Sequence[Result]) -> Table:
    rows = (
        (
            _name(one),
            _quantity(one.base, one.unit),
            _quantity(one.head, one.unit),
            _change(one),
            _remarks(view.remarks(one)),
        )
        for one in results
    )
    return _trimmed(("Benchmark", "Base", "Head", "Change (interval)", ""), (":--", "--:", "--:", ":--", ":--"), rows)


def _budget_table(results: Sequence[Result]) -> Table:
    words = {"over": "🔴 over", "within": "within", "unclear": "too close to tell"}
    order = list(words)
    limited = sorted(
        ((order.index(one.budget_state), one.full_name, one) for one in results if one.budget_state is not None),
        key=lambda item: item[:2],
    )
    return Table(
        ("Benchmark", "Head", "Budget", ""),
        (":--", "--:", "--:", ":--"),
        tuple(
            (_name(one), _quantity(one.head, one.unit), prose(one.budget), words[one.budget_state or "unclear"])
            for _, _, one in limited
        ),
    )


def _others_table(results: Sequence[Result]) -> Table:
    rows = ((f"{view.icon(one)} {view.verdict_word(one)}", _name(one), _remarks(view.remarks(one))) for one in results)
    return _trimmed(("", "Benchmark", ""), (":--", ":--", ":--"), rows)


def _trimmed(head: tuple[str, ...], align: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    """Without the last column where it is empty all the way down."""
    every = tuple(rows)
    if any(row[-1] for row in every):
        return Table(head, align, every)
    return Table(head[:-1], align[:-1], tuple(row[:-1] for row in every))


def _acceptances(report: Report) -> Iterable[str]:
    for one in report.acceptances:
        yield f"{code(one.match)} by {prose(one.who)}, {prose(view.moment(one.when))}: {prose(one.reason)}"


def _facts(report: Report) -> Iterable[str]:
    for name, text in view.measured_facts(report):
        yield f"{name}: {prose(text)}"
    for line in view.beside(report):
        yield f"Beside time: {prose(line)}"
    for note in report.change.notes:
        yield f"Note: {prose(note)}"
    for problem in report.problems:
        if not problem.fatal:
            yield f"Warning: {_problem(problem)}"


# From parts to what is kept -------------------------------------------------------------------------------------


def _kept(parts: Parts, cuts: Cuts) -> dict[str, object]:
    """The template's view."""
    rows = (*parts.bad.keep(cuts.bad).rows, *parts.improved.keep(cuts.improved).rows)
    hidden = len(parts.bad.rows) + len(parts.improved.rows) - len(rows)
    problems = parts.problems[: min(PROBLEMS_SHOWN, cuts.problems)]
    return {
        "title": parts.title,
        "place": parts.place,
        "banners": parts.banners,
        "problems": problems,
        "hidden_problems": len(parts.problems) - len(problems),
        "table": replace(_trimmed(parts.bad.head, parts.bad.align, rows), hidden=hidden),
        "trend": parts.trend,
        "folds": tuple(fold for fold in _folds(parts, cuts) if fold is not None)[: cuts.folds],
    }


def _folds(parts: Parts, cuts: Cuts) -> Iterable[Fold | None]:
    seen = f": {parts.undecided_title}" if parts.undecided_title else ""
    yield _outputs(parts.outputs, cuts)
    yield _table_fold(f"Undecided ({{}}){seen}", parts.undecided, cuts.undecided)
    yield _table_fold("Unchanged ({})", parts.unchanged, cuts.unchanged)
    yield _table_fold("Added, removed, failed ({})", parts.others, cuts.others)
    yield _table_fold("Budgets ({})", parts.budgets, cuts.budgets)
    yield _list_fold("Accepted in this merge request ({})", parts.accepted, cuts.facts)
    yield _list_fold("Changes to the policy ({})", parts.policy, cuts.facts)
    yield _list_fold("How this was measured", parts.facts, cuts.facts)


def _table_fold(title: str, table: Table, keep: int) -> Fold | None:
    return Fold(title.format(f"{len(table.rows):,}"), table=table.keep(keep)) if table.rows else None


def _list_fold(title: str, lines: tuple[str, ...], keep: int) -> Fold | None:
    if not lines:
        return None
    return Fold(title.format(f"{len(lines):,}"), lines=lines[:keep], hidden=max(0, len(lines) - keep))


def _outputs(problems: Sequence[Problem], cuts: Cuts) -> Fold | None:
    """What processes last said before they failed."""
    telling = [problem for problem in problems if problem.output.strip()]
    if not telling or not cuts.outputs:
        return None
    shown = telling[:PROBLEMS_WITH_OUTPUT]
    blocks = tuple(f"{_problem(one)}\n\n{fence(one.output, cuts.outputs)}" for one in shown)
    title = f"Output of what went wrong ({len(telling):,})"
    return Fold(title, blocks=blocks, hidden=len(telling) - len(shown))
