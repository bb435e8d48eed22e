"""What a project's own modules import: a benchmark of an optional part needs what that part needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from perfbot.discover import sources

PARENTS = ("", "src", "python", "lib")
"""Where packages lie in a project."""

MOST_MODULES = 500
"""Modules followed before giving up."""


def imported_through(folder: Path, benchmarks: Iterable[Path]) -> set[str]:
    """Top-level names of what is imported by the project's modules that benchmarks load, and by those that they load.

    Args:
        folder: the project.
    """
    waiting = {name for path in benchmarks for name in _loaded(path)}
    seen: set[str] = set()
    outside: set[str] = set()
    while waiting and len(seen) < MOST_MODULES:
        name = waiting.pop()
        seen.add(name)
        files = list(_files(folder, name))
        if not files:
            outside.add(name.partition(".")[0])
        waiting |= {found for path in files for found in _loaded(path)} - seen
    return outside


def _loaded(path: Path) -> set[str]:
    module = sources.parse(path)
    return set() if module is None else sources.loaded(module)


def _files(folder: Path, name: str) -> Iterator[Path]:
    """The module's own file with those of the packages around it, where the project has it."""
    parts = name.split(".")
    for parent in PARENTS:
        top = folder / parent
        if (top / parts[0]).is_dir() or (top / f"{parts[0]}.py").is_file():
            for depth in range(1, len(parts) + 1):
                place = top.joinpath(*parts[:depth])
                yield from (path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file())
