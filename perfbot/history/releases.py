"""The releases of a project: the tags of its repository, for "+6.4 % since v2.3"."""

from __future__ import annotations

from pathlib import Path

from perfbot.errors import PerfbotError
from perfbot.git.command import open_work_tree
from perfbot.history.records import Release

_FORM = "%(refname:strip=2)%09%(*objectname)%09%(objectname)%09%(creatordate:iso-strict)"


def releases_here(folder: Path) -> tuple[Release, ...]:
    """The tags of the repository a folder lies in, with their commits' dates; none outside of one."""
    try:
        listed = open_work_tree(folder).text("for-each-ref", f"--format={_FORM}", "refs/tags")
    except PerfbotError:
        return ()
    rows = (line.split("\t") for line in listed.splitlines() if line.count("\t") == 3)
    return tuple(Release(name, commit or plain, when) for name, commit, plain, when in rows if when)
