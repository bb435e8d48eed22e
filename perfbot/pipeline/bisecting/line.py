"""The commits between two, one after the other: a branch's own, with each merge as one."""

from __future__ import annotations

from collections.abc import Callable, Collection

from perfbot.bisect.records import Commit, Line, Merged
from perfbot.errors import ChangeError
from perfbot.git.command import Git, short

_NOT_THERE = "{} is not on {}'s own line: the search begins at {}, the last commit there that both share."
FORMAT = "%H%x1f%P%x1f%T%x1f%an%x1f%cI%x1f%s"


def line_of(git: Git, base: str, head: str, *, hint: str, concerns: Callable[[Collection[str]], bool]) -> Line:
    """The commits from a first one, which is not asked about, to ``head``, by first parents.

    Commits that change nothing that is measured are left out: what they do is the same as what comes before.

    Args:
        base: where to begin; where head's own line does not hold it, where that line left what base holds.
        hint: what to do where the history is cut off.
        concerns: whether a change of some files can matter.

    Raises:
        ChangeError: there is nothing between the two, or the clone lacks some of it.
    """
    told = git.names("log", "-z", "--first-parent", "--reverse", f"--format={FORMAT}", f"{base}..{head}", "--")
    commits = [_commit(one) for one in told]
    if not commits:
        message = f"There are no commits between {short(base)} and {short(head)}: {short(base)} holds them all."
        raise ChangeError(message, hint="Name an older commit first: perfbot bisect OLD..NEW")
    begin = commits[0].parents[0] if commits[0].parents else ""
    if not begin or not git.commit(begin):
        raise ChangeError(f"The history of this clone is cut off at {short(commits[0].id)}.", hint=hint)
    first = _commit(git.text("log", "-1", f"--format={FORMAT}", begin, "--"))
    notes = () if begin == base else (_NOT_THERE.format(short(base), short(head), short(begin)),)
    kept, tree = [first], first.tree
    for commit in commits:
        if commit.tree != tree and concerns(_files(git, commit)):
            kept.append(commit)
        tree = commit.tree
    return Line(tuple(kept), len(commits) + 1 - len(kept), notes)


def _commit(told: str) -> Commit:
    identity, parents, tree, author, when, subject = told.split("\x1f", 5)
    return Commit(identity, subject, author, when, tuple(parents.split()), tree)


def _files(git: Git, commit: Commit) -> tuple[str, ...]:
    return git.names("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", commit.parents[0], commit.id, "--")


def merged(git: Git, commit: Commit) -> Merged | None:
    """What a merge brought along: where to look on; None where a commit is none."""
    if len(commit.parents) < 2:
        return None
    fork = git.maybe("merge-base", commit.parents[0], commit.parents[1])
    count = git.maybe("rev-list", "--count", "--first-parent", f"{fork}..{commit.parents[1]}") if fork else ""
    return Merged(commit.id, f"{fork[:12]}..{commit.parents[1][:12]}", int(count)) if count else None
