"""The report as a file: JSON in, JSON out, nothing believed that was not checked.

The schema is ``perfbot.report/2``: the records of :mod:`perfbot.model`, field by field, with every raw round, so
that anybody can judge again. Of reasons it holds their words, too, which nobody reads back. Within version 2 fields may
be added; readers ignore those they do not know. Version 1 is read (:mod:`perfbot.report.earlier`). A report may come
from a job that runs hostile code: :func:`loads` checks its size, its types, that every number is finite, and that it
does not contradict itself.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfbot.errors import ReportError, StoreError
from perfbot.model import SCHEMA, Report, Result, Round
from perfbot.reasons import Note, Reason, words
from perfbot.report import earlier
from perfbot.report.extent import excesses, too_many_values
from perfbot.units import is_sensible

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError
    from pydantic_core import ErrorDetails

MAX_BYTES = 256 * 1024 * 1024
"""Larger reports are refused unread: 2,000 benchmarks with 20 rounds of 24 pairs take a third of it."""

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_NEVER_NEGATIVE = ("s", "B", "1/s", "B/s")
_VERSION = re.compile(r"perfbot\.report/\d{1,6}")
_WRONG_FIELDS_SHOWN = 3


@dataclasses.dataclass(frozen=True, slots=True)
class _Stamp:
    """What is read first: nothing else means anything under another schema."""

    schema: str


def dumps(report: Report) -> str:
    """The report as JSON text, ``schema`` first and one result a line.

    Raises:
        ReportError: a number is not finite or the report contradicts itself; what could not be read again is
            never written.
    """
    _check(report, "the report")
    return "".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    """The text piece by piece: with all rounds of a large suite it is larger than the report itself."""
    names = [field.name for field in dataclasses.fields(report)]
    names.sort(key=lambda name: name != "schema")
    for index, name in enumerate(names):
        yield f'{"," if index else "{"}\n"{name}": '
        value = getattr(report, name)
        if name == "results" and value:
            for number, result in enumerate(value):
                yield ("," if number else "[") + "\n" + _json(_worded(result))
            yield "\n]"
        else:
            yield _json(value)
    yield "\n}\n"


def _json(value: Any) -> str:
    from pydantic_core import to_json  # noqa: PLC0415 - only where reports are written

    return to_json(value, fallback=tuple).decode()  # what it does not know are the values of rounds


def _worded(result: Result) -> dict[str, Any]:
    """A result, with what its reasons say: each of them, and all together, as version 1 had it."""
    record = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    said = {name: [_with_words(one) for one in record[name]] for name in ("reasons", "notes")}
    return {**record, "reason": words.text(result.reasons), **said}


def _with_words(reason: Reason | Note) -> dict[str, Any]:
    return {"kind": reason.kind, **dataclasses.asdict(reason), "text": words.clause(reason)}


def loads(text: str | bytes, where: str, max_bytes: int = MAX_BYTES) -> Report:
    """Read a report that anybody may have written.

    Args:
        text: the JSON.
        where: what to call it in messages, usually the file's name.
        max_bytes: refuse anything larger.

    Raises:
        ReportError: naming the file, the place in it, what was found and what was expected.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - costs 0.2 s, only where reports are read

    data = text.encode(errors="replace") if isinstance(text, str) else text
    if len(data) > max_bytes:
        raise ReportError(f"{where}: {len(data):,} bytes, expected at most {max_bytes:,}")
    if wrong := too_many_values(data, max_bytes):
        raise ReportError(f"{where}: {wrong}")
    try:
        stamp = _adapter(_Stamp).validate_json(text, strict=True)
        if stamp.schema == earlier.SCHEMA:
            data = earlier.upgraded(data)
        elif stamp.schema != SCHEMA:
            raise _refused(where, "schema", stamp.schema, f'"{SCHEMA}"', hint=_other_version(stamp.schema))
        report: Report = _adapter(Report).validate_json(data, strict=True)
    except ValidationError as error:
        raise ReportError(_explain(error, where)) from None
    _check(report, where)
    for place, found, expected in excesses(report):
        raise _refused(where, place, found, expected)
    return report


def read(path: Path, max_bytes: int = MAX_BYTES) -> Report:
    """Read a report file; one that cannot be opened is a :class:`ReportError` too.

    A file may come from a job that ran anything: a link or a pipe is none, wherever it leads.
    """
    return loads(read_bytes(path, max_bytes), str(path), max_bytes)


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """What a report file holds, unread; see :func:`read`."""
    try:
        with os.fdopen(_open(path), "rb") as stream:
            text = stream.read(max_bytes + 1)
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(text) > max_bytes:
        raise ReportError(f"{path}: more than {max_bytes:,} bytes, the most a report may have")
    return text


