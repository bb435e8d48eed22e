"""What is worth saying about a report, and in which order: once, for the comment, the terminal and the page.

Texts here are plain and unescaped; each renderer passes them through :mod:`perfbot.render.escape` in its own way.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perfbot.judge.confirmation import is_over
from perfbot.model import Policy, Report, Result, Runner
from perfbot.reasons import words
from perfbot.units import (
    AS_FACTOR_FROM,
    UNTOLD_FROM,
    format_change,
    format_duration,
    format_estimate,
    format_interval,
    format_percentage,
    format_quantity,
)
from perfbot.words import comparative, counted

KNOWN_UNITS = ("s", "B", "1", "1/s")
"""Units that perfbot formats itself; any other is text from the user's harness."""

MAIN_METRIC = "time"
"""What a benchmark measures unless said otherwise: not worth a word in every row."""

COUNTED_METRICS = ("instructions", "allocated", "footprint", "objects", "memory", "cpu")
"""Other metrics than time: worth a row where it changed, or where there is nothing else."""

VERDICT_ICONS = {
    "regressed": "🟡", "improved": "🟢", "unchanged": "⚪", "inconclusive": "❔", "added": "🆕", "removed": "➖",
    "failed": "💥", "incomparable": "❔",
}  # fmt: skip
"""Of results that fail nothing."""


@dataclass(frozen=True, slots=True)
class Groups:
    """A report's results by what a reader does with them, each in the order to read.

    Attributes:
        bad: fail the gate, or would without an acceptance or an exception: worst first.
        improved: largest improvement first.
        undecided: widest open first.
        unchanged: in the order they were collected.
        others: added, removed, incomparable, and failed on base alone.
    """

    bad: tuple[Result, ...]
    improved: tuple[Result, ...]
    undecided: tuple[Result, ...]
    unchanged: tuple[Result, ...]
    others: tuple[Result, ...]


def quiet(results: Sequence[Result]) -> tuple[Result, ...]:
    """Those that stand beside the same benchmark's time and say nothing new: unchanged, or not to be had."""
    timed = {(one.suite, one.benchmark) for one in results if one.metric == MAIN_METRIC}
    return tuple(
        one
        for one in results
        if one.metric in COUNTED_METRICS
        and (one.suite, one.benchmark) in timed
        and one.verdict in ("unchanged", "incomparable")
        and one.gate == "pass"
    )


def shown(report: Report) -> tuple[Result, ...]:
    """The results that a short account of a report is about: all but the quiet ones."""
    silent = set(map(id, quiet(report.results)))
    return tuple(one for one in report.results if id(one) not in silent)


def other_metrics(report: Report) -> tuple[str, ...]:
    """What the quiet results come to, a line each: "instructions: unchanged in 38 benchmarks"."""
    counts = Counter((one.metric, verdict_word(one), one.reasons) for one in quiet(report.results))
    return tuple(
        f"{metric}: {verdict} in {counted(count, 'benchmark')}{f' ({words.text(reasons)})' if reasons else ''}"
        for (metric, verdict, reasons), count in counts.items()
    )


def groups(results: Iterable[Result]) -> Groups:
    """Sort results into groups; each result is in exactly one."""
    found: dict[str, list[Result]] = {name: [] for name in Groups.__dataclass_fields__}
    for result in results:
        found[_group(result)].append(result)
    return Groups(
        bad=tuple(sorted(found["bad"], key=_badness)),
        improved=tuple(sorted(found["improved"], key=lambda one: (-effect(one), one.full_name, one.metric))),
        undecided=tuple(sorted(found["undecided"], key=_openness)),
        unchanged=tuple(found["unchanged"]),
        others=tuple(sorted(found["others"], key=lambda one: one.verdict)),
    )


def _group(result: Result) -> str:
    if result.gate != "pass" or result.verdict == "regressed" or is_about_its_budget(result):
        return "bad"
    return {"improved": "improved", "unchanged": "unchanged", "inconclusive": "undecided"}.get(result.verdict, "others")


def is_about_its_budget(result: Result) -> bool:
    """Whether what is wrong with a result is that it exceeds its budget, whatever became of it against base."""
    return result.budget_state == "over" and result.verdict not in ("regressed", "failed", "removed")


def _badness(result: Result) -> tuple[int, bool, bool, float, str, str]:
    gate = ("fail", "accepted", "pass").index(result.gate)
    known = result.verdict != "inconclusive"
    return gate, result.verdict != "failed", not known, -effect(result), result.full_name, result.metric


def _openness(result: Result) -> tuple[float, str, str]:
    return -(result.detectable if result.detectable is not None else math.inf), result.full_name, result.metric


