"""What a report is for: decided by who hands it over, never by the report. Pure.

The code of a merge request can write any report. So the number of a merge request comes from the identity of the job
that speaks, from what a trusted job says beside the report, or from the forge; a report that contradicts it is refused,
and a branch's job speaks for no merge request at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from perfbot.history.records import Kind
from perfbot.service.identity import Identity, RefusedError

LONGEST = 500
"""Characters of a branch's or repository's name."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands beside a report, in the request's address: the words of whoever sends it.

    Attributes:
        branch: the branch that was measured.
        merge_request: the one that it is about.
        head, repository: the head of the merge request, and where its branch lives; instead of a number.
        forge: ``gitlab`` or ``github``, for a project's token.
    """

    branch: str = ""
    merge_request: int = 0
    head: str = ""
    repository: str = ""
    forge: str = ""

    @property
    def about_merge_request(self) -> bool:
        """Whether a merge request is named in some way."""
        return bool(self.merge_request or self.head)


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of itself, which decides nothing and must not contradict."""

    project: str = ""
    merge_request: int = 0
    head: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a report counts as.

    Attributes:
        branch: the branch measured; empty for a merge request, whose target the forge says.
        merge_request: 0 where it is to be found by ``source``, or by ``head`` and ``repository``.
        forge: which one the merge request is on; empty where there is only one.
    """

    kind: Kind
    branch: str = ""
    merge_request: int = 0
    source: str = ""
    head: str = ""
    repository: str = ""
    forge: str = ""

    @property
    def of(self) -> str:
        """The merge request or branch in a few words, the same for all of its reports."""
        if self.kind == "branch":
            return f"@{self.branch}"
        return f"!{self.merge_request or self.source or self.head}"


def asked_of(query: Mapping[str, str]) -> Asked:
    """Read the request's address.

    Raises:
        ValueError: a parameter means nothing.
    """
    names = {name: query.get(name, "") for name in ("branch", "repository")}
    for name, text in names.items():
        if len(text) > LONGEST or not text.isprintable():
            raise ValueError(f"{name}: expected at most {LONGEST} printable characters")
    number, head, forge = query.get("merge_request", ""), query.get("head", ""), query.get("forge", "")
    if number and not _NUMBER.fullmatch(number):
        raise ValueError("merge_request: expected a number")
    if head and not _COMMIT.fullmatch(head):
        raise ValueError("head: expected a full commit id")
    if forge not in ("", "gitlab", "github"):
        raise ValueError("forge: expected gitlab or github")
    return Asked(names["branch"], int(number or 0), head, names["repository"], forge)


def purpose(about: About, who: Identity, asked: Asked) -> Purpose:
    """What a report counts as, by who sends it.

    Raises:
        RefusedError: the report is about something that its sender may not speak for.
    """
    if about.project and about.project != who.project:
        raise RefusedError(f"the report is of another project, the sender of {who.project!r}")
    if who.branch:
        return _of_branch(about, who, asked)
    found = _of_merge_request(who, asked) if who.branch is not None else _of_token(about, asked)
    if found.kind == "merge-request" and found.merge_request and about.merge_request not in (0, found.merge_request):
        raise RefusedError(f"the report is about merge request {about.merge_request}, not {found.merge_request}")
    return found


def _of_branch(about: About, who: Identity, asked: Asked) -> Purpose:
    if about.merge_request or asked.about_merge_request:
        raise RefusedError("a branch's job speaks for no merge request; hand the report over from its own job")
    if about.head not in who.commits:
        raise RefusedError(f"the report is about {about.head[:10]}, the sender's job ran for {who.commits[0][:10]}")
    return Purpose("branch", str(who.branch), forge=who.forge)


def _of_merge_request(who: Identity, asked: Asked) -> Purpose:
    """Its job may run the author's code: what it says beside the report counts for nothing, unless it is trusted."""
    if who.merge_request:
        if asked.merge_request not in (0, who.merge_request):
            raise RefusedError(f"the sender's job ran for merge request {who.merge_request}, not {asked.merge_request}")
        return Purpose("merge-request", merge_request=who.merge_request, forge=who.forge)
    if who.source:
        return Purpose("merge-request", source=who.source, head=who.commits[0] if who.commits else "", forge=who.forge)
    if not (who.trusted and asked.about_merge_request):
        raise RefusedError("which merge request? the sender's token does not say; add ?merge_request=N, or ?head=SHA")
    return _named(asked, who.forge)


def _of_token(about: About, asked: Asked) -> Purpose:
    if bool(asked.branch) == asked.about_merge_request:
        raise RefusedError("with a project's token, say which one: ?branch=NAME or ?merge_request=N")
    if asked.about_merge_request:
        return _named(asked, asked.forge)
    if about.merge_request:
        raise RefusedError("the report is about a merge request, and is no measurement of a branch: ?merge_request=N")
    return Purpose("branch", asked.branch, forge=asked.forge)


def _named(asked: Asked, forge: str) -> Purpose:
    if asked.merge_request:
        return Purpose("merge-request", merge_request=asked.merge_request, forge=forge)
    return Purpose("merge-request", head=asked.head, repository=asked.repository, forge=forge)
