"""A report names a merge request, and nobody listens: whose it is comes from its sender and the forge."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from perfbot.errors import ReportError
from perfbot.forge.base import Forge
from perfbot.history.store import Store, open_store, queries, queue
from perfbot.model import Change, Report
from perfbot.publish.flow import publish
from perfbot.publish.upload import about
from perfbot.report import dumps
from perfbot.service.history import History
from perfbot.service.publishing import MergeRequests
from perfbot.service.purpose import asked_of
from perfbot.service.worker import Worker
from tests.builders import BASE, HEAD, OTHER, report, result, write
from tests.ci_jobs import QUICK, InCI, github_ci, gitlab_ci
from tests.fakes.github import FakeGitHub
from tests.fakes.gitlab import FakeGitLab
from tests.site.jobs import GATE, TOKEN, github, gitlab


@dataclass
class World:
    """A service with a forge behind it. Merge request 1 has ``HEAD``; 2, the victim's, has ``OTHER``, and failed."""

    ci: InCI
    store: Store
    client: TestClient
    worker: Worker

    def send(self, found: Report, token: str, query: str = "") -> int:
        headers = {"authorization": f"Bearer {token}"}
        answer = self.client.post(f"/api/v1/reports{query}", content=dumps(found).encode(), headers=headers)
        while self.worker.one():
            pass
        return int(answer.status_code)

    def written(self) -> list[str]:
        """What was written to the forge, by whatever way."""
        return [path for method, path, status in self.ci.fake.log if method != "GET" and status < 300]

    def merge_requests(self) -> set[int]:
        """Of the kept runs."""
        with self.store.read() as connection:
            return {run.merge_request for run in queries.runs(connection)}


@contextmanager
def world(kind: str, folder: Path) -> Iterator[World]:
    with gitlab_ci() if kind == "gitlab" else github_ci() as ci, open_store(folder / "own.db") as store:
        ci.fake.add_merge_request(2, OTHER)
        project = ci.fake.project

        def connect(_: str, name: str) -> Forge:
            assert name == project
            return ci.forge()

        gate = dataclasses.replace(GATE, tokens={project: TOKEN}, projects=(project,))
        forges = MergeRequests(connect, (kind,), options=dict(QUICK))
        routes, handlers = History(store, gate, forges).parts()
        yield World(ci, store, TestClient(Starlette(routes=routes)), Worker(store, handlers))


def named(number: int, head: str = OTHER, **more: Any) -> Report:
    """A report that says it is about merge request ``number``, and all is well."""
    return report(result(), change=Change(BASE, head, merge_request=number, target="main", **more))


def lab(**claims: Any) -> str:
    return gitlab(project_path=FakeGitLab.project, sha=HEAD, **claims)


def hub(**claims: Any) -> str:
    return github(repository=FakeGitHub.project, sha=HEAD, **claims)


MR = {"pipeline_source": "merge_request_event", "ref": "topic-1"}
OF_1 = {**MR, "ref_path": "refs/merge-requests/1/head"}
BY_BRANCH = {**MR, "ref_path": "refs/heads/topic-1"}
TWICE, FORKED, NOWHERE = ({**BY_BRANCH, "ref": name} for name in ("twice", "forked", "nowhere"))
ENDLESS = {**MR, "ref_path": f"refs/merge-requests/{'9' * 5000}/head"}
PULL = {"event_name": "pull_request"}
TARGET = {"event_name": "pull_request_target", "ref": "refs/heads/main"}
QUEUE = {"event_name": "merge_group", "ref": "refs/heads/gh-readonly-queue/main/pr-2-x"}
PULL_1 = {"event_name": "pull_request", "ref": "refs/pull/1/merge"}
RUN, COMMENT = {"event_name": "workflow_run"}, {"event_name": "issue_comment"}

