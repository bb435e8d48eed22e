"""Plain Python scripts that look like benchmarks: named to the user, since only a person knows what they print."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from perfbot.discover import sources, tree

_NAMED = re.compile(r"(?:.*_)?(?:micro)?bench(?:es|marks?|marking)?(?:_.*)?\.py", re.IGNORECASE)
_RUNS = re.compile(rb"^if __name__ == |\btimeit\b|\bperf_counter|\bpyperf\b", re.MULTILINE)
"""What a file holds that does something when it is run."""


def loose_scripts(files: Iterable[Path], root: Path, taken: Collection[Path]) -> tuple[str, ...]:
    """Scripts that say by name or place that they measure, relative to the repository.

    Args:
        taken: files and folders that belong to suites.
    """
    return tuple(
        path.relative_to(root).as_posix()
        for path in files
        if _looks_like_one(path, root) and not any(path == there or path.is_relative_to(there) for there in taken)
    )


def _looks_like_one(path: Path, root: Path) -> bool:
    if path.suffix != ".py" or path.name.startswith(("test_", "_")) or path.name in ("conftest.py", "setup.py"):
        return False
    return bool(_NAMED.fullmatch(path.name) or tree.in_benchmark_folder(path, root)) and _does_something(path)


def _does_something(path: Path) -> bool:
    try:
        return path.stat().st_size <= sources.LARGEST_SOURCE and _RUNS.search(path.read_bytes()) is not None
    except OSError:
        return False
