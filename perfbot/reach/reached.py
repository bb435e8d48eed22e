"""Which benchmarks run what the change edits, and what none of them runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from perfbot.overall import Reach, Unreached
from perfbot.reach.edited import MODULE, Edited, Edits, is_expected

Place = tuple[str, int, str]
"""File as the process knows it, first line and name of a function."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One traced call of a benchmark.

    Attributes:
        before: what ran until then: imports, set-up, benchmarks before it in the same process.
        call: what the call ran.
        left: it had children, whose work is not seen.
    """

    before: frozenset[Place]
    call: frozenset[Place]
    left: bool = False

    @property
    def every(self) -> frozenset[Place]:
        """All that could matter to what the call costs."""
        return self.before | self.call


def asked_about(edits: Edits) -> tuple[str, ...]:
    """Ends of paths under which edited files may lie: in the checkout, or installed without their first folders."""
    return tuple(sorted({end for file in edits.files for end in _ends(file, edits.projects)}))


def _ends(file: str, projects: Collection[str]) -> Collection[str]:
    """The file as it lies in the checkout, and as it may be installed: in a package, or as a module of a project's own.

    One too many may measure a benchmark in vain; one that is missing leaves it out.
    """
    parts = file.split("/")
    inside = [file.removeprefix(f"{folder}/") for folder in projects if file.startswith(f"{folder}/")]
    modules = (re.fullmatch(r"(?:src/|lib/)?([^/]+)", place) for place in (file, *inside))
    return {"/".join(parts[at:]) for at in range(len(parts) - 1)} | {one[1] for one in modules if one}


class Reaching:
    """Holds what calls run against what is edited."""

    def __init__(self, edits: Edits) -> None:
        self._edits = edits
        self._files = {end: file for file in edits.files for end in _ends(file, edits.projects)}

    def touched(self, places: Collection[Place]) -> frozenset[Edited]:
        """The edited functions among those that ran."""
        found = set()
        for path, line, name in places:
            if name == MODULE:
                continue
            inside = [one for one in self._edits.functions.get(self._file(path), ()) if one.first <= line <= one.last]
            if inside:
                found.add(max(inside, key=lambda one: one.first))
        return frozenset(found)

    def concerns(self, followed: Followed) -> bool:
        """Whether a benchmark can be concerned: it ran an edited function, or imported an edited module."""
        if followed.left or self.touched(followed.every):
            return True
        return any(name == MODULE and self._file(path) in self._edits.modules for path, _, name in followed.every)

    def reach(
        self, followed: Mapping[str, Followed], benchmarks: Collection[str], without: Sequence[str]
    ) -> Reach | None:
        """What no call runs; None where nothing of the change could be run.

        Args:
            benchmarks: files that hold them.
            without: suites of which no call can be traced.
        """
        every = [
            one
            for file, functions in self._edits.functions.items()
            if is_expected(file) and file not in benchmarks
            for one in functions
            if one.lines
        ]
        if not every or not followed:
            return None
        ran = self.touched({place for one in followed.values() for place in one.call})
        missed = sorted(
            (one for one in every if one not in ran), key=lambda one: (-len(one.lines), one.file, one.first)
        )
        return Reach(
            lines=sum(len(one.lines) for one in every),
            missed=sum(len(one.lines) for one in missed),
            functions=tuple(Unreached(one.file, one.first, one.name, len(one.lines)) for one in missed),
            followed=len(followed),
            without=tuple(without),
        )

    def _file(self, path: str) -> str:
        """The edited file that a process knows under a path; empty where it is none."""
        parts = path.split("/")
        ends = ("/".join(parts[-count:]) for count in range(len(parts), 0, -1))
        return next((self._files[end] for end in ends if end in self._files), "")
