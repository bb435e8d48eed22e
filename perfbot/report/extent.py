"""How much a report may hold. Pure.

A report's author may be anybody, and what reads it must neither run out of memory nor take for ever. So there is a most
of everything: generous for what perfbot measures, far from what hurts.
"""

from __future__ import annotations

import dataclasses
import hashlib
import operator
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from perfbot.model import Report, Result, Round
from perfbot.reasons import Said

BYTES_A_VALUE = 10
"""A file of so many bytes for each of its values at the least: measured ones have 8 to 20 digits. Each takes ten times
the memory of two bytes of a file that holds zeros alone."""

RESULTS, ROUNDS, PAIRS, SHARDS, MACHINES = 50_000, 5_000, 2_000, 1_000, 16
"""In a report; of a result; of a round (judging compares each pair with each other one); of a run; joined in one."""

NAME, LINE, TEXT = 4_000, 20_000, 200_000
"""Characters: of what is called something; of a sentence; of the end of an output."""

ITEMS, NOTES = 20_000, 1_000
"""Of any other list of the report; of a result's reasons, and of its notes."""

SMALL, LARGE = 2**31 - 1, 2**63 - 1
"""Whole numbers that every database takes, and that are identifiers or sizes."""

LARGE_ONES = frozenset({"pipeline", "memory", "seed", "loops"})

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")

Excess = tuple[str, object, str]
"""Place, what was found there, what was expected."""

NAMES = frozenset({"suite", "benchmark", "metric", "unit", "file", "match", "project", "target", "base_name",
                   "head_name", "status_sha", "cpu", "system", "python", "governor", "virtual", "perfbot", "where",
                   "who", "split", "budget", "text", "origin"})  # fmt: skip
TEXTS = frozenset({"output", "message", "reason", "trend"})
MOMENTS = frozenset({"started", "when"})


def too_many_values(text: bytes, max_bytes: int) -> str:
    """What is wrong with a JSON document that holds more values than its size allows; empty when nothing is.

    Told by its commas and brackets, before a parser makes an object of each.
    """
    found = text.count(b",") + text.count(b"[") + text.count(b"{")
    most = max_bytes // BYTES_A_VALUE
    return f"more than {most:,} values" if found > most else ""


def excesses(report: Report) -> Iterator[Excess]:
    """Where a report holds more than it may."""
    if report.shard is not None and report.shard.count > SHARDS:
        yield "shard.count", report.shard.count, f"at most {SHARDS:,}"
    if len(report.machines) > MACHINES:
        yield "machines", len(report.machines), f"at most {MACHINES}"
    if len(report.results) > RESULTS:
        yield "results", len(report.results), f"at most {RESULTS:,} results"
        return
    yield from _of_record(dataclasses.replace(report, results=()), "")
    for index, result in enumerate(report.results):
        yield from _of_result(result, f"results[{index}]")


def _of_result(result: Result, place: str) -> Iterator[Excess]:
    if len(result.raw) > ROUNDS:
        yield f"{place}.raw", len(result.raw), f"at most {ROUNDS:,} rounds"
        return
    for name in ("reasons", "notes"):
        if len(getattr(result, name)) > NOTES:
            yield f"{place}.{name}", len(getattr(result, name)), f"at most {NOTES:,}"
    yield from _of_record(dataclasses.replace(result, raw=()), place)
    for index, measured in enumerate(result.raw):
        yield from _of_round(measured, f"{place}.raw[{index}]")


def _of_round(measured: Round, place: str) -> Iterator[Excess]:
    for side in ("base", "head"):
        if len(getattr(measured, side)) > PAIRS:
            yield f"{place}.{side}", len(getattr(measured, side)), f"at most {PAIRS:,} values"
    for name in ("index", "loops", "core", "machine"):
        yield from _of_number(getattr(measured, name), name, f"{place}.{name}")


