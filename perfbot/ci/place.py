"""Where to publish: pure, from the environment of the job that publishes, its event, and what was given.

Only this job's own environment is believed, never a report: the report's author may be anybody. What the CI says is
set by the forge and, in a trusted job, out of a merge request's reach.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from perfbot.addresses import plain_address
from perfbot.ci.event import number_in
from perfbot.errors import UsageError
from perfbot.model import ForgeKind
from perfbot.units import milliseconds
from perfbot.web import docs

GITLAB, GITHUB_API = "https://gitlab.com", "https://api.github.com"
GITHUB = "https://github.com"
LABEL = "perfbot"
"""A label of this name makes perfbot measure whatever the change touches."""

_QUEUED = re.compile(r"gh-readonly-queue/.+/pr-(?P<number>[0-9]{1,18})-[0-9a-f]{40}")
"""Only GitHub can make branches of that name."""

_TITLED = re.compile(r"perfbot for #(?P<number>[0-9]{1,18}): ")
"""How perfbot.yml calls its runs."""

JOB, WORKFLOW = "perfbot", "perfbot.yml"

GITLAB_ALERTS = (17, 10)
"""The version from which GitLab draws alerts; before, they are quotes that begin with an odd word."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens the forge. Never shown. An App (GitHub) goes before a token."""

    token: str = field(default="", repr=False)
    app: str = ""
    private_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A merge request, the run that is about it, and how to reach its forge.

    Attributes:
        url: the server on GitLab, the API on GitHub.
        merge_request: 0 when it is to be found by ``owner`` and ``branch``, or there is none.
        titled: which one the run calls itself after; it says no more than which of several of one branch.
        head: the merge request's head that this run is about, as the CI says; empty when unknown.
        source: the repository that the head's branch lives in, where the event says it.
        sha: the commit that statuses go on; empty for the head.
        commits: further commits that stand for the head, such as the forge's test merge.
        pipeline: GitLab pipeline that statuses belong to; 0 for none.
        run: ids of pipeline and job, or of workflow run and attempt.
        moment: when what is published began to be measured, in milliseconds since the epoch, as the event says; 0
            where the forge has to be asked.
        job: what to repeat to publish again.
        link: page of this job.
        artifacts: page of the pipeline or run that measured, with its artifacts.
        measured_by: name of the job or file name of the workflow that measures.
        labels: of the merge request, as far as the CI tells.
        queued: the run is about a merge queue's commit for that merge request: the status is all that is told.
        alerts: whether the forge is known to draw ``> [!CAUTION]`` as a box (GitHub; GitLab from 17.10).
    """

    kind: ForgeKind = "local"
    url: str = ""
    project: str = ""
    merge_request: int = 0
    titled: int = 0
    owner: str = ""
    branch: str = ""
    head: str = ""
    source: str = ""
    sha: str = ""
    commits: tuple[str, ...] = ()
    pipeline: int = 0
    run: tuple[int, int] = (0, 0)
    moment: int = 0
    job: int = 0
    link: str = ""
    artifacts: str = ""
    measured_by: str = ""
    labels: tuple[str, ...] = ()
    queued: bool = False
    alerts: bool = False
    ca_bundle: str = ""
    secrets: Secrets = Secrets()

    @property
    def page(self) -> str:
        """Where people see the merge request; empty where that cannot be told."""
        if not (self.merge_request and self.project and self.url):
            return ""
        if self.kind == "gitlab":
            return f"{self.url}/{self.project}/-/merge_requests/{self.merge_request}"
        site = "https://github.com" if self.url == GITHUB_API else self.url.removesuffix("/api/v3")
        return f"{site}/{self.project}/pull/{self.merge_request}"


def find_place(environ: Mapping[str, str], event: Mapping[str, Any]) -> Place:
    """The place that a CI job is in; outside CI the local stand-in.

    Args:
        environ: the job's variables.
        event: on GitHub the payload at ``GITHUB_EVENT_PATH``; otherwise empty.
    """
    if environ.get("GITLAB_CI"):
        place = _gitlab(environ)
    elif environ.get("GITHUB_ACTIONS"):
        place = _github(environ, event)
    else:
        place = Place()
    return replace(
        place, secrets=_secrets(environ, place.kind), ca_bundle=environ.get("PERFBOT_CA_BUNDLE", place.ca_bundle)
    )


def given(
    place: Place,
    environ: Mapping[str, str],
    *,
    forge: ForgeKind | None = None,
    project: str = "",
    merge_request: int = 0,
    url: str = "",
    measured_by: str = "",
) -> Place:
    """The place with what the command line says instead of what the CI said."""
    if forge is not None and forge != place.kind:
        place = Place(kind=forge, secrets=_secrets(environ, forge), ca_bundle=place.ca_bundle)
    if merge_request and merge_request != place.merge_request:
        place = replace(
            place,
            merge_request=merge_request,
            head="",
            source="",
            sha="",
            commits=(),
            pipeline=0,
            owner="",
            branch="",
            artifacts="",
        )
    default_url = {"gitlab": GITLAB, "github": GITHUB_API, "local": ""}[place.kind]
    default_job = {"gitlab": JOB, "github": WORKFLOW, "local": ""}[place.kind]
    return replace(
        place,
        project=project or place.project,
        url=(url or place.url or default_url).rstrip("/"),
        measured_by=measured_by or place.measured_by or default_job,
    )


def check(place: Place) -> None:
    """That there is what it takes to reach the forge.

    Raises:
        UsageError: saying what is missing and where to set it.
    """
    if place.kind == "local":
        return
    if not place.project:
        raise UsageError("Which project? The environment does not say.", hint="Give --project GROUP/NAME.")
    plain_address(place.url, "The forge's address")
    if place.secrets.app and not place.secrets.private_key:
        raise UsageError(
            "PERFBOT_APP_ID is set, but the App's private key is not.",
            hint="Set PERFBOT_APP_PRIVATE_KEY_FILE to the .pem file, or PERFBOT_APP_PRIVATE_KEY to its text.",
        )
    if not (place.secrets.token or place.secrets.app):
        hint = {
            "gitlab": "Make a project access token (role Reporter to comment, Developer for statuses; scope api), "
            "and give it to the job as the masked variable PERFBOT_TOKEN. CI_JOB_TOKEN cannot comment.",
            "github": "Give the step `env: GITHUB_TOKEN: ${{ github.token }}`, with the permissions of "
            f"{docs('security')}, or set PERFBOT_TOKEN.",
        }[place.kind]
        raise UsageError(f"There is no token for {place.url}.", hint=hint)


def forced(environ: Mapping[str, str], place: Place) -> bool:
    """Whether somebody wants this change measured whatever it touches: by a label or a command."""
    return bool(environ.get("PERFBOT_FORCE")) or LABEL in place.labels


def _secrets(environ: Mapping[str, str], kind: ForgeKind) -> Secrets:
    token = environ.get("PERFBOT_TOKEN", "")
    if kind != "github":
        return Secrets(token)
    return Secrets(
        token or environ.get("GITHUB_TOKEN", ""),
        environ.get("PERFBOT_APP_ID", ""),
        environ.get("PERFBOT_APP_PRIVATE_KEY", ""),
    )


def _gitlab(environ: Mapping[str, str]) -> Place:
    """In a fork's pipeline the numbers of pipeline and job mean nothing to the parent project."""
    sha = environ.get("CI_COMMIT_SHA", "")
    target = environ.get("CI_MERGE_REQUEST_PROJECT_PATH", "") or environ.get("CI_PROJECT_PATH", "")
    at_home = target == environ.get("CI_PROJECT_PATH", "")
    return Place(
        kind="gitlab",
        url=environ.get("CI_SERVER_URL", GITLAB),
        project=target,
        merge_request=number_in(environ.get("CI_MERGE_REQUEST_IID")),
        head=environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "") or sha,
        sha=sha,
        commits=(sha,),
        pipeline=number_in(environ.get("CI_PIPELINE_ID")) if at_home else 0,
        run=(number_in(environ.get("CI_PIPELINE_ID")), number_in(environ.get("CI_JOB_ID"))),
        job=number_in(environ.get("CI_JOB_ID")) if at_home else 0,
        link=environ.get("CI_JOB_URL", ""),
        artifacts=environ.get("CI_PIPELINE_URL", ""),
        measured_by=environ.get("PERFBOT_JOB", JOB),
        labels=tuple(filter(None, environ.get("CI_MERGE_REQUEST_LABELS", "").split(","))),
        alerts=_version(environ) >= GITLAB_ALERTS,
        ca_bundle=environ.get("CI_SERVER_TLS_CA_FILE", ""),
    )


