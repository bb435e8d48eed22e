"""What a search has found when it is over, or was stopped."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from perfbot.bisect.levels import levels_of
from perfbot.bisect.proof import borne_out, both_in, compared, step_of
from perfbot.bisect.records import Answer, Kind, Step
from perfbot.bisect.search import Search
from perfbot.stats.sequential import FIRST_LOOK

WIDTH = 2.6
"""Standard errors on either side of what is told of both ends (99 %)."""


def answer_of(search: Search) -> Answer:
    """Everything that may be said."""
    if {0, search.last} & search.lost:
        return Answer("failed", lost=tuple(sorted(search.lost)), rounds=len(search.rounds))
    proven = tuple(_proven(search))
    rest = () if proven and not _unproven(search) else tuple(_ranges(search, proven))
    change, interval = _ends(search)
    kind, why = _kind(search, proven, rest)
    return Answer(
        kind,
        tuple(sorted((*proven, *rest), key=lambda step: step.at)),
        change,
        interval,
        search.by_mean,
        tuple(sorted(search.lost)),
        tuple(sorted({commit for taken in search.rounds for commit in taken.typical})),
        len(search.rounds),
        why,
    )


def _proven(search: Search) -> Iterator[Step]:
    for claim in search.claims.values():
        so_far = borne_out(claim, search.rounds, search.goal)
        if so_far.holds:
            yield step_of(claim, search.rounds, search.goal, so_far)


def _unproven(search: Search) -> bool:
    """Whether something was believed that is not proven, or not looked into."""
    claims = search.claims.values()
    return bool(search.stopped) or not all(borne_out(one, search.rounds, search.goal).holds for one in claims)


def _ranges(search: Search, proven: tuple[Step, ...]) -> Iterator[Step]:
    """The narrowest parts of the line, with no proven step in them, whose ends surely differ.

    Every pair of commits that is looked at gets its share of alpha.
    """
    measured = sorted({commit for taken in search.rounds for commit in taken.typical} - search.lost)
    pairs = [
        (one, other)
        for index, one in enumerate(measured)
        for other in measured[index + 1 :]
        if other - one > 1  # single commits are named by proof alone
        and len(both_in(search.rounds, one, other)) >= FIRST_LOOK
        and not any(one < step.at and step.after < other for step in proven)
    ]
    taken: list[tuple[int, int]] = []
    for one, other in sorted(pairs, key=lambda pair: (pair[1] - pair[0], pair)):
        if any(one < high and low < other for low, high in taken):
            continue
        found = compared(search.rounds, one, other, search.goal, search.goal.alpha / len(pairs))
        if found.state in ("up", "down"):
            taken.append((one, other))
            yield Step(one, other, found.change, (found.low, found.high), found.rounds, proven=True)


def _kind(search: Search, proven: tuple[Step, ...], rest: tuple[Step, ...]) -> tuple[Kind, str]:
    whole = any((step.after, step.at) == (0, search.last) for step in rest) and search.last > 1
    if proven or rest:
        single = all(step.single for step in (*proven, *rest))
        why = search.stopped if search.stopped and not single else ""
        if whole and not search.stopped and not proven and not search.claims:
            return "spread", why
        return ("commit" if single else "range"), why
    found = compared(search.rounds, 0, search.last, search.goal, search.goal.alpha)
    if found.state == "same":
        return "none", ""
    return "open", search.stopped or "the rounds differ too much from each other"


def _ends(search: Search) -> tuple[float | None, tuple[float, float] | None]:
    """By how much head differs from base, by all rounds together."""
    if not search.rounds:
        return None, None
    levels = levels_of([taken.means if search.by_mean else taken.typical for taken in search.rounds])
    if not {0, search.last} <= set(levels.commits):
        return None, None
    ends = np.zeros(len(levels.commits))
    ends[levels.commits.index(0)], ends[levels.commits.index(search.last)] = -1.0, 1.0
    ratio = float(ends @ levels.values)
    reach = WIDTH * math.sqrt(float(ends @ levels.covariance @ ends))
    return math.expm1(ratio), (math.expm1(ratio - reach), math.expm1(ratio + reach))
