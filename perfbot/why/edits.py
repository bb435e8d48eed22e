"""Which lines the change edits, and which functions these are a part of."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from perfbot.model import Side
from perfbot.why.profile import Function

HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")

Ranges = Mapping[str, tuple[tuple[int, int], ...]]
"""First and last line of each hunk, by file. Where lines were only taken away, or put in, the other side's hunk has a
last line before its first."""


@dataclass(frozen=True, slots=True)
class Edits:
    """The change's hunks.

    Attributes:
        directory: the suite's, relative to the repository's top: what workers tell is relative to it.
        files: all files of head, to find where installed ones come from.
    """

    base: Ranges = field(default_factory=dict)
    head: Ranges = field(default_factory=dict)
    directory: str = "."
    files: frozenset[str] = frozenset()

    def file_of(self, function: Function, side: Side = "head") -> str:
        """Its path in the repository; empty where it comes from elsewhere."""
        if function.place == "own":
            path = posixpath.normpath(posixpath.join(self.directory, function.file))
            return "" if path.startswith("../") else path
        if function.place != "site":
            return ""
        known = self.files | set(self.head if side == "head" else self.base)
        ends = [path for path in known if path == function.file or path.endswith("/" + function.file)]
        return min(ends, key=len) if ends else ""

    def touch(self, function: Function, side: Side) -> bool:
        """Whether a hunk lies in a function, as this side has it."""
        hunks = (self.base if side == "base" else self.head).get(self.file_of(function, side), ())
        return any(first <= function.end and function.line <= last for first, last in hunks if first <= last)

    def lines(self, function: Function) -> set[int]:
        """Those lines of a function at head that the change wrote."""
        hunks = self.head.get(self.file_of(function), ())
        inside = (range(max(first, function.line), min(last, function.end) + 1) for first, last in hunks)
        return {line for lines in inside for line in lines}


def edits_of(diff: str, directory: str = ".", files: Iterable[str] = ()) -> Edits:
    """Read what ``git diff --unified=0`` says.

    Args:
        diff: with ``a/`` and ``b/`` before the names of files.
    """
    sides: tuple[dict[str, list[tuple[int, int]]], ...] = ({}, {})
    names = ["", ""]
    for line in diff.splitlines():
        if line.startswith(("--- ", "+++ ")):
            names[line.startswith("+")] = _name(line[4:])
        elif found := HUNK.match(line):
            for index, (first, count) in enumerate(((found[1], found[2]), (found[3], found[4]))):
                if names[index]:
                    start = int(first)
                    sides[index].setdefault(names[index], []).append((start, start + int(count or 1) - 1))
    base, head = ({name: tuple(hunks) for name, hunks in side.items()} for side in sides)
    return Edits(base, head, directory, frozenset(files))


def _name(text: str) -> str:
    """A file's, without the side; empty where there is none."""
    return text.rstrip("\t")[2:] if text[:2] in ("a/", "b/") else ""
