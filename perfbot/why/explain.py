"""From rounds to an explanation: which functions a benchmark's change surely goes back to, and how much of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from perfbot.explained import Explanation
from perfbot.model import SIDES, Result, Side
from perfbot.why.blame import Floats, Ledger, ledger_of
from perfbot.why.edits import Edits
from perfbot.why.flame import flame_of
from perfbot.why.intervals import CONFIDENCE, FEWEST, Means, means_of
from perfbot.why.matching import Matched, Roll, roll_of
from perfbot.why.parts import Known, part_of
from perfbot.why.profile import Observation

MOST_PARTS = 12

SLIGHT_SHARE = 0.02
"""Of the change: what contributes less is part of the rest, however sure it is."""

APART = 1.5
"""Explaining rounds whose ratio of both sides differs by such a factor from the verdict's saw something else."""

APART_NOTE = "the rounds that explain saw another change than those that decided: these are their costs"

NOT_SEEN = (
    "it does not follow from the instructions that it executes: memory or waiting, which perf sees where it is "
    "installed and may sample"
)

STEP = 0.01
"""Of a side's cost, to see what follows it."""


def explain(
    result: Result, observations: Sequence[Observation], edits: Edits, packages: Mapping[str, str], seconds: float
) -> Explanation:
    """Explain the change of one result.

    Args:
        result: judged; its values on both sides are what the parts add up to.
        observations: its explaining rounds.
        packages: versions ("1.2 → 1.3") of those that differ, by name.
        seconds: wall time of the rounds.
    """
    bare = Explanation(result.suite, result.benchmark, result.metric, result.unit, seconds=seconds)
    refused = next((one.refused for one in observations if one.refused), "")
    if refused or len(observations) < FEWEST:
        few = f"only {len(observations)} of at least {FEWEST} rounds were there in time"
        return _with(bare, reason=refused or few, rounds=len(observations))
    roll = roll_of(observations)
    edited = {number for number, one in enumerate(roll.functions) if _is_edited(one, edits)}
    costs = _costs_of(result, observations)
    if costs.notes and observations[0].other_unit:
        return _with(bare, base=result.base or 0.0, head=result.head or 0.0, rounds=len(observations), reason=NOT_SEEN)
    scaled = [_at(one, costs.sides) for one in observations]
    ledgers = [ledger_of(observation, roll, edited) for observation in scaled]
    blamed = np.array([one.blamed for one in ledgers])
    besides = costs.error * _tilt(scaled, roll, edited, blamed)
    means = means_of(blamed, _least(ledgers, scaled), besides=besides)
    shown = _shown(means, costs.sides["head"] - costs.sides["base"])
    whole = means_of(blamed[:, shown].sum(axis=1)[:, None], besides=besides[shown].sum(), family=1)
    explained, half = float(whole.mean[0]), float(whole.half[0])
    known = Known(roll, observations, ledgers, means, edits, frozenset(edited), packages)
    parts = tuple(part_of(number, known) for number in shown)
    return _with(
        bare,
        base=costs.sides["base"],
        head=costs.sides["head"],
        explained=explained,
        interval=(explained - half, explained + half),
        parts=parts,
        confidence=CONFIDENCE,
        functions=means.family,
        rounds=len(observations),
        samples=sum(one.sides[side].samples.count for one in observations for side in SIDES),
        notes=(*costs.notes, *_notes(observations)),
        flame=flame_of(scaled, roll, {number: place for place, number in enumerate(shown)}, edits),
    )


def _with(bare: Explanation, **more: object) -> Explanation:
    return replace(bare, **more)  # type: ignore[arg-type]


def _is_edited(one: Matched, edits: Edits) -> bool:
    here = one.head is not None and edits.touch(one.head, "head")
    return here or (one.base is not None and edits.touch(one.base, "base"))


