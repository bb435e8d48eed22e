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

from perfbot.model import Limit, Policy, Report, Result
from perfbot.units import (
    AS_FACTOR_FROM,
    format_change,
    format_duration,
    format_interval,
    format_percentage,
    format_quantity,
)

KNOWN_UNITS = ("s", "B", "1", "1/s")
"""Units that perfbot formats itself; any other is text from the user's harness."""

MAIN_METRIC = "time"
"""What a benchmark measures unless said otherwise: not worth a word in every row."""

COUNTED_METRICS = ("instructions", "allocated", "footprint", "objects", "memory", "cpu")
"""What may be measured beside time: worth a row where it changed, or where there is nothing else."""

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


def beside(report: Report) -> tuple[str, ...]:
    """What the quiet results come to, a line each: "instructions: unchanged in 38 benchmarks"."""
    counts = Counter((one.metric, verdict_word(one), one.reason) for one in quiet(report.results))
    return tuple(
        f"{metric}: {verdict} in {counted(count, 'benchmark')}{f' ({reason})' if reason else ''}"
        for (metric, verdict, reason), count in counts.items()
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
    if result.gate != "pass" or result.verdict == "regressed":
        return "bad"
    return {"improved": "improved", "unchanged": "unchanged", "inconclusive": "undecided"}.get(result.verdict, "others")


def _badness(result: Result) -> tuple[int, bool, float, str, str]:
    gate = ("fail", "accepted", "pass").index(result.gate)
    return gate, result.verdict != "failed", -effect(result), result.full_name, result.metric


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
    return {"fail": "🔴", "accepted": "🟠"}.get(result.gate) or VERDICT_ICONS[result.verdict]


_VERDICT_WORDS = {"inconclusive": "undecided", "incomparable": "not comparable"}


def verdict_word(result: Result) -> str:
    """The verdict as people say it."""
    if result.verdict == "failed" and result.failed_side:
        sides = "both sides" if result.failed_side == "both" else result.failed_side
        return f"failed on {sides}"
    return _VERDICT_WORDS.get(result.verdict, result.verdict)


def report_icon(report: Report) -> str:
    """The gate at a glance: 🔴 failed, ⚠️ could not tell, 🟢 faster, 🟡 look at it, ⚪ nothing changed."""
    if report.verdict != "pass":
        return "🔴" if report.verdict == "fail" else "⚠️"
    found = groups(report.results)
    if found.bad:
        return "🟡"
    if found.improved:
        return "🟢"
    return "🟡" if found.undecided else "⚪"


def headline(report: Report) -> str:
    """The run in one line, most important first: "1 regression, 38 unchanged, 2 undecided"."""
    if not report.results:
        return "nothing to measure" if report.skipped else "nothing was measured"
    counts = Counter(_label(result) for result in shown(report))
    if set(counts) == {"unchanged"}:
        return f"no change in {counted(benchmarks(report.results), 'benchmark')}"
    told = [_counted_label(name, counts[name]) for name in _LABELS if counts[name]]
    return ", ".join(told)


_LABELS = {
    "regression": "regressions", "over its budget": "over their budgets", "failed": "failed",
    "accepted regression": "accepted regressions", "accepted over its budget": "accepted over their budgets",
    "tolerated regression": "tolerated regressions", "improvement": "improvements", "unchanged": "unchanged",
    "undecided": "undecided", "added": "added", "removed": "removed", "not comparable": "not comparable",
}  # fmt: skip
"""Singular and plural, in the order of the headline."""


def _label(result: Result) -> str:
    if result.verdict == "regressed":
        return {"fail": "regression", "accepted": "accepted regression"}.get(result.gate, "tolerated regression")
    if result.verdict not in ("failed", "removed") and result.gate != "pass":
        return "over its budget" if result.gate == "fail" else "accepted over its budget"
    named = {"improved": "improvement", "inconclusive": "undecided", "incomparable": "not comparable"}
    return named.get(result.verdict, result.verdict)


def _counted_label(name: str, count: int) -> str:
    return f"{count:,} {name if count == 1 else _LABELS[name]}"


def counted(count: int, noun: str) -> str:
    """ "1 benchmark", "1,024 benchmarks"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def benchmarks(results: Iterable[Result]) -> int:
    """How many different benchmarks: one may have several metrics."""
    return len({(result.suite, result.benchmark) for result in results})


def machine(report: Report) -> str:
    """The runner in a few words: "AMD EPYC, 2 cores"."""
    runner = report.runner
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


def change(result: Result) -> str:
    """The estimate alone: "+38 %"."""
    return "" if result.change is None else format_change(result.change)


def interval(result: Result) -> str:
    """The interval of the change: "[+35, +41]"."""
    return "" if result.interval is None else format_interval(*result.interval)


COULD_HAVE_SEEN = "could have seen"


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
    told = [result.reason if whole else gist(result.reason), *result.notes]
    if result.budget_state == "unclear":
        told.append(f"too close to its budget of {result.budget} to tell")
    if result.new and result.change is not None:
        told.append("new: base's code was measured by head's benchmark")
    elif result.rewritten:
        told.append("its own source changed, and each side ran its own")
    elif result.source_changed:
        told.append("its own source changed")
    return tuple(text for text in told if text)


def detectable(fraction: float) -> str:
    """A change that could have been seen, to two digits, as much as an estimate can bear: "3.1 %", "×7.7"."""
    return format_percentage(float(f"{fraction:.1e}")) if fraction < AS_FACTOR_FROM else format_change(fraction)


def seen_range(results: Iterable[Result]) -> str:
    """The changes that could have been seen: "could have seen 1.2 % to 3.1 %"; empty when unknown."""
    found = sorted(one.detectable for one in results if one.detectable is not None)
    if not found:
        return ""
    low, high = detectable(found[0]), detectable(found[-1])
    return f"{COULD_HAVE_SEEN} {low}" if low == high else f"{COULD_HAVE_SEEN} {low} to {high}"


def banners(report: Report) -> tuple[tuple[str, str], ...]:
    """What changes how the rest is to be read, as pairs of a sign and a text."""
    found = []
    if report.skipped:
        found.append(("💤", report.skipped))
    if not report.complete:
        found.append(("⚠️", "The run was interrupted: what is missing here was not measured."))
    if report.control is not None and report.control.disturbed:
        moved = f"base against a second copy of base moved by {control(report)}"
        found.append(("⚠️", f"This runner was disturbed: {moved}. What would have failed the gate is undecided."))
    if report.proposed_policy is not None:
        judged = f"It was judged by the policy of the target branch ({report.policy.origin})"
        found.append(("⚙️", f"This change edits the performance policy. {judged}; what would differ is below."))
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


def measured_facts(report: Report) -> tuple[tuple[str, str], ...]:
    """How the run was measured, as pairs of a name and a text."""
    runner, policy = report.runner, report.policy
    state = [
        "pinned" if runner.pinned else "not pinned to a core",
        "memory laid out alike on both sides" if runner.shared_layout else "memory laid out differently on both sides",
        f"load {runner.load:.2g} at the start",
        f"governor {runner.governor}" if runner.governor else "",
        f"virtual: {runner.virtual}" if runner.virtual else "",
    ]
    memory = format_quantity(float(runner.memory), "B") if runner.memory else ""
    facts = (
        ("Runner", ", ".join(text for text in (machine(report), memory, runner.system) if text)),
        ("State", ", ".join(text for text in state if text) if machine(report) else ""),
        ("Control", f"base against itself: {control(report)}" if report.control else ""),
        ("Time", _time(report)),
        ("Policy", f"{rule(policy)}, from {policy.origin}"),
        ("Python", runner.python),
        ("perfbot", runner.perfbot),
        ("Seed", str(report.seed) if report.seed else ""),
        ("Started", moment(report.started)),
    )
    return tuple((name, text) for name, text in facts if text)


def _time(report: Report) -> str:
    given = f"; measuring was given {format_duration(report.budget_seconds)}" if report.budget_seconds else ""
    inside = sum(result.seconds for result in report.results)
    return f"{format_duration(report.seconds)} in all, {format_duration(inside)} of it inside benchmarks{given}"


def rule(policy: Policy) -> str:
    """A policy's numbers in words."""
    return (
        f"threshold {format_percentage(policy.threshold)}, exact metrics {format_percentage(policy.exact_threshold)}, "
        f"{format_percentage(policy.alpha)} false alarms a run"
    )


def policy_differences(report: Report) -> tuple[str, ...]:
    """What the change would alter in the policy, a line each; empty when it leaves the policy alone."""
    now, then = report.policy, report.proposed_policy
    if then is None:
        return ()
    numbers = {
        "threshold": "threshold",
        "exact_threshold": "threshold of exact metrics",
        "alpha": "alpha",
        "beta": "beta",
    }
    words_of = {
        "removed": "benchmarks that are gone",
        "rewritten": "rewritten benchmarks that regress",
        "broken_on_both": "benchmarks that fail on both sides",
    }
    lines = [
        f"{words}: {format_percentage(getattr(now, name))} → {format_percentage(getattr(then, name))}"
        for name, words in numbers.items()
        if getattr(now, name) != getattr(then, name)
    ]
    lines += [
        f"{words}: {getattr(now, name)} → {getattr(then, name)}"
        for name, words in words_of.items()
        if getattr(now, name) != getattr(then, name)
    ]
    lines += [f"no longer: {_limit(one)}" for one in now.limits if one not in then.limits]
    lines += [f"new: {_limit(one)}" for one in then.limits if one not in now.limits]
    if not lines and now.limits != then.limits:
        lines.append("the order of the limits")
    return tuple(lines)


def _limit(limit: Limit) -> str:
    clauses = [
        f"threshold {format_percentage(limit.threshold)}" if limit.threshold is not None else "",
        *(f"{budget.metric} budget {budget.text}" for budget in limit.budgets),
        {True: "gates", False: "does not gate", None: ""}[limit.gate],
    ]
    of = f" ({limit.metric})" if limit.metric else ""
    return f"`{limit.match}`{of} {', '.join(clause for clause in clauses if clause)}".strip()