def _open(path: Path) -> int:
    """A plain file, opened; of a relative path no part may be a link, since an artifact holds its folders, too."""
    parts = path.parents if not path.is_absolute() else ()
    if any(parent.is_symlink() for parent in parts) or path.is_symlink():
        raise ReportError(f"{path}: is a symbolic link, or lies behind one; expected the report itself")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ReportError(f"{path}: is no plain file")
    return descriptor


def write(report: Report, path: Path) -> None:
    """Write a report whole or not at all; see :func:`write_text`, and :func:`dumps` for what is never written."""
    _check(report, "the report")
    write_text(_lines(report), path)


def write_text(text: str | Iterable[str], path: Path) -> None:
    """Write an artifact whole or not at all: a temporary file in the same folder, then a rename.

    Args:
        text: or its pieces, one after the other.

    Raises:
        StoreError: the disk is full, the folder cannot be written; an older file is left as it was.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines((text,) if isinstance(text, str) else text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} could not be written: {error.strerror or error}",
            hint="Free some space or name another file, then run again; nothing that was there is lost.",
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def schema() -> dict[str, Any]:
    """The JSON schema of a report, for editors and for other programs."""
    found = _adapter(Report).json_schema()
    found["properties"]["schema"] = {"const": SCHEMA}
    for one in found["$defs"].values():
        if "kind" in one.get("properties", {}) and "const" in one["properties"]["kind"]:
            one["properties"].setdefault("text", {"title": "What it says", "type": "string"})
            one["required"] = ["kind", *one.get("required", ())]
    result = found["$defs"]["Result"]
    result["properties"]["reason"] = {"title": "What its reasons say", "type": "string"}
    found["required"] = ["schema", *found["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:perfbot:report:{SCHEMA.rpartition('/')[2]}",
        "title": SCHEMA,
        **{key: value for key, value in found.items() if key != "title"},
    }


@lru_cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - costs 0.2 s, only where reports are read

    return TypeAdapter(kind)


def _umask() -> int:
    """The process's file mode mask; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


# What must hold beyond the types ------------------------------------------------------------------------------


def _check(report: Report, where: str) -> None:
    for place, found, expected in _contradictions(report):
        raise _refused(where, place, found, expected)


Contradiction = tuple[str, object, str]
"""Place, what was found there, what was expected."""


def _contradictions(report: Report) -> Iterator[Contradiction]:
    if report.schema != SCHEMA:
        yield "schema", report.schema, f'"{SCHEMA}"'
    for side in ("base", "head"):
        if not _COMMIT.fullmatch(commit := getattr(report.change, side)):
            yield f"change.{side}", commit, "a commit id of 7 to 64 hexadecimal digits"
    yield from _not_finite(report)
    seen: set[tuple[str, str, str]] = set()
    for index, result in enumerate(report.results):
        place = f"results[{index}]"
        key = (result.suite, result.benchmark, result.metric)
        if key in seen:
            yield place, 2, "each benchmark and metric once"
        seen.add(key)
        if report.verdict == "pass" and result.gate == "fail":
            yield f"{place}.gate", "fail", 'no failed gate in a report whose verdict is "pass"'
        yield from _in_result(result, place)
        for number, taken in enumerate(result.raw):
            if not 0 <= taken.machine < max(1, len(report.machines)):
                yield f"{place}.raw[{number}].machine", taken.machine, "the number of one of its machines, from 0"
    if report.shard and not 1 <= report.shard.index <= report.shard.count:
        yield "shard.index", report.shard.index, f"1 to {report.shard.count}"


def _not_finite(report: Report) -> Iterator[Contradiction]:
    """Numbers of everything but the results, which are many and have their own check."""
    rest = dataclasses.replace(report, results=())
    for place, value in _numbers(dataclasses.asdict(rest), ""):
        if not math.isfinite(value):
            yield place, value, "a finite number"