def _github(environ: Mapping[str, str], event: Mapping[str, Any]) -> Place:
    run = number_in(environ.get("GITHUB_RUN_ID"))
    place = Place(
        kind="github",
        url=environ.get("GITHUB_API_URL", GITHUB_API),
        alerts=True,
        project=environ.get("GITHUB_REPOSITORY", ""),
        run=(run, number_in(environ.get("GITHUB_RUN_ATTEMPT"))),
        job=run,
        link=_run_page(environ, run),
        artifacts=_run_page(environ, run),
        measured_by=environ.get("PERFBOT_WORKFLOW", WORKFLOW),
    )
    name = environ.get("GITHUB_EVENT_NAME", "")
    if name == "workflow_run":
        measured = event.get("workflow_run") or {}
        place = _after_workflow(replace(place, artifacts=_run_page(environ, number_in(measured.get("id")))), measured)
        return _in_queue(place, place.branch, place.head) if measured.get("event") == "merge_group" else place
    if name == "workflow_dispatch":
        inputs = event.get("inputs") or {}
        head = str(inputs.get("head") or "")
        return replace(place, merge_request=number_in(inputs.get("merge_request")), head=head, sha=head)
    if name == "merge_group":
        group = event.get("merge_group") or {}
        return _in_queue(place, str(group.get("head_ref") or ""), str(group.get("head_sha") or ""))
    if pull := event.get("pull_request"):
        return _of_pull(place, pull, environ.get("GITHUB_SHA", ""))
    if issue := event.get("issue"):
        return replace(place, merge_request=number_in(issue.get("number")))
    return place


