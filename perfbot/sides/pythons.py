"""The interpreter that a version means, where uv is not there to look for it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

MANAGERS = (
    ("PYENV_ROOT", ".pyenv", "versions"),
    ("ASDF_DATA_DIR", ".asdf", "installs/python"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/python"),
)
"""Version managers: the variable with their folder, where it is in a home otherwise, and where versions lie in it."""

SHIMS = "shims"
"""Their programs of each version lie there, and end with an error unless that version was activated."""


def program_of(python: str) -> str:
    """The program that a version ("3.12") or a path is asked for by."""
    return f"python{python}" if python[:1].isdigit() else os.fspath(Path(python).expanduser())


def find_python(python: str, environ: Mapping[str, str]) -> str | None:
    """The program on PATH; one that a version manager installed, where that is only its shim, or none."""
    found = shutil.which(program_of(python), path=environ.get("PATH"))
    if found is not None and Path(found).parent.name != SHIMS:
        return found
    return max(_installed(python, environ), default=(None, found), key=lambda one: one[0] or ())[1]


def asked_of_uv(python: str, environ: Mapping[str, str]) -> str:
    """A version or path as uv is asked for it: uv gives up at a shim that stands for nothing."""
    first = shutil.which(program_of(python), path=environ.get("PATH"))
    found = find_python(python, environ)
    return python if first is None or found is None or found == first else found


def _installed(python: str, environ: Mapping[str, str]) -> Iterator[tuple[tuple[int, ...] | None, str | None]]:
    """Versions of what is asked for, with their programs."""
    home = Path(environ.get("HOME") or Path.home())
    for variable, usual, inside in MANAGERS:
        folder = Path(environ.get(variable) or home / usual) / inside
        for path in sorted(folder.glob("*/bin/python")):
            version = path.parent.parent.name
            if re.fullmatch(rf"{re.escape(python)}(?:\.\d+)*", version) and os.access(path, os.X_OK):
                yield tuple(map(int, version.split("."))), os.fspath(path)
