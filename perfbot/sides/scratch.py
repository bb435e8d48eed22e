"""A run's folder for what nobody needs afterwards; those of runs that were killed are deleted by later ones."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from perfbot.sides.cache import remove_tree

PREFIX = "perfbot-run-"
LOCK = ".lock"
YOUNG = 3600.0
"""Seconds for which a folder without a lock may be one that is being made."""


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder of this run alone, locked while it lasts."""
    _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = FileLock(folder / LOCK, timeout=0, thread_local=False)
    lock.acquire()
    try:
        yield folder
    finally:
        lock.release()
        remove_tree(folder)


def _sweep(shared: Path) -> None:
    """Delete what nobody holds. The folder is everybody's, so nothing is believed but who owns what lies there."""
    for folder in shared.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, Timeout):
            if _is_ours(folder) and _is_left(folder):
                remove_tree(folder)


def _is_ours(folder: Path) -> bool:
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _is_left(folder: Path) -> bool:
    lock = folder / LOCK
    if not lock.exists() or lock.is_symlink():
        return time.time() - folder.lstat().st_mtime > YOUNG
    held = FileLock(lock, timeout=0, thread_local=False)
    held.acquire()
    held.release()
    return True