@dataclass(frozen=True, slots=True)
class _Costs:
    """What a call costs on both sides in all rounds, and how well that is known.

    Attributes:
        error: standard error of log(head/base).
    """

    sides: Mapping[Side, float]
    error: float
    notes: tuple[str, ...] = ()


def _costs_of(result: Result, observations: Sequence[Observation]) -> _Costs:
    """The verdict's, whose many rounds know them best, and to which the parts have to add up.

    Neighbours do not slow all functions down alike. By how much the explaining rounds' own ratio differs from the
    verdict's, beyond its error, tells how unlike their conditions were, and counts as an error of the ratio.
    """
    seen = np.array([[one.sides[side].seconds for side in SIDES] for one in observations])
    known = np.array([result.base or 0.0, result.head or 0.0])
    if seen.min() <= 0:
        return _Costs(_by_side(seen.mean(axis=0)), 0.0)
    logs = np.log(seen[:, 1] / seen[:, 0])
    error = float(logs.std(ddof=1) / np.sqrt(len(logs)))
    if known.min() > 0:
        stray = float(logs.mean() - np.log(known[1] / known[0]))
        if abs(stray) < np.log(APART):
            unlike = max(0.0, stray**2 - error**2)
            return _Costs(_by_side(known), float(np.sqrt((result.error or 0.0) ** 2 + unlike)))
    return _Costs(_by_side(np.exp(np.log(seen).mean(axis=0))), error, (APART_NOTE,))


def _by_side(costs: Floats) -> dict[Side, float]:
    return dict(zip(SIDES, map(float, costs), strict=True))


def _at(observation: Observation, costs: Mapping[Side, float]) -> Observation:
    """As if its sides had cost so much: of a round, only the shares count."""
    sides = {side: replace(one, seconds=costs[side]) for side, one in observation.sides.items()}
    return replace(observation, sides=sides)


def _tilt(observations: Sequence[Observation], roll: Roll, edited: Collection[int], blamed: Floats) -> Floats:
    """By how much each function's part moves with log(head/base) of the whole: what is known of that as badly as the
    error says adds to each interval.

    Parts are homogeneous in both sides' costs, so one derivative gives the other (Euler).
    """
    found = []
    for observation, part in zip(observations, blamed, strict=True):
        costs = {side: one.seconds * (1 + STEP * (side == "head")) for side, one in observation.sides.items()}
        by_head = (ledger_of(_at(observation, costs), roll, edited).blamed - part) / STEP
        found.append(by_head - part / 2)
    return np.mean(found, axis=0)  # type: ignore[no-any-return]


def _least(ledgers: Sequence[Ledger], observations: Sequence[Observation]) -> Floats:
    """Standard error of a round that counting samples has by itself (Poisson), a sample at least."""
    errors = np.zeros(len(ledgers[0].blamed))
    for one, ledger in zip(observations, ledgers, strict=True):
        for index, side in enumerate(SIDES):
            total = max(1, one.sides[side].samples.count)
            worth = one.sides[side].seconds / total
            seen = ledger.own[index] + (ledger.through if side == "head" else 0.0)
            errors += worth**2 * np.maximum(1.0, seen / worth if worth > 0 else 1.0)
    return np.sqrt(errors / len(ledgers))


def _shown(means: Means, change: float) -> list[int]:
    """What is surely there and worth telling: what goes the way of the whole first, what matters most first."""
    worth = means.proven & (np.abs(means.mean) >= SLIGHT_SHARE * abs(change))
    way = 1.0 if change >= 0 else -1.0
    ordered = sorted(np.flatnonzero(worth), key=lambda number: -way * means.mean[number])
    return [int(number) for number in ordered[:MOST_PARTS]]


def _notes(observations: Sequence[Observation]) -> tuple[str, ...]:
    threads = max(one.sides[side].calls.threads for one in observations for side in SIDES)
    return ("it has threads: what they do shows as waiting of the one that calls",) if threads > 1 else ()


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
