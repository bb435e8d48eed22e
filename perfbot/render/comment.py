"""The comment of a merge request: markdown that both GitLab and GitHub render, short when nothing changed.

It answers, from the top: is merging blocked, what got slower and by how much, how sure is that, what can be done.
Everything that comes from a report goes through :mod:`perfbot.render.escape`. When a comment is longer than its
forge allows, whole rows and lines go, the least important first; a table or a fence is never cut in two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from perfbot.claims.described import Described
from perfbot.model import Acceptance, Problem, Report, Result
from perfbot.render import headline, view, whole
from perfbot.render.claims import lines as claim_lines
from perfbot.render.comment_rows import SHOWN, Entry, Rows, Table, differences, entries, kinds, together
from perfbot.render.escape import code, fence, link_target, prose
from perfbot.render.facts import measured_facts
from perfbot.render.families import Family
from perfbot.render.layout import lay_out
from perfbot.render.links import HOW_TO_READ, NO_LINKS, Links
from perfbot.render.policy import policy_differences
from perfbot.render.reasons import explanations_of
from perfbot.render.trend_column import NO_TRENDS, Trends
from perfbot.render.way_on import what_now, why_undecided
from perfbot.units import format_duration, format_percentage

LIMIT = 1_000_000
"""Bytes: a little less than GitLab's 1,048,576. GitHub allows 65,536."""

SHORT = 100
"""Characters of a text in the last line."""

LONG = 500
"""Characters of a paragraph that has a text of the report inside."""

_BOXES = {view.EDITED: "IMPORTANT", view.CALM: "NOTE"}
"""Kinds of alerts of banners; the others warn."""

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
    why: int = EVERYTHING
    more: int = EVERYTHING
    calm: int = EVERYTHING
    budgets: int = EVERYTHING
    others: int = EVERYTHING
    facts: int = EVERYTHING
    problems: int = EVERYTHING
    more_blocking: int = EVERYTHING
    folds: int = EVERYTHING
    blocking: int = EVERYTHING


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
    """All that could be said, as finished markdown, before anything is cut.

    Attributes:
        lead: the sentence below the title.
        way_on: lines of the box that says what can be done; its kind of alert first, or empty.
        blocking, calm: changes that fail the gate, and those that do not: at most ten rows each.
        more_blocking, more: the rows behind those, and the members of families.
        foot: which commits, how long, where, and links.
    """

    title: str
    lead: str
    banners: tuple[str, ...]
    problems: tuple[str, ...]
    blocking: Table
    calm: Table
    more_blocking: Table
    more: Table
    way_on: tuple[str, ...]
    undecided: Table
    undecided_title: str
    undecided_why: tuple[str, ...]
    unchanged: Table
    unchanged_title: str
    budgets: Table
    others: Table
    others_title: str
    why: Table
    differences: Table
    outputs: tuple[Problem, ...]
    accepted: tuple[str, ...]
    policy: tuple[str, ...]
    culprits: tuple[str, ...]
    unreached_title: str
    unreached: tuple[str, ...]
    facts: tuple[str, ...]
    trend: str
    foot: str


def comment(
    report: Report,
    *,
    limit: int = LIMIT,
    marker: str = "",
    stale: str = "",
    links: Links = NO_LINKS,
    title: str = "",
    trends: Trends = NO_TRENDS,
    alerts: bool = False,
    claims: Sequence[Described] = (),
    waits: str = "",
) -> str:
    """The comment about one report.

    Args:
        report: judged; nothing in it is trusted.
        limit: most bytes of UTF-8 it may have.
        marker: an HTML comment that stands alone on the first line; perfbot's own, not escaped.
        stale: why the table is old ("Measuring f3c2d1a: the table is about 60ab91e."); empty when it is not.
        links: where it may lead its reader.
        title: tells several comments or sections apart ("Python 3.12").
        trends: what the target branch's history says of each benchmark.
        claims: of the merge request's author, judged; shown, and nothing else.
        waits: what merging waits for, where the gate's word is not the last one yet.
        alerts: whether the forge shows ``> [!CAUTION]`` as a box (GitHub; GitLab from 17.10).
    """
    url, artifacts = link_target(links.report), link_target(links.artifacts)
    parts = _parts(
        report,
        title,
        stale,
        Rows(report.policy, links, trends, report.change.target, explanations_of(report)),
        alerts=alerts,
    )
    if waits:
        parts = replace(parts, title=f"⏳ {_name(title)}: {headline.headline(report)}: {waits}")

    def write(cuts: Cuts) -> str:
        claimed = claim_lines(claims)
        return lay_out("comment.md.j2", marker=marker, url=url or artifacts, claims=claimed, **_kept(parts, cuts))

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