ATTACKS: dict[str, tuple[str, Report, str, str]] = {
    "a branch's job": ("gitlab", named(2), lab(), ""),
    "a branch's job, of the head itself": ("gitlab", named(2, HEAD), lab(), ""),
    "a branch's job, beside the report": ("gitlab", named(0, HEAD), lab(), "?merge_request=2"),
    "a branch's job, by its head": ("gitlab", named(0, HEAD), lab(), f"?head={OTHER}"),
    "another branch's job": ("gitlab", named(2), lab(ref="topic-1", ref_path="refs/heads/topic-1"), ""),
    "another merge request's job": ("gitlab", named(2), lab(**OF_1), ""),
    "another merge request's job, beside the report": ("gitlab", named(0), lab(**OF_1), "?merge_request=2"),
    "another merge request's job, with its own number": ("gitlab", named(1), lab(**OF_1), ""),
    "another merge request's job, with no number": ("gitlab", named(0), lab(**OF_1), ""),
    "another merge request's job, by head": ("gitlab", named(0), lab(**OF_1), f"?head={OTHER}"),
    "a job whose token names a branch": ("gitlab", named(2), lab(**BY_BRANCH), ""),
    "the same, beside the report": ("gitlab", named(0), lab(**BY_BRANCH), "?merge_request=2"),
    "the same, for a branch that two merge requests have": ("gitlab", named(2), lab(**TWICE), ""),
    "the same, for a branch of a fork": ("gitlab", named(2), lab(**FORKED), ""),
    "the same, for no branch": ("gitlab", named(2), lab(**NOWHERE), ""),
    "a number that is none": ("gitlab", named(2), lab(**{**MR, "ref_path": "refs/merge-requests/²/head"}), ""),
    "a number without end": ("gitlab", named(2), lab(**ENDLESS), ""),
    "a project's token": ("gitlab", named(2), TOKEN, ""),
    "a project's token for a branch": ("gitlab", named(2), TOKEN, "?branch=main"),
    "a project's token, contradicted": ("gitlab", named(2), TOKEN, "?merge_request=1"),
    "a project's token, for both": ("gitlab", named(2), TOKEN, "?merge_request=2&branch=main"),
    "a project's token, of another commit": ("gitlab", named(2, HEAD), TOKEN, "?merge_request=2"),
    "a project's token, for one that is not there": ("gitlab", named(99), TOKEN, "?merge_request=99"),
    "a project's token, for the other forge": ("gitlab", named(2), TOKEN, "?merge_request=2&forge=github"),
    "another project's name": ("gitlab", named(2, project="other/project"), lab(**OF_1), ""),
    "a push": ("github", named(2), hub(), ""),
    "a push, beside the report": ("github", named(0, HEAD), hub(), "?merge_request=2"),
    "a schedule": ("github", named(2), hub(event_name="schedule"), ""),
    "a dispatch": ("github", named(2, HEAD), hub(event_name="workflow_dispatch"), ""),
    "a dispatch, beside the report": ("github", named(2), hub(event_name="workflow_dispatch"), "?merge_request=2"),
    "after a workflow": ("github", named(2), hub(**RUN), ""),
    "after a workflow, of another number": ("github", named(2), hub(**RUN), "?merge_request=1"),
    "after a workflow, of another commit": ("github", named(0, HEAD), hub(**RUN), "?merge_request=2"),
    "after a workflow, by head": ("github", named(0), hub(**RUN), f"?head={HEAD}"),
    "after a workflow, by a fork's head": ("github", named(0), hub(**RUN), f"?head={OTHER}&repository=mallory/app"),
    "after a workflow, by no head": ("github", named(0), hub(**RUN), f"?head={'e' * 40}"),
    "after a comment": ("github", named(2), hub(**COMMENT), ""),
    "another pull request's job": ("github", named(2), hub(**PULL_1), ""),
    "another pull request's job, beside the report": ("github", named(0), hub(**PULL_1), "?merge_request=2"),
    "another pull request's job, with no number": ("github", named(0), hub(**PULL_1), ""),
    "a pull request's job without a number": ("github", named(2), hub(**PULL, ref="refs/heads/x"), ""),
    "a target's pull request job": ("github", named(2), hub(**TARGET), ""),
    "a merge queue's": ("github", named(2), hub(**QUEUE), ""),
    "a tag's": ("github", named(2), hub(ref="refs/tags/refs/pull/2/merge"), ""),
    "a branch that is called like a pull request": ("github", named(2), hub(ref="refs/heads/refs/pull/2/merge"), ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["gitlab", "github"])
def test_nothing_is_written_into_a_merge_request_that_the_sender_has_no_say_in(kind: str, tmp_path: Path) -> None:
    with world(kind, tmp_path) as service:
        fake = service.ci.fake
        if kind == "gitlab":
            for number in (3, 4):
                fake.add_merge_request(number, OTHER, source_branch="twice")
            fake.add_merge_request(5, OTHER, source_branch="forked", source_project_id=66)
        for attempt, (where, found, token, query) in ATTACKS.items():
            if where == kind:
                status = service.send(found, token, query)
                assert service.written() == [], (attempt, status)
                assert service.merge_requests() <= {0}, attempt


RIGHT: dict[str, tuple[str, Report, str, str]] = {
    "its own job": ("gitlab", named(1, HEAD), lab(**OF_1), ""),
    "its own job, with no number in the report": ("gitlab", named(0, HEAD), lab(**OF_1), ""),
    "its own job, found by branch": ("gitlab", named(0, HEAD), lab(**BY_BRANCH), ""),
    "a project's token": ("gitlab", named(0, HEAD), TOKEN, "?merge_request=1"),
    "its own pull request's job": ("github", named(1, HEAD), hub(**PULL_1), ""),
    "after a workflow": ("github", named(0, HEAD), hub(**RUN), "?merge_request=1"),
    "after a workflow of a fork": ("github", named(0, HEAD), hub(**RUN), f"?head={HEAD}&repository=octo/app"),
}


@pytest.mark.parametrize("kind", ["gitlab", "github"])
def test_the_right_sender_is_heard(kind: str, tmp_path: Path) -> None:
    with world(kind, tmp_path) as service:
        for number, (way, (where, found, token, query)) in enumerate(RIGHT.items()):
            if where == kind:
                service.ci.fake.log.clear()
                own = dataclasses.replace(found, seed=number)
                assert (service.send(own, token, query), service.written() != []) == (202, True), way
        assert service.ci.status()[0] == "success"
        assert service.merge_requests() == {1}


def test_a_report_that_is_refused_later_is_given_up_at_once(tmp_path: Path) -> None:
    with world("gitlab", tmp_path) as service:
        assert service.send(named(2, HEAD), TOKEN, "?merge_request=2") == 202
        with service.store.read() as connection:
            assert queue.waiting(connection) == {}


@pytest.mark.parametrize("kind", ["gitlab", "github"])
def test_a_head_that_moves_while_a_report_waits_is_not_failed(kind: str, tmp_path: Path) -> None:
    """The report of the older head arrives late; the newer head's status is not its business."""
    with world(kind, tmp_path) as service:
        fake = service.ci.fake
        if kind == "gitlab":
            fake.requests[1]["sha"] = "f" * 40
        else:
            fake.pulls[1]["head"]["sha"] = "f" * 40
        service.send(named(1, HEAD), lab(**OF_1) if kind == "gitlab" else hub(**PULL_1))
        assert service.written() == []


@pytest.mark.parametrize("kind", ["gitlab", "github"])
def test_publishing_by_number_fails_nobody_with_a_report_of_another_commit(kind: str, tmp_path: Path) -> None:
    """``perfbot publish REPORT --merge-request 2``, by hand."""
    with gitlab_ci() if kind == "gitlab" else github_ci() as ci:
        ci.fake.add_merge_request(2, OTHER)
        files = write(tmp_path, report(result(), head=HEAD))
        publisher = dataclasses.replace(
            ci.publisher(), place=ci.place(merge_request=2), request=ci.forge().repository.merge_request(2)
        )
        with pytest.raises(ReportError, match="is about"):
            publish(files, publisher)
        assert [path for method, path, _ in ci.fake.log if method != "GET"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"merge_request": "0"}, {"merge_request": "-1"}, {"merge_request": "1e9"}, {"merge_request": "9" * 40},
        {"merge_request": "²"}, {"merge_request": "1 "}, {"head": "HEAD"}, {"head": "a" * 39}, {"head": "A" * 40},
        {"forge": "gitea"}, {"branch": "a\0b"}, {"branch": "x" * 501}, {"repository": "a\nb"}, {"branch": "a\u202eb"},
    ],
)  # fmt: skip
def test_an_address_that_means_nothing_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        asked_of(query)


@pytest.mark.parametrize(
    ("kind", "more", "asked"),
    [
        ("gitlab", {}, {"merge_request": "1", "forge": "gitlab"}),
        ("github", {}, {"merge_request": "1", "forge": "github"}),
    ],
)
def test_a_job_says_what_its_own_environment_says(kind: str, more: dict[str, str], asked: dict[str, str]) -> None:
    with gitlab_ci() if kind == "gitlab" else github_ci() as ci:
        ci.environ.update(more)
        assert about(ci.place(), "") == asked


def test_after_a_forks_workflow_head_and_repository_are_said() -> None:
    with github_ci() as ci:
        ci.environ["GITHUB_EVENT_NAME"] = "workflow_run"
        repository = {"full_name": "mallory/app", "owner": {"login": "mallory"}}
        ci.event = {"workflow_run": {"id": 5, "run_attempt": 1, "head_sha": HEAD, "head_branch": "main",
                                     "head_repository": repository, "pull_requests": []}}  # fmt: skip
        assert about(ci.place(), "main") == {"head": HEAD, "repository": "mallory/app", "forge": "github"}
