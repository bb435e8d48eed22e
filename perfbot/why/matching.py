"""Which functions of base and head are the same one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from perfbot.model import SIDES, Side
from perfbot.why.profile import Function, Observation

INNER = re.compile(r"(?:\.<locals>)?\.<(?:genexpr|listcomp|setcomp|dictcomp)>$")
"""Comprehensions are a part of the function that they stand in; Python 3.12 makes most of them one."""

Identity = tuple[str, str, str, int]
"""Place, file, name and line: one function of one side."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A function as both sides have it; None where a side was not seen to run it."""

    base: Function | None
    head: Function | None

    @property
    def either(self) -> Function:
        """Head's, or base's where head has none."""
        found = self.head or self.base
        if found is None:
            raise ValueError("a function of neither side")
        return found

    @property
    def was(self) -> str:
        """What it was called on base, where that differs."""
        if self.base is None or self.head is None:
            return ""
        if (self.base.name, self.base.module) == (self.head.name, self.head.module):
            return ""
        return f"{self.base.module}.{self.base.name}" if self.base.module else self.base.name


@dataclass(frozen=True, slots=True)
class Roll:
    """All functions that were seen, numbered for both sides together."""

    functions: tuple[Matched, ...]
    numbers: Mapping[Side, Mapping[Identity, int]]

    def number(self, side: Side, function: Function) -> int:
        """Where a function stands."""
        return self.numbers[side][identity(function)]


def identity(function: Function) -> Identity:
    """What tells a function from all others of its side."""
    return function.place, function.file, function.name, function.line


def is_inner(function: Function) -> bool:
    """Whether it is a comprehension."""
    return not function.compiled and INNER.search(function.name) is not None


def roll_of(observations: Iterable[Observation]) -> Roll:
    """Number the functions of all rounds, and match those of both sides."""
    seen: dict[Side, dict[Identity, Function]] = {side: {} for side in SIDES}
    for observation in observations:
        for side in SIDES:
            profile = observation.sides[side]
            for function in (*profile.calls.functions, *profile.samples.functions):
                seen[side].setdefault(identity(function), function)
    outer = {side: _outer(seen[side]) for side in SIDES}
    plain = {side: {one: f for one, f in seen[side].items() if outer[side][one] == one} for side in SIDES}
    for side in SIDES:
        for inner, around in outer[side].items():
            plain[side].setdefault(around, replace(seen[side][inner], name=around[2], line=around[3]))
    pairs = _pairs(plain["base"], plain["head"])
    functions = tuple(Matched(plain["base"].get(b), plain["head"].get(h)) for b, h in pairs)  # type: ignore[arg-type]
    at: dict[Side, dict[Identity | None, int]] = {
        "base": {b: i for i, (b, _) in enumerate(pairs)},
        "head": {h: i for i, (_, h) in enumerate(pairs)},
    }
    return Roll(functions, {s: {one: at[s][around] for one, around in outer[s].items()} for s in SIDES})


def _outer(seen: Mapping[Identity, Function]) -> dict[Identity, Identity]:
    """Each function, or the one that a comprehension stands in."""
    lines: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for place, file, name, line in seen:
        lines[place, file, name].append(line)
    found: dict[Identity, Identity] = {}
    for one, function in seen.items():
        name = one[2]
        while not function.compiled and INNER.search(name):
            name = INNER.sub("", name)
        before = [line for line in lines.get((one[0], one[1], name), ()) if line <= one[3]]
        found[one] = one if name == one[2] else (one[0], one[1], name, max(before, default=one[3]))
    return found


Pair = tuple[Identity | None, Identity | None]


def _pairs(base: Mapping[Identity, Function], head: Mapping[Identity, Function]) -> list[Pair]:
    """Same name in the same file; then the same code anywhere; then the same name anywhere, where there is but one."""
    left, right, pairs = dict(base), dict(head), list[Pair]()
    for step, key in enumerate(LIKENESSES):
        for one, other in list(_alike(left, right, key, unique=step >= MANY)):
            pairs.append((one, other))
            del left[one], right[other]
    pairs += _renamed(left, right)
    return [*pairs, *((one, None) for one in left), *((None, other) for other in right)]


NEAR = 20
"""Lines between a function and what it was renamed to, where nothing else of the file came or went."""


def _renamed(left: dict[Identity, Function], right: dict[Identity, Function]) -> Iterator[Pair]:
    """The one function of a class or file that went, and the one that came about where it was: renamed and edited."""
    for one, other in list(_alike(left, right, _around, unique=True)):
        if abs(_line(one) - _line(other)) <= NEAR:
            yield one, other
            del left[one], right[other]


def _around(one: Function) -> Hashable | None:
    """What a function stands in."""
    return None if one.compiled or "<" in one.name else (one.place, one.file, one.name.rpartition(".")[0])


Likeness = Callable[[Function], Hashable | None]
"""What two functions have in common that are one; None where that says nothing."""

LIKENESSES: tuple[Likeness, ...] = (
    lambda one: (one.place, one.file, one.name, one.print),
    lambda one: (one.place, one.file, one.name),
    lambda one: (one.place, one.print, one.name.rpartition(".")[2]) if one.print else None,
    lambda one: (one.place, one.print) if one.print else None,
    lambda one: (one.place, one.name) if not one.compiled and "<" not in one.name else None,
)
MANY = 2
"""So many of them may match several functions of a side, in their order."""


def _alike(
    left: Mapping[Identity, Function], right: Mapping[Identity, Function], key: Likeness, *, unique: bool
) -> Iterator[tuple[Identity, Identity]]:
    groups: tuple[dict[Hashable, list[Identity]], ...] = (defaultdict(list), defaultdict(list))
    for side, functions in zip(groups, (left, right), strict=True):
        for one, function in functions.items():
            if (found := key(function)) is not None:
                side[found].append(one)
    for found, ones in groups[0].items():
        others = groups[1].get(found, [])
        if not unique or len(ones) == len(others) == 1:
            yield from zip(sorted(ones, key=_line), sorted(others, key=_line), strict=False)


def _line(one: Identity) -> int:
    return one[3]
