"""Where sides live on disk: one folder a key, locked while in use, the oldest thrown away.

::

    <cache>/<zone>/<repository>/<key>/<key>   the work tree: its last folder is unique, so git's name for it is, too
                                     /old     the tree as the last run left it, while a new one is made beside it
                                     /env     the environment
                                     /home    HOME of everything that runs for this side
                                     /done    what all of them held when the environment was complete
    <cache>/<zone>/<repository>/locks/<key>
    <cache>/<zone>/downloads                  what installers fetched, shared by all of a zone

A zone is what one author's code may have written to: see :func:`zone_of`. Keys have one length, so the paths of two
sides do, too: a longer path moves the stack and with it the timing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from perfbot.errors import SetupError
from perfbot.model import Change, Side

KEEP = 10
"""Folders that stay for later runs of one clone; those in use stay anyway."""

SIBLINGS = string.ascii_lowercase
"""Last letter of a key: when another run holds one, the next is taken."""

ZONES = 12
"""Zones that stay: so many merge requests that are measured by turns find their environments again."""

_ZONE = re.compile(r"local|(?:mr|branch)-[0-9a-f]{12}")

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
    def old(self) -> Path:
        """The work tree of the last run, out of which what set-up had built may be taken."""
        return self.folder / "old"

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
        """What tree, environment and home held when set-up was complete; missing until then."""
        return self.folder / "done"

    @property
    def downloads(self) -> Path:
        """What installers fetched, shared by all slots of the zone."""
        return self.folder.parents[1] / "downloads"


@dataclass(frozen=True, slots=True)
class Checkout:
    """One side's files.

    Attributes:
        commit: full id of the commit that is checked out.
        slot: the folder that holds the files, and that the environment goes to.
        overlaid: benchmark files that were taken from head, relative to ``path``; empty on head.
        files: everything in the tree before any code of the change ran, relative to ``path``.
    """

    side: Side
    commit: str
    slot: Slot
    overlaid: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()

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


def zone_of(change: Change) -> str:
    """Whose code may have written to what a run leaves on disk: the name of a folder for it.

    On one's own machine it is one's own. In CI each merge request has a zone, and each branch: what a merge request's
    code leaves behind, another one and the target branch never find.
    """
    if change.origin == "local":
        return "local"
    about = f"{change.merge_request}" if change.merge_request else change.head_name or change.head
    kind = "mr" if change.merge_request else "branch"
    named = f"{change.origin}\0{change.project}\0{kind}\0{about}"
    return f"{kind}-{hashlib.sha256(named.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


def zone(cache: Path, change: Change) -> Path:
    """The folder of a change's zone."""
    return cache.resolve() / zone_of(change)


def drop_zones(used: Path) -> None:
    """Delete the zones that were not used for longest, now that this one is."""
    os.utime(used)
    for old in _by_age(used.parent, but="")[ZONES:]:
        _drop(old)


def _drop(zone: Path) -> None:
    """Delete a zone, unless a run holds something in it."""
    if not _ZONE.fullmatch(zone.name):
        return
    with contextlib.ExitStack() as stack:
        for locks in zone.glob(f"*/{LOCKS}"):
            for lock in locks.iterdir():
                if stack.enter_context(Shelf(locks.parent).try_hold(lock.name)) is None:
                    return
        remove_tree(zone)


def _by_age(folder: Path, but: str) -> tuple[Path, ...]:
    """Folders in a folder, last used first."""
    if not folder.is_dir():
        return ()
    dated = []
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.name != but:
                dated.append((path.stat().st_mtime_ns, path))
    return tuple(path for _, path in sorted(dated, reverse=True))


def _unwritable(cache: Path, error: OSError) -> SetupError:
    message = f"perfbot's cache {cache} cannot be written: {error.strerror or error}."
    return SetupError(message, hint="Set PERFBOT_CACHE to a folder that can be written.")


@dataclass(frozen=True, slots=True)
class Shelf:
    """All slots of one clone in one zone, in ``folder``."""

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
            raise _unwritable(self.folder, error) from error
        return lock

    def by_age(self) -> tuple[Path, ...]:
        """The slots' folders, last used first."""
        return _by_age(self.folder, but=LOCKS)


def remove_tree(folder: Path) -> None:
    """Delete a folder, also one with read-only folders in it (as Go's module cache has); of a link the link alone."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
        return
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError:
        for parent, _, _ in os.walk(folder):
            with contextlib.suppress(OSError):
                Path(parent).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
