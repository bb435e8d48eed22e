"""Set-up at one's own desk: done again only where what it reads has changed.

Between two saves of a source file nothing changes that ``pip install .`` would see, once it installs a pointer to the
sources instead of a copy of them. So the working tree's set-up is kept by what goes into it, not by commit. Pure, but
for git's listing of a commit.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from perfbot.git.command import Git

SOURCES = (".py", ".pyi", ".md", ".rst")
"""What an installation that points to the sources does not need again when it changes."""

READ_BY_SETUP = ("setup.py",)

TOPS = (".", "src")
"""Folders whose files are modules of their own, each of which an installation may list by name."""

BACKENDS = ("setuptools", "hatchling", "flit_core", "poetry.core", "pdm.backend", "uv_build")
"""Whose editable installations are a path or a mapping of packages: nothing of them runs or builds at import."""

_INSTALL = re.compile(r"(?:python3? -m |uv )?pip3? install\s+(?P<words>[^$`\\\n]+)")
_HERE = re.compile(r"\.(?:/?|\[[\w,\s-]+\])")


def pointing(setup: Sequence[str], pyproject: str | None) -> tuple[str, ...] | None:
    """The same set-up with installations that point to the sources; None where nobody knows what it reads.

    Args:
        pyproject: the text of the pyproject.toml in the folder that set-up runs in, where there is one.

    >>> pointing(["pip install .[test]", "pip install pytest"], None)
    ("pip install -e '.[test]'", 'pip install pytest')
    >>> pointing(["make"], None)
    """
    lines = [_line(line) for line in setup]
    if any(line is None for line in lines) or not _known_backend(pyproject):
        return None
    return tuple(line for line in lines if line is not None)


def _line(line: str) -> str | None:
    found = _INSTALL.fullmatch(line.strip())
    if found is None:
        return None
    try:
        words = list(shlex.shlex(found["words"], posix=True, punctuation_chars=True))
        plain = shlex.split(found["words"])
    except ValueError:
        return None
    if any(set(word) <= set("();<>|&") for word in words) or any(map(_is_path, plain)):
        return None
    return line.strip()[: found.start("words")] + shlex.join(_pointed(plain))


def _is_path(word: str) -> bool:
    """Whether something else than this folder is installed from files."""
    return bool(re.match(r"(?:\.{1,2}/.|/|file:|git\+)", word)) and not _HERE.fullmatch(word)


def _pointed(words: Sequence[str]) -> Iterator[str]:
    before = ""
    for word in words:
        if _HERE.fullmatch(word) and before not in ("-e", "--editable"):
            yield "-e"
        yield word
        before = word


def _known_backend(pyproject: str | None) -> bool:
    if pyproject is None:
        return True
    try:
        backend = tomllib.loads(pyproject).get("build-system", {}).get("build-backend", "setuptools.build_meta")
    except (ValueError, AttributeError, RecursionError):
        return False
    return any(str(backend) == known or str(backend).startswith(f"{known}.") for known in BACKENDS)


def inputs(repo: Path, commit: str) -> str:
    """A fingerprint of what set-up reads of a commit: all files but sources, and which packages and modules it has."""
    read, packages = [], set()
    for entry in Git(repo).names("ls-tree", "-r", "-z", commit):
        name = PurePosixPath(entry.partition("\t")[2])
        if name.suffix in SOURCES and name.name not in READ_BY_SETUP:
            packages.add(str(name if str(name.parent) in TOPS and name.suffix == ".py" else name.parent))
        else:
            read.append(entry)
    return hashlib.sha256("\0".join([*read, "", *sorted(packages)]).encode("utf-8", "surrogateescape")).hexdigest()