def _numbers(value: object, place: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield place, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _numbers(member, f"{place}.{name}" if place else name)
    elif isinstance(value, tuple):
        for index, member in enumerate(value):
            yield from _numbers(member, f"{place}[{index}]")


_PLAIN_NUMBERS = ("base", "head", "change", "confidence", "detectable", "threshold", "seconds")


def _in_result(result: Result, place: str) -> Iterator[Contradiction]:
    for name in _PLAIN_NUMBERS:
        if (value := getattr(result, name)) is not None and not math.isfinite(value):
            yield f"{place}.{name}", value, "a finite number"
    if result.interval is not None and not -math.inf < result.interval[0] <= result.interval[1] < math.inf:
        yield f"{place}.interval", list(result.interval), "two finite numbers, the lower one first"
    if result.confidence is not None and not 0 <= result.confidence <= 1:
        yield f"{place}.confidence", result.confidence, "0 to 1"
    for name in ("detectable", "threshold", "seconds", "rounds"):
        if (value := getattr(result, name)) is not None and value < 0:
            yield f"{place}.{name}", value, "nothing below 0"
    yield from _in_reasons(result, place)
    for index, measured in enumerate(result.raw):
        yield from _in_round(measured, result, f"{place}.raw[{index}]")


def _in_reasons(result: Result, place: str) -> Iterator[Contradiction]:
    for name in ("reasons", "notes"):
        for where, value in _numbers(tuple(map(dataclasses.asdict, getattr(result, name))), f"{place}.{name}"):
            if not is_sensible(value):
                yield where, value, "a number of a sensible size"


def _in_round(measured: Round, result: Result, place: str) -> Iterator[Contradiction]:
    if not measured.base or len(measured.base) != len(measured.head):
        found = (len(measured.base), len(measured.head))
        yield place, found, "equally many values of both sides, at least one"
    if measured.loops < 1:
        yield f"{place}.loops", measured.loops, "1 or more"
    if not 0 <= measured.seconds < math.inf:
        yield f"{place}.seconds", measured.seconds, "a finite number not below 0"
    for side, values in (("base", measured.base), ("head", measured.head)):
        yield from _in_values(values, result, f"{place}.{side}")


def _in_values(values: Sequence[float], result: Result, place: str) -> Iterator[Contradiction]:
    """Zero is possible (a coarse clock, an empty file); less than that only in numbers and units of the user's own."""
    low = min(values, default=0.0)
    if not all(map(is_sensible, values)):
        index = next(i for i, value in enumerate(values) if not is_sensible(value))
        expected = "a number of a sensible size" if math.isfinite(values[index]) else "a finite number"
        yield f"{place}[{index}]", values[index], expected
    elif low < 0 and result.unit in _NEVER_NEGATIVE:
        yield f"{place}[{values.index(low)}]", low, f'nothing below 0 in "{result.unit}"'


# Messages ------------------------------------------------------------------------------------------------------


def _refused(where: str, place: str, found: object, expected: str, hint: str = "") -> ReportError:
    return ReportError(f"{where}: {place}: found {_shown(found)}, expected {expected}", hint=hint)


def _other_version(found: str) -> str:
    if _VERSION.fullmatch(found):
        return "It was written by another version of perfbot: use the same version to measure and to publish."
    return ""


def _explain(error: ValidationError, where: str) -> str:
    """The first few wrong fields, as places in the file."""
    wrong = error.errors(include_url=False, include_context=False)
    texts = [
        f"{_place(item['loc'])}: found {_shown(item['input'])}, {_expected(item)}"
        for item in wrong[:_WRONG_FIELDS_SHOWN]
    ]
    more = len(wrong) - len(texts)
    return f"{where}: " + "; ".join([*texts, *([f"and {more} more"] if more else [])])


def _expected(item: ErrorDetails) -> str:
    """What pydantic says; of a kind of reason it would show whatever stands there, and all that could."""
    return "expected the kind of a reason" if item["type"].startswith("union_tag") else _lower(item["msg"])


def _place(loc: Iterable[int | str]) -> str:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return place.removeprefix(".") or "the document"


def _lower(message: str) -> str:
    message = message[:1].lower() + message[1:]
    return message.replace("input should be", "expected").replace("field required", "expected this field")


def _shown(value: object) -> str:
    """A value of unknown origin: numbers as they are, texts and the rest by their kind alone.

    Messages go into logs and public statuses, and the file may not be what its name says.
    """
    if value is None or isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < 10**18):
        return repr(value)
    if isinstance(value, int):
        return "a number of many digits"
    if isinstance(value, (str, bytes)):
        version = isinstance(value, str) and _VERSION.fullmatch(value)
        return repr(value) if version else f"a text of {len(value):,} characters" if value else "an empty text"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value):,}"
    return "an object" if isinstance(value, dict) else "something else"
