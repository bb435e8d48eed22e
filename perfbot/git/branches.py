"""Which branch a change goes to, and which commit a name means: by full names of references.

Git takes a tag before a branch, and a local branch called ``origin/main`` before the remote's ``main``. Here a
branch is what is meant wherever there is one, and the default branch is the remote's, asked of it where the clone
does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perfbot.errors import ChangeError
from perfbot.git.command import USUAL, Git, is_full_id
from perfbot.git.shallow import Reach

CHANGES_GO_TO = ("upstream", "origin")
"""Remotes by custom: in a fork's clone ``origin`` is the fork, and lags behind."""

ASKING_SECONDS = 30.0
"""How long a remote may take to name its default branch."""

_PLAIN = re.compile(r"(?P<name>(?:[^~^:@{\s]|@(?!\{))+)(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that changes are merged into: what people call it, its tip, and what a reader should know."""

    name: str
    tip: str
    notes: tuple[str, ...] = ()


def default_branch(git: Git, reach: Reach) -> Branch | None:
    """The default branch of the remote that changes go to; None when there is no branch but head's own.

    Raises:
        ChangeError: there are several that it could be.
    """
    remotes = git.remotes()
    if not remotes:
        return _among_own(git)
    chosen = next((name for name in CHANGES_GO_TO if name in remotes), remotes[0] if len(remotes) == 1 else "")
    if not chosen:
        raise _several(git, reach, remotes)
    if found := found_of(git, reach, chosen):
        return found
    if chosen != "origin" and "origin" in remotes and (found := found_of(git, reach, "origin")):
        note = f"{chosen} could not be asked for its default branch, so origin's counts."
        return Branch(found.name, found.tip, (*found.notes, note))
    raise ChangeError(
        f"The default branch of {chosen} is not in this clone, and {chosen} could not be asked.",
        hint=f"git fetch {chosen}, or name two commits: perfbot run BASE..HEAD",
    )


def _several(git: Git, reach: Reach, remotes: Sequence[str]) -> ChangeError:
    found = next((branch.name for remote in remotes if (branch := found_of(git, reach, remote))), f"{remotes[0]}/main")
    known = " or ".join(CHANGES_GO_TO)
    message = f"There are {len(remotes)} remotes ({', '.join(remotes)}), and none of them is called {known}."
    return ChangeError(message, hint=f"Say where the change goes: perfbot run {found}...HEAD")


def found_of(git: Git, reach: Reach, remote: str) -> Branch | None:
    """A remote's default branch: as this clone knows it, else as the remote says, else by custom."""
    prefix = f"refs/remotes/{remote}/"
    known = git.maybe("symbolic-ref", "--quiet", f"{prefix}HEAD")
    if known.startswith(prefix) and (tip := git.commit(known)):
        return Branch(f"{remote}/{known.removeprefix(prefix)}", tip)
    if asked := _asked(git, remote):
        name, there = asked
        return Branch(f"{remote}/{name}", git.commit(f"{prefix}{name}") or reach.commit(there))
    for name in USUAL:
        if tip := git.commit(f"{prefix}{name}"):
            note = f"{remote} could not be asked for its default branch: {name} was taken."
            return Branch(f"{remote}/{name}", tip, (note,))
    return None


def _asked(git: Git, remote: str) -> tuple[str, str] | None:
    """Name and tip of the branch that a remote's HEAD stands for."""
    try:
        done = git.run("ls-remote", "--symref", remote, "HEAD", timeout=ASKING_SECONDS)
    except ChangeError:
        return None
    said = done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else ""
    name = re.search(r"^ref: refs/heads/(.+)\tHEAD$", said, re.MULTILINE)
    tip = re.search(r"^([0-9a-f]{40,64})\tHEAD$", said, re.MULTILINE)
    return (name[1], tip[1]) if name and tip else None


def _among_own(git: Git) -> Branch | None:
    """In a clone of nothing: the branch that git calls new ones, or one of the usual names."""
    names = (git.maybe("config", "init.defaultBranch"), *USUAL)
    for name in names:
        if name and (tip := git.commit(f"refs/heads/{name}")):
            return Branch(name, tip)
    own = git.maybe("symbolic-ref", "--quiet", "HEAD")
    others = [ref for ref in git.maybe("for-each-ref", "--format=%(refname)", "refs/heads").splitlines() if ref != own]
    if not others:
        return None
    called = [ref.removeprefix("refs/heads/") for ref in others]
    shown = ", ".join((*called[:5], "…") if len(called) > 5 else called)
    message = f"No other branch ({shown}) is the default branch by its name."
    raise ChangeError(message, hint=f"Say which one the change goes to: perfbot run {called[0]}...HEAD")


def full_name(git: Git, revision: str) -> str:
    """A revision with the full name of the reference that it begins with: a branch where there is one, then a tag."""
    found = _PLAIN.fullmatch(revision)
    if not found or is_full_id(found["name"]) or found["name"].startswith("refs/"):
        return revision
    name = found["name"]
    return next((f"{ref}{found['rest']}" for ref in _readings(git, name) if git.commit(ref)), revision)


def namesakes(git: Git, revisions: Sequence[str]) -> tuple[str, ...]:
    """What to know about names that were typed: those that a branch and a tag share."""
    names = [found["name"] for text in revisions if (found := _PLAIN.fullmatch(text))]
    both = [
        name for name in dict.fromkeys(names) if git.commit(f"refs/heads/{name}") and git.commit(f"refs/tags/{name}")
    ]
    return tuple(f"{name} is a branch and a tag: the branch is meant." for name in both)


def _readings(git: Git, name: str) -> Iterator[str]:
    """The references that a name can mean, the likeliest first."""
    if name == "HEAD":
        return
    remotes = git.remotes()
    if name.partition("/")[0] in remotes:
        yield f"refs/remotes/{name}"
    yield f"refs/heads/{name}"
    yield f"refs/tags/{name}"
    yield from (f"refs/remotes/{remote}/{name}" for remote in (*CHANGES_GO_TO, *remotes) if remote in remotes)