def _parts(report: Report, title: str, stale: str, rows: Rows, *, alerts: bool) -> Parts:
    found = view.groups(view.shown(report))
    blocking = [one for one in found.bad if one.gate == "fail"]
    calm = [*(one for one in found.bad if one.gate != "fail"), *found.improved]
    first, others = _split(entries(blocking, report), blocking)
    first_calm, others_calm = _split(entries(calm, report), calm)
    fatal = [problem for problem in report.problems if problem.fatal]
    return Parts(
        title=_title(report, title),
        lead=_with_wholes(_lead(report, found), report),
        banners=tuple(_banners(report, stale, alerts=alerts)),
        problems=tuple(f"⚠️ {_problem(problem)}" for problem in fatal),
        blocking=rows.main(first),
        calm=rows.main(first_calm),
        more_blocking=rows.main(others),
        more=rows.main(others_calm),
        way_on=what_now(report, rows.links, alerts=alerts),
        undecided=rows.undecided(found.undecided),
        undecided_title=view.seen_range(found.undecided),
        undecided_why=tuple(why_undecided(report, rows.links)) if report.verdict != "pass" else (),
        unchanged=rows.unchanged(found.unchanged),
        unchanged_title=_within(found.unchanged) if found.bad or found.improved or found.undecided else "",
        budgets=rows.budgets(report.results),
        others=rows.others(found.others),
        others_title=kinds(found.others),
        why=rows.why(report.explanations),
        differences=differences(report.differences),
        outputs=report.problems,
        accepted=tuple(_acceptances(report.acceptances)),
        culprits=tuple(f"{code(name)}: {size} by {code(commit)}" for name, size, commit in whole.culprits(report)),
        policy=tuple(prose(line) for line in policy_differences(report)),
        unreached_title=prose(whole.unreached(report)),
        unreached=tuple(code(one) for one in whole.unreached_functions(report)),
        facts=tuple(_facts(report)),
        trend=prose(report.trend),
        foot=_foot(report, rows.links),
    )


