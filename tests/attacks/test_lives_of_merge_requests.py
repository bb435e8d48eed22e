"""What happens to a merge request between measuring and publishing: retargeted, merged, closed, queued, overtaken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perfbot.ci.change import detect
from perfbot.ci.place import find_place, given
from perfbot.cli.main import main
from perfbot.errors import ReportError, UsageError
from perfbot.forge.base import Again
from perfbot.model import Change, ForgeKind
from perfbot.publish.flow import NobodyError, find_request, publish
from tests.builders import BASE, HEAD, OTHER, report, result, write
from tests.ci_jobs import InCI, github_ci, gitlab_ci
from tests.fakes.gitlab import FakeGitLab

GROUP = "d" * 40


@pytest.fixture(params=["gitlab", "github"])
def ci(request: pytest.FixtureRequest) -> Iterator[InCI]:
    with gitlab_ci() if request.param == "gitlab" else github_ci() as found:
        yield found


@pytest.fixture
def github() -> Iterator[InCI]:
    with github_ci() as found:
        yield found


def measured(change: float = 0.0, head: str = HEAD, target: str = "main", origin: ForgeKind = "github") -> Any:
    where = Change(BASE, head, origin=origin, target=target, merge_request=1)
    return report(result("parse", change=change), change=where)


def after_run(ci: InCI, **run: Any) -> None:
    """The job is one that a finished run of the measuring workflow has started."""
    ci.environ["GITHUB_EVENT_NAME"] = "workflow_run"
    ci.event = {"workflow_run": {
        "id": int(ci.environ["GITHUB_RUN_ID"]), "run_attempt": 1, "head_sha": HEAD, "head_branch": "topic-1",
        "event": "pull_request", "pull_requests": [], "head_repository": {"owner": {"login": "octo"}}, **run,
    }}  # fmt: skip


@pytest.mark.parametrize("change", [0.0, 0.3])
def test_what_was_measured_for_another_target_is_not_judged_for_this_one(
    ci: InCI, change: float, tmp_path: Path
) -> None:
    """Its base is the other branch's, and may hold the regression already."""
    with pytest.raises(ReportError, match="another branch than main"):
        publish(write(tmp_path, measured(change, target="lax")), ci.publisher())
    assert ci.status()[0] == "failed"


def test_a_run_that_was_asked_for_measures_for_the_requests_own_target(github: InCI) -> None:
    """`/rebench` of a pull request into a release branch was measured from where it left the default branch."""
    github.fake.pulls[1]["base"]["ref"] = "release"
    forge = github.forge()
    forge.runs.measure(forge.repository.merge_request(1), Again(HEAD))
    (asked,) = github.fake.dispatched
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "workflow_dispatch"}
    found = detect(environ, {"inputs": asked["inputs"], "repository": {"default_branch": "main"}})
    assert (found.default_branch, found.target) == ("release", "release")


def test_a_test_merge_stands_for_its_head_although_the_target_has_moved_on(github: InCI, tmp_path: Path) -> None:
    """GitHub had made another one meanwhile, and a busy repository's every second report was refused."""
    after_run(github)
    merge, newer = "e" * 40, "f" * 40
    github.fake.pulls[1]["merge_commit_sha"] = newer
    github.fake.parents = {merge: (BASE, HEAD), newer: (OTHER, HEAD)}
    assert publish(write(tmp_path, measured(0.3, merge)), github.publisher()).code == 1
    assert github.status()[0] == "failed"


@pytest.mark.parametrize("parents", [None, (), (HEAD,), (HEAD, OTHER), (BASE, OTHER), (BASE, OTHER, HEAD)])
def test_other_commits_do_not_stand_for_a_head(github: InCI, parents: tuple[str, ...] | None, tmp_path: Path) -> None:
    after_run(github)
    github.fake.parents = {} if parents is None else {"e" * 40: parents}
    with pytest.raises(ReportError, match="but the head of merge request 1"):
        publish(write(tmp_path, measured(0.0, "e" * 40)), github.publisher())


