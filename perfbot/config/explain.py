"""Validation errors in words: which key of which table, what was found, what was expected, what was meant."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from perfbot.config.document import Document
from perfbot.config.suites import HARNESSES, harness_meant

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_RANKS = ("union_tag", "extra_forbidden", "missing")
"""What is reported first: a wrong harness makes all else about its suite unknowable, and an unknown key is often
the reason for a missing one."""

_TYPES = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list, such as [\"…\"]",
    "mapping_type": "a table, such as { name = \"…\" }",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "finite_number": "a finite number",
}  # fmt: skip


def explain(error: ValidationError, tables: Mapping[str, Any]) -> list[str]:
    """One paragraph for each thing that is wrong, the most important first.

    Args:
        tables: the parsed file, to call suites by their names.
    """
    details = sorted(_without_consequences(error.errors(include_url=False)), key=_rank)
    return [f"{place(detail['loc'], tables)}: {_what(detail)}" for detail in details]


def _without_consequences(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """A list that is too short because its entries are wrong is not a mistake of its own."""
    return [detail for detail in details if detail["type"] != "too_short" or not detail["input"]]


def _rank(detail: ErrorDetails) -> int:
    return next((n for n, kind in enumerate(_RANKS) if detail["type"].startswith(kind)), len(_RANKS))


def place(loc: Sequence[int | str], tables: Mapping[str, Any]) -> str:
    """Where a value stands: ``[gate] threshold``, ``[[suite]] "core" harness``, ``[[limit]] number 2 match``."""
    section, *rest = loc
    entries = tables.get(str(section))
    if not rest or not isinstance(rest[0], int) or not isinstance(entries, list):
        return _joined(f"[{section}]" if rest else str(section), rest)
    index, *keys = rest
    assert isinstance(index, int)  # noqa: S101 - checked above, unpacking forgets it
    if section == "suite" and keys and keys[0] in HARNESSES:
        keys = keys[1:]
    return _joined(f"[[{section}]] {_name(entries[index], index)}", keys)


def _name(entry: object, index: int) -> str:
    name = (entry.get("name") or entry.get("match")) if isinstance(entry, dict) else None
    return f'"{name}"' if isinstance(name, str) else f"number {index + 1}"


def _joined(table: str, keys: Sequence[int | str]) -> str:
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    return f"{table} {path}".rstrip()


def _what(detail: ErrorDetails) -> str:
    kind, found = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return _unknown_key(str(detail["loc"][-1]), _known_keys(detail["loc"][:-1]))
    if kind == "missing":
        return "is missing; expected " + _meaning(detail["loc"])
    if kind == "union_tag_not_found":
        return f"`harness` is missing; expected one of {', '.join(HARNESSES)}"
    if kind == "union_tag_invalid":
        return _unknown_harness(found)
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    return f"found {show(found)}, expected {_expected(detail)}"


def _unknown_key(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    meant = f" (did you mean `{close[0]}`?)" if close else ""
    return f"unknown key{meant}; expected any of {', '.join(known)}"


def _unknown_harness(entry: object) -> str:
    harness = entry.get("harness") if isinstance(entry, dict) else entry
    close = harness_meant(str(harness))
    meant = f' (did you mean "{close}"?)' if close else ""
    return f"harness: found {show(harness)}, expected one of {', '.join(HARNESSES)}{meant}"


def _expected(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error":
        return f"{context['expected']}".replace("'", '"')
    if kind == "too_short":
        return "at least one entry"
    if kind == "tuple_type" and len(detail["loc"]) == 1:
        return f"tables: write [[{detail['loc'][0]}]], with two brackets, at the head of each"
    if kind in _TYPES:
        return _TYPES[kind]
    return detail["msg"].removeprefix("Input should be ")


def show(value: object) -> str:
    """A value as TOML would write it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'
    if isinstance(value, Mapping):
        return "a table" if value else "an empty table"
    if isinstance(value, list):
        return "an empty list" if not value else f"a list of {len(value)}"
    return str(value)


def _known_keys(loc: Sequence[int | str]) -> list[str]:
    return list(_model_at(loc).model_fields)


def _meaning(loc: Sequence[int | str]) -> str:
    field = _model_at(loc[:-1]).model_fields[str(loc[-1])]
    text = (field.description or "a value").rstrip(".")
    return text[0].lower() + text[1:]


def _model_at(loc: Sequence[int | str]) -> type[BaseModel]:
    """The record that a place in the file is checked against."""
    model: type[BaseModel] = Document
    for key in loc:
        if isinstance(key, int):
            continue
        if key in HARNESSES:
            model = HARNESSES[key]
        elif key in model.model_fields:
            model = _record_in(model.model_fields[key].annotation) or model
    return model


def _record_in(annotation: Any) -> type[BaseModel] | None:
    """The first record named by a field's type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType):
        return None
    return next((found for part in get_args(annotation) if (found := _record_in(part))), None)
