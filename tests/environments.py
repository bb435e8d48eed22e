"""Python environments for suites under test, made without the network from what the tests themselves run with."""

from __future__ import annotations

import sys
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement


def environment(folder: Path, *names: str) -> Path:
    """A virtual environment at ``folder`` that has the named distributions, with all that they require.

    Returns:
        Its interpreter.
    """
    venv.create(folder, symlinks=True)
    site = site_packages(folder)
    for name in sorted(_closure(names)):
        for entry in _entries(name):
            if not (site / entry.name).exists():
                (site / entry.name).symlink_to(entry)
    return folder / "bin" / "python"


def site_packages(folder: Path) -> Path:
    """Where an environment of this Python version has its packages."""
    return folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def _closure(names: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        required = map(Requirement, distribution(name).requires or ())
        waiting += [one.name for one in required if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def _entries(name: str) -> Iterator[Path]:
    """The top-level modules, packages and metadata of a distribution."""
    installed = distribution(name)
    tops = {file.parts[0] for file in installed.files or () if ".." not in file.parts}
    for top in tops - {"__pycache__"}:
        yield Path(str(installed.locate_file(top)))
