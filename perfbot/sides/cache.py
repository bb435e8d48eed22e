"""Where sides live on disk: one folder a key, locked while in use, the oldest thrown away.

::

    <cache>/<repository>/<key>/<key>   the work tree: its last folder is unique, so git's name for it is, too
                              /git     git's record of the work tree, while no run uses it
                              /env     the environment
                              /home    HOME of everything that runs for this side
                              /done    written when the environment is complete
    <cache>/<repository>/locks/<key>
    <cache>/downloads                  what installers fetched, shared by all

Keys have one length, so the paths of two sides do, too: a longer path moves the stack and with it the timing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from perfbot.errors import SetupError
from perfbot.model import Side

KEEP = 10
"""Folders that stay for later runs of one clone; those in use stay anyway."""

SIBLINGS = string.ascii_lowercase
"""Last letter of a key: when another run holds one, the next is taken."""

KEY_DIGITS = 12
LOCKS = "locks"


@dataclass(frozen=True, slots=True)
class Slot:
    """One key's folder, held by this run."""

    folder: Path

    @property
    def tree(self) -> Path:
        """The work tree."""
        return self.folder / self.folder.name

    @property
    def parked(self) -> Path:
        """Git's record of the work tree, while it is not registered with the clone."""
        return self.folder / "git"

    @property
    def env(self) -> Path:
        """The environment."""
        return self.folder / "env"

    @property
    def home(self) -> Path:
        """HOME of set-up and of measured code."""
        return self.folder / "home"

    @property
    def done(self) -> Path:
        """The marker that the environment is complete."""
        return self.folder / "done"

    @property
    def downloads(self) -> Path:
        """What installers fetched, shared by all slots of the cache."""
        return self.folder.parents[1] / "downloads"


@dataclass(frozen=True, slots=True)
class Checkout:
    """One side's files.

    Attributes:
        commit: full id of the commit that is checked out.
        slot: the folder that holds the files, and that the environment goes to.
        overlaid: benchmark files that were taken from head, relative to ``path``; empty on head.
    """

    side: Side
    commit: str
    slot: Slot
    overlaid: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Top of the work tree."""
        return self.slot.tree


def cache_folder(environ: Mapping[str, str]) -> Path:
    """perfbot's cache: ``PERFBOT_CACHE``, or the user's cache folder."""
    if chosen := environ.get("PERFBOT_CACHE"):
        return Path(chosen).expanduser().resolve()
    import platformdirs  # noqa: PLC0415 - needed only where nothing was chosen

    return platformdirs.user_cache_path("perfbot").resolve()


@dataclass(frozen=True, slots=True)
class Shelf:
    """All slots of one clone, in ``folder``."""

    folder: Path

    @contextlib.contextmanager
    def hold(self, key: str) -> Iterator[Slot]:
        """A slot for a key (any text), held until the block ends; a taken one's sibling is used, never waited for.

        Raises:
            SetupError: the cache cannot be written, or every sibling is taken.
        """
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:KEY_DIGITS]
        for letter in SIBLINGS:
            with self.try_hold(digest + letter) as slot:
                if slot is not None:
                    yield slot
                    if slot.folder.is_dir():
                        os.utime(slot.folder)
                    return
        message = f"All {len(SIBLINGS)} work trees for one commit are in use in {self.folder}."
        raise SetupError(message, hint="Wait until other runs of perfbot end.")

    @contextlib.contextmanager
    def try_hold(self, name: str) -> Iterator[Slot | None]:
        """A slot by its name, or None when another run holds it."""
        lock = self._lock(name)
        if lock is None:
            yield None
            return
        try:
            yield Slot(self.folder / name)
        finally:
            lock.release()

    def _lock(self, name: str) -> FileLock | None:
        try:
            (self.folder / LOCKS).mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / LOCKS / name, timeout=0, thread_local=False)
            lock.acquire()
        except Timeout:
            return None
        except OSError as error:
            message = f"perfbot's cache {self.folder} cannot be written: {error.strerror or error}."
            raise SetupError(message, hint="Set PERFBOT_CACHE to a folder that can be written.") from error
        return lock

    def by_age(self) -> tuple[Path, ...]:
        """The slots' folders, last used first."""
        if not self.folder.is_dir():
            return ()
        dated = []
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.name != LOCKS:
                    dated.append((path.stat().st_mtime_ns, path))
        return tuple(path for _, path in sorted(dated, reverse=True))


def remove_tree(folder: Path) -> None:
    """Delete a folder, also one with read-only folders in it (as Go's module cache has)."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError:
        for parent, _, _ in os.walk(folder):
            with contextlib.suppress(OSError):
                Path(parent).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
