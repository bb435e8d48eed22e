"""Reports and rounds as bytes: small, exact, and read back as they were.

A report without its rounds is compressed JSON. The rounds of one comparison are a header in JSON and the
values as float64, byte planes apart: neighbouring values share their high bytes, which then compress.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
import zlib
from array import array
from collections.abc import Sequence
from functools import cache
from typing import Any

from perfbot.errors import StoreError
from perfbot.model import Policy, Report, Result, Round

ROUNDS_FORMAT = b"\x01"
LEVEL = 6


def pack_report(report: Report) -> bytes:
    """All of a report but the raw rounds. Lone surrogates, which no text may hold, become ``?``.

    Raises:
        StoreError: a number is not finite.
    """
    bare = dataclasses.replace(report, results=tuple(dataclasses.replace(result, raw=()) for result in report.results))
    try:
        text = json.dumps(bare, default=_members, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    except ValueError as error:
        raise StoreError(f"A report with a number that is not finite is not kept: {error}") from error
    return zlib.compress(text.encode("utf-8", "replace"), LEVEL)


def _members(record: Any) -> dict[str, Any]:
    """A record as JSON takes it; unlike ``asdict``, without copying what lies below."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def unpack_report(data: bytes) -> Report:
    """What :func:`pack_report` packed; the rounds are empty.

    Raises:
        StoreError: the bytes are damaged.
    """
    try:
        return _report_reader().validate_json(zlib.decompress(data))  # type: ignore[no-any-return]
    except (zlib.error, ValueError) as error:
        raise StoreError(f"A kept report is damaged: {error}") from error


def unpack_policy(data: bytes) -> Policy:
    """The policy alone of what :func:`pack_report` packed.

    Raises:
        StoreError: the bytes are damaged.
    """
    try:
        return _policy_reader().validate_python(json.loads(zlib.decompress(data))["policy"])  # type: ignore[no-any-return]
    except (zlib.error, ValueError, KeyError) as error:
        raise StoreError(f"A kept report is damaged: {error}") from error


@cache
def _policy_reader() -> Any:
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(Policy)


@cache
def _report_reader() -> Any:
    from pydantic import TypeAdapter  # noqa: PLC0415  (writing needs no pydantic)

    return TypeAdapter(Report)


def pack_rounds(rounds: Sequence[Round]) -> bytes:
    """The rounds of one comparison. Every value comes back bit for bit."""
    header = [
        [
            r.index,
            len(r.base),
            r.loops,
            r.seconds,
            r.core,
            r.clock,
            r.together,
            r.waited,
            r.confirming,
            r.reach,
            r.builds,
            r.machine,
        ]
        for r in rounds
    ]
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    values = array("d", [value for r in rounds for side in (r.base, r.head) for value in side])
    if sys.byteorder == "big":
        values.byteswap()
    raw = values.tobytes()
    planes = b"".join(raw[plane::8] for plane in range(8))
    return ROUNDS_FORMAT + zlib.compress(len(text).to_bytes(4, "little") + text + planes, LEVEL)


def unpack_rounds(data: bytes) -> tuple[Round, ...]:
    """What :func:`pack_rounds` packed.

    Raises:
        StoreError: the bytes are damaged or of a newer format.
    """
    if data[:1] != ROUNDS_FORMAT:
        raise StoreError("Kept rounds are of an unknown format: they were written by a newer perfbot.")
    try:
        body = zlib.decompress(data[1:])
        size = int.from_bytes(body[:4], "little")
        header = json.loads(body[4 : 4 + size])
        values = _values(body[4 + size :])
    except (zlib.error, ValueError) as error:
        raise StoreError(f"Kept rounds are damaged: {error}") from error
    return _rounds(header, values)


def _values(planes: bytes) -> array[float]:
    count = len(planes) // 8
    raw = bytearray(len(planes))
    for plane in range(8):
        raw[plane::8] = planes[plane * count : (plane + 1) * count]
    values = array("d")
    values.frombytes(bytes(raw))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _rounds(header: list[list[Any]], values: array[float]) -> tuple[Round, ...]:
    found, start = [], 0
    for index, pairs, loops, seconds, core, clock, together, *later in header:
        middle, end = start + pairs, start + 2 * pairs
        found.append(
            Round(index, tuple(values[start:middle]), tuple(values[middle:end]),
                  loops, seconds, core, clock, together, *_later(*later))
        )  # fmt: skip
        start = end
    return tuple(found)


def _later(
    waited: list[float] | None = None,
    confirming: bool = False,
    reach: int = 0,
    builds: Sequence[int] = (0, 0),
    machine: int = 0,
) -> tuple[tuple[float, float] | None, bool, int, tuple[int, int], int]:
    """What rounds of earlier versions do not tell."""
    return (waited[0], waited[1]) if waited else None, confirming, reach, (builds[0], builds[1]), machine


def fingerprint(report: Report) -> str:
    """Names the measurement, not what was thought of it: judged again, it is still the same run."""
    change = report.change
    seen = hashlib.sha256()
    seen.update(
        json.dumps(
            [change.project, change.base, change.head, change.dirty, change.pipeline, report.started,
             report.seed, dataclasses.asdict(report.shard) if report.shard else None]
        ).encode()
    )  # fmt: skip
    for result in sorted(report.results, key=lambda r: (r.full_name, r.metric)):
        seen.update(_identity(result))
    return seen.hexdigest()


def _identity(result: Result) -> bytes:
    rounds = hashlib.sha256()
    for r in result.raw:
        rounds.update(array("d", (*r.base, *r.head)).tobytes())
    bare = [result.full_name, result.metric, result.unit, result.rounds, rounds.hexdigest()]
    return json.dumps(bare).encode()
