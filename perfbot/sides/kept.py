"""What set-up had built, used again: only where it is, to the byte, what it was when set-up was complete.

Beside an environment stands a note of all that tree, environment and home held then. A later run begins with a fresh
tree of the commit's own files; what set-up had built in the old one is moved there when everything that was noted is as
it was. What came later goes. Anything missing or changed means that all of it is made anew.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from perfbot.sides.cache import Slot, remove_tree
from perfbot.sides.contents import GIT, Contents, Entry, differs, glance, look, look_at, names, remove

Reuse = Literal["", "glanced at", "compared"]
"""How it is known that a set-up is what it was; empty: it is not."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A note.

    Attributes:
        stamp: of what the environment was made from.
        times: when each file of the tree was changed last, in nanoseconds; build systems go by it.
        files: of the commit that was set up.
        seen: what the system says of environment and home, see :func:`perfbot.sides.contents.glance`.
        built: the same of what set-up had built in the tree.
        edited: the commit's own files that set-up changed or removed, as they were before.
    """

    stamp: str
    tree: Contents
    env: Contents
    home: Contents
    times: Mapping[str, int]
    files: frozenset[str]
    seen: Mapping[str, str]
    built: Mapping[str, str]
    edited: Contents


def before_set_up(slot: Slot, files: Collection[str]) -> Contents:
    """The commit's own files as they lie in the fresh tree."""
    return {name: look_at(slot.tree / name) for name in files if os.path.lexists(slot.tree / name)}


def note(slot: Slot, stamp: str, files: Collection[str], before: Contents | None) -> None:
    """Write down that set-up is complete, and what there is.

    Args:
        files: of the commit.
        before: what :func:`before_set_up` found; None where an earlier note has to be gone by.

    Raises:
        OSError: it cannot be read or written.
    """
    tree = look(slot.tree, without=(GIT,))
    times = {name: (slot.tree / name).lstat().st_mtime_ns for name, entry in tree.items() if entry[0] == "file"}
    built = {name: what for name, what in _glanced(slot.tree, "").items() if name not in files and name in tree}
    earlier = _read(slot.done) if before is None else None
    edited = {name: was for name, was in (before or {}).items() if tree.get(name) != was}
    edited |= earlier.edited if earlier is not None else {}
    text = json.dumps([stamp, tree, look(slot.env), look(slot.home), times, sorted(files), _seen(slot), built, edited])
    part = slot.folder / "done.part"
    remove(part)
    part.write_text(text, "ascii")
    part.replace(slot.done)


def _seen(slot: Slot) -> dict[str, str]:
    return {**glance(slot.env, "env"), **glance(slot.home, "home")}


def _glanced(folder: Path, prefix: str) -> dict[str, str]:
    """A glance below a folder that may be moved as a whole: of folders themselves, only which they are."""
    found = glance(folder, prefix)
    return {
        name.removeprefix("/"): what if stat.S_ISREG(_mode(what)) else " ".join(what.split()[:2])
        for name, what in found.items()
    }


def _mode(glanced: str) -> int:
    return int(glanced.split()[1])


def reusable(slot: Slot, stamp: str, files: Collection[str], *, quick: bool = False) -> Reuse:
    """Bring a slot into the state that was noted, if that can be.

    Args:
        files: of the commit, and so of the fresh tree; they are left as they are but for what set-up changed in them.
        quick: be content with what the system says of what was built, where nothing was written since; that can
            be fooled by who may set the clock.

    Returns:
        Whether it could, and how that is known; empty where it could not.
    """
    try:
        kept = _read(slot.done)
        if kept is None or kept.stamp != stamp:
            return ""
        untouched = quick and _seen(slot) == kept.seen
        if not untouched and (differs(slot.env, kept.env) or differs(slot.home, kept.home)):
            return ""
        edits = _edits(slot, kept)
        if edits is None:
            return ""
        built = {name: entry for name, entry in kept.tree.items() if name not in files and name not in kept.files}
        rest = _moved_whole(slot, built, kept.built) if quick else built
        if not (_built_again(slot, rest, built, files) and _dated(slot, kept, files)):
            return ""
        _edit(slot, kept, edits)
        return "glanced at" if untouched else "compared"
    except OSError:
        return ""


def clear(slot: Slot, files: Collection[str]) -> None:
    """Leave nothing but the commit's own files: all else was made by a set-up that does not count."""
    remove(slot.done)
    for folder in (slot.env, slot.home, slot.old):
        remove_tree(folder)
    for name in sorted(names(slot.tree, without=(GIT,))):
        if name not in files:
            remove(slot.tree / name)


