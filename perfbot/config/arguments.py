"""Which files a command line may be about: the script it runs, the data it reads. Whether they exist, git knows."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator


def paths_in(line: str, directory: str = ".") -> frozenset[str]:
    """Paths that the words of a command line can mean, relative to the repository's top.

    Args:
        directory: where the line runs, relative to the top; a ``cd`` in the line moves it.
    """
    return frozenset(path for path in _paths(_words(line), directory) if not path.startswith(("..", "/")))


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # quotes that do not end: the shell will say so
        return line.split()


def _paths(words: list[str], directory: str) -> Iterator[str]:
    here, before = directory, ""
    for word in words:
        if before == "cd":
            here = os.path.normpath(f"{here}/{word}")
        elif before == "-m":
            module = os.path.normpath(f"{here}/{word.replace('.', '/')}")
            yield from (f"{module}.py", f"{module}/__init__.py", f"{module}/__main__.py")
        else:
            yield os.path.normpath(f"{here}/{word}")
            yield os.path.normpath(f"{here}/{word.rpartition('=')[2]}")
        before = word
