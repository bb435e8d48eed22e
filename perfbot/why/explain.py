"""From rounds to an explanation: which functions a benchmark's change surely goes back to, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from perfbot.explained import Explanation
from perfbot.model import SIDES, Result, Side
from perfbot.why.blame import Floats, Ledger, ledger_of
from perfbot.why.edits import Edits
from perfbot.why.flame import flame_of
from perfbot.why.intervals import CONFIDENCE, FEWEST, Means, means_of
from perfbot.why.matching import Matched, roll_of
from perfbot.why.parts import Known, part_of
from perfbot.why.profile import Observation

MOST_PARTS = 12

SLIGHT_SHARE = 0.02
"""Of the change: what contributes less is part of the rest, however sure it is."""

APART = 1.3
"""Explaining rounds that cost so many times more or less than those of the verdict saw something else."""


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
    scales, notes = _scales(result, observations)
    scaled = [_scaled(one, scale) for one, scale in zip(observations, scales, strict=True)]
    ledgers = [ledger_of(observation, roll, edited) for observation in scaled]
    means = means_of(np.array([one.blamed for one in ledgers]), _least(ledgers, scaled))
    shown = _shown(means, result)
    told = np.array([one.blamed[shown].sum() for one in ledgers]) if shown else np.zeros(len(ledgers))
    whole = means_of(told[:, None], family=1)
    explained, half = float(whole.mean[0]), float(whole.half[0])
    known = Known(roll, observations, ledgers, means, edits, frozenset(edited), packages)
    parts = tuple(part_of(number, known) for number in shown)
    return _with(
        bare,
        base=_mean([one.sides["base"].seconds for one in scaled]),
        head=_mean([one.sides["head"].seconds for one in scaled]),
        explained=explained,
        interval=(explained - half, explained + half),
        parts=parts,
        confidence=CONFIDENCE,
        functions=means.family,
        rounds=len(observations),
        samples=sum(one.sides[side].samples.count for one in observations for side in SIDES),
        notes=(*notes, *_notes(observations)),
        flame=flame_of(scaled, roll, {number: place for place, number in enumerate(shown)}, edits),
    )


def _with(bare: Explanation, **more: object) -> Explanation:
    return replace(bare, **more)  # type: ignore[arg-type]


def _is_edited(one: Matched, edits: Edits) -> bool:
    here = one.head is not None and edits.touch(one.head, "head")
    return here or (one.base is not None and edits.touch(one.base, "base"))


def _scales(result: Result, observations: Sequence[Observation]) -> tuple[list[dict[Side, float]], tuple[str, ...]]:
    """What brings the rounds' costs to those of the verdict, so that the parts add up to what the row says.

    How fast the machine is changes from round to round, for both sides alike: what both together cost is made the same
    in all rounds. By how much one is dearer stays as each round saw it, but for a constant.
    """
    seen = np.array([[one.sides[side].seconds for side in SIDES] for one in observations])
    known = np.array([result.base or 0.0, result.head or 0.0])
    if not (seen.min() > 0 and known.min() > 0):
        return [dict.fromkeys(SIDES, 1.0) for _ in observations], ()
    ratios = seen[:, 1] / seen[:, 0]
    stray = float(np.exp(np.mean(np.log(ratios)))) / (known[1] / known[0])
    note = "the rounds that explain saw another change than those that decided: these are their costs"
    apart = not 1 / APART < stray < APART
    middle = np.sqrt(known.prod() / seen.prod(axis=1))[:, None] * np.ones(2)
    costs = seen * middle
    factors = middle if apart else middle * (known / costs.mean(axis=0))
    return [dict(zip(SIDES, map(float, row), strict=True)) for row in factors], (note,) if apart else ()


def _scaled(observation: Observation, scale: Mapping[Side, float]) -> Observation:
    sides = {side: replace(one, seconds=one.seconds * scale[side]) for side, one in observation.sides.items()}
    return replace(observation, sides=sides)


def _least(ledgers: Sequence[Ledger], observations: Sequence[Observation]) -> Floats:
    """Standard error of a round that counting samples has by itself (Poisson), a sample at least."""
    errors = np.zeros(len(ledgers[0].blamed))
    for one, ledger in zip(observations, ledgers, strict=True):
        for index, side in enumerate(SIDES):
            total = max(1, one.sides[side].samples.count)
            worth = one.sides[side].seconds / total
            errors += worth**2 * np.maximum(1.0, ledger.own[index] / worth if worth > 0 else 1.0)
    return np.sqrt(errors / len(ledgers))


def _shown(means: Means, result: Result) -> list[int]:
    """What is surely there and worth telling: what goes the way of the whole first, what matters most first."""
    change = (result.head or 0.0) - (result.base or 0.0)
    worth = means.proven & (np.abs(means.mean) >= SLIGHT_SHARE * abs(change))
    way = 1.0 if change >= 0 else -1.0
    ordered = sorted(np.flatnonzero(worth), key=lambda number: -way * means.mean[number])
    return [int(number) for number in ordered[:MOST_PARTS]]


def _notes(observations: Sequence[Observation]) -> tuple[str, ...]:
    threads = max(one.sides[side].calls.threads for one in observations for side in SIDES)
    return ("it has threads: what they do shows as waiting of the one that calls",) if threads > 1 else ()


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
