"""The benchmark files that base took from head, and the way back: whose version lies in base's tree right now.

Git is asked in the user's clone, never in the tree: set-up ran there, and may have left anything in it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from perfbot.errors import SetupError
from perfbot.git.command import Git
from perfbot.sides.contents import remove

OLDER_SECONDS = 10.0
"""Base's own versions are dated back by this much: what was compiled from one version must not stand for the other."""

EXECUTABLE, LINK = "100755", "120000"
PLAIN = ("100644", EXECUTABLE, LINK)


@dataclass(frozen=True, slots=True)
class BenchmarkFiles:
    """Files that differ between the sides, in base's tree.

    Attributes:
        repo: the user's clone.
        tree: top of base's work tree, which has head's versions.
        base, head: full commit ids.
        names: relative to the top.
    """

    repo: Path
    tree: Path
    base: str
    head: str
    names: tuple[str, ...]
    _given_back: set[str] = field(default_factory=set)

    def any_on_base(self) -> bool:
        """Whether base's commit has any of them: head may have brought them all."""
        return bool(self._entries(self.base, self.names))

    @contextlib.contextmanager
    def own(self, *, built: bool = False) -> Iterator[None]:
        """Base's own versions are in its tree while the block lasts. Nothing may be measured there meanwhile.

        Args:
            built: a build looks at them, then and after the block: their dates are those of the change.
        """
        heads = [name for name in self.names if name not in self._given_back]
        kept = {} if built else self._ages()
        self._put(self.base, heads, age=0.0 if built else OLDER_SECONDS)
        try:
            yield
        finally:
            self._put(self.head, heads)
            for path, when in kept.items():
                os.utime(path, ns=(when, when), follow_symlinks=False)

    def give_back(self, names: Collection[str]) -> None:
        """Put base's own versions of some files into its tree, for good."""
        self._put(self.base, names, age=OLDER_SECONDS)
        self._given_back.update(names)

    def _ages(self) -> dict[Path, int]:
        paths = [self.tree / name for name in self.names]
        return {path: path.lstat().st_mtime_ns for path in paths if os.path.lexists(path)}

    def _put(self, commit: str, names: Collection[str], age: float = 0.0) -> None:
        there = self._entries(commit, names)
        for name in names:
            path = self.tree / name
            if not path.parent.resolve().is_relative_to(self.tree.resolve()):
                raise SetupError(f"{name} on base: set-up replaced a folder above it by a link elsewhere")
            remove(path)
            if name in there:
                self._write(path, *there[name], age)

    def _write(self, path: Path, mode: str, blob: str, age: float) -> None:
        data = Git(self.repo).run("cat-file", "blob", blob).stdout
        path.parent.mkdir(parents=True, exist_ok=True)
        if mode == LINK:
            path.symlink_to(os.fsdecode(data))
            return
        path.write_bytes(data)
        path.chmod(0o755 if mode == EXECUTABLE else 0o644)
        when = time.time() - age
        os.utime(path, (when, when))

    def _entries(self, commit: str, names: Collection[str]) -> dict[str, tuple[str, str]]:
        """Mode and blob of each file that a commit has."""
        git = Git(self.repo, {"GIT_LITERAL_PATHSPECS": "1"})
        lines = git.names("ls-tree", "-r", "-z", "--full-tree", commit, "--", *names) if names else ()
        found = {}
        for line in lines:
            about, _, name = line.partition("\t")
            mode, _, blob = about.split(" ")
            if mode in PLAIN:
                found[name] = (mode, blob)
        return found
