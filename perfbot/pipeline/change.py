"""Which two commits are compared: from the command line, the CI environment, or the clone itself.

``perfbot.ci.change`` reads what the CI says, purely; here git turns that into two commits that are in this clone.
Nothing of the change is executed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from perfbot.ci.change import ChangeRequest, detect
from perfbot.ci.event import read_event
from perfbot.errors import ChangeError, UsageError
from perfbot.git.branches import Branch, default_branch, full_name, namesakes
from perfbot.git.command import Git, is_full_id, open_work_tree, short
from perfbot.git.shallow import WHOLE_HISTORY, Reach
from perfbot.git.submodules import uninitialised
from perfbot.model import Change

LONGEST_SUBJECT = 200
"""Characters of a commit's first line that are kept."""


def find_change(
    repo: Path,
    *,
    environ: Mapping[str, str],
    spec: str = "",
    base: str = "",
    head: str = "",
    dirty: bool = False,
    same: bool = False,
) -> Change:
    """The two commits to compare, both of them in this clone when this returns.

    Args:
        repo: the clone, or a folder in it.
        environ: what tells which CI this is and what it is about.
        spec: ``BASE..HEAD`` (those two) or ``BASE...HEAD`` (their merge base and HEAD).
        base, head: the same, one by one; an empty one is found as if nothing had been said.
        dirty: head is the working tree with its uncommitted and untracked files.
        same: base and head may be one commit, as an A/A run has it.

    Raises:
        ChangeError: they cannot be found, reached or told apart; exit code 3.
        UsageError: ``spec`` makes no sense, or contradicts ``base``, ``head`` or ``dirty``; exit code 2.
    """
    git = open_work_tree(repo)
    request = explicit(detect(environ, _event(environ)), spec=spec, base=base, head=head)
    reach = Reach(git, request.remotes, WHOLE_HISTORY[request.origin])
    pair = _resolve(git, reach, request, dirty=dirty)
    if pair.base == pair.head and not same:
        message = f"Base and head are the same commit, {short(pair.base)}: there is nothing to compare."
        raise ChangeError(message, hint="Name two commits: perfbot run BASE..HEAD")
    subject, author = ("", "") if pair.dirty else _told_of(git, pair.head)
    return Change(
        base=pair.base,
        head=pair.head,
        base_name=pair.base_name,
        head_name=pair.head_name,
        origin=request.origin,
        project=request.project,
        merge_request=request.merge_request,
        target=request.target,
        status_sha=request.status_sha,
        pipeline=request.pipeline,
        dirty=pair.dirty,
        notes=(*request.notes, *pair.notes, *_large_files(git, pair.head), *_empty_submodules(git)),
        subject=subject[:LONGEST_SUBJECT],
        author=author[:LONGEST_SUBJECT],
    )


def _told_of(git: Git, commit: str) -> tuple[str, str]:
    """First line and author of a commit."""
    subject, _, author = git.maybe("show", "--no-patch", "--format=%s%x00%an", commit).partition("\0")
    return subject, author


def explicit(request: ChangeRequest, *, spec: str, base: str, head: str) -> ChangeRequest:
    """What the command line says, over what the CI says; the merge request's particulars stay.

    Raises:
        UsageError: ``spec`` is not a range, or comes with ``base`` or ``head``.
    """
    fork = False
    if spec:
        if base or head:
            raise UsageError("Both a range and --base or --head were given.", hint=_RANGE)
        base, head, fork = _range(spec)
    if not base and not head:
        return request
    plain = replace(request, base="", head="HEAD", base_name="", fork=False, merge_of="", notes=())
    return replace(
        plain,
        base=base,
        head=head or "HEAD",
        fork=fork,
        base_name="merge base" if fork else _name(base),
        head_name=_name(head) if head else request.head_name,
    )


_RANGE = "perfbot run BASE..HEAD"


def _range(spec: str) -> tuple[str, str, bool]:
    dots = "..." if "..." in spec else ".."
    base, found, head = spec.partition(dots)
    if not found or not base or head.startswith(".") or ".." in head:
        raise UsageError(f"`{spec}` is not a range of two commits.", hint=_RANGE)
    return base, head or "HEAD", dots == "..."


def _name(revision: str) -> str:
    return "" if is_full_id(revision) else revision


