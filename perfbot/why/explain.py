"""From rounds to an explanation: which functions a benchmark's change surely goes back to, and how much of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from perfbot.explained import Explanation, Part
from perfbot.model import SIDES, Result, Side
from perfbot.why.blame import Floats, Ledger, ledger_of
from perfbot.why.edits import Edits
from perfbot.why.flame import flame_of
from perfbot.why.intervals import CONFIDENCE, FEWEST, Means, means_of
from perfbot.why.matching import Matched, Roll, roll_of
from perfbot.why.profile import Function, Observation

MOST_PARTS = 12

SLIGHT_SHARE = 0.02
"""Of the change: what contributes less is part of the rest, however sure it is."""

APART = 1.3
"""Explaining rounds that cost so many times more or less than those of the verdict saw something else."""

MEANS_MUCH = 0.3
"""Of what a function answers for: a callee that stands for so much of it is named."""


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
    scale, notes = _scale(result, observations)
    ledgers = [ledger_of(observation, roll, scale, edited) for observation in observations]
    means = means_of(np.array([one.blamed for one in ledgers]), _least(ledgers, observations))
    shown = _shown(means, result)
    told = np.array([one.blamed[shown].sum() for one in ledgers]) if shown else np.zeros(len(ledgers))
    whole = means_of(told[:, None], family=1)
    explained, half = float(whole.mean[0]), float(whole.half[0])
    parts = tuple(_part(number, roll, ledgers, means, edits, number in edited, packages, observations, scale) for number in shown)
    return _with(
        bare,
        base=_mean([one.sides["base"].seconds * scale["base"] for one in observations]),
        head=_mean([one.sides["head"].seconds * scale["head"] for one in observations]),
        explained=explained,
        interval=(explained - half, explained + half),
        parts=parts,
        confidence=CONFIDENCE,
        functions=means.family,
        rounds=len(observations),
        samples=sum(one.sides[side].samples.count for one in observations for side in SIDES),
        notes=(*notes, *_notes(observations)),
        flame=flame_of(observations, roll, scale, {number: place for place, number in enumerate(shown)}, edits),
    )


def _with(bare: Explanation, **more: object) -> Explanation:
    return replace(bare, **more)  # type: ignore[arg-type]


def _is_edited(one: Matched, edits: Edits) -> bool:
    here = one.head is not None and edits.touch(one.head, "head")
    return here or (one.base is not None and edits.touch(one.base, "base"))


def _scale(result: Result, observations: Sequence[Observation]) -> tuple[dict[Side, float], tuple[str, ...]]:
    """What brings the rounds' costs to those of the verdict, so that the parts add up to what the row says."""
    known = {"base": result.base, "head": result.head}
    seen = {side: _mean([one.sides[side].seconds for one in observations]) for side in SIDES}
    factors = {side: (known[side] or 0.0) / seen[side] if seen[side] > 0 else 0.0 for side in SIDES}
    ratio = factors["head"] / factors["base"] if factors["base"] > 0 else 0.0
    if not 1 / APART < ratio < APART:
        note = "the rounds that explain saw another change than those that decided: these are their costs"
        return dict.fromkeys(SIDES, 1.0), (note,)
    return factors, ()


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


def _part(
    number: int, roll: Roll, ledgers: Sequence[Ledger], means: Means, edits: Edits, edited: bool,
    packages: Mapping[str, str], observations: Sequence[Observation], scale: Mapping[Side, float],
) -> Part:  # fmt: skip
    matched = roll.functions[number]
    function, side = (matched.head, "head") if matched.head else (matched.either, "base")
    change, half = float(means.mean[number]), float(means.half[number])
    own = [_mean([one.own[index][number] for one in ledgers]) for index in range(len(SIDES))]
    calls = [_mean([one.calls[index][number] for one in ledgers]) for index in range(len(SIDES))]
    callee, often = _callee(number, roll, ledgers, change)
    return Part(
        function=function.name,
        module=function.module,
        file=edits.file_of(function, side) or _elsewhere(function),  # type: ignore[arg-type]
        line=function.line,
        hot=_hot(function, observations, edits) if matched.head else 0,
        change=change,
        interval=(change - half, change + half),
        own=(own[0], own[1]),
        calls=(calls[0], calls[1]),
        each=_mean([one.each[number] for one in ledgers]),
        callee=callee,
        callee_calls=often,
        edited=edited,
        was=matched.was,
        package=_package(function, packages),
    )


def _callee(number: int, roll: Roll, ledgers: Sequence[Ledger], change: float) -> tuple[str, tuple[float, float]]:
    """What it calls more or less often: the one that matters most, or else, of compiled ones, that with most calls."""
    matters: Counter[int] = Counter()
    for ledger in ledgers:
        for (caller, callee), term in ledger.more.items():
            if caller == number:
                matters[callee] += term / len(ledgers)  # type: ignore[assignment]
    way = 1.0 if change >= 0 else -1.0
    if matters and change:
        callee = max(matters, key=lambda one: way * matters[one])
        if way * matters[callee] >= MEANS_MUCH * abs(change):
            return roll.functions[callee].either.name, _edge_calls(number, callee, ledgers)
    often = {callee: _edge_calls(number, callee, ledgers) for callee in _compiled_callees(number, roll, ledgers)}
    grown = {callee: way * (head - base) for callee, (base, head) in often.items() if way * (head - base) > SLIGHT_SHARE}
    if not grown:
        return "", (0.0, 0.0)
    callee = max(grown, key=lambda one: grown[one])
    return roll.functions[callee].either.name, often[callee]


def _compiled_callees(number: int, roll: Roll, ledgers: Sequence[Ledger]) -> set[int]:
    pairs = {pair for ledger in ledgers for pair in ledger.edges}
    return {callee for caller, callee in pairs if caller == number and roll.functions[callee].either.compiled}


def _edge_calls(caller: int, callee: int, ledgers: Sequence[Ledger]) -> tuple[float, float]:
    found = [ledger.edges.get((caller, callee), (0.0, 0.0)) for ledger in ledgers]
    return _mean([base for base, _ in found]), _mean([head for _, head in found])


def _hot(function: Function, observations: Sequence[Observation], edits: Edits) -> int:
    """The line of head's version that takes the most with all that it calls; one that the change wrote, if any did."""
    lines: dict[int, int] = defaultdict(int)
    for observation in observations:
        samples = observation.sides["head"].samples
        for (number, line), (_, within) in samples.lines.items():
            one = samples.functions[number]
            inside = one.file == function.file and function.line <= line <= function.end
            if one.place == function.place and inside and one.name.startswith(function.name):
                lines[line] += within
    written = {line: count for line, count in lines.items() if line in edits.lines(function)}
    found = written or lines
    return max(found, key=lambda line: found[line]) if found else 0


def _elsewhere(function: Function) -> str:
    if not function.file or function.place in ("c", "bot"):
        return ""
    return f"<{function.file}>" if function.place in ("site", "std") else function.file


def _package(function: Function, packages: Mapping[str, str]) -> str:
    """With both versions, where its name is that of what is imported."""
    name = function.file.partition("/")[0].removesuffix(".py").lower().replace("_", "-")
    return f"{name} {packages[name]}" if function.place == "site" and name in packages else ""


def _notes(observations: Sequence[Observation]) -> tuple[str, ...]:
    threads = max(one.sides[side].calls.threads for one in observations for side in SIDES)
    return ("it has threads: what they do shows as waiting of the one that calls",) if threads > 1 else ()


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
