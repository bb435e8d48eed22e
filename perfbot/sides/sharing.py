"""Which commits may share an environment: those whose set-up sees the same.

What a set-up command reads cannot be known in general: ``pip install .`` builds from the whole tree. Lines that install
nothing but named packages and requirements files read these files alone.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

_INSTALLERS = (("pip", "install"), ("pip3", "install"), ("uv", "pip", "install"), *(
    (python, "-m", "pip", "install") for python in ("python", "python3")
))  # fmt: skip
_PACKAGE = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[\w,.-]+\])?(?:[=<>!~][=<>!~\w.,*+ -]*)?(?: *;.*)?")
_ALONE = frozenset({"-q", "--quiet", "-U", "--upgrade", "--no-cache-dir", "--disable-pip-version-check"})
_FILES = frozenset({"-r", "--requirement", "-c", "--constraint"})


def set_up_alike(setup: Sequence[str], tree: Path, directory: str = ".") -> str | None:
    """A fingerprint of all that set-up reads of a tree; None where that may be anything.

    Args:
        directory: of the tree, in which set-up runs.
    """
    read = list(setup)
    for line in setup:
        words = _words(line)
        installer = next((one for one in _INSTALLERS if tuple(words[: len(one)]) == one), None)
        files = _files(words[len(installer) :], tree / directory) if installer else None
        if files is None:
            return None
        read += files
    return hashlib.sha256("\0".join(read).encode("utf-8", "surrogateescape")).hexdigest()


def _words(line: str) -> list[str]:
    """Of a command line, what is quoted without its quotes; none where a shell has more to do than to part them."""
    if any(char in line for char in "$`\\\n"):
        return []
    parser = shlex.shlex(line, posix=True, punctuation_chars=True)
    parser.whitespace_split = True
    try:
        return list(parser)
    except ValueError:
        return []


def _files(words: list[str], folder: Path) -> list[str] | None:
    """The texts of the files that an installer reads; None where it may read more."""
    texts: list[str] = []
    while words:
        word = words.pop(0)
        if word in _FILES and words:
            text = _requirements(folder / words.pop(0))
            if text is None:
                return None
            texts.append(text)
        elif word not in _ALONE and not (_PACKAGE.fullmatch(word) and not (folder / word).exists()):
            return None
    return texts


def _requirements(file: Path) -> str | None:
    """The text of a requirements file that names packages alone."""
    try:
        text = file.read_text("utf-8")
    except (OSError, ValueError):
        return None
    lines = (line.partition("#")[0].strip().removesuffix("\\").strip() for line in text.splitlines())
    plain = all(
        not line or line.startswith("--hash=") or _PACKAGE.fullmatch(line.split(" --hash=")[0]) for line in lines
    )
    return text if plain else None
