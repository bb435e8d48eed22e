"""What is said of a run as a whole: its suites' geometric means, and what of the change no benchmark reaches."""

from __future__ import annotations

from perfbot.model import Report
from perfbot.overall import Culprit
from perfbot.units import format_change, format_interval
from perfbot.words import counted

WHOLE_FROM = 3
"""Benchmarks of a suite of which the mean is told."""


def unreached(report: Report) -> str:
    """How much of the change no benchmark runs: "12 of 80 changed lines are not measured"; empty where that is none."""
    reach = report.reach
    if reach is None or not reach.missed:
        return ""
    of = counted(reach.lines, "changed line")
    where = f" (suites that cannot be followed: {', '.join(reach.without)})" if reach.without else ""
    return (
        f"{reach.missed:,} of {of} {'is' if reach.missed == 1 else 'are'} not measured: no benchmark runs them{where}"
    )


def unreached_functions(report: Report) -> tuple[str, ...]:
    """These, a line each: "shop/search.py:31 find_customer, 9 lines"."""
    functions = report.reach.functions if report.reach else ()
    return tuple(f"{one.file}:{one.line} {one.function}, {counted(one.lines, 'line')}" for one in functions)


def left_out(report: Report) -> str:
    """What was not measured, for it runs nothing of the change; empty where that is none."""
    count = report.reach.left_out if report.reach else 0
    return f"{counted(count, 'benchmark')} not measured: they run nothing of the change" if count else ""


def whole_suites(report: Report, *, moved: bool = False) -> tuple[str, ...]:
    """The geometric mean of each suite, a line each: "core: geometric mean +1.3 % [+0.9, +1.7] of 24 benchmarks".

    Args:
        moved: only of those that moved.
    """
    return tuple(
        f"{one.suite}: geometric mean {format_change(one.change)} {format_interval(*one.interval)} of "
        f"{counted(one.benchmarks, 'benchmark')}{'' if one.of == one.benchmarks else f' (of {one.of:,})'}"
        for one in report.geometric_means
        if not one.file and one.benchmarks >= WHOLE_FROM
        if not moved or one.gate == "fail" or not one.interval[0] <= 0 <= one.interval[1]
    )


def culprits(report: Report) -> tuple[tuple[str, str, str], ...]:
    """Which commits did it: benchmark, change, and the commit or the range that holds it."""
    return tuple(
        (
            f"{one.suite}/{one.benchmark}",
            f"{format_change(one.change)} {format_interval(*one.interval)}",
            _commit(one),
        )
        for one in report.culprits
    )


def _commit(one: Culprit) -> str:
    if one.commits == 1:
        return f"{one.at[:9]} {one.subject}".rstrip()
    return f"one of {one.commits:,} commits: {one.after[:9]}..{one.at[:9]}"
