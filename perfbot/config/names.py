"""Names of benchmarks: as people read them, and whether a pattern can mean one."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path


def short_name(identity: str, paths: tuple[str, ...]) -> str:
    """The name people read, from a worker's own (``folder/file.py::test_x``).

    What the configuration already says is left out: the file where ``paths`` is a single file, otherwise the folder
    that all of ``paths`` lie in.

    >>> short_name("bench/test_a.py::test_x[1]", ("bench",))
    'test_a.py::test_x[1]'
    >>> short_name("bench/test_a.py::test_x[1]", ("bench/test_a.py",))
    'test_x[1]'
    """
    if len(paths) == 1 and Path(paths[0]).suffix:
        return identity.removeprefix(f"{paths[0]}::")
    folders = [path if not Path(path).suffix else str(Path(path).parent) for path in paths]
    common = os.path.commonpath(folders) if folders else ""
    return identity.removeprefix(f"{common}/") if common not in ("", ".") else identity


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern means a name; one that is the name itself does, whatever brackets are in it."""
    return name == pattern or fnmatch.fnmatchcase(name, pattern)


def can_meet(names: str, pattern: str) -> bool:
    """Whether any of the names that one pattern stands for can be meant by another.

    >>> can_meet("test_a.py::test_x*", "*test_x[1]")
    True
    >>> can_meet("test_a.py::test_x*", "test_b*")
    False
    """
    one, other = _tokens(names), _tokens(pattern)
    return matches(names, pattern) or len(one) + len(other) > LONGEST or _meet(one, other)


def meant(name: str, globs: Sequence[str]) -> bool:
    """Whether ``suite/benchmark`` is meant by any of some patterns, with the suite or without; all are without any."""
    if not globs:
        return True
    plain = name.partition("/")[2]
    return any(matches(name, g) or matches(plain, g) or fnmatch.fnmatchcase(name, f"*/{g}") for g in globs)


def can_be_meant(names: str, globs: Sequence[str]) -> bool:
    """The same for a pattern of names: whether any of them can be."""
    parts = names.split("/")
    endings = ["/".join(parts[index:]) for index in range(len(parts))]
    return not globs or any(can_meet(ending, g) for g in globs for ending in endings)


ANY = "*"

LONGEST = 600
"""Characters of two patterns that are compared; longer ones are not worth the time, and may meet."""


def _tokens(pattern: str) -> tuple[str, ...]:
    """Stars, and what stands for one character: a letter, or ``?`` and sets, which can be any for this purpose."""
    parts = re.findall(r"\[!?\]?[^\]]*\]|.", pattern, re.DOTALL)
    return tuple(part if len(part) == 1 else part[1] if len(part) == len("[x]") else "?" for part in parts)


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    @cache
    def ends(i: int, j: int) -> bool:
        if i == len(one) and j == len(other):
            return True
        if i < len(one) and one[i] == ANY and (ends(i + 1, j) or (j < len(other) and ends(i, j + 1))):
            return True
        if j < len(other) and other[j] == ANY and (ends(i, j + 1) or (i < len(one) and ends(i + 1, j))):
            return True
        if i == len(one) or j == len(other) or ANY in (one[i], other[j]):
            return False
        return (one[i] == other[j] or "?" in (one[i], other[j])) and ends(i + 1, j + 1)

    return ends(0, 0)
