"""Whether somebody saved a file of the work tree: those that git tracks, and new ones that it does not ignore."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from perfbot.git.command import Git

RELIST_SECONDS = 1.0
"""How often git is asked for new files."""

REST_SECONDS = 0.08
"""Without a further change, until a save is over: editors and formatters write more than once."""


@dataclass(slots=True)
class Saves:
    """Looks at times and sizes of files, when asked to."""

    folder: Path
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    pending: bool = False
    """A change was seen by :meth:`peek`, and not yet taken in."""
    _names: tuple[str, ...] = ()
    _listed: float = float("-inf")
    _known: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = self._look()

    def peek(self) -> bool:
        """Whether something changed since the last time that :meth:`changed` said so."""
        self.pending = self.pending or self._look() != self._known
        return self.pending

    def changed(self) -> bool:
        """The same, once files have come to rest; from then on, what changes counts anew."""
        if not self.peek():
            return False
        before = self._look()
        while True:
            self.sleep(REST_SECONDS)
            now = self._look()
            if now == before:
                break
            before = now
        self._known, self.pending = now, False
        return True

    def _look(self) -> dict[str, tuple[int, int]]:
        if self.clock() - self._listed > RELIST_SECONDS:
            git = Git(self.folder)
            self._names = git.names("ls-files", "-z", "--cached", "--others", "--exclude-standard")
            self._listed = self.clock()
        found: dict[str, tuple[int, int]] = {}
        for name in self._names:
            try:
                said = os.lstat(self.folder / name)
            except OSError:
                continue
            found[name] = (said.st_mtime_ns, said.st_size)
        return found