def _of_record(record: object, place: str) -> Iterator[Excess]:
    for field in dataclasses.fields(record):  # type: ignore[arg-type]
        called = _called(record, field.name)
        yield from _of_value(getattr(record, field.name), called, f"{place}.{field.name}" if place else field.name)


def _called(record: object, name: str) -> str:
    """A field by what it holds: what a program said is as long as a message."""
    return "message" if isinstance(record, Said) and name == "text" else name


def _of_value(value: object, name: str, place: str) -> Iterator[Excess]:
    if isinstance(value, str):
        yield from _of_text(value, name, place)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from _of_number(value, name, place)
    elif isinstance(value, tuple):
        if len(value) > ITEMS:
            yield place, len(value), f"at most {ITEMS:,} items"
            return
        yield from chain.from_iterable(_of_value(one, name, f"{place}[{index}]") for index, one in enumerate(value))
    elif dataclasses.is_dataclass(value):
        yield from _of_record(value, place)


def _of_text(text: str, name: str, place: str) -> Iterator[Excess]:
    most = NAME if name in NAMES else TEXT if name in TEXTS else LINE
    if len(text) > most:
        yield place, len(text), f"at most {most:,} characters"
    elif name in MOMENTS and text and not is_moment(text):
        yield place, text, "a moment such as 2026-11-23T19:47:14Z"


def is_moment(text: str) -> bool:
    """Whether a text is a moment of ISO 8601."""
    try:
        return bool(_MOMENT.fullmatch(text)) and datetime.fromisoformat(text) is not None
    except ValueError:
        return False


def _of_number(value: int, name: str, place: str) -> Iterator[Excess]:
    most = LARGE if name in LARGE_ONES else SMALL
    low = -1 if name in ("core", "parent", "part") else 0
    if not low <= value <= most:
        yield place, value, f"{low} to {most}"


# What is measured here, so that it can be read elsewhere ------------------------------------------------------------


def fitted(report: Report) -> Report:
    """A report that can be written and read: texts of measured code are cut where too long, and hold characters.

    A lone surrogate, which Python lets into texts and no file takes, becomes ``?``. A name that is cut keeps a
    fingerprint, so that two names stay two.
    """
    results = tuple(dataclasses.replace(_fitted_record(one), raw=_thinned(one.raw)) for one in report.results)
    bare: Report = _fitted_record(dataclasses.replace(report, results=()))
    return dataclasses.replace(bare, results=results)


def _fitted_record(record: Any) -> Any:
    changed = {
        field.name: fit
        for field in dataclasses.fields(record)
        if field.name != "raw"
        and (fit := _fit(value := getattr(record, field.name), _called(record, field.name))) is not value
    }
    return dataclasses.replace(record, **changed) if changed else record


def _fit(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return _fitted_text(value, name)
    if isinstance(value, tuple):
        most = NOTES if name in ("reasons", "notes") else ITEMS
        found = tuple(_fit(one, name) for one in value[:most])
        return value if len(found) == len(value) and all(map(operator.is_, found, value)) else found
    return _fitted_record(value) if dataclasses.is_dataclass(value) else value


def _fitted_text(text: str, name: str) -> str:
    most = NAME if name in NAMES else TEXT if name in TEXTS else LINE
    if len(text) <= most and not _SURROGATE.search(text):
        return text
    whole = _SURROGATE.sub("?", text)
    if len(whole) <= most:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    return f"{whole[: most - 20]}…{digest}" if name in NAMES else f"{whole[: most - 1]}…"


def _thinned(rounds: tuple[Round, ...]) -> tuple[Round, ...]:
    """Of a tool that reports values by the ten thousand, evenly spread ones."""
    if all(len(one.base) <= PAIRS for one in rounds):
        return rounds
    return tuple(
        dataclasses.replace(one, base=_spread(one.base), head=_spread(one.head)) if len(one.base) > PAIRS else one
        for one in rounds
    )


def _spread(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(values[index * len(values) // PAIRS] for index in range(PAIRS))