@pytest.mark.parametrize("commit", ["../../user", "e" * 39, "main", "e" * 40 + "?x=1", "", "\N{SNOWMAN}" * 40])
def test_no_text_of_a_report_is_an_address_of_the_forge(github: InCI, commit: str) -> None:
    before = len(github.fake.log)
    assert not github.forge().repository.is_merge(commit, HEAD)
    assert len(github.fake.log) == before


def test_who_was_merged_meanwhile_is_told_nothing_and_nobody_fails(
    github: InCI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A red workflow on the default branch, with a letter to whoever merged, after each quick merge."""
    after_run(github)
    github.fake.pulls[1]["state"] = "closed"
    for name, value in github.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(github.event_file(tmp_path)))
    (file,) = write(tmp_path, measured(0.3))
    for words in (["publish", str(file)], ["publish", "--pending"]):
        assert main(words) == 0
    assert "No merge request of this branch is open any more" in capsys.readouterr().err
    assert github.fake.by_bot() == []
    assert github.fake.checks == []


def test_a_branch_of_several_requests_is_none_of_them(github: InCI) -> None:
    after_run(github)
    github.fake.add_merge_request(2, HEAD)
    github.fake.pulls[2]["head"] = github.fake.pulls[1]["head"]
    with pytest.raises(UsageError, match=r"several open merge requests \(1, 2\)"):
        find_request(github.forge(), github.place())


def test_of_several_requests_of_a_branch_the_runs_own_is_told(github: InCI) -> None:
    """Both run for one head; GitHub lists both of either run, and its title says which it is of."""
    repo = {"repo": {"url": f"{github.fake.url}/repos/octo/app"}}
    github.fake.add_merge_request(2, HEAD)
    github.fake.pulls[2]["head"] = github.fake.pulls[1]["head"]
    pulls = [{"number": 1, "base": repo}, {"number": 2, "base": repo}]
    for number in (1, 2):
        after_run(github, display_title=f"perfbot for #{number}: Make it quicker", pull_requests=pulls)
        assert find_request(github.forge(), github.place()).number == number
    for title in ("perfbot for #3: x", "x perfbot for #1: x", "perfbot for #1", "perfbot for #²: x", ""):
        after_run(github, display_title=title, pull_requests=pulls)
        with pytest.raises(UsageError, match="several open merge requests"):
            find_request(github.forge(), github.place())


def test_a_title_leads_to_no_request_of_another_branch(github: InCI) -> None:
    github.fake.add_merge_request(2, OTHER)
    after_run(github, display_title="perfbot for #2: x")
    assert find_request(github.forge(), github.place()).number == 1


@pytest.mark.parametrize("url", ["https://api.github.com/repos/mallory/app", "", None])
def test_a_number_of_another_repository_is_none_of_this_one(github: InCI, url: str | None) -> None:
    """GitHub lists a fork's own pull requests of that head, too: their numbers led to this repository's."""
    github.fake.add_merge_request(7, OTHER, base={"ref": "lax", "repo": None})
    after_run(github, pull_requests=[{"number": 7, "base": {"ref": "lax", "repo": {"url": url}}}])
    assert find_request(github.forge(), github.place()).number == 1


def test_a_run_speaks_for_no_request_of_another_repository(github: InCI) -> None:
    """Two repositories of one owner may have a branch of the same name."""
    after_run(github, head_repository={"owner": {"login": "octo"}, "full_name": "octo/fork-of-app"})
    with pytest.raises(UsageError, match=r"The run is of octo/fork-of-app, and merge request 1 is of octo/app"):
        find_request(github.forge(), github.place())


def test_a_branch_without_one_is_nobodys_mistake(github: InCI) -> None:
    after_run(github, head_branch="gone")
    with pytest.raises(NobodyError):
        find_request(github.forge(), github.place())


# Merge queues: a required check has to speak of the queue's own commits.


def queued(ci: InCI, how: str) -> None:
    branch = f"gh-readonly-queue/release/1.x/pr-1-{BASE}"
    if how == "one job":
        ci.environ["GITHUB_EVENT_NAME"] = "merge_group"
        group = {"head_ref": f"refs/heads/{branch}", "head_sha": GROUP, "base_sha": BASE,
                 "base_ref": "refs/heads/release/1.x"}  # fmt: skip
        ci.event = {"merge_group": group, "repository": {"default_branch": "main"}}
    else:
        after_run(ci, event="merge_group", head_branch=branch, head_sha=GROUP)
    ci.fake.pulls[1]["base"]["ref"] = "release/1.x"


@pytest.mark.parametrize("how", ["one job", "two jobs"])
@pytest.mark.parametrize("change", [0.0, 0.3])
def test_a_queues_commit_gets_its_status_and_the_comment_stays(
    github: InCI, how: str, change: float, tmp_path: Path
) -> None:
    """Nothing was said of it, and a queue that requires perfbot's check never merged anything."""
    publish(write(tmp_path, measured()), replace(github.publisher(), run=github.publisher().run))
    before = github.comment()
    queued(github, how)
    assert github.publisher().begin()
    assert github.fake.checks[-1]["head_sha"] == GROUP
    done = publish(write(tmp_path, measured(change, GROUP, "release/1.x")), github.publisher())
    assert done.code == (1 if change else 0)
    last = github.fake.checks[-1]
    assert (last["head_sha"], last["conclusion"]) == (GROUP, "failure" if change else "success")
    assert github.comment() == before


def test_what_a_queue_measures_is_one_requests_part_of_it(github: InCI) -> None:
    queued(github, "one job")
    environ = {"GITHUB_ACTIONS": "true", **github.environ}
    found = detect(environ, github.event)
    assert (found.base, found.head, found.target, found.status_sha) == (BASE, GROUP, "release/1.x", GROUP)


@pytest.mark.parametrize("branch", [
    "gh-readonly-queue/main/pr-x-" + BASE, "gh-readonly-queue/main", "topic/gh-readonly-queue/main/pr-1-" + BASE,
    "gh-readonly-queue/main/pr-1-" + BASE + "/x", "gh-readonly-queue/main/pr-\u0661-" + BASE,
    "gh-readonly-queue/main/pr-" + "9" * 5000 + "-" + BASE,
])  # fmt: skip
def test_another_branch_is_no_queues(branch: str) -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "merge_group"}
    found = find_place(environ, {"merge_group": {"head_ref": f"refs/heads/{branch}", "head_sha": GROUP}})
    assert not found.queued
    assert found.merge_request == 0


