"""Two commits side by side on disk: work trees outside the checkout, made anew for each run, never mixed up.

A work tree is a real ``git worktree``, so that versions derived from tags come out right. It is registered with the
user's clone while a run uses it, and not a moment longer: ``git worktree list`` stays clean. No git ever runs in a tree
that code of a change could write to before: what lies there might lead git to a configuration of that code's own. The
next run moves such a tree aside and makes another; what a build left in it is used again where it is known to be as
set-up left it (:mod:`perfbot.sides.environment`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from perfbot.errors import ChangeError, SetupError, UsageError
from perfbot.git.command import NETWORK_SECONDS, Git, is_full_id, open_work_tree, short
from perfbot.git.submodules import fill_submodules
from perfbot.model import Change, Side
from perfbot.sides.cache import KEEP, Checkout, Shelf, Slot, remove_tree
from perfbot.sides.contents import GIT, names, remove
from perfbot.sides.storage import check_places

__all__ = ["Checkout", "changed_files", "checkout", "checkout_taking", "checkouts", "overlay", "read_file_at"]

LARGE_FILES = "Fetch what Git LFS keeps (git lfs fetch --all), or measure pointers: GIT_LFS_SKIP_SMUDGE=1"


@contextlib.contextmanager
def checkouts(
    repo: Path, change: Change, *, cache: Path, recipe: str = "", overlaid: Sequence[str] = (), head_as: str = ""
) -> Iterator[tuple[Checkout, Checkout]]:
    """Base and head side by side, unregistered again when the block ends, however it ends.

    Args:
        repo: the user's clone; nothing in it changes but git's own records.
        cache: perfbot's cache folder, outside the clone.
        recipe: what the environments are made from; other text, other folders.
        overlaid: files, folders and globs, relative to the clone's top, that base takes from head.
        head_as: what head's folder is found by, where another commit's set-up will do for it, too.

    Raises:
        SetupError: a work tree could not be made.
    """
    with (
        checkout_taking(
            repo, "base", change.base, from_commit=change.head, cache=cache, recipe=recipe, overlaid=overlaid
        ) as base,
        checkout(repo, "head", change.head, cache=cache, recipe=recipe, known_as=head_as) as head,
    ):
        yield base, head


@contextlib.contextmanager
def checkout_taking(
    repo: Path,
    side: Side,
    commit: str,
    *,
    from_commit: str,
    cache: Path,
    recipe: str = "",
    overlaid: Sequence[str] = (),
) -> Iterator[Checkout]:
    """One commit's files, with some of another commit in their place; see :func:`checkouts`.

    Raises:
        SetupError: the work tree could not be made.
    """
    _no_overlay_of_everything(overlaid)
    files = _overlay_id(Git(repo), commit, from_commit, overlaid)
    with checkout(repo, side, commit, cache=cache, recipe=recipe + files) as tree:
        taken = overlay(tree, from_commit, overlaid) if files else ()
        yield replace(tree, overlaid=taken, files=_files(tree.slot)) if taken else tree


@contextlib.contextmanager
def checkout(
    repo: Path, side: Side, commit: str, *, cache: Path, recipe: str = "", known_as: str = ""
) -> Iterator[Checkout]:
    """One commit's files for one side, held by this run alone. The same side again is a second copy of it.

    Args:
        known_as: what its folder is found by; the commit where it is empty.

    Raises:
        SetupError: the work tree could not be made.
    """
    user = open_work_tree(repo)
    check_places(cache, user.folder)
    shelf = _shelf(user, cache)
    with _writable(user) as git, shelf.hold(f"{side}\0{known_as or commit}\0{recipe}") as slot:
        worktrees = git.common_folder() / "worktrees"
        _tidy(worktrees, shelf)
        try:
            _occupy(git, worktrees, side, commit, slot)
            yield Checkout(side, commit, slot, files=_files(slot))
        finally:
            _unregister(worktrees, slot)


@contextlib.contextmanager
def _writable(git: Git) -> Iterator[Git]:
    """A clone to register work trees with: the user's, or where that is read-only one that borrows its objects.

    Raises:
        ChangeError: it cannot be borrowed from.
    """
    own = git.common_folder()
    if os.access(own, os.W_OK):
        yield git
        return
    with tempfile.TemporaryDirectory(prefix="perfbot-clone-") as folder:
        borrowing = Path(folder) / "clone.git"
        git.text(
            "clone", "--quiet", "--bare", "--shared", os.fspath(own), os.fspath(borrowing), timeout=NETWORK_SECONDS
        )
        yield Git(borrowing, {"GIT_DIR": os.fspath(borrowing)})


def overlay(base: Checkout, head: str, paths: Sequence[str]) -> tuple[str, ...]:
    """Bring the commit ``head``'s version of ``paths`` to base's work tree; what only base has under them goes.

    Returns:
        The files that differ between the sides, relative to the top.
    """
    differing = _differing(Git(base.path), base.commit, head, paths)
    gone = _differing(Git(base.path), base.commit, head, paths, "--diff-filter=D")
    git = Git(base.path, {"GIT_LITERAL_PATHSPECS": "1"})
    listed = ("--pathspec-from-file=-", "--pathspec-file-nul")
    # What goes goes first: head may have a file or a link where base has a folder.
    if gone:
        git.text("rm", "--quiet", "--force", *listed, stdin=_zeroed(gone))
    if kept := [name for name in differing if name not in set(gone)]:
        git.text("restore", f"--source={head}", "--staged", "--worktree", *listed, stdin=_zeroed(kept))
    return differing


def _zeroed(names: Sequence[str]) -> bytes:
    return "\0".join(names).encode("utf-8", "surrogateescape")


def read_file_at(repo: Path, commit: str, path: str) -> str | None:
    """A file as a commit has it, or None when the commit lacks it (a policy is read from the target branch so)."""
    done = Git(repo).run("cat-file", "blob", f"{commit}:{path}")
    return None if done.returncode else done.stdout.decode("utf-8", "replace")


def changed_files(repo: Path, change: Change, paths: Sequence[str] = ()) -> tuple[str, ...]:
    """Files that differ between base and head, under ``paths`` (files, folders, globs; none means all)."""
    asked = (repo, change.base, change.head, tuple(paths) or ("",))
    return _known_to_differ(*asked) if is_full_id(change.base) and is_full_id(change.head) else _changed(*asked)


def _changed(repo: Path, base: str, head: str, paths: Sequence[str]) -> tuple[str, ...]:
    return _differing(Git(repo), base, head, paths)


_known_to_differ = lru_cache(maxsize=64)(_changed)
"""Commits never change: several steps of a run ask the same of them."""


def _differing(git: Git, base: str, head: str, paths: Sequence[str], *only: str) -> tuple[str, ...]:
    if not paths:
        return ()
    return git.names("diff", "--name-only", "--no-renames", "--no-ext-diff", *only, "-z", base, head, *_specs(paths))


def _specs(paths: Sequence[str]) -> tuple[str, ...]:
    return ("--", *(f":(top,glob){os.path.normpath(path) if path else ''}" for path in paths))


def _overlay_id(git: Git, base: str, head: str, paths: Sequence[str]) -> str:
    """Names the overlay by the blobs in it: an environment may be built from overlaid files, too."""
    if not paths:
        return ""
    raw = git.text("diff", "--raw", "--no-renames", "--abbrev=40", "-z", base, head, *_specs(paths))
    return hashlib.sha256(raw.encode("utf-8", "surrogateescape")).hexdigest() if raw else ""


def _no_overlay_of_everything(paths: Sequence[str]) -> None:
    for path in paths:
        normal = os.path.normpath(path)
        if normal in (".", "*", "**") or normal.startswith(("..", "/")):
            message = (
                f'files = "head" with paths = ["{path}"] would take all of head\'s files to base, '
                "and nothing would be left to compare."
            )
            raise UsageError(message, hint='Name the benchmarks\' own files or folders, or set files = "each".')


def _shelf(git: Git, cache: Path) -> Shelf:
    clone = hashlib.sha256(os.fsencode(git.common_folder())).hexdigest()[:12]
    return Shelf(cache.resolve() / clone)


def _files(slot: Slot) -> frozenset[str]:
    return frozenset(names(slot.tree, without=(GIT,)))


def _tidy(worktrees: Path, shelf: Shelf) -> None:
    """Unregister what a killed run left behind, and delete the slots that were not used for longest."""
    for place, folder in enumerate(shelf.by_age()):
        with shelf.try_hold(folder.name) as slot:
            if slot is None:
                continue
            remove_tree(_record(worktrees, slot))
            if place >= KEEP:
                remove_tree(folder)


def _occupy(git: Git, worktrees: Path, side: Side, commit: str, slot: Slot) -> None:
    """Make the slot's tree anew; the one of the last run is put aside."""
    try:
        _put_aside(worktrees, slot)
        add = ("worktree", "add", "--quiet", "--detach", os.fspath(slot.tree), commit)
        git.text(*add, timeout=NETWORK_SECONDS)  # large files and partial clones are fetched now
        fill_submodules(git, Git(slot.tree))
        slot.home.mkdir(exist_ok=True)
    except ChangeError as error:
        _forget(worktrees, slot)
        message = f"checkout of {short(commit)} failed on {side}: {error.message}"
        hint = LARGE_FILES if "smudge filter lfs failed" in error.message else error.hint
        raise SetupError(message, hint=hint, output=error.output) from error
    except OSError as error:
        _forget(worktrees, slot)
        message = f"checkout of {short(commit)} failed on {side}: {error}"
        raise SetupError(message, hint="Set PERFBOT_CACHE to a folder with room.") from error


def _put_aside(worktrees: Path, slot: Slot) -> None:
    """What the last run left may be of use; what a killed one left half made never is."""
    remove_tree(_record(worktrees, slot))
    slot.folder.mkdir(parents=True, exist_ok=True)
    if slot.tree.is_dir() and not slot.tree.is_symlink() and slot.done.is_file():
        remove_tree(slot.old)
        slot.tree.rename(slot.old)
    else:
        remove_tree(slot.folder)
        slot.folder.mkdir(parents=True)


def _forget(worktrees: Path, slot: Slot) -> None:
    remove_tree(_record(worktrees, slot))
    remove_tree(slot.folder)


def _unregister(worktrees: Path, slot: Slot) -> None:
    """Git's record goes, and the tree's pointer to it: it leads nowhere now, or where code of the change wants."""
    remove_tree(_record(worktrees, slot))
    if slot.tree.is_dir():
        remove(slot.tree / GIT)
    with contextlib.suppress(OSError):
        worktrees.rmdir()


def _record(worktrees: Path, slot: Slot) -> Path:
    """Where git keeps its record of a registered work tree: it names it by the last folder of the tree."""
    return worktrees / slot.tree.name