def _moved_whole(slot: Slot, built: Mapping[str, Entry], noted: Mapping[str, str]) -> dict[str, Entry]:
    """Move whole folders of what was built, of which the system says that nobody wrote to them; what is left.

    What is new in them goes, and so does bytecode that was written anew.
    """
    tops = [name for name, entry in built.items() if entry[0] == "folder" and str(Path(name).parent) not in built]
    left = dict(built)
    for top in tops if slot.old.is_dir() else ():
        inside = {name for name in built if name.startswith(f"{top}/")}
        found = _glanced(slot.old / top, top)
        other = {name for name in inside if found.get(name) != noted.get(name)}
        if (slot.old / top).is_symlink() or not all(map(_is_bytecode, other)):
            continue
        for name in sorted(other | found.keys() - inside):
            remove(slot.old / name)
        _check_place(slot, top)
        (slot.old / top).rename(slot.tree / top)
        (slot.tree / top).chmod(built[top][1])
        for name in (top, *inside):
            del left[name]
    return left


def _built_again(slot: Slot, rest: Mapping[str, Entry], built: Mapping[str, Entry], files: Collection[str]) -> bool:
    """Whether everything that set-up had built is in the tree, as it was.

    Args:
        rest: what of it has not been seen to.
    """
    if not slot.old.is_dir():
        own = {name: look_at(slot.tree / name) for name in files}
        return not differs(slot.tree, {**own, **built}, without=(GIT,))
    found = {name: look_at(slot.old / name) for name in rest if os.path.lexists(slot.old / name)}
    other = {name for name, entry in rest.items() if found.get(name) != entry}
    if any(not _is_bytecode(name) for name in other):
        return False
    for name in sorted(rest.keys() - other):
        _move(slot, name, rest[name])
    remove_tree(slot.old)
    return True


def _edits(slot: Slot, kept: Kept) -> dict[str, bytes | None] | None:
    """What set-up had made of the commit's own files (None: removed them); None where it has to do so again."""
    again = slot.old.is_dir()
    found: dict[str, bytes | None] = {}
    for name, was in kept.edited.items():
        _check_place(slot, name)
        source, made = (slot.old if again else slot.tree) / name, kept.tree.get(name)
        if again and (not os.path.lexists(slot.tree / name) or look_at(slot.tree / name) != was):
            return None
        if made is None:
            found[name] = None
        elif made[0] == "file" and os.path.lexists(source) and look_at(source) == made:
            found[name] = source.read_bytes()
        else:
            return None
    return found


def _edit(slot: Slot, kept: Kept, edits: Mapping[str, bytes | None]) -> None:
    """Do to the commit's own files what set-up had done, such as ``chmod +x`` or a version that it wrote."""
    for name, data in edits.items():
        path = slot.tree / name
        remove(path)
        if data is not None:
            path.write_bytes(data)
            path.chmod(kept.tree[name][1])
            os.utime(path, ns=(kept.times[name], kept.times[name]))


def _is_bytecode(name: str) -> bool:
    """Whether Python makes it anew by itself, as it does when a source has changed."""
    return name.endswith(".pyc") and Path(name).parent.name == "__pycache__"


def _move(slot: Slot, name: str, entry: Entry) -> None:
    """One thing from the old tree to the new one; folders are made before what lies in them."""
    target = slot.tree / name
    _check_place(slot, name)
    if entry[0] == "folder":
        target.mkdir(mode=entry[1])
    else:
        (slot.old / name).rename(target)


def _check_place(slot: Slot, name: str) -> None:
    """Raises OSError where a path leads out of the tree."""
    if (slot.tree / name).parent.resolve() != slot.tree.resolve() / Path(name).parent:
        raise OSError(f"{name} would leave the tree")


def _dated(slot: Slot, kept: Kept, files: Collection[str]) -> bool:
    """The commit's files as old as they were, so that nothing that is built already is built again."""
    for name in files:
        path, noted = slot.tree / name, kept.tree.get(name)
        if name in kept.times and noted is not None and noted[0] == "file" and _same(path, noted):
            os.utime(path, ns=(kept.times[name], kept.times[name]))
    return True


def _same(path: Path, noted: Entry) -> bool:
    return stat.S_ISREG(path.lstat().st_mode) and look_at(path) == noted


def _read(file: Path) -> Kept | None:
    """None where there is no note, or where it is damaged."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, encoding="ascii") as stream:
            stamp, tree, env, home, times, files, seen, built, edited = json.load(stream)
        dated = {str(name): int(when) for name, when in times.items()}
        glances = [{str(name): str(what) for name, what in one.items()} for one in (seen, built)]
        own = frozenset(map(str, files))
        return Kept(
            str(stamp),
            _entries(tree),
            _entries(env),
            _entries(home),
            dated,
            own,
            glances[0],
            glances[1],
            _entries(edited),
        )
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def _entries(found: Mapping[str, Any]) -> dict[str, Entry]:
    entries = {name: (str(kind), int(mode), str(what)) for name, (kind, mode, what) in found.items()}
    if any(name.startswith("/") or (".." in name and ".." in name.split("/")) for name in entries):
        raise ValueError("a path that leads elsewhere")
    return entries
