"""What set-up left on disk: noted when it was complete, compared before it is used again.

Measured code runs as the same user and may write into its environment, its home and its tree as it likes, long after
set-up. So nothing is used again on trust: what was not there when set-up was complete goes, and where something that
was there is missing or another, all of it is made anew. Compared are names, kinds, permissions and contents (SHA-256),
never times, which anybody can set.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from perfbot.sides.cache import remove_tree

Entry = tuple[str, int, str]
"""Kind (``file``, ``link``, ``folder`` or ``other``), permissions, and the contents' digest or the link's target."""

Contents = Mapping[str, Entry]
"""Everything below a folder, by its path relative to it."""

GIT = ".git"
"""Of a tree: never part of its contents."""

READERS = 4
"""Files read at the same time; hashing lets go of the interpreter."""


def look(folder: Path, *, without: Collection[str] = ()) -> dict[str, Entry]:
    """What lies below a folder. Links are not followed, and nothing but plain files is opened.

    Args:
        without: names right below the folder that are left out.

    Raises:
        OSError: something cannot be read, or went away meanwhile.
    """
    found = list(names(folder, without))
    with ThreadPoolExecutor(READERS) as pool:
        return dict(zip(found, pool.map(lambda name: look_at(folder / name), found), strict=True))


def glance(folder: Path, prefix: str) -> dict[str, str]:
    """What the system says of everything below a folder without reading it: any write shows in the time of the last
    change of status, which nobody but who sets the clock can set.

    Args:
        prefix: of the names.
    """
    found: dict[str, str] = {}
    waiting = [(os.fspath(folder), prefix)]
    while waiting:
        parent, below = waiting.pop()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(parent) as entries:
            for entry in entries:
                said, name = entry.stat(follow_symlinks=False), f"{below}/{entry.name}"
                found[name] = f"{said.st_ino} {said.st_mode} {said.st_size} {said.st_mtime_ns} {said.st_ctime_ns}"
                if stat.S_ISDIR(said.st_mode):
                    waiting.append((entry.path, name))
    return found


def differs(folder: Path, noted: Contents, *, without: Collection[str] = ()) -> str:
    """Remove what was not noted, and say which of what was noted is missing or another; empty when nothing is.

    Args:
        without: as for :func:`look`; left alone.
    """
    for name in sorted(names(folder, without)):
        if name not in noted:
            remove(folder / name)
    try:
        found = look(folder, without=without)
    except OSError as error:
        return str(error.filename or error)
    return next((name for name in sorted(noted) if found.get(name) != tuple(noted[name])), "")


def remove(path: Path) -> None:
    """Delete whatever a path names, without following it."""
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        path.unlink()


def names(folder: Path, without: Collection[str] = ()) -> Iterator[str]:
    """The paths of everything below a folder, relative to it; links are not followed."""
    for parent, folders, files in os.walk(folder):
        below = os.path.relpath(parent, folder)
        if below == ".":
            folders[:] = [name for name in folders if name not in without]
            yield from (name for name in (*folders, *files) if name not in without)
        else:
            yield from (f"{below}/{name}" for name in (*folders, *files))


def look_at(path: Path) -> Entry:
    """One thing, as it lies there."""
    found = path.lstat()
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISLNK(found.st_mode):
        return "link", 0, os.fspath(path.readlink())
    if stat.S_ISDIR(found.st_mode):
        return "folder", mode, ""
    if not stat.S_ISREG(found.st_mode):
        return "other", mode, ""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        return "file", mode, hashlib.file_digest(stream, "sha256").hexdigest()
