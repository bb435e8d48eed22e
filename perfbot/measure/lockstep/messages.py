"""What workers may say. Code under test shares their process, so nothing is believed unchecked. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

Message = dict[str, Any]
Check = Callable[[Any], bool]

PORTS = 65_536
"""More than that nobody listens on."""

LARGEST = 1 << 62
"""Nanoseconds; a century and more. Larger whole numbers do not fit into what follows."""


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < LARGEST


def _count(value: Any) -> bool:
    return _whole(value) and value > 0


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and abs(value) < LARGEST and math.isfinite(value)


def _number_or_none(value: Any) -> bool:
    return value is None or _number(value)


def _wholes(value: Any) -> bool:
    return isinstance(value, list) and len(value) in (0, 3) and all(map(_whole, value))


def _ports(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= PORTS and all(map(_whole, value))


def _texts_or_none(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_text, value.values())))


def _each(fields: Mapping[str, Check]) -> Check:
    def check(value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(item, dict) and _fits(item, fields) for item in value)

    return check


def _fits(message: Mapping[str, Any], fields: Mapping[str, Check]) -> bool:
    return all(check(message.get(name)) for name, check in fields.items())


_BENCHMARK: dict[str, Check] = {
    "name": _text,
    "file": _text,
    "line": _whole,
    "metric": _texts_or_none,
    "timeout": _number,
}
_EVENTS: dict[str, dict[str, Check]] = {
    "listed": {"benchmarks": _each(_BENCHMARK), "problems": _each({"where": _text, "message": _text, "kind": _text})},
    "running": {},
    "ready": {"name": _text, "once": _flag, "inner": _count},
    "answer": {"name": _text},
    "done": {"name": _text, "error": _text, "skipped": _text, "value": _number_or_none, "freed": _wholes},
    "end": {},
    "fatal": {"error": _text},
    "waiting": {"fresh": _flag},
}
_PROBE: dict[str, Check] = {
    "first": _whole, "loops": _count, "wall": _whole, "cpu": _whole, "cost": _whole, "ports": _ports,
}  # fmt: skip


def read(line: bytes) -> Message:
    """One message.

    Raises:
        ValueError: it is none, or lacks what its event must have.
    """
    try:
        message = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    event = message.get("event") if isinstance(message, dict) else None
    if not isinstance(event, str) or event not in _EVENTS or not _fits(message, _EVENTS[event]):
        raise ValueError("not a message of a worker")
    checked: Message = message
    return checked


def is_probe(answer: Message) -> bool:
    """Whether an answer tells what a probe found: whole numbers, at least one loop, ports."""
    return _fits(answer, _PROBE)


def is_reach(answer: Message) -> bool:
    """Whether an answer tells which functions ran."""
    lists = all(isinstance(answer.get(key), list) and all(map(_place, answer[key])) for key in ("before", "call"))
    return lists and _flag(answer.get("left"))


def _place(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and _text(value[0]) and _whole(value[1]) and _text(value[2])


def is_count(answer: Message) -> bool:
    """Whether an answer tells what was counted in how many calls, or why nothing was."""
    counted = _number(answer.get("value")) and _whole(answer.get("calls")) and answer["calls"] > 0
    return counted or _text(answer.get("refused"))


def has_values(answer: Message, count: int) -> bool:
    """Whether an answer holds ``count`` values of every clock, when its turns began, and what they did not time."""
    kinds = [answer.get(name) for name in ("walls", "cpus", "costs")]
    lists = all(isinstance(kind, list) and all(map(_whole, kind)) for kind in (*kinds, answer.get("began")))
    told = _whole(answer.get("discarded")) and _whole(answer.get("aside"))
    return lists and told and all(len(kind or ()) == count for kind in kinds)


_FUNCTION: dict[str, Check] = {
    "name": _text, "module": _text, "place": _text, "file": _text, "line": _whole, "end": _whole, "print": _text,
}  # fmt: skip

_CLASS: dict[str, Check] = {
    "name": _text, "place": _text, "file": _text, "line": _whole, "end": _whole, "count": _whole,
}  # fmt: skip

MOST_TOLD = 200_000
"""Items of a list about functions."""


def is_trace(answer: Message) -> bool:
    """Whether an answer describes functions and counts their calls."""
    known, edges = _known(answer), answer.get("edges")
    if known is None or not _rows(edges, 3, known) or not _whole(answer.get("threads")):
        return False
    return all(row[1] < known for row in edges or ())


def is_samples(answer: Message) -> bool:
    """Whether an answer describes functions and tells stacks of them, or says why it does not."""
    if _text(answer.get("refused")):
        return True
    known, stacks = _known(answer), answer.get("stacks")
    if known is None or not isinstance(stacks, list) or len(stacks) > MOST_TOLD:
        return False
    told = all(
        isinstance(row, list) and len(row) == 3 and _count(row[1]) and _whole(row[2]) and isinstance(row[0], list)
        and all(_whole(number) and number < known for number in row[0])
        for row in stacks
    )  # fmt: skip
    told = told and _are_calls(answer.get("inside", []), known) and _each(_CLASS)(answer.get("classes", []))
    return told and _rows(answer.get("lines"), 4, known) and _whole(answer.get("lost")) and _whole(answer.get("cost"))


def _are_calls(value: Any, known: int) -> bool:
    """Samples in functions written in C: who called them, and their names."""
    return (
        isinstance(value, list)
        and len(value) <= MOST_TOLD
        and all(
            isinstance(row, list) and len(row) == 3 and _whole(row[0]) and row[0] < known
            and _text(row[1]) and _whole(row[2])
            for row in value
        )
    )  # fmt: skip


def is_surroundings(answer: Message) -> bool:
    """Whether an answer tells what a worker runs on."""
    told = all(_text(answer.get(name)) for name in ("python", "compiler", "flags"))
    return told and answer.get("packages") is not None and _texts_or_none(answer["packages"])


def _known(answer: Message) -> int | None:
    functions = answer.get("functions")
    if not isinstance(functions, list) or len(functions) > MOST_TOLD or not _each(_FUNCTION)(functions):
        return None
    return len(functions)


def _rows(value: Any, width: int, known: int) -> bool:
    """Lists of whole numbers that begin with that of a function, or −1 for none."""
    return (
        isinstance(value, list)
        and len(value) <= MOST_TOLD
        and all(
            isinstance(row, list) and len(row) == width and isinstance(row[0], int) and -1 <= row[0] < known
            and all(_whole(number) for number in row[1:])
            for row in value
        )
    )  # fmt: skip