def effect(result: Result) -> float:
    """How far head is from base on a scale where halving equals doubling: |log(head/base)|; 0 when unknown."""
    if result.change is None:
        return 0.0
    return abs(math.log1p(result.change)) if result.change > -1 else math.inf


def icon(result: Result) -> str:
    """One sign for verdict and gate together."""
    if result.verdict == "failed":
        return VERDICT_ICONS["failed"]
    if result.gate == "pass" and is_about_its_budget(result):
        return VERDICT_ICONS["regressed"]
    return {"fail": "🔴", "accepted": "🟠"}.get(result.gate) or VERDICT_ICONS[result.verdict]


_VERDICT_WORDS = {"inconclusive": "undecided", "incomparable": "not comparable"}


def verdict_word(result: Result) -> str:
    """The verdict as people say it."""
    if result.verdict == "failed" and result.failed_side:
        sides = "both sides" if result.failed_side == "both" else result.failed_side
        return f"failed on {sides}"
    return _VERDICT_WORDS.get(result.verdict, result.verdict)


def benchmarks(results: Iterable[Result]) -> int:
    """How many different benchmarks: one may have several metrics."""
    return len({(result.suite, result.benchmark) for result in results})


def machine(report: Report) -> str:
    """The runner in a few words: "AMD EPYC, 2 cores"; of several: "2 × AMD EPYC, 2 cores and Xeon, 4 cores"."""
    kinds = Counter(kind_of(one.runner) for one in report.machines)
    several = (f"{count} × {kind}" if count > 1 else kind for kind, count in kinds.items())
    return " and ".join(several) if report.machines else kind_of(report.runner)


def kind_of(runner: Runner) -> str:
    """A processor and its cores."""
    return ", ".join(part for part in (runner.cpu, counted(runner.cores, "core") if runner.cores else "") if part)


def short_commit(commit: str) -> str:
    """As git shows it."""
    return commit[:7]


def anchor(result: Result) -> str:
    """The fragment of a result on the page: the same in every report of the project, and never text of its name."""
    return anchor_of(result.suite, result.benchmark, result.metric)


def anchor_of(suite: str, benchmark: str, metric: str) -> str:
    """The same for what no report is at hand of."""
    key = f"{suite}\0{benchmark}\0{metric}"
    return "b-" + hashlib.sha256(key.encode(errors="replace")).hexdigest()[:12]


def moment(text: str) -> str:
    """An ISO 8601 time in UTC as people write it: "2026-01-02 03:04 UTC"; anything else as it is."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)", text)
    return f"{found[1]} {found[2]} UTC" if found else text


def quantity(value: float | None, unit: str) -> str:
    """A value with its unit, or nothing."""
    return "" if value is None else format_quantity(value, unit)


def transition(result: Result) -> str:
    """Base and head in one: "857 ns → 1.18 µs", "13.4 → 14.3 µs" where they share a unit; nothing without both."""
    if result.base is None or result.head is None:
        return quantity(result.base, result.unit) or quantity(result.head, result.unit)
    base, head = quantity(result.base, result.unit), quantity(result.head, result.unit)
    (number, gap, unit), (_, _, other) = base.partition(" "), head.partition(" ")
    return f"{number if gap and unit == other else base} → {head}"


def estimate(result: Result) -> tuple[str, str]:
    """The change, and how sure it is, on one scale: ("+38 %", "±3"); ("×6.9", "×5.7 to ×8.2")."""
    return ("", "") if result.change is None else format_estimate(result.change, result.interval)


def outcome(result: Result) -> str:
    """What happened, in a word or two that fit the metric: "slower", "more instructions", "over budget"."""
    if is_about_its_budget(result):
        return "over budget"
    if result.verdict in ("regressed", "improved"):
        worse = result.verdict == "regressed"
        return comparative(result.metric, result.unit, result.better, worse=worse).adjective
    return verdict_word(result)


def change(result: Result) -> str:
    """The estimate alone: "+38 %"."""
    return "" if result.change is None else format_change(result.change)


def interval(result: Result) -> str:
    """The interval of the change: "[+35, +41]"."""
    return "" if result.interval is None else format_interval(*result.interval)


def gist(reason: str) -> str:
    """One line of a reason: of a traceback or pytest's report of one, what was raised; else its first and last line."""
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    raised = [line[1:].strip() for line in lines if re.match(r"E\s", line)]
    if lines and lines[0].startswith("Traceback"):
        return lines[-1]
    return raised[-1] if raised else " … ".join(dict.fromkeys((*lines[:1], *lines[-1:])))


def remarks(result: Result, *, whole: bool = False) -> tuple[str, ...]:
    """What else to know about a result: why, how it was measured, whether its own source changed.

    Args:
        whole: the reason with all of its lines.
    """
    return tuple(filter(None, (decided_by(result), why(result, whole=whole), *_besides(result))))


