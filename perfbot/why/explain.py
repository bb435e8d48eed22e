"""From rounds to an explanation: which functions a benchmark's change surely goes back to, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from perfbot.explained import Explanation
from perfbot.model import SIDES, Result
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

APART = 1.6
"""Factors of the change and of the costs that differ more, between explaining rounds and the verdict, tell that these
saw something else."""

SMALL = 0.03
"""Changes below are too small to be called another one."""

APART_NOTE = "the rounds that explain saw another change than those that decided: these are their costs"


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
    scale = _scale_of(result, observations)
    scaled = [_scaled(one, scale.factor) for one in observations]
    ledgers = [ledger_of(observation, roll, edited) for observation in scaled]
    blamed = np.array([one.blamed for one in ledgers])
    costs = np.array([[one.sides[side].seconds for side in SIDES] for one in scaled])
    wholes = costs[:, 1] - costs[:, 0]
    means = _means(blamed, wholes, _least(ledgers, scaled), scale)
    base, head = _ends(result, scale, costs)
    shown = _shown(means, head - base)
    whole = _means(blamed[:, shown].sum(axis=1)[:, None], wholes, 0.0, scale, family=1)
    explained, half = float(whole.mean[0]), float(whole.half[0])
    known = Known(roll, observations, ledgers, means, edits, frozenset(edited), packages)
    parts = tuple(part_of(number, known) for number in shown)
    return _with(
        bare,
        base=base,
        head=head,
        explained=explained,
        interval=(explained - half, explained + half),
        parts=parts,
        confidence=CONFIDENCE,
        functions=means.family,
        rounds=len(observations),
        samples=sum(one.sides[side].samples.count for one in observations for side in SIDES),
        notes=(*scale.notes, *_notes(observations)),
        flame=flame_of(scaled, roll, {number: place for place, number in enumerate(shown)}, edits),
    )


def _with(bare: Explanation, **more: object) -> Explanation:
    return replace(bare, **more)  # type: ignore[arg-type]


def _is_edited(one: Matched, edits: Edits) -> bool:
    here = one.head is not None and edits.touch(one.head, "head")
    return here or (one.base is not None and edits.touch(one.base, "base"))


@dataclass(frozen=True, slots=True)
class _Scale:
    """What brings the rounds' costs to the verdict's.

    Attributes:
        factor: of all costs of both sides.
        change: the verdict's, that the parts add up to; None where the rounds saw another one.
        error: its standard error.
    """

    factor: float
    change: float | None = None
    error: float = 0.0
    notes: tuple[str, ...] = ()


def _scale_of(result: Result, observations: Sequence[Observation]) -> _Scale:
    """How the rounds' costs relate to the verdict's.

    Neighbours make a machine slower, and not all functions alike: what a function takes in addition stays what it is
    while all else gets dearer. So the *changes* are made equal, by a factor that has to be near that of the costs.
    """
    seen = np.array([[one.sides[side].seconds for side in SIDES] for one in observations])
    known = np.array([result.base or 0.0, result.head or 0.0])
    means = seen.mean(axis=0)
    if means.min() <= 0 or known.min() <= 0:
        return _Scale(1.0)
    usual = float(np.sqrt(known.prod() / means.prod()))
    moved, change = float(means[1] - means[0]), float(known[1] - known[0])
    factor = change / moved if moved else 0.0
    if 1 / APART < factor / usual < APART:
        return _Scale(factor, change, float(np.sqrt(known.prod())) * (result.error or 0.0))
    quiet = abs(np.log(known[1] / known[0])) < SMALL and abs(np.log(means[1] / means[0])) < SMALL
    return _Scale(usual, notes=() if quiet else (APART_NOTE,))


def _scaled(observation: Observation, factor: float) -> Observation:
    sides = {side: replace(one, seconds=one.seconds * factor) for side, one in observation.sides.items()}
    return replace(observation, sides=sides)


def _means(values: Floats, wholes: Floats, least: Floats | float, scale: _Scale, family: int | None = None) -> Means:
    """What functions answer for: where the whole change is known from the verdict, their shares of it.

    A share is a ratio of two means over rounds, and its error that of a ratio estimator (Cochran 1977).

    Args:
        values: shape [round, function]; ``wholes``: the change of the benchmark in each round.
    """
    if scale.change is None:
        return means_of(values, least, family=family)
    shares = values.mean(axis=0) / wholes.mean()
    strays = means_of(values - shares * wholes[:, None], least, besides=shares * scale.error, family=family)
    return replace(strays, mean=shares * scale.change)


def _ends(result: Result, scale: _Scale, costs: Floats) -> tuple[float, float]:
    """What the parts lead from and to: the verdict's values, or the rounds' own where these saw another change."""
    if scale.change is not None and result.base is not None and result.head is not None:
        return result.base, result.head
    base, head = costs.mean(axis=0)
    return float(base), float(head)


def _least(ledgers: Sequence[Ledger], observations: Sequence[Observation]) -> Floats:
    """Standard error of a round that counting samples has by itself (Poisson), a sample at least."""
    errors = np.zeros(len(ledgers[0].blamed))
    for one, ledger in zip(observations, ledgers, strict=True):
        for index, side in enumerate(SIDES):
            total = max(1, one.sides[side].samples.count)
            worth = one.sides[side].seconds / total
            errors += worth**2 * np.maximum(1.0, ledger.own[index] / worth if worth > 0 else 1.0)
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
