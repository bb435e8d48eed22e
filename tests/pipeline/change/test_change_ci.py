"""The change as CI describes it, in clones as CI makes them: shallow, detached, sometimes of a merge."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from perfbot.errors import NOT_MEASURED, ChangeError
from perfbot.model import Change
from perfbot.pipeline.change import find_change
from tests.pipeline.change.conftest import Clone, Project
from tests.repositories import git

Event = Callable[[object], str]


def gitlab(project: Project, **more: str) -> dict[str, str]:
    """Variables of a merge request's pipeline, on the author's commit."""
    return {
        "GITLAB_CI": "true",
        "CI_PIPELINE_ID": "77",
        "CI_PROJECT_PATH": "group/project",
        "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_SHA": project.feature[-1],
        "CI_MERGE_REQUEST_IID": "5",
        "CI_MERGE_REQUEST_PROJECT_PATH": "group/project",
        "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": project.fork_point,
        **more,
    }


def pull_request(project: Project) -> dict[str, object]:
    return {
        "number": 8,
        "pull_request": {
            "number": 8,
            "head": {"sha": project.feature[-1], "ref": "feature"},
            "base": {"sha": project.main[-1], "ref": "main", "repo": {"full_name": "owner/project"}},
        },
        "repository": {"default_branch": "main"},
    }


def github(name: str, path: str = "", **more: str) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": path,
        "GITHUB_REPOSITORY": "owner/project",
        "GITHUB_RUN_ID": "99",
        **more,
    }


def pair(change: Change) -> tuple[str, str]:
    return change.base, change.head


@pytest.mark.parametrize("depth", [1, 20, 0])
def test_gitlab_detached(project: Project, clone: Clone, depth: int) -> None:
    repo = clone("refs/heads/feature", depth=depth)
    change = find_change(repo, environ=gitlab(project))
    assert change == Change(
        base=project.fork_point,
        head=project.feature[-1],
        base_name="merge base",
        head_name="feature",
        origin="gitlab",
        project="group/project",
        merge_request=5,
        target="main",
        status_sha=project.feature[-1],
        pipeline=77,
        subject="change",
        author="Ada",
    )


@pytest.mark.parametrize(
    ("kind", "depth", "says_source"),
    [("merged_result", 2, False), ("merged_result", 0, True), ("merge_train", 1, True)],
)
def test_gitlab_merge_is_never_mixed_with_the_merge_base(
    project: Project, clone: Clone, kind: str, depth: int, says_source: bool
) -> None:
    merge = project.merge()
    repo = clone("refs/merge-requests/1/merge", depth=depth)
    source = {"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": project.feature[-1]} if says_source else {}
    environ = gitlab(project, CI_MERGE_REQUEST_EVENT_TYPE=kind, CI_COMMIT_SHA=merge, **source)
    change = find_change(repo, environ=environ)
    assert pair(change) == (project.fork_point, project.feature[-1])
    assert change.status_sha == merge
    assert "measured are the author's commit and the merge base" in change.notes[0]


def test_gitlab_fork_asks_the_parent_project_for_the_base(project: Project, tmp_path: Path) -> None:
    parent = tmp_path / "parent.git"
    git(tmp_path, "clone", "--quiet", "--bare", project.url, str(parent))
    fork = tmp_path / "fork"
    fork.mkdir()
    git(fork, "init", "--quiet")
    git(fork, "fetch", "--quiet", "--depth=1", project.url, "refs/heads/feature")
    git(fork, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    environ = gitlab(project, CI_MERGE_REQUEST_PROJECT_URL=parent.as_uri().removesuffix(".git"))
    change = find_change(fork, environ=environ)
    assert pair(change) == (project.fork_point, project.feature[-1])


def test_gitlab_without_a_diff_base_finds_the_merge_base(project: Project, clone: Clone) -> None:
    repo = clone("refs/heads/feature", depth=1)
    change = find_change(repo, environ=gitlab(project, CI_MERGE_REQUEST_DIFF_BASE_SHA=""))
    assert pair(change) == (project.fork_point, project.feature[-1])
    assert change.notes == ("Base is the merge base with main.",)


def test_gitlab_branch_pipeline_finds_the_merge_base_with_the_default_branch(project: Project, clone: Clone) -> None:
    repo = clone("refs/heads/feature", depth=1)
    environ = gitlab(
        project, CI_MERGE_REQUEST_IID="", CI_COMMIT_BRANCH="feature", CI_COMMIT_BEFORE_SHA=project.feature[0]
    )
    change = find_change(repo, environ=environ)
    assert pair(change) == (project.fork_point, project.feature[-1])
    assert (change.merge_request, change.status_sha, change.pipeline) == (0, project.feature[-1], 77)


@pytest.mark.parametrize("before", ["main[3]", "zeros"])
def test_gitlab_default_branch_compares_with_what_was_there_before(project: Project, clone: Clone, before: str) -> None:
    repo = clone("refs/heads/main", depth=1)
    sha = project.main[3] if before == "main[3]" else "0" * 40
    environ = gitlab(
        project,
        CI_MERGE_REQUEST_IID="",
        CI_COMMIT_BRANCH="main",
        CI_COMMIT_BEFORE_SHA=sha,
        CI_COMMIT_SHA=project.main[-1],
    )
    expected = project.main[3] if before == "main[3]" else project.main[-2]
    assert pair(find_change(repo, environ=environ)) == (expected, project.main[-1])


@pytest.mark.parametrize("depth", [1, 2, 0])
def test_github_merge_ref(project: Project, clone: Clone, event: Event, depth: int) -> None:
    merge = project.merge("refs/pull/8/merge")
    repo = clone("refs/pull/8/merge", depth=depth)
    environ = github("pull_request", event(pull_request(project)), GITHUB_SHA=merge)
    change = find_change(repo, environ=environ)
    assert pair(change) == (project.main[-1], merge)
    assert change.status_sha == project.feature[-1]
    assert (change.project, change.merge_request, change.target, change.pipeline) == ("owner/project", 8, "main", 99)
    assert (change.base_name, change.head_name) == ("main", "feature")


@pytest.mark.parametrize("depth", [1, 2, 0])
def test_github_checkout_of_the_authors_commit(project: Project, clone: Clone, event: Event, depth: int) -> None:
    repo = clone("refs/heads/feature", depth=depth)
    change = find_change(repo, environ=github("pull_request", event(pull_request(project))))
    assert pair(change) == (project.fork_point, project.feature[-1])
    assert change.status_sha == project.feature[-1]


def test_github_push(project: Project, clone: Clone, event: Event) -> None:
    repo = clone("refs/heads/main", depth=1)
    path = event({"before": project.main[1], "after": project.main[-1], "repository": {"default_branch": "main"}})
    change = find_change(repo, environ=github("push", path, GITHUB_SHA=project.main[-1], GITHUB_REF_NAME="main"))
    assert pair(change) == (project.main[1], project.main[-1])
    assert (change.base_name, change.head_name, change.status_sha) == ("main before", "main", project.main[-1])


def test_github_push_of_a_new_branch(project: Project, clone: Clone, event: Event) -> None:
    repo = clone("refs/heads/feature", depth=1)
    path = event({"before": "0" * 40, "after": project.feature[-1], "repository": {"default_branch": "main"}})
    change = find_change(repo, environ=github("push", path))
    assert pair(change) == (project.fork_point, project.feature[-1])


def test_github_merge_queue(project: Project, clone: Clone, event: Event) -> None:
    merge = project.merge("refs/heads/gh-readonly-queue/main/pr-8")
    repo = clone("refs/heads/gh-readonly-queue/main/pr-8", depth=1)
    path = event({"merge_group": {"head_sha": merge, "base_sha": project.main[-1]}})
    change = find_change(repo, environ=github("merge_group", path))
    assert pair(change) == (project.main[-1], merge)
    assert change.status_sha == merge


@pytest.mark.parametrize("name", ["workflow_dispatch", "schedule"])
def test_github_started_by_hand_is_like_a_persons_clone(
    project: Project, clone: Clone, event: Event, name: str
) -> None:
    repo = clone("refs/heads/main", depth=1)
    path = event({"repository": {"default_branch": "main"}})
    change = find_change(repo, environ=github(name, path, GITHUB_SHA=project.main[-1]))
    assert pair(change) == (project.main[-2], project.main[-1])


def test_github_asked_again_measures_the_pinned_head(project: Project, clone: Clone, event: Event) -> None:
    repo = clone("refs/heads/main", depth=1)
    inputs = {"head": project.feature[-1], "merge_request": "8"}
    path = event({"repository": {"default_branch": "main"}, "inputs": inputs})
    change = find_change(repo, environ=github("workflow_dispatch", path, GITHUB_SHA=project.main[-1]))
    assert pair(change) == (project.fork_point, project.feature[-1])
    assert (change.merge_request, change.status_sha) == (8, project.feature[-1])


def test_github_never_measures_with_the_repositorys_secrets(project: Project, event: Event) -> None:
    with pytest.raises(ChangeError, match="does not measure under `pull_request_target`") as caught:
        find_change(project.path, environ=github("pull_request_target", event(pull_request(project))))
    assert "workflow_run" in caught.value.hint


def test_the_command_line_wins_over_the_ci_and_keeps_its_particulars(project: Project) -> None:
    change = find_change(project.path, environ=gitlab(project), spec="main~2..main")
    assert pair(change) == (project.main[-3], project.main[-1])
    assert (change.merge_request, change.pipeline, change.origin) == (5, 77, "gitlab")


def test_a_base_far_away_is_reached_by_deepening(project: Project, clone: Clone, event: Event) -> None:
    project.feature.append(project.repository.import_series("feature", 70))
    repo = clone("refs/heads/feature", depth=1)
    change = find_change(repo, environ=github("pull_request", event(pull_request(project))))
    assert pair(change) == (project.fork_point, project.feature[-1])


def test_a_complete_clone_is_never_made_shallow(project: Project, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--single-branch", "--branch=main", project.url, "mine")
    mine = tmp_path / "mine"
    change = find_change(mine, environ={}, head=project.feature[-1])
    assert pair(change) == (project.fork_point, project.feature[-1])
    assert git(mine, "rev-parse", "--is-shallow-repository") == "false"


@pytest.mark.parametrize(
    ("environ", "advice"),
    [
        ({"GITLAB_CI": "1", "CI_MERGE_REQUEST_IID": "5"}, 'GIT_DEPTH: "0"'),
        ({"GITHUB_ACTIONS": "true"}, "fetch-depth: 0"),
        ({}, "git fetch --unshallow"),
    ],
)
def test_an_unreachable_base_fails_closed(project: Project, clone: Clone, environ: dict[str, str], advice: str) -> None:
    repo = clone("refs/heads/feature", depth=1)
    missing = "1234567" + "0" * 33
    with pytest.raises(ChangeError) as caught:
        find_change(repo, environ=environ, base=missing)
    error = caught.value
    assert error.exit_code == NOT_MEASURED
    assert error.message.startswith(
        "Commit 1234567 is not in this clone and could not be fetched: `git fetch --depth=1"
    )
    assert advice in error.hint


def test_a_name_that_a_shallow_clone_cannot_know_comes_with_what_deepens_it(project: Project, clone: Clone) -> None:
    with pytest.raises(ChangeError, match="no commit called `HEAD~1` in this shallow clone") as caught:
        find_change(clone("refs/heads/feature", depth=1), environ={}, spec="HEAD~1..HEAD")
    assert caught.value.hint.startswith("git fetch --unshallow origin")


def test_an_unreachable_remote_is_told_without_its_password(project: Project, clone: Clone) -> None:
    repo = clone("refs/heads/feature", depth=1)
    shutil.move(project.path, project.path.with_name("gone"))
    git(repo, "remote", "set-url", "origin", "https://ci:s3cret@127.0.0.1:1/project.git")
    with pytest.raises(ChangeError) as caught:
        find_change(repo, environ=gitlab(project))
    assert "s3cret" not in f"{caught.value} {caught.value.output}"
    assert "127.0.0.1" in caught.value.message


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"a":' * 100_000])
def test_an_event_that_is_no_json(project: Project, event: Event, text: str) -> None:
    """Nor one that is nested without end, which was a mistake of perfbot's."""
    with pytest.raises(ChangeError, match="is not JSON"):
        find_change(project.path, environ=github("push", event(text)))


def test_files_left_by_a_ci_job_are_no_news(project: Project, clone: Clone) -> None:
    repo = clone("refs/heads/feature")
    (repo / "artifact.txt").write_text("left")
    assert find_change(repo, environ=gitlab(project)).notes == ()
    (repo / "code.py").write_text("edited")
    assert "Uncommitted changes in 1 file " in find_change(repo, environ=gitlab(project)).notes[0]
