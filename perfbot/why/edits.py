"""Which lines the change edits, and which functions these are a part of."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from perfbot.model import Side
from perfbot.why.profile import Function
from perfbot.why.uses import used_and_edited

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
    bared: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Lines of head behind which decorators were taken away."""
    source: Callable[[str], str] = lambda _: ""
    """Text of a file at head."""

    def file_of(self, function: Function, side: Side = "head") -> str:
        """Its path in the repository; empty where it comes from elsewhere."""
        if function.place == "own":
            path = posixpath.normpath(posixpath.join(self.directory, function.file))
            return "" if path.startswith("../") else path
        if function.place != "site":
            return ""
        known = self.files | set(self.head if side == "head" else self.base)
        ends = [path for path in known if path == function.file or path.endswith(f"/{function.file}")]
        return min(ends, key=len) if ends else ""

    def touch(self, function: Function, side: Side) -> bool:
        """Whether a hunk lies in a function, as this side has it; a decorator that was taken away lay above it."""
        file = self.file_of(function, side)
        hunks = (self.base if side == "base" else self.head).get(file, ())
        bare = side == "head" and function.line - 1 in self.bared.get(file, ())
        return bare or any(first <= function.end and function.line <= last for first, last in hunks)

    def used(self, function: Function) -> tuple[str, int]:
        """What a function uses that the change edits beside it, in the same file: a name and a line, or empty and 0."""
        file = self.file_of(function)
        hunks = self.head.get(file, ())
        return used_and_edited(self.source(file), function.line, hunks) if hunks and file.endswith(".py") else ("", 0)

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
    read = _Read()
    for line in diff.split("\n"):
        read.take(line)
    base, head = ({name: tuple(hunks) for name, hunks in side.items()} for side in read.hunks)
    bared = {name: frozenset(lines) for name, lines in read.bared.items()}
    return Edits(base, head, directory, frozenset(files), bared)


class _Read:
    """A diff, as far as it was read: lines of a hunk are counted, for they may look like anything."""

    def __init__(self) -> None:
        self.hunks: tuple[dict[str, list[tuple[int, int]]], ...] = ({}, {})
        self.bared: dict[str, set[int]] = {}
        self._names = ["", ""]
        self._left = 0
        self._start = 0

    def take(self, line: str) -> None:
        if self._left > 0:
            self._left -= not line.startswith("\\")
            if line.startswith("-") and line[1:].lstrip().startswith("@"):
                self.bared.setdefault(self._names[1], set()).add(self._start)
        elif line.startswith(("--- ", "+++ ")):
            self._names[line.startswith("+")] = _name(line[4:])
        elif found := HUNK.match(line):
            self._begin(*(int(number if number is not None else 1) for number in found.groups()))

    def _begin(self, base: int, gone: int, head: int, come: int) -> None:
        """A hunk; one without lines on a side lies behind the line that it names there."""
        self._left, self._start = gone + come, head
        for hunks, name, start, count in zip(self.hunks, self._names, (base, head), (gone, come), strict=True):
            if name:
                first = start if count else start + 1
                hunks.setdefault(name, []).append((first, first + count - 1))


def _name(text: str) -> str:
    """A file's, without the side; empty where there is none."""
    return text.rstrip("\t")[2:] if text[:2] in ("a/", "b/") else ""
