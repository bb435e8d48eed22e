"""What the CI environment says about the change: pure, from variables and the event's payload alone.

GitLab and GitHub each describe a change in several ways. Here they all become one :class:`ChangeRequest`;
``perfbot.pipeline.change`` then asks git for the commits. Base and head are always taken from one pair that belongs
together: in a merged result either the target's tip with the merge commit, or the merge base with the author's
commit, never one of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from perfbot.ci.event import number_in
from perfbot.errors import ChangeError

BRANCH_EVENTS = ("push", "schedule", "workflow_dispatch")
"""Of GitHub: those whose job measures the branch it runs on. A ``workflow_run`` runs there too, about others."""


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Two revisions to find, before git is asked.

    Attributes:
        base, head: revisions; an empty base is found by git (merge base with the default branch, or parent).
        fork: ``base`` is a branch's tip: the merge base of it and head is meant.
        merge_of: when HEAD is a merge whose second parent is this commit, HEAD and its first parent are the pair.
        default_branch: the branch that an empty base is looked for on; empty when unknown.
        remotes: URLs that are asked for missing commits after the clone's own remote.

    The other fields are those of :class:`perfbot.model.Change`.
    """

    base: str = ""
    head: str = "HEAD"
    base_name: str = ""
    head_name: str = ""
    fork: bool = False
    merge_of: str = ""
    default_branch: str = ""
    remotes: tuple[str, ...] = ()
    origin: Literal["gitlab", "github", "local"] = "local"
    project: str = ""
    merge_request: int = 0
    target: str = ""
    status_sha: str = ""
    pipeline: int = 0
    notes: tuple[str, ...] = ()


def detect(environ: Mapping[str, str], event: Mapping[str, Any]) -> ChangeRequest:
    """The change that a CI job is about; outside CI an empty request, for git to fill.

    Args:
        environ: the job's variables.
        event: on GitHub the payload at ``GITHUB_EVENT_PATH``; otherwise empty.

    Raises:
        ChangeError: the CI describes a change that must not or cannot be measured.
    """
    if environ.get("GITLAB_CI"):
        return _gitlab(environ)
    if environ.get("GITHUB_ACTIONS"):
        return _github(environ, event)
    return ChangeRequest()


def branch_of(environ: Mapping[str, str]) -> str:
    """The branch that the CI's job ran for; empty when it ran for a merge request, or for anything else."""
    if environ.get("CI_COMMIT_BRANCH"):
        return environ["CI_COMMIT_BRANCH"]
    own = environ.get("GITHUB_EVENT_NAME", "") in BRANCH_EVENTS and environ.get("GITHUB_REF_TYPE") == "branch"
    return environ.get("GITHUB_REF_NAME", "") if own else ""


def merge_request_head(environ: Mapping[str, str]) -> str:
    """The merge request's head as GitLab says it; elsewhere the head is pinned by the checkout itself."""
    if not environ.get("GITLAB_CI"):
        return ""
    return environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "") or environ.get("CI_COMMIT_SHA", "")


def _gitlab(environ: Mapping[str, str]) -> ChangeRequest:
    return _gitlab_merge_request(environ) if environ.get("CI_MERGE_REQUEST_IID") else _gitlab_branch(environ)


def _gitlab_branch(environ: Mapping[str, str]) -> ChangeRequest:
    default = environ.get("CI_DEFAULT_BRANCH", "")
    branch = environ.get("CI_COMMIT_BRANCH", "")
    before = _commit(environ.get("CI_COMMIT_BEFORE_SHA", "")) if branch == default else ""
    head = environ.get("CI_COMMIT_SHA", "") or "HEAD"
    return ChangeRequest(
        base=before,
        head=head,
        base_name=f"{branch} before" if before else "",
        head_name=branch,
        default_branch=default,
        origin="gitlab",
        project=environ.get("CI_PROJECT_PATH", ""),
        target=default,
        status_sha=environ.get("CI_COMMIT_SHA", ""),
        pipeline=number_in(environ.get("CI_PIPELINE_ID")),
    )


def _gitlab_merge_request(environ: Mapping[str, str]) -> ChangeRequest:
    base = _commit(environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", ""))
    kind = environ.get("CI_MERGE_REQUEST_EVENT_TYPE", "") or "detached"
    target = environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "")
    url = environ.get("CI_MERGE_REQUEST_PROJECT_URL", "")
    return ChangeRequest(
        base=base,
        head=_gitlab_head(environ, kind),
        base_name="merge base",
        head_name=environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", ""),
        default_branch=target,
        remotes=(f"{url}.git",) if url else (),
        origin="gitlab",
        project=environ.get("CI_MERGE_REQUEST_PROJECT_PATH", "") or environ.get("CI_PROJECT_PATH", ""),
        merge_request=number_in(environ.get("CI_MERGE_REQUEST_IID")),
        target=target,
        status_sha=environ.get("CI_COMMIT_SHA", ""),
        pipeline=number_in(environ.get("CI_PIPELINE_ID")),
        notes=() if kind == "detached" else (_AUTHOR_SIDE,),
    )


