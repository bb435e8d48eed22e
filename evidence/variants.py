"""Pairs of functions that differ by a real change of code, for ``bias.py``; the same module serves both sides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from random import Random
from types import SimpleNamespace
from typing import Any

Function = Callable[[], Any]

_random = Random(5)
ROWS = [[n, str(n), n + 1, n / 3] for n in range(200)]
KEYS = [f"key {n % 50}" for n in range(400)]
TABLE = {key: len(key) for key in KEYS}
MORE = dict.fromkeys(KEYS, 1)
STEPS = 10_000
SORTED_FLAGS = [n >= 1000 for n in range(2000)]
MIXED_FLAGS = [_random.random() < 0.5 for _ in range(2000)]


def _boxes(count: int) -> list[list[float]]:
    """Lists of one number each, met in another order than they lie in memory: about 190 bytes each, all told."""
    boxes = [[n + 0.5] for n in range(count)]
    _random.shuffle(boxes)
    return boxes


SMALL = _boxes(80)  # 16 KB: within the first-level cache
MEDIUM = _boxes(1_000)  # 190 KB: past it
LARGE = _boxes(10_000)  # 1.9 MB: past the second level of most processors


def rows() -> float:
    """Walk through rows."""
    total = 0.0
    for row in ROWS:
        if row[0] % 10 == 0:
            total += 1.0
        total += row[0] + row[2] * row[3]
    return total


def rows_copied() -> float:
    """The same with an allocation for every tenth row."""
    total = 0.0
    for row in ROWS:
        if row[0] % 10 == 0:
            copied = list(row)
            total += len(copied)
        total += row[0] + row[2] * row[3]
    return total


def lookups() -> int:
    """Look keys up."""
    total = 0
    for key in KEYS:
        total += TABLE[key] + len(key.upper()) * 3 - len(key.strip())
    return total


def lookups_doubled() -> int:
    """The same with one more lookup each."""
    total = 0
    for key in KEYS:
        total += TABLE[key] + len(key.upper()) * 3 - len(key.strip()) + MORE[key]
    return total


def roots() -> float:
    """Square roots."""
    total = 0.0
    for number in range(300):
        if number % 100 == 0:
            total += 1.0
        total += math.sqrt(number)
    return total


def roots_importing() -> float:
    """The same, the import repeated for every hundredth of them."""
    total = 0.0
    for number in range(300):
        if number % 100 == 0:
            from math import sqrt
        total += sqrt(number)
    return total


def _branches(flags: list[bool]) -> Function:
    def function() -> int:
        yes = no = 0
        for flag in flags:
            if flag:
                yes += 1
            else:
                no += 3
        return yes - no

    return function


def _walk(boxes: list[list[float]], steps: int) -> Function:
    """Add up ``steps`` numbers, over and over the same ones: equal work on any number of them."""
    times = range(steps // len(boxes))
    inside = itemgetter(0)

    def function() -> float:
        total = 0.0
        for _ in times:
            total += sum(map(inside, boxes))
        return total

    return function


def _handled() -> int:
    """Handle what could fail, and does not."""
    found = 0
    for index, key in enumerate(KEYS):
        try:
            found += TABLE[key if index >= 0 else "none"]
        except KeyError:
            found -= 1
    return found


def _handled_failing() -> int:
    """The same; one in two hundred fails."""
    found = 0
    for index, key in enumerate(KEYS):
        try:
            found += TABLE[key if index % 200 else "none"]
        except KeyError:
            found -= 1
    return found


def repeated(function: Function, times: int) -> Function:
    """A longer call."""

    def many() -> Any:
        for _ in range(times):
            result = function()
        return result

    return many


@dataclass(frozen=True, slots=True)
class Case:
    """What one side does, and the other."""

    base: Function
    head: Function
    about: str


def _cases() -> dict[str, Case]:
    to_l1 = "working set 16 KB → 190 KB"
    to_l2 = "working set 16 KB → 1.9 MB"
    in_l2 = "working set 190 KB → 1.9 MB"
    short = {
        "none": Case(rows, rows, "nothing"),
        "allocation": Case(rows, rows_copied, "extra allocations"),
        "lookup": Case(lookups, lookups_doubled, "an extra lookup"),
        "import": Case(roots, roots_importing, "an import in a loop"),
        "exception": Case(_handled, _handled_failing, "exceptions now and then"),
        "branches": Case(_branches(SORTED_FLAGS), _branches(MIXED_FLAGS), "branches nobody can predict"),
        "past L1": Case(_walk(SMALL, 4_000), _walk(MEDIUM, 4_000), to_l1),
        "past L2": Case(_walk(SMALL, STEPS), _walk(LARGE, STEPS), to_l2),
        "L1 to L2": Case(_walk(MEDIUM, STEPS), _walk(LARGE, STEPS), in_l2),
    }
    longer = {
        f"{name}, × {times}": Case(repeated(short[name].base, times), repeated(short[name].head, times), about)
        for name, times, about in (
            ("none", 1000, "nothing"),
            ("lookup", 50, "an extra lookup"),
            ("allocation", 300, "extra allocations"),
            ("lookup", 400, "an extra lookup"),
            ("branches", 200, "branches nobody can predict"),
            ("past L1", 300, to_l1),
            ("past L2", 4, to_l2),
            ("past L2", 40, to_l2),
            ("L1 to L2", 40, in_l2),
        )
    }
    return short | longer


CASES = _cases()
ATTRIBUTES = {name: f"case_{number}" for number, name in enumerate(CASES)}
BASE = SimpleNamespace(**{ATTRIBUTES[name]: case.base for name, case in CASES.items()})
HEAD = SimpleNamespace(**{ATTRIBUTES[name]: case.head for name, case in CASES.items()})
