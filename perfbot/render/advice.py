"""What a reader can do about a verdict: commands for the conversation and for the own machine; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from perfbot.model import Report, Result
from perfbot.render.families import common_glob
from perfbot.units import format_change, format_duration, format_percentage, typed_duration
from perfbot.words import counted

BUDGETS = (30, 60, 120, 180, 300, 480, 600, 900, 1500, 2700, 3600, 5400, 7200)
"""Seconds that somebody would type; the last is the longest that ``/rebench`` takes."""

SPARE = 1.3
"""A budget that is advised has this much room: half of all decisions take longer than expected."""

LARGEST_THRESHOLD = 0.5
"""What needs a larger one is not worth watching."""

MOST_NEED = 0.9
"""Share of the undecided that an advised threshold has to do for."""

BUSY = 0.5
"""Load for each core from which a runner counts as busy."""

TINY = 1e-9
"""What is left of a cost that fell to nothing, for taking its logarithm."""

FEWEST_ROUNDS = 6
NAMED = 3
"""Benchmarks that a command names one by one."""


def local_command(results: Sequence[Result], every: Sequence[Result]) -> str:
    """What measures some benchmarks of a run again on one's own machine.

    Each by its name, or many by what they share; where others share it, too, the one that changed most.
    """
    names = sorted({one.full_name for one in results})
    globs = (
        [common_glob([name]) for name in names]
        if len(names) <= NAMED
        else [_glob(results, every, max(results, key=_size))]
    )
    return " ".join(["perfbot run", *(f"--only '{glob}'" for glob in globs)])


def accept_command(results: Sequence[Result], every: Sequence[Result]) -> str:
    """What to write to let a known cost pass: all of it by one glob, or the smallest where others would match, too."""
    return f"/perfbot accept {_glob(results, every, min(results, key=_size))} why"


def _size(one: Result) -> float:
    return abs(math.log1p(max(one.change or 0.0, TINY - 1)))


def _glob(results: Sequence[Result], every: Sequence[Result], one: Result) -> str:
    """A glob for all of some results and for no others of the run, or else for one of them."""
    names = {each.full_name for each in results}
    glob = common_glob(sorted(names))
    others = any(fnmatchcase(each.full_name, glob) for each in every if each.full_name not in names)
    return common_glob([one.full_name]) if others else glob


@dataclass(frozen=True, slots=True)
class Undecided:
    """Why some comparisons have no verdict, and what would give them one; texts without markup.

    Attributes:
        known: what is known all the same: "none is slower than +39 %".
        why: one sentence.
        budget: as one types it ("25m"), and for how many of them it should do; empty where none would.
        threshold: one that would have decided most of them ("5 %"); empty where none would.
    """

    known: str
    why: str
    budget: str
    enough_for: int
    threshold: str


def undecided(report: Report) -> Undecided:
    """What to say about a report's undecided comparisons."""
    open_ones = [one for one in report.results if one.verdict == "inconclusive"]
    budget, enough = ("", 0) if report.machines else _budget(report, open_ones)
    return Undecided(
        _known(open_ones), _why(report, open_ones), budget, enough, "" if report.machines else _threshold(open_ones)
    )


def _known(open_ones: Sequence[Result]) -> str:
    """How bad it can be at the worst, where every one of them has an interval."""
    bounds = [one.interval for one in open_ones if one.interval is not None]
    if not bounds or len(bounds) < len(open_ones):
        return ""
    if {(one.unit, one.better) for one in open_ones} != {("s", "lower")}:
        return ""
    none = "it is not" if len(bounds) == 1 else "none is"
    return f"{none} slower than {format_change(max(high for _, high in bounds))}"


def _why(report: Report, open_ones: Sequence[Result]) -> str:
    runner = report.runner
    limit = format_duration(report.budget_seconds) if report.budget_seconds else ""
    few = sum(one.rounds < FEWEST_ROUNDS for one in open_ones)
    if report.control is not None and report.control.disturbed:
        return "This runner was disturbed while it measured: base against a copy of itself moved."
    if report.machines:
        return "Machines differ, or scatter too much: each row says what which one shows."
    if not report.complete:
        return "The run was stopped before they were decided."
    if few > len(open_ones) / 2:
        return (
            f"The time limit{limit and f' of {limit}'} was too short: {counted(few, 'benchmark')} got too few rounds."
        )
    scatter = f"{'it scatters' if len(open_ones) == 1 else 'they scatter'} too much{limit and f' for {limit}'}"
    if runner.cores and runner.load / runner.cores >= BUSY:
        return f"This runner was busy (load {runner.load:.2g} on {counted(runner.cores, 'core')}): {scatter}."
    return f"{scatter[0].upper()}{scatter[1:]}."


def _budget(report: Report, open_ones: Sequence[Result]) -> tuple[str, int]:
    """A time limit that should do for most of them, and for how many.

    A resolution improves with the root of the rounds; what deciding takes besides measuring (starting processes,
    several at once) is taken to grow alike.
    """
    measured = sum(one.seconds for one in report.results)
    spent = min(report.budget_seconds or report.seconds, report.seconds)
    needs = sorted(_more_seconds(one) for one in open_ones)
    if not measured or not spent:
        return "", 0
    best, total = ("", 0), 0.0
    for count, need in enumerate(needs, start=1):
        total += need
        wanted = SPARE * (spent + total * max(1.0, spent / measured))
        fitting = next((size for size in BUDGETS if size >= wanted and size > report.budget_seconds), None)
        if fitting is None:
            break
        best = typed_duration(fitting), count
    return best


def _more_seconds(one: Result) -> float:
    if one.detectable is None or not one.threshold or not one.rounds:
        return math.inf
    return one.seconds * max(0.0, (one.detectable / one.threshold) ** 2 - 1)


def _threshold(open_ones: Sequence[Result]) -> str:
    """The smallest threshold, in whole percents, that is above most of their resolutions."""
    seen = sorted(one.detectable if one.detectable is not None else math.inf for one in open_ones)
    wanted = seen[math.ceil(MOST_NEED * len(seen)) - 1] if seen else math.inf
    if wanted > LARGEST_THRESHOLD:
        return ""
    return format_percentage(math.ceil(wanted * 100 - 1e-9) / 100)
