"""Common causes: benchmarks of one name's beginning that all changed the same way are told together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from perfbot.model import Result
from perfbot.render.escape import clean

SMALLEST = 3
"""Benchmarks that make a family: two are told as quickly one by one."""

LONGEST_TYPED, BOTH_ENDS = 80, 30
"""Characters of a name in a command, and of each end of a longer one."""

_SEPARATOR = re.compile(r"[/:._\[-]+")
"""Between two parts of a name: ``core/``, ``serialize_``, ``walk[``. Searching for it takes time in proportion to the
name, whatever the name is."""

MOST_PARTS = 32
"""Beginnings of a name that are looked at: names come from the report, and may be all separators."""


@dataclass(frozen=True, slots=True)
class Family:
    """All comparisons of ``metric`` whose name begins with ``start``; they have one verdict and one gate."""

    start: str
    metric: str
    results: tuple[Result, ...]

    @property
    def pattern(self) -> str:
        """As one reads it: ``core/serialize_*``."""
        return f"{self.start}*"


def families(told: Sequence[Result], every: Iterable[Result]) -> tuple[Family, ...]:
    """The largest families among some results, each result in one at the most.

    Args:
        told: results of any verdict and gate.
        every: all results of the run: a family has no member whose verdict differs. A beginning that all of a metric
            share tells nothing, and makes none.
    """
    totals: Counter[str] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    for one in every:
        totals[one.metric] += 1
        sizes.update((start, one.metric) for start in _starts(one.full_name))
    members: dict[tuple[str, str], list[Result]] = {}
    for one in told:
        for start in _starts(one.full_name):
            members.setdefault((start, one.metric), []).append(one)
    found: list[Family] = []
    taken: set[int] = set()
    for (start, metric), results in sorted(members.items(), key=lambda item: (-len(item[1]), len(item[0][0]))):
        whole = len(results) == sizes[start, metric] < totals[metric]
        alike = len({(one.verdict, one.gate) for one in results}) == 1
        if len(results) >= SMALLEST and whole and alike and not taken & set(map(id, results)):
            taken |= set(map(id, results))
            found.append(Family(start, metric, tuple(results)))
    return tuple(found)


def _starts(name: str) -> list[str]:
    """Every beginning of a name that ends where a part ends."""
    ends = (found.end() for found in islice(_SEPARATOR.finditer(name), MOST_PARTS))
    return [name[:end] for end in ends if end < len(name)]


def common_glob(names: Sequence[str]) -> str:
    """A glob for names: the name itself, or their common beginning up to the end of a part, with ``*``.

    Characters that globs, shells or markdown give a meaning to become ``?``, and the middle of what is too long to be
    typed ``*``.
    """
    first, last = min(names), max(names)
    if first == last:
        long = len(first) > LONGEST_TYPED
        return f"{_harmless(first[:BOTH_ENDS])}*{_harmless(first[-BOTH_ENDS:])}" if long else _harmless(first)
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    starts = [start for start in _starts(first) if len(start) <= min(shared, LONGEST_TYPED)]
    return f"{_harmless(starts[-1])}*" if starts else "*"


def _harmless(text: str) -> str:
    return "".join(one if one in "_/.:=,+-" or (one.isalnum() and clean(one) == one) else "?" for one in text)
