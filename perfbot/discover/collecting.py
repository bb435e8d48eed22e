"""What pytest would collect, by its own configuration and by what perfbot adds to it; read as text, nothing is run."""

from __future__ import annotations

import configparser
import shlex
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

FILES = ("bench_*.py", "*_bench.py", "benchmark_*.py", "*_benchmark.py", "test_*.py", "*_test.py")
"""Files that perfbot lets pytest collect from folders, beside those that the project names."""

FUNCTIONS = ("bench",)
"""Beginnings of functions, likewise."""


@dataclass(frozen=True, slots=True)
class Collecting:
    """Files, classes and functions that count; classes and functions by their beginnings, or as patterns."""

    files: tuple[str, ...] = FILES
    classes: tuple[str, ...] = ("Test",)
    functions: tuple[str, ...] = ("test", *FUNCTIONS)

    def is_file(self, path: Path) -> bool:
        """Whether a file in a folder is collected."""
        return any(fnmatchcase(path.name, glob) for glob in self.files)

    def is_class(self, name: str) -> bool:
        """Whether a class is looked into."""
        return _fits(name, self.classes)

    def is_function(self, name: str) -> bool:
        """Whether a function may be a test."""
        return _fits(name, self.functions)


def collecting(folder: Path) -> Collecting:
    """How pytest collects when it is started in a folder."""
    options = _options(folder)
    default = Collecting()
    return Collecting(
        (*options.get("python_files", ()), *FILES),
        options.get("python_classes", default.classes),
        (*options.get("python_functions", ("test",)), *FUNCTIONS),
    )


def _fits(name: str, wanted: Sequence[str]) -> bool:
    return any(name.startswith(one) or (set(one) & set("*?[") and fnmatchcase(name, one)) for one in wanted)


def _options(folder: Path) -> dict[str, tuple[str, ...]]:
    """Those of pytest's settings that say what it collects, from the first file that has any of its settings."""
    for name, section in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read(folder / name, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        if parser.has_section(section):
            return {key: _words(parser.get(section, key)) for key in parser.options(section) if key in KEYS}
    try:
        tool = tomllib.loads((folder / "pyproject.toml").read_text("utf-8")).get("tool", {}).get("pytest", {})
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
    found = tool.get("ini_options", tool) if isinstance(tool, dict) else {}
    return {key: _words(value) for key, value in found.items() if key in KEYS}


KEYS = ("python_files", "python_classes", "python_functions")


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(str, value))
    try:
        return tuple(shlex.split(str(value)))
    except ValueError:
        return tuple(str(value).split())