def _event(environ: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        return read_event(environ)
    except UsageError as error:
        raise ChangeError(error.message, hint="Give the commits yourself: perfbot run BASE..HEAD") from error


@dataclass(frozen=True, slots=True)
class _Pair:
    base: str
    head: str
    base_name: str
    head_name: str
    dirty: bool = False
    notes: tuple[str, ...] = ()


def _resolve(git: Git, reach: Reach, request: ChangeRequest, *, dirty: bool) -> _Pair:
    checked_out = git.commit("HEAD")
    merge = _merge_commit(reach, request, checked_out)
    if merge:
        return _working_tree(git, merge, checked_out, request, dirty=dirty)
    head = checked_out if request.head == "HEAD" else reach.commit(full_name(git, request.head))
    if request.base:
        tip = reach.commit(full_name(git, request.base))
        base = reach.merge_base(tip, head, called=_name(request.base)) if request.fork else tip
        notes = namesakes(git, (request.base, request.head))
        pair = _Pair(base, head, request.base_name, request.head_name, notes=notes)
    else:
        pair = _default_pair(git, reach, request, head, dirty=dirty)
    return _working_tree(git, pair, checked_out, request, dirty=dirty)


def _merge_commit(reach: Reach, request: ChangeRequest, checked_out: str) -> _Pair | None:
    """The forge's own merge of the change: it and its first parent differ by the change and need no history."""
    parents = reach.parents(checked_out) if request.merge_of else ()
    if len(parents) != 2 or parents[1] != request.merge_of:
        return None
    note = f"Measured is the merge of {short(request.merge_of)} with {request.target}, against {request.target}."
    return _Pair(reach.commit(parents[0]), checked_out, request.target, request.head_name, notes=(note,))


def _default_pair(git: Git, reach: Reach, request: ChangeRequest, head: str, *, dirty: bool) -> _Pair:
    target = _target(git, reach, request)
    head_name = request.head_name or _branch_name(git)
    base = reach.merge_base(target.tip, head, called=target.name) if target else head
    told = target.notes if target else ()
    if base != head or (dirty and _status(git)):
        note = f"Base is the merge base with {target.name}." if target and base != head else "Base is the last commit."
        return _Pair(base, head, "merge base" if base != head else "HEAD", head_name, notes=(note, *told))
    parents = reach.parents(head)
    if not parents:
        message = f"{short(head)} is the first commit of this repository: there is nothing to compare it with."
        raise ChangeError(message, hint="Commit a change, or name two commits: perfbot run BASE..HEAD")
    why = f"{target.name} already holds head" if target else "no default branch was found"
    note = f"Base is head's parent: {why}."
    return _Pair(reach.commit(parents[0]), head, "parent", head_name, notes=(note, *told))


def _target(git: Git, reach: Reach, request: ChangeRequest) -> Branch | None:
    """The branch that the change is merged into; None where there is none but its own."""
    if request.default_branch:
        tip = reach.branch(request.default_branch)
        return Branch(request.default_branch, tip) if tip else None
    return default_branch(git, reach)


def _branch_name(git: Git) -> str:
    return git.maybe("symbolic-ref", "--quiet", "--short", "HEAD")


OWN_FILES = (
    "perfbot.toml", ".perfbot", "**/perfbot-*.json", "**/perfbot-*.jsonl", "**/perfbot-*.md", "**/perfbot-*.html",
    "**/perfbot-*.txt", ".gitlab/perfbot.yml", ".github/workflows/perfbot*.yml",
)  # fmt: skip
"""What perfbot itself writes into a working tree: its configuration, which is obeyed as it stands there, CI files,
histories and artifacts."""


def _status(git: Git) -> tuple[str, ...]:
    """Uncommitted and untracked files, as git's two-letter code and name; those that perfbot wrote do not count."""
    others = (".", *(f":(exclude,glob,top){name}" for name in OWN_FILES))
    return git.names("status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--", *others)


def _working_tree(git: Git, pair: _Pair, checked_out: str, request: ChangeRequest, *, dirty: bool) -> _Pair:
    if dirty and pair.head != checked_out:
        message = f"--dirty measures the working tree, but head is {short(pair.head)}, which is not checked out."
        raise UsageError(message, hint=f"git checkout {pair.head}, or leave --dirty out")
    if pair.head != checked_out:
        return pair
    changed = _status(git)
    if dirty and changed:
        name = f"{pair.head_name} with uncommitted changes".strip()
        return replace(pair, head=commit_working_tree(git), head_name=name, dirty=True)
    if dirty:
        return replace(pair, notes=(*pair.notes, "There are no uncommitted changes: head is the last commit."))
    return replace(pair, notes=(*pair.notes, *_unmeasured(changed, request)))


def _unmeasured(changed: tuple[str, ...], request: ChangeRequest) -> tuple[str, ...]:
    # CI jobs leave untracked files lying about (caches, artifacts), which nobody meant to measure.
    left_about = "nothing" if request.origin == "local" else "??"
    counted = [line for line in changed if not line.startswith(left_about)]
    if not counted:
        return ()
    files = "1 file" if len(counted) == 1 else f"{len(counted)} files"
    return (f"Uncommitted changes in {files} are not measured; --dirty measures them.",)


def commit_working_tree(git: Git) -> str:
    """A commit of the working tree with its untracked, unignored files, on no branch; the index stays as it is.

    The same content on the same HEAD gives the same commit, so that caches find it again.
    """
    with tempfile.TemporaryDirectory(prefix="perfbot-") as folder:
        index = Path(folder) / "index"
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(git.folder / git.text("rev-parse", "--git-path", "index"), index)
        date = git.text("show", "--no-patch", "--format=%cI", "HEAD")
        staging = replace(git, variables={"GIT_INDEX_FILE": os.fspath(index), **_identity(date)})
        staging.text("add", "--all")
        tree = staging.text("write-tree")
        return staging.text("commit-tree", tree, "-p", "HEAD", "-m", "Uncommitted changes")


def _identity(date: str) -> dict[str, str]:
    return {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", "perfbot"), ("EMAIL", "perfbot@localhost"), ("DATE", date))
    }


def _empty_submodules(git: Git) -> tuple[str, ...]:
    paths = uninitialised(git)
    if not paths:
        return ()
    return (f"Submodules that this clone has not initialised stay empty on both sides: {', '.join(paths)}.",)


def _large_files(git: Git, head: str) -> tuple[str, ...]:
    patterns = (":(glob)**/.gitattributes",)
    if not git.ok("grep", "--quiet", "-e", "filter=lfs", head, "--", *patterns):
        return ()
    if git.maybe("config", "filter.lfs.smudge") and git.ok("lfs", "version"):
        return ()
    return ("This repository keeps files in Git LFS, which is not set up here: they are measured as pointers.",)
