"""Names of benchmarks: as people read them, and whether a pattern can mean one."""

from __future__ import annotations

import difflib
import fnmatch
import os
import re
from collections.abc import Iterable, Sequence
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
    """Whether ``suite/benchmark`` is meant by any of some patterns, with the suite or without; all are without any.

    A function may be named without its file, and without its parameters.

    >>> meant("core/test_all.py::test_b04[1]", ["core/test_b04"])
    True
    """
    return not globs or any(_means(name, glob) for glob in globs)


def _means(name: str, glob: str) -> bool:
    suite, _, plain = name.partition("/")
    if matches(name, glob) or matches(plain, glob) or fnmatch.fnmatchcase(name, f"*/{glob}"):
        return True
    if "::" not in plain:
        return False
    before, _, function = glob.rpartition("/")
    if "::" in function or not matches(suite, before or ANY):
        return False
    called = plain[plain.partition("[")[0].rfind("::") + 2 :]
    return matches(called, function) or matches(called.partition("[")[0], function)


def closest(pattern: str, names: Iterable[str]) -> str:
    """The ``suite/benchmark`` that a pattern which means none looks like; empty where none does."""
    wanted = pattern.rpartition("/")[2].rpartition("::")[2].strip(ANY)
    called = {name.rpartition("/")[2].rpartition("::")[2].partition("[")[0]: name for name in reversed(list(names))}
    near = difflib.get_close_matches(wanted, list(called), n=1, cutoff=0.6)
    return called[near[0]] if near else ""


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
