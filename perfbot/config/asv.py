"""asv's own configuration file, as far as perfbot needs it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

_COMMENT_OR_TEXT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[\]}])', re.DOTALL)

NOT_FOR_TIMES = ("PYTHONHASHSEED",)
"""Variables that perfbot varies on purpose: a fixed one makes a layout's luck look like the code's merit."""


@dataclass(frozen=True, slots=True)
class AsvSettings:
    """What asv's file says.

    Attributes:
        folder: of the benchmarks, relative to the repository, with forward slashes.
        requirements: names of what its matrix installs.
        env: variables that its matrix sets to a single value.
    """

    folder: str = "benchmarks"
    requirements: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def read_asv(path: Path, root: Path) -> AsvSettings:
    """Read asv.conf.json, which may hold comments and trailing commas.

    Args:
        root: the repository; the benchmark folder is relative to the file in ``path``.

    Raises:
        ValueError: naming what is wrong with the file.
    """
    text = _COMMENT_OR_TEXT.sub(lambda found: found[0] if found[0].startswith('"') else " ", path.read_text("utf-8"))
    try:
        tables = json.loads(_TRAILING_COMMA.sub(lambda found: found[1] or "", text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(tables, dict):
        raise ValueError("expected a table")  # noqa: TRY004 - a file's content, not a caller's type
    benchmarks = str(tables.get("benchmark_dir", "benchmarks"))
    where = PurePosixPath(path.parent.relative_to(root).as_posix(), benchmarks)
    matrix = _mapping(tables.get("matrix"))
    return AsvSettings(str(where), _requirements(matrix), _variables(matrix))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _requirements(matrix: Mapping[str, Any]) -> tuple[str, ...]:
    """Names in ``{"req": {name: [versions]}}``, or at the top level in old files.

    Versions are left to the installer: those of a matrix were chosen for asv's own list of Pythons, and the two sides
    of a comparison are set up at the same time anyway.
    """
    required = _mapping(matrix.get("req")) or {
        name: versions for name, versions in matrix.items() if name not in ("req", "env", "env_nobuild")
    }
    return tuple(name.removeprefix("pip+") for name in required)


def _variables(matrix: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, values in (_mapping(matrix.get("env")) | _mapping(matrix.get("env_nobuild"))).items():
        value = values[0] if isinstance(values, list) and len(values) == 1 else values
        if isinstance(value, str) and name not in NOT_FOR_TIMES:
            found[name] = value
    return found
