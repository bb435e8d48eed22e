"""JSON that tools wrote, by places: documents, and results in them that cost no other when they are bad."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from perfbot.errors import MeasureError
from perfbot.harness.results import LONGEST_SHOWN, reading, shown, wrong
from perfbot.harness.text import characters
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Unreadable, Written
from perfbot.model import Metric

BEGIN = re.compile(r"^[ \t]*(?=\{\s*[\"}]|\[\s*[\[{\]])", re.MULTILINE)
"""Of a JSON document of objects; ``[note] …`` and the like are lines of a log."""

NEXT = re.compile(r"[ \t\ufeff]*(?=\{\s*[\"}]|\[\s*[\[{\]])")
"""Of another document right behind one."""

NOT_FINITE = re.compile(r"(?<=[:,\[])(\s*)[-+]?(?:nan|inf(?:inity)?)(?:\(\w*\))?(?=\s*[,}\]])", re.IGNORECASE)
"""What C++ prints for numbers that are none; JSON knows no such words, and Python's reader only some."""


class Twice:
    """The value of a key that an object has more than once."""

    def __repr__(self) -> str:
        return "the key more than once"


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
        if not isinstance(self.value, str) or not self.value.strip():
            wrong(self.where, self.value, "a text")
        return whole(self.value)

    def reading(self, metric: Metric, scale: float = 1.0) -> Reading:
        """It as a value of a metric, or why it is none."""
        if not self.is_number:
            return Reading(metric, trouble=f"{self.where}: found {shown(self.value)}, expected a finite number")
        return reading(metric, float(self.value), self.where, scale)

    @property
    def is_number(self) -> bool:
        """Whether it is a finite number, and not a truth value."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            return False
        try:
            return math.isfinite(float(self.value))
        except OverflowError:
            return False


def whole(text: str) -> str:
    """A text of whole characters: half of one, which JSON can hold, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


Nodes = Iterable[Node | Unreadable]


def documents(written: Sequence[Written]) -> Iterator[Node | Unreadable]:
    """All JSON documents that a tool wrote; text between them is left out where they were printed."""
    for one in written:
        text, position, number = characters(one.data), 0, 0
        while begin := (number and NEXT.match(text, position)) or BEGIN.search(text, position):
            where = one.where if not number else f"{one.where}, document {number + 1}"
            found, position = _document(text, begin.end(), where)
            number += 1
            yield found
            if isinstance(found, Unreadable):
                break  # what follows is inside of it
        if not number:
            yield Unreadable(f"{one.where}: found {shown(text.strip()[:LONGEST_SHOWN])}, expected JSON")


def _document(text: str, begin: int, where: str) -> tuple[Node | Unreadable, int]:
    """The document that begins there, and where it ends."""
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    try:
        try:
            value, end = decoder.raw_decode(text, begin)
        except json.JSONDecodeError:
            text = text[:begin] + NOT_FINITE.sub(_same_length, text[begin:])
            value, end = decoder.raw_decode(text, begin)
    except json.JSONDecodeError as error:
        found = shown(text[error.pos : error.pos + LONGEST_SHOWN])
        return Unreadable(f"{where}, line {error.lineno}: found {found}, expected {error.msg}"), len(text)
    except (ValueError, RecursionError) as error:
        found = shown(type(error).__name__)
        return Unreadable(f"{where}: found {found}, expected JSON of a sensible depth and size"), len(text)
    return Node(where, value), end


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = Twice() if key in found else value
    return found


def _same_length(found: re.Match[str]) -> str:
    """``NaN``, with spaces so that what follows stays where it is."""
    return f"{found[1]}{'NaN':{len(found[0]) - len(found[1])}}"


def inside(nodes: Nodes, key: str) -> Iterator[Node | Unreadable]:
    """The members of the array under a key of each node; a node without one costs no other."""
    for node in nodes:
        if isinstance(node, Unreadable):
            yield node
            continue
        try:
            yield from node[key].items()
        except MeasureError as error:
            yield Unreadable(error.message)


def by_result(
    nodes: Nodes, identify: Callable[[Node], Reported], read: Callable[[Node, Reported], Reported | None]
) -> Parsed:
    """The results that stand at some nodes.

    Args:
        identify: the name of one and what distinguishes it.
        read: what is reported of it; None where it is no result.
    """
    found: list[Reported | Unreadable] = []
    for node in nodes:
        if isinstance(node, Unreadable):
            found.append(node)
            continue
        try:
            one = identify(node)
        except MeasureError as error:
            found.append(Unreadable(error.message))
            continue
        try:
            result = read(node, one)
        except MeasureError as error:
            result = replace(one, trouble=error.message)
        if result is not None:
            found.append(result)
    return found