def _split(told: Sequence[Entry], results: Sequence[Result]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """The rows to show, and the results that have none of their own among them."""
    shown = tuple(told[:SHOWN])
    single = {id(entry) for entry in shown if not isinstance(entry, Family)}
    return shown, tuple(one for one in results if id(one) not in single)


def _title(report: Report, title: str) -> str:
    return f"{headline.icon(report)} {_name(title)}: {headline.sentence(report)}"


def _name(title: str) -> str:
    return f"perfbot ({prose(title)})" if title else "perfbot"


def _lead(report: Report, found: view.Groups) -> str:
    """The worst of several, and what the title does not count."""
    rest = headline.rest(report)
    failing = [one for one in found.bad if one.gate == "fail" and one.change is not None]
    if found.others and len(found.others) == len(report.results) and {one.verdict for one in found.others} == {"added"}:
        return "Base has none of them, so there is nothing to compare yet: the next merge request is compared."
    if len(failing) < 2:
        quiet = not (found.bad or found.improved or found.undecided or found.others)
        if quiet and found.unchanged:
            within = _within(found.unchanged)
            return f"{within.capitalize()}." if within else ""
        return f"{rest}." if rest else ""
    worst = failing[0]
    change, margin = view.estimate(worst)
    sure = f" {together(margin)}" if margin else ""
    moved = f" ({together(view.transition(worst))})" if worst.unit in view.KNOWN_UNITS else ""
    return f"Worst: {code(worst.full_name)} **{together(change)}**{sure}{moved}.{f' {rest}.' if rest else ''}"


def _with_wholes(lead: str, report: Report) -> str:
    """What moved as a whole is said even where no single benchmark can show it."""
    return " ".join(
        text for text in (lead, *(f"{prose(one)}." for one in whole.whole_suites(report, moved=True))) if text
    )


def _within(results: Sequence[Result]) -> str:
    """How far all of them are surely from a change: "each within ±1.1 %"."""
    ends = [abs(end) for one in results if one.interval is not None for end in one.interval]
    if not ends or len(ends) < 2 * len(results):
        return ""
    widest = view.detectable(max(ends))
    return f"{'each ' if len(results) > 1 else ''}within ±{together(widest)}"


def _banners(report: Report, stale: str, *, alerts: bool) -> Iterable[str]:
    """What changes how the rest is to be read; each a box of its own."""
    if stale:
        yield f"⏳ {prose(stale)}"
    for sign, text in view.banners(report):
        boxed = f"[!{_BOXES.get(sign, 'WARNING')}]\n> {prose(text, LONG)}"
        yield boxed if alerts else f"{sign} {prose(text, LONG)}"


def _problem(problem: Problem) -> str:
    where = f"**{prose(problem.where)}**: " if problem.where else ""
    return where + prose(problem.message)


def _acceptances(acceptances: Iterable[Acceptance]) -> Iterable[str]:
    for one in acceptances:
        yield f"{code(one.what)} by {prose(one.who)}, {prose(view.moment(one.when))}: {prose(one.reason)}"


def _facts(report: Report) -> Iterable[str]:
    for name, text in measured_facts(report):
        yield f"{name}: {prose(text)}"
    if left_out := whole.left_out(report):
        yield left_out
    for line in view.other_metrics(report):
        yield f"Other metrics: {prose(line)}"
    for note in report.change.notes:
        yield f"Note: {prose(note)}"
    for problem in report.problems:
        if not problem.fatal:
            yield f"Warning: {_problem(problem)}"


def _foot(report: Report, links: Links) -> str:
    """Which commits, how long it took, where, by what threshold, and where to read on."""
    change, machine = report.change, view.machine(report)
    base = code(view.short_commit(change.base)) + (f" ({prose(change.base_name, SHORT)})" if change.base_name else "")
    head = code(view.short_commit(change.head)) + (" with uncommitted changes" if change.dirty else "")
    took = format_duration(report.seconds) if report.results else ""
    facts = [
        f"{base} → {head}",
        f"part {report.shard.index} of {report.shard.count}" if report.shard else "",
        f"{together(took)} on {prose(machine, SHORT)}" if took and machine else together(took),
        f"threshold {together(format_percentage(report.policy.threshold))}" if report.results else "",
        *_addresses(links),
    ]
    return " · ".join(fact for fact in facts if fact)


def _addresses(links: Links) -> Iterable[str]:
    for name, address in (
        ("full report", links.report),
        ("artifacts", "" if links.report else links.artifacts),
        ("history", links.history),
        ("how to read this", HOW_TO_READ),
    ):
        if target := link_target(address):
            yield f"[{name}](<{target}>)"


# From parts to what is kept -------------------------------------------------------------------------------------


def _kept(parts: Parts, cuts: Cuts) -> dict[str, object]:
    """The template's view."""
    problems = parts.problems[: min(PROBLEMS_SHOWN, cuts.problems)]
    blocking, calm = parts.blocking.keep(cuts.blocking), parts.calm.keep(cuts.calm)
    both = parts.blocking.rows and parts.calm.rows
    tables = (("Blocks merging" if both else "", blocking), ("Does not block" if both else "", calm))
    return {
        "title": parts.title,
        "lead": parts.lead,
        "banners": parts.banners,
        "problems": problems,
        "hidden_problems": len(parts.problems) - len(problems),
        "tables": tuple((name, table) for name, table in tables if table.rows or table.hidden),
        "way_on": parts.way_on,
        "trend": parts.trend,
        "folds": tuple(fold for fold in _folds(parts, cuts) if fold is not None)[: cuts.folds],
        "foot": parts.foot,
    }


def _folds(parts: Parts, cuts: Cuts) -> Iterable[Fold | None]:
    yield _table_fold("More rows that block ({})", parts.more_blocking, cuts.more_blocking)
    block = " that do not block" if parts.blocking.rows else ""
    yield _table_fold(f"More rows{block} ({{}})", parts.more, cuts.more)
    yield _table_fold("Why: the functions behind it ({})", parts.why, cuts.why)
    yield _table_fold("What else differs between both sides ({})", parts.differences, cuts.why)
    yield _outputs(parts.outputs, cuts)
    undecided = _table_fold(_titled("Undecided ({})", parts.undecided_title), parts.undecided, cuts.undecided)
    yield replace(undecided, blocks=parts.undecided_why) if undecided is not None else None
    yield _table_fold(_titled("Unchanged ({})", parts.unchanged_title), parts.unchanged, cuts.unchanged)
    yield _table_fold(f"{parts.others_title} ({{}})", parts.others, cuts.others)
    yield _table_fold("Budgets ({})", parts.budgets, cuts.budgets)
    yield _list_fold("Accepted in this merge request ({})", parts.accepted, cuts.facts)
    yield _list_fold("Changes to the policy ({})", parts.policy, cuts.facts)
    yield _list_fold("Which commit did it ({})", parts.culprits, cuts.facts)
    yield _list_fold(parts.unreached_title, parts.unreached, cuts.facts)
    yield _list_fold("How this was measured", parts.facts, cuts.facts)


def _titled(title: str, more: str) -> str:
    return f"{title}: {more}" if more else title


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