_AUTHOR_SIDE = (
    "The pipeline runs on a merge with the target branch; measured are the author's commit and the merge base."
)


def _gitlab_head(environ: Mapping[str, str], kind: str) -> str:
    """The author's commit. In merged results CI_COMMIT_SHA is a merge that the author never made."""
    checked_out = environ.get("CI_COMMIT_SHA", "") or "HEAD"
    if kind == "detached":
        return checked_out
    return environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "") or f"{checked_out}^2"


def _github(environ: Mapping[str, str], event: Mapping[str, Any]) -> ChangeRequest:
    name = environ.get("GITHUB_EVENT_NAME", "")
    common = ChangeRequest(
        origin="github",
        project=environ.get("GITHUB_REPOSITORY", ""),
        default_branch=_text(event, "repository", "default_branch"),
        target=_text(event, "repository", "default_branch"),
        status_sha=environ.get("GITHUB_SHA", ""),
        pipeline=number_in(environ.get("GITHUB_RUN_ID")),
        head_name=_ran_for(environ),
    )
    if name == "pull_request_target":
        raise _unsafe_event()
    if name == "pull_request":
        return _pull_request(common, event)
    if name == "merge_group":
        target = _text(event, "merge_group", "base_ref").removeprefix("refs/heads/") or common.target
        queued = replace(common, target=target)
        return _pair(queued, event, ("merge_group", "base_sha"), ("merge_group", "head_sha"))
    if name == "workflow_dispatch" and _text(event, "inputs", "head"):
        return _asked_again(common, event)
    if name == "push" and _commit(_text(event, "before")):
        return _pair(common, event, ("before",), ("after",))
    return common


def _ran_for(environ: Mapping[str, str]) -> str:
    """A branch by its name, which its cache goes by; what is none by words that no branch can be called."""
    name = environ.get("GITHUB_REF_NAME", "")
    if source := environ.get("GITHUB_HEAD_REF", ""):
        return f"pull request from {source}"
    return f"tag {name}" if environ.get("GITHUB_REF_TYPE") == "tag" else name


def _unsafe_event() -> ChangeError:
    message = (
        "perfbot does not measure under `pull_request_target`: "
        "that event runs a stranger's code with this repository's secrets."
    )
    return ChangeError(message, hint="Measure under `pull_request`, and publish from a `workflow_run` job.")


def _asked_again(common: ChangeRequest, event: Mapping[str, Any]) -> ChangeRequest:
    """A merge request measured again: the workflow runs on the default branch, its inputs name head and target."""
    head = _text(event, "inputs", "head")
    target = _text(event, "inputs", "target") or common.default_branch
    number = number_in(_field(event, "inputs", "merge_request"))
    return replace(
        common,
        head=head,
        head_name="",
        merge_request=number,
        status_sha=head,
        default_branch=target,
        target=target,
    )


def _pair(
    common: ChangeRequest, event: Mapping[str, Any], base: tuple[str, ...], head: tuple[str, ...]
) -> ChangeRequest:
    after = _text(event, *head) or common.status_sha
    return replace(
        common,
        base=_text(event, *base),
        head=after,
        base_name=f"{common.head_name} before" if base == ("before",) else "merge queue's base",
        status_sha=after,
    )


def _pull_request(common: ChangeRequest, event: Mapping[str, Any]) -> ChangeRequest:
    head = _text(event, "pull_request", "head", "sha")
    base = _text(event, "pull_request", "base", "sha")
    if not head or not base:
        return common
    target = _text(event, "pull_request", "base", "ref")
    return replace(
        common,
        base=base,
        head=head,
        fork=True,
        merge_of=head,
        base_name="merge base",
        head_name=_text(event, "pull_request", "head", "ref"),
        project=_text(event, "pull_request", "base", "repo", "full_name") or common.project,
        merge_request=number_in(event.get("number")) or number_in(_field(event, "pull_request", "number")),
        default_branch=target,
        target=target,
        status_sha=head,
    )


def _field(event: Mapping[str, Any], *path: str) -> object:
    found: object = event
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _text(event: Mapping[str, Any], *path: str) -> str:
    found = _field(event, *path)
    return found if isinstance(found, str) else ""


def _commit(sha: str) -> str:
    """A commit id, or nothing for the row of zeros that stands for "there was none"."""
    return sha if sha.strip("0") else ""
