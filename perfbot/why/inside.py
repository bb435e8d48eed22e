"""What a function's own time goes to where it goes to something written in C, and what that may have met. Pure.

The text of such a call may be the same on both sides: ``pickle.dumps(document)`` becomes dearer with the class of what
it is given. No function of the project needs to run in it, and none is then called more often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from perfbot.model import SIDES
from perfbot.why.blame import Ledger
from perfbot.why.edits import Edits
from perfbot.why.matching import Roll
from perfbot.why.profile import Class, Observation

MOSTLY = 0.5
"""Of a function's part: what one call in it has to stand for to be named."""

MAKING = ("__init__", "__new__", "__post_init__", "__call__")
"""What a call of a class, or of an object, runs."""


def called_inside(
    number: int,
    roll: Roll,
    observations: Sequence[Observation],
    ledgers: Sequence[Ledger],
    own: tuple[float, float],
    change: float,
) -> tuple[str, tuple[float, float]]:
    """The call in which most of a function's change lies, and what it takes on both sides; empty where there is none.

    Args:
        own: what the function took itself on both sides.
        change: its part in the benchmark's change.
    """
    written = _written_in_python(number, roll, ledgers)
    found: dict[str, list[float]] = {}
    for place, side in enumerate(SIDES):
        counts, samples = Counter[str](), 0
        for observation in observations:
            seen = observation.sides[side].samples
            numbers = [roll.number(side, function) for function in seen.functions]
            samples += sum(times for path, times in seen.stacks.items() if path and numbers[path[-1]] == number)
            for (inner, name), times in seen.inside.items():
                if numbers[inner] == number and name.rpartition(".")[2] not in written:
                    counts[name] += times
        for name, times in counts.items():
            found.setdefault(name, [0.0, 0.0])[place] = own[place] * times / samples
    way = 1.0 if change >= 0 else -1.0
    name = max(found, key=lambda one: way * (found[one][1] - found[one][0]), default="")
    if not name or way * (found[name][1] - found[name][0]) < MOSTLY * abs(change):
        return "", (0.0, 0.0)
    return name, (found[name][0], found[name][1])


def _written_in_python(caller: int, roll: Roll, ledgers: Sequence[Ledger]) -> set[str]:
    """Last names of what a function calls that is Python's own: what such a call takes in the caller is no C."""
    names = set()
    for one, callee in {pair for ledger in ledgers for pair in ledger.edges}:
        function = roll.functions[callee].either
        if one == caller and not function.compiled:
            before, _, last = function.name.rpartition(".")
            names.add(before.rpartition(".")[2] if last in MAKING else last)
    return names


def edited_class(observations: Sequence[Observation], edits: Edits) -> Class | None:
    """Of the classes whose head or fields the change edits the one with the most objects at head."""
    there: dict[tuple[str, str, str], Class] = {}
    for observation in observations:
        for one in observation.sides["head"].samples.classes:
            there[one.place, one.file, one.name] = one
    edited = [one for one in there.values() if edits.touch(one.located, "head")]
    return max(edited, key=lambda one: one.count, default=None)
