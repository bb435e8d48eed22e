"""Walking a working tree for benchmarks: what is worth looking at, and what belongs to somebody else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

MOST_FILES = 50_000
"""Files looked at before giving up: a home folder is not a repository."""

_FOREIGN = frozenset({
    "__pycache__", "build", "dist", "node_modules", "site-packages", "target", "third_party", "vendor", "venv",
})  # fmt: skip

BENCHMARK_FOLDER = re.compile(r"(?:micro)?bench(?:es|marks?|marking)?|perf(?:ormance)?|asv(?:_bench)?", re.IGNORECASE)
"""Folder names that say what is inside."""


def repository_top(start: Path) -> Path:
    """The nearest folder from ``start`` upwards that holds ``.git``; ``start`` itself outside a repository."""
    here = start.resolve()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def files(root: Path) -> Iterator[Path]:
    """Files of a working tree in a stable order, without hidden folders, environments, and what tools built."""
    seen = 0
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        inner[:] = sorted(name for name in inner if not _foreign(here, name))
        for name in sorted(names):
            yield here / name
        seen += len(names)
        if seen > MOST_FILES:
            return


def _foreign(parent: Path, name: str) -> bool:
    if name.startswith(".") or name in _FOREIGN or name.endswith(".egg-info"):
        return True
    return (parent / name / "pyvenv.cfg").exists() or (parent / name / ".git").exists()


def in_benchmark_folder(path: Path, root: Path) -> bool:
    """Whether any folder on the way from ``root`` is named after benchmarks."""
    return any(BENCHMARK_FOLDER.fullmatch(part) for part in path.relative_to(root).parts[:-1])