def why(result: Result, *, whole: bool = False) -> str:
    """The reasons in one; see :func:`clauses`."""
    return "; ".join(clauses(result, whole=whole))


def clauses(result: Result, *, whole: bool = False) -> tuple[str, ...]:
    """The reasons, and what the result's other values say of it.

    Args:
        whole: with all of their lines.
    """
    reasons = words.clauses(result.reasons)
    over = (f"over the budget of {result.budget}",) if result.budget_state == "over" else ()
    return (*filter(None, reasons if whole else map(gist, reasons)), *over)


def decided_by(result: Result) -> str:
    """What a verdict's values say beside it: "over the 2 % threshold", "resolution 3.1 %"; empty for others."""
    if result.verdict == "regressed":
        over = result.change is None or is_over(result.change, result.threshold or 0.0)
        return f"{'over' if over else 'under'} the {format_percentage(result.threshold or 0.0)} threshold"
    if result.verdict == "inconclusive" and result.detectable is not None:
        return f"resolution {detectable(result.detectable)}"
    return ""


def _besides(result: Result) -> tuple[str, ...]:
    """What is to be known beside the reason."""
    told = list(words.clauses(result.notes))
    if result.budget_state == "unclear":
        told.append(f"too close to its budget of {result.budget} to tell")
    if result.new and result.change is not None:
        told.append("new: base's code was measured by head's benchmark")
    elif result.rewritten:
        told.append("its own source changed, and each side ran its own")
    elif result.source_changed:
        told.append("its own source changed")
    return tuple(told)


def row_notes(result: Result, policy: Policy) -> tuple[str, ...]:
    """What stands beside a result in a row of the comment or the terminal: its remarks without what the row shows.

    Whatever else there is to say of a result (how its change is composed, why it is not confirmed) belongs into its
    ``notes``, a sentence each, and comes out here.
    """
    threshold = result.threshold or 0.0
    notes = list(clauses(result))
    usual = policy.exact_threshold if result.rule == "exact" else policy.threshold
    if result.verdict == "regressed" and not is_over(result.change or 0.0, threshold):
        notes.insert(0, decided_by(result))
    elif result.gate == "fail" and result.verdict == "regressed" and threshold != usual:
        notes.append(f"threshold {format_percentage(threshold)}")
    return (*notes, *_besides(result))


def detectable(fraction: float) -> str:
    """A resolution, to two digits, as much as an estimate can bear: "3.1 %", "×7.7"."""
    if fraction >= UNTOLD_FROM:  # of an estimate that knows nothing
        return "×∞"
    return format_percentage(float(f"{fraction:.1e}")) if fraction < AS_FACTOR_FROM else format_change(fraction)


def seen_range(results: Iterable[Result]) -> str:
    """What would have shown: "resolution 1.2 % to 3.1 %"; empty when unknown."""
    found = sorted(one.detectable for one in results if one.detectable is not None)
    if not found:
        return ""
    low, high = detectable(found[0]), detectable(found[-1])
    return f"resolution {low}" if low == high else f"resolution {low} to {high}"


CALM = "💤"
"""The sign of what nobody has to look after."""

EDITED = "⚙️"
"""The sign of a change that edits the policy."""


def banners(report: Report) -> tuple[tuple[str, str], ...]:
    """What changes how the rest is to be read, as pairs of a sign and a text."""
    found = []
    if report.skipped:
        found.append((CALM, f"{report.skipped[:1].upper()}{report.skipped[1:]}."))
    if not report.complete:
        found.append(("⚠️", "The run was interrupted: what is missing here was not measured."))
    if report.control is not None and report.control.disturbed:
        moved = f"base against a second copy of base moved by {control(report)}"
        found.append(("⚠️", f"This runner was disturbed: {moved}. What would have failed the gate is undecided."))
    if report.proposed_policy is not None:
        judged = f"It was judged by the policy of the target branch ({report.policy.origin})"
        found.append((EDITED, f"This change edits the performance policy. {judged}; what would differ is below."))
    return tuple(found)


def extent(report: Report) -> str:
    """How much was measured: "42 benchmarks in 6 min"; empty for nothing."""
    if not report.results:
        return ""
    return f"{counted(benchmarks(report.results), 'benchmark')} in {format_duration(report.seconds)}"


def control(report: Report) -> str:
    """What base against a second copy of base said; empty without a control."""
    if report.control is None:
        return ""
    moved = f"{format_change(report.control.change)} {format_interval(*report.control.interval)}"
    return f"{moved} in {counted(report.control.rounds, 'round')}"