def test_a_branch_that_is_called_like_a_queues_is_a_pull_requests_own(github: InCI) -> None:
    """Only the event says that a commit is a queue's; a branch of a fork may have any name."""
    after_run(github, head_branch=f"gh-readonly-queue/main/pr-2-{BASE}")
    assert not github.place().queued


@pytest.mark.parametrize("text", ["9" * 5000, "9" * 30, "-1", "1e9", "\u0661\u0662", " 1", "0x1", "1\n"])
@pytest.mark.parametrize("name", ["CI_MERGE_REQUEST_IID", "CI_PIPELINE_ID", "CI_JOB_ID", "CI_SERVER_VERSION_MAJOR"])
def test_no_number_of_an_environment_is_a_mistake_of_perfbots(name: str, text: str) -> None:
    """One of 5,000 digits was."""
    environ = {"GITLAB_CI": "true", "CI_PROJECT_PATH": "a/b", "CI_MERGE_REQUEST_IID": "1", name: text}
    place = given(find_place(environ, {}), environ)
    assert place.merge_request < 2**63
    detect(environ, {})


@pytest.mark.parametrize("number", ["9" * 5000, 10**30, -1, True, None, [], {}, "1 ", 1.5])
def test_no_number_of_an_event_is_one(number: object) -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_REPOSITORY": "o/a"}
    event = json.loads(json.dumps({"inputs": {"merge_request": number, "head": HEAD}}))
    assert 0 <= find_place(environ, event).merge_request < 2**63
    assert 0 <= detect(environ, event).merge_request < 2**63


