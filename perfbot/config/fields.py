"""Types of single values: text in the file, base units in the record, one line of help in the schema.

Each accepts exactly the spelling that the documentation shows; a number without its unit is refused with the
spelling it probably meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any

import pathspec
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from perfbot import units
from perfbot.model.aside import parse_setting

SUITE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def _quantity(
    parse: Callable[[str], float], example: Callable[[float], str], shown: Callable[[float], str], what: str, spelt: str
) -> tuple[BeforeValidator, PlainSerializer]:
    """The annotations of a positive quantity that is written as text; ``spelt`` is a pattern for editors."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f"expected {what}")  # noqa: TRY004 - pydantic reports ValueErrors
        if not isinstance(value, str):
            raise ValueError(f'found {value}, a number without a unit; write "{example(abs(value))}"')  # noqa: TRY004
        if (quantity := parse(value)) <= 0:
            raise ValueError(f'found "{value}", expected more than zero')
        return quantity

    text = Annotated[str, Field(pattern=spelt)]
    return BeforeValidator(read, json_schema_input_type=text), PlainSerializer(shown, return_type=str)


Duration = Annotated[
    float,
    *_quantity(
        units.parse_duration,
        "{:g}s".format,
        units.format_duration,
        'a duration such as "90s" or "10m"',
        r"^\s*([0-9.,]+\s*[A-Za-zµμ]+\s*)+$",
    ),
]
"""Seconds, written as ``"10m"``."""


def _read_share(value: object) -> object:
    if isinstance(value, str):
        raise ValueError(f'found "{value}", expected a probability such as 0.01, without quotes')  # noqa: TRY004
    return value


Probability = Annotated[float, BeforeValidator(_read_share)]


def _example_percentage(value: float) -> str:
    return f"{value * 100 if 0 < value < 1 else value:g}%"


def _threshold(value: float) -> float:
    if value >= 1:
        raise ValueError("expected less than 100%: a slowdown below the threshold passes")
    return value


Percentage = Annotated[
    float,
    AfterValidator(_threshold),
    *_quantity(
        units.parse_percentage,
        _example_percentage,
        units.format_percentage,
        'a percentage such as "2%"',
        r"^\s*[0-9.,]+([eE][+-]?[0-9]+)?\s*%\s*$",
    ),
]
"""A fraction, written as ``"2%"``."""


def check_glob(pattern: str) -> str:
    """A pattern for names as :mod:`fnmatch` reads it; a bracket that is never closed is a mistake."""
    if not pattern.strip():
        raise ValueError("an empty pattern matches nothing")
    if "[" in re.sub(r"\[!?\]?[^\]]*\]", "", pattern):
        raise ValueError(f'"{pattern}" opens a bracket and does not close it; write "[[]" to mean the character "["')
    return pattern


NameGlob = Annotated[str, AfterValidator(check_glob)]
"""Shell-style pattern for benchmark names: ``*``, ``?``, ``[abc]``."""


def check_path(path: str) -> str:
    """A path or glob inside the repository, with forward slashes."""
    pure = PurePosixPath(path)
    if not path.strip():
        raise ValueError('an empty path; write "." for the top of the repository')
    if pure.is_absolute() or ".." in pure.parts or "\\" in path:
        raise ValueError(f'"{path}" must be relative to the repository, stay inside it, and use forward slashes')
    if "::" in path:
        raise ValueError(f'"{path}" names a single benchmark; give its file here and choose by `only`')
    return check_glob(path)


RepositoryPath = Annotated[str, AfterValidator(check_path)]
"""A file, folder or glob relative to the repository's top."""


def check_path_pattern(pattern: str) -> str:
    """A pattern for changed files, as ``.gitignore`` reads it."""
    try:
        pathspec.PathSpec.from_lines("gitignore", [pattern])
    except ValueError as error:
        raise ValueError(f'"{pattern}" is not a pattern as in .gitignore: {error}') from error
    return check_glob(pattern)


PathPattern = Annotated[str, AfterValidator(check_path_pattern)]
"""A pattern for files as in ``.gitignore``: ``src/**``, ``*.toml``, ``!docs/``."""


def check_variable(name: str) -> str:
    """A variable that a comment may set."""
    try:
        parse_setting(f"{name}=")
    except ValueError as error:
        raise ValueError(f'"{name}": {error}') from error
    if ":" in name:
        raise ValueError(f'"{name}": the name alone; which side it is for is said in the command')
    return name


VariableName = Annotated[str, AfterValidator(check_variable)]
"""Name of a variable of the environment."""


def check_name(name: str) -> str:
    """A suite's name: it stands before the slash of ``suite/benchmark`` and in file names."""
    if not re.fullmatch(SUITE_NAME, name):
        raise ValueError(
            f'found "{name}", expected letters, digits, ".", "_" and "-", beginning with a letter or digit'
        )
    return name


SuiteName = Annotated[str, AfterValidator(check_name)]


def check_line(text: str) -> str:
    """A command line or name that is not blank."""
    if not text.strip():
        raise ValueError("found an empty text")
    return text


Line = Annotated[str, AfterValidator(check_line)]


def _read_table(value: object) -> object:
    if isinstance(value, Mapping):
        for key, text in value.items():
            if not isinstance(text, str):
                shown = _toml(text)
                raise ValueError(f'found {key} = {shown}, expected text in quotes: {key} = "{shown}"')  # noqa: TRY004
    return value


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


Table = Annotated[
    Mapping[str, str],
    BeforeValidator(_read_table),
    AfterValidator(MappingProxyType),
    PlainSerializer(dict),
]
"""A read-only table of texts, in the order of the file."""


def no_entries() -> Mapping[str, str]:
    """The default of a table."""
    return MappingProxyType({})
