"""What parsers of tools' outputs share: JSON that knows where it is, lines with numbers, units, and their errors.

Every parser is a pure function from what a tool wrote to readings. It returns right values or raises MeasureError
with file, place, what was found and what was expected; it never guesses.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from perfbot import units
from perfbot.errors import MeasureError
from perfbot.measure.processes.tools import Written
from perfbot.model import Metric

CPU = Metric("cpu", "s")
THROUGHPUT = Metric("throughput", "1/s", "higher")
ALLOCATED = Metric("allocated", "B", rule="exact")

TIMES = {**units.DURATIONS, "us": 1e-6, "μs": 1e-6, "usec": 1e-6, "m": 60.0, "sec": 1.0}
"""Seconds in each unit of time that tools write."""

NUMBER = r"[-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"

LONGEST_SHOWN = 60

BEGIN = re.compile(r"^[ \t]*(?=\{\s*[\"}]|\[\s*[\[{\]])", re.MULTILINE)
"""Of a JSON document of objects; ``[note] …`` and the like are lines of a log."""


def wrong(where: str, found: object, expected: str) -> NoReturn:
    """Raise the error of every parser."""
    text = found if isinstance(found, str) else repr(found)
    shown = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
    raise MeasureError(f"{where}: found {shown!r}, expected {expected}")


def quantity(text: str, where: str) -> float:
    """A number as tools print it: ``1,234.5``, ``6.02e-4``."""
    if not re.fullmatch(NUMBER, text, re.ASCII):
        wrong(where, text, "a number")
    value = float(text.replace(",", ""))
    if not math.isfinite(value):
        wrong(where, text, "a finite number")
    return value


def seconds_in(unit: str, where: str) -> float:
    """Seconds in one of a unit of time."""
    if unit not in TIMES:
        wrong(where, unit, f"a unit of time ({', '.join(TIMES)})")
    return TIMES[unit]


def lines(written: Sequence[Written], *, ended: bool = True) -> Iterator[tuple[str, str]]:
    """Every line with its place; bytes that are no UTF-8 become replacement characters.

    Args:
        ended: the last line must have its end: without it, it was cut off, and its last number may have been longer.
    """
    for one in written:
        found = one.data.decode("utf-8", "replace").split("\n")
        for number, line in enumerate(found[:-1], start=1):
            yield f"{one.where}, line {number}", line.rstrip("\r")
        if found[-1] and ended:
            wrong(f"{one.where}, line {len(found)}", found[-1], "a line end: it seems to be cut off")
        if found[-1]:
            yield f"{one.where}, line {len(found)}", found[-1]


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a JSON document."""

    where: str
    value: Any

    def __getitem__(self, key: str) -> Node:
        """The value of a key that must be there."""
        found = self.get(key)
        if found is None:
            wrong(f"{self.where}", sorted(self.value)[:8], f'the key "{key}"')
        return found

    def get(self, key: str) -> Node | None:
        """The value of a key, or None where it is missing or null."""
        if not isinstance(self.value, dict):
            wrong(self.where, self.value, "an object")
        found = self.value.get(key)
        return None if found is None else Node(f"{self.where} {key}", found)

    def keys(self) -> Iterator[tuple[str, Node]]:
        """Keys and values of an object."""
        if not isinstance(self.value, dict):
            wrong(self.where, self.value, "an object")
        for key, value in self.value.items():
            yield key, Node(f"{self.where} {key}", value)

    def items(self) -> Iterator[Node]:
        """The members of an array."""
        if not isinstance(self.value, list):
            wrong(self.where, self.value, "an array")
        for index, value in enumerate(self.value):
            yield Node(f"{self.where}[{index}]", value)

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value:
            wrong(self.where, self.value, "a text")
        return self.value

    def number(self) -> float:
        """A finite number."""
        if not self.is_number:
            wrong(self.where, self.value, "a finite number")
        return float(self.value)

    @property
    def is_number(self) -> bool:
        """Whether it is a finite number, and not a truth value."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            return False
        try:
            return math.isfinite(float(self.value))
        except OverflowError:
            return False


def document(written: Written) -> Node:
    """The JSON document that a tool wrote; text before and after it is left out where it was printed."""
    try:
        text = written.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong(f"{written.where}, byte {error.start}", written.data[error.start : error.start + 8], "UTF-8")
    begin = BEGIN.search(text)
    if begin is None:
        wrong(written.where, text.strip()[:LONGEST_SHOWN], "JSON")
    try:
        value, _ = json.JSONDecoder().raw_decode(text, begin.end())
    except json.JSONDecodeError as error:
        wrong(f"{written.where}, line {error.lineno}", text[error.pos : error.pos + LONGEST_SHOWN], error.msg)
    except (ValueError, RecursionError) as error:
        wrong(written.where, type(error).__name__, "JSON of a sensible depth and size")
    return Node(written.where, value)


def documents(written: Sequence[Written]) -> Iterator[Node]:
    """All of them."""
    return map(document, written)