def test_a_newer_push_while_publishing_is_the_newer_ones_business(ci: InCI, tmp_path: Path) -> None:
    """Between reading the head and writing: nothing is said in the comment, and the status stays on the old commit."""
    publisher = ci.publisher()
    requests = ci.fake.requests if isinstance(ci.fake, FakeGitLab) else ci.fake.pulls
    if isinstance(ci.fake, FakeGitLab):
        requests[1]["sha"] = OTHER
    else:
        requests[1]["head"]["sha"] = OTHER
    done = publish(write(tmp_path, report(result("parse"))), publisher)
    assert done.superseded
    assert ci.fake.by_bot() == []
    shown = ci.fake.statuses if isinstance(ci.fake, FakeGitLab) else ci.fake.checks
    assert {one.get("sha") or one.get("head_sha") for one in shown} == {HEAD}


@pytest.mark.parametrize(("change", "state"), [(0.3, "failed"), (0.0, "success")])
def test_an_overtaken_head_is_judged_all_the_same(ci: InCI, tmp_path: Path, change: float, state: str) -> None:
    """Its job passed unseen: pushed again without a new pipeline, a bad commit had a green one."""
    ci.fake.add_merge_request(1, OTHER)
    done = publish(write(tmp_path, measured(change, origin=ci.place().kind)), ci.publisher())
    assert (done.superseded, done.code) == (True, int(change > 0))
    assert ci.fake.by_bot() == []
    assert ci.status()[0] == state


def test_what_another_head_touches_excuses_no_empty_report(
    ci: InCI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push while the list of changed files was read: the newer head changed nothing that is measured."""
    ci.config('[run]\nwhen_changed = ["src/**"]\n')
    publisher, repository = ci.publisher(), type(ci.forge().repository)
    listed = repository.changed_files

    def pushed_meanwhile(self: Any, number: int) -> tuple[str, ...] | None:
        ci.fake.add_merge_request(1, OTHER)
        listed(self, number)
        return ("README.md",)

    monkeypatch.setattr(repository, "changed_files", pushed_meanwhile)
    empty = replace(measured(origin=ci.place().kind), results=(), skipped="Nothing that is measured was touched.")
    assert publish(write(tmp_path, empty), publisher).code == 3
    assert ci.status()[0] == "failed"


@pytest.mark.parametrize("kind", [
    {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main"}, {"CI_COMMIT_TAG": "v1"},
    {"CI_PIPELINE_SOURCE": "parent_pipeline"}, {"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "topic-1"},
    {"GITHUB_EVENT_NAME": "schedule"}, {"GITHUB_EVENT_NAME": "push"}, {"GITHUB_EVENT_NAME": "deployment"},
    {"GITHUB_EVENT_NAME": "repository_dispatch"},
])  # fmt: skip
def test_a_pipeline_of_no_merge_request_speaks_for_none(ci: InCI, kind: dict[str, str]) -> None:
    """Its commit may be a merge request's head; neither the report nor the commit says which one it is about."""
    for name in ("CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_PROJECT_PATH"):
        ci.environ.pop(name, None)
    ci.environ |= {"GITHUB_EVENT_NAME": "push", **kind}
    ci.event = {"client_payload": {"merge_request": 1}, "deployment": {"sha": HEAD}, "before": BASE, "after": HEAD}
    with pytest.raises(UsageError, match="Which merge request"):
        ci.publisher()
    assert ci.fake.by_bot() == []


def test_a_trains_status_is_on_the_trains_commit(tmp_path: Path) -> None:
    with gitlab_ci() as ci:
        train = "d" * 40
        ci.environ |= {
            "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train", "CI_COMMIT_SHA": train,
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD, "CI_PIPELINE_ID": str(ci.fake.add_pipeline(train)),
        }  # fmt: skip
        assert publish(write(tmp_path, measured(0.3, origin="gitlab")), ci.publisher()).code == 1
        assert (ci.fake.statuses[-1]["sha"], ci.status()[0]) == (train, "failed")
