"""What there is to tell of one function that a change goes back to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from perfbot.explained import Part
from perfbot.model import SIDES, Side
from perfbot.why.blame import Ledger
from perfbot.why.edits import Edits
from perfbot.why.inside import called_inside, edited_class
from perfbot.why.intervals import Means
from perfbot.why.matching import Roll
from perfbot.why.profile import Function, Observation

MEANS_MUCH = 0.3
"""Of what a function answers for: a callee that stands for so much of it is named."""

FEW = 0.02
"""Calls, in one of the benchmark: fewer more or less are not told."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a benchmark's functions, by their numbers.

    Attributes:
        means: of what they answer for.
        edited: those that the change edits.
        packages: versions ("1.2 → 1.3") of packages that differ, by name.
    """

    roll: Roll
    observations: Sequence[Observation]
    ledgers: Sequence[Ledger]
    means: Means
    edits: Edits
    edited: frozenset[int]
    packages: Mapping[str, str]


def part_of(number: int, known: Known) -> Part:
    """One function's part in the change."""
    matched, ledgers = known.roll.functions[number], known.ledgers
    function = matched.either
    side: Side = "head" if matched.head else "base"
    change, half = float(known.means.mean[number]), float(known.means.half[number])
    own = [_mean([one.own[index][number] for one in ledgers]) for index in range(len(SIDES))]
    calls = [_mean([one.calls[index][number] for one in ledgers]) for index in range(len(SIDES))]
    waits = [_mean([one.waits[index][number] for one in ledgers]) for index in range(len(SIDES))]
    callee, often = _callee(number, known, change)
    edited = number in known.edited
    inside, inside_own = called_inside(number, known.roll, known.observations, known.ledgers, (own[0], own[1]), change)
    uses, uses_line = known.edits.used(function) if matched.head and not edited else ("", 0)
    package = _package(function, known.packages)
    told = bool(edited or uses or package or not inside or not matched.head)
    objects = None if told else edited_class(known.observations, known.edits)
    return Part(
        function=function.name,
        module=function.module,
        file=known.edits.file_of(function, side) or _elsewhere(function),
        line=function.line,
        hot=_hot(function, known) if matched.head else 0,
        change=change,
        interval=(change - half, change + half),
        own=(own[0], own[1]),
        calls=(calls[0], calls[1]),
        each=_mean([float(one.each[number]) for one in ledgers]),
        callee=callee,
        callee_calls=often,
        edited=edited,
        was=matched.was,
        package=package,
        waits=(waits[0], waits[1]),
        uses=uses,
        uses_line=uses_line,
        inside=inside,
        inside_own=inside_own,
        objects=objects.name if objects else "",
        objects_count=objects.count if objects else 0,
        objects_place=f"{known.edits.file_of(objects.located)}:{objects.line}" if objects else "",
    )


def _callee(number: int, known: Known, change: float) -> tuple[str, tuple[float, float]]:
    """What it calls more or less often: the one that matters most, or else, of compiled ones, that with most calls."""
    way = 1.0 if change >= 0 else -1.0
    matters: Counter[int] = Counter()
    for ledger in known.ledgers:
        for (caller, callee), term in ledger.more.items():
            if caller == number:
                matters[callee] += way * term / len(known.ledgers)  # type: ignore[assignment]
    most = max(matters, key=lambda one: matters[one], default=None)
    if most is not None and matters[most] >= MEANS_MUCH * abs(change):
        return _name(most, known), _edge_calls(number, most, known.ledgers)
    often = {callee: _edge_calls(number, callee, known.ledgers) for callee in _compiled_callees(number, known)}
    grown = {callee: way * (head - base) for callee, (base, head) in often.items() if way * (head - base) > FEW}
    if not grown:
        return "", (0.0, 0.0)
    callee = max(grown, key=lambda one: grown[one])
    return _name(callee, known), often[callee]


def _name(number: int, known: Known) -> str:
    return known.roll.functions[number].either.name


def _compiled_callees(number: int, known: Known) -> set[int]:
    pairs = {pair for ledger in known.ledgers for pair in ledger.edges}
    return {callee for caller, callee in pairs if caller == number and known.roll.functions[callee].either.compiled}


def _edge_calls(caller: int, callee: int, ledgers: Sequence[Ledger]) -> tuple[float, float]:
    found = [ledger.edges.get((caller, callee), (0.0, 0.0)) for ledger in ledgers]
    return _mean([base for base, _ in found]), _mean([head for _, head in found])


def _hot(function: Function, known: Known) -> int:
    """The line of head's version that takes the most with all that it calls; one that the change wrote, if any did."""
    lines: dict[int, int] = defaultdict(int)
    for observation in known.observations:
        samples = observation.sides["head"].samples
        for (number, line), (_, within) in samples.lines.items():
            one = samples.functions[number]
            inside = one.file == function.file and function.line <= line <= function.end
            if one.place == function.place and inside and one.name.startswith(function.name):
                lines[line] += within
    written = {line: count for line, count in lines.items() if line in known.edits.lines(function)}
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


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