def _in_queue(place: Place, branch: str, head: str) -> Place:
    """A commit of GitHub's merge queue: its branch names the merge request that it puts on those before."""
    found = _QUEUED.fullmatch(branch.removeprefix("refs/heads/"))
    number = number_in(found["number"]) if found else 0
    return replace(place, merge_request=number, head=head, sha=head, owner="", branch="", queued=bool(number))


def _version(environ: Mapping[str, str]) -> tuple[int, int]:
    return number_in(environ.get("CI_SERVER_VERSION_MAJOR")), number_in(environ.get("CI_SERVER_VERSION_MINOR"))


def source_url(place: Place, commit: str) -> str:
    """What the path of a file at a commit is put behind, as people browse it; empty where the forge is not known.

    GitHub's API lies at ``api.github.com`` or, self-hosted, below ``/api/v3`` of the site.
    """
    if not (place.url and place.project):
        return ""
    if place.kind == "gitlab":
        return f"{place.url}/{place.project}/-/blob/{commit}/"
    if place.kind == "github":
        site = GITHUB if place.url == GITHUB_API else place.url.removesuffix("/api/v3")
        return f"{site}/{place.project}/blob/{commit}/"
    return ""


def difference_url(place: Place, base: str, head: str) -> str:
    """Where people see what two commits differ by; empty where the forge is not known."""
    source = source_url(place, "")
    if not source:
        return ""
    return f"{source.rpartition('/blob/')[0]}/compare/{quote(base)}...{quote(head)}"


def _run_page(environ: Mapping[str, str], run: int) -> str:
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}" if run else ""


def _of_pull(place: Place, pull: Mapping[str, Any], merge: str) -> Place:
    head = str(pull["head"]["sha"])
    return replace(
        place,
        merge_request=number_in(pull.get("number")),
        head=head,
        sha=head,
        commits=(merge,),
        labels=tuple(str(label["name"]) for label in pull.get("labels") or ()),
    )


def _is_of(pull: Mapping[str, Any], project: str) -> bool:
    """Whether a pull request of an event is this repository's: GitHub lists those of forks, too, with their numbers."""
    base = (pull.get("base") or {}).get("repo") or {}
    return str(base.get("url") or "").endswith(f"/repos/{project}")


def _after_workflow(place: Place, run: Mapping[str, Any]) -> Place:
    """The run that measured: its number, attempt, head and branch come from GitHub; nothing of its artifact does."""
    pulls = [pull for pull in run.get("pull_requests") or [] if _is_of(pull, place.project)]
    head = str(run.get("head_sha") or "")
    titled = _TITLED.match(str(run.get("display_title") or ""))
    return replace(
        place,
        merge_request=number_in(pulls[0].get("number")) if len(pulls) == 1 else 0,
        titled=number_in(titled["number"]) if titled else 0,
        owner=str(((run.get("head_repository") or {}).get("owner") or {}).get("login") or ""),
        branch=str(run.get("head_branch") or ""),
        head=head,
        source=str((run.get("head_repository") or {}).get("full_name") or ""),
        sha=head,
        run=(number_in(run.get("id")), number_in(run.get("run_attempt"))),
        moment=milliseconds(str(run.get("run_started_at") or "")),
    )
