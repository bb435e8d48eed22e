"""The shipped workflows, run by act against the fake GitHub; only GitHub's own actions are stand-ins."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.external.conftest import Project, call
from tests.fakes.github import FakeGitHub

ACTIONS = {
    "checkout": 'git init -q -b work . && git remote add origin "$SOURCE" && git fetch -q origin '
    '&& git checkout -q --detach "${REF:-$HEAD_SHA}"',
    "upload-artifact": 'mkdir -p "$ARTIFACTS" && cp -r "./${{ inputs.path }}." "$ARTIFACTS/"',
    "download-artifact": 'mkdir -p "./${{ inputs.path }}" && cp -r "$ARTIFACTS/." "./${{ inputs.path }}/"',
}
INPUTS = "name path ref fetch-depth persist-credentials retention-days run-id github-token"


@dataclass
class Act:
    """act in one project, with artifacts kept in a folder."""

    project: Project
    fake: FakeGitHub
    folder: Path
    path: str
    program: str

    def run(self, workflow: str, name: str, event: dict[str, Any], code: int = 0, artifacts: str = "artifacts") -> str:
        payload = self.folder / "event.json"
        payload.write_text(json.dumps(event))
        text = (self.project.folder / ".github/workflows" / workflow).read_text()
        words = [name, "-P", "ubuntu-latest=-self-hosted", "-e", str(payload), "-W", f".github/workflows/{workflow}"]
        for action, commit in sorted(set(re.findall(r"uses: actions/([a-z-]+)@([0-9a-f]{40})", text))):
            words += ["--local-repository", f"actions/{action}@{commit}={self.folder / action}"]
        words += ["--env", f"ARTIFACTS={self.folder / artifacts}", "--env", f"GITHUB_API_URL={self.fake.url}"]
        words += ["--env", f"SOURCE={self.project.folder}", "--env", f"HEAD_SHA={self.project.head}"]
        words += ["-s", f"GITHUB_TOKEN={self.fake.token}"]
        environ = {**os.environ, "PATH": self.path, "XDG_CACHE_HOME": str(self.folder / "cache")}
        done = call(self.program, *words, cwd=self.project.folder, env=environ, code=code)
        return done.stdout + done.stderr

    def pull(self) -> dict[str, Any]:
        repo = {"full_name": "octo/app"}
        return {
            "number": 1, "title": "Make it slower", "labels": [],
            "head": {"sha": self.project.head, "ref": "topic", "repo": repo},
            "base": {"sha": self.project.base, "ref": "main", "repo": repo},
        }  # fmt: skip


@pytest.fixture
def act(project: Project, tmp_path: Path, job_path: str, tool: Callable[[str], str]) -> Iterator[Act]:
    folder = tmp_path / "act"
    for name, script in ACTIONS.items():
        (folder / name).mkdir(parents=True)
        inputs = "".join(f"  {one}: {{description: x}}\n" for one in INPUTS.split())
        (folder / name / "action.yml").write_text(
            f"name: {name}\ndescription: stand-in\ninputs:\n{inputs}"
            f"runs:\n  using: composite\n  steps:\n    - shell: bash\n      env: {{REF: '${{{{ inputs.ref }}}}'}}\n"
            f"      run: '{script}'\n"
        )
    with FakeGitHub().running() as fake:
        assert isinstance(fake, FakeGitHub)
        fake.add_merge_request(1, project.head)
        yield Act(project, fake, folder, job_path, tool("act"))
        assert fake.violations == []


PULL = {"number": 1, "base": {"ref": "main", "repo": {"url": "https://api.github.com/repos/octo/app"}}}
REPOSITORY = {"full_name": "octo/app", "name": "app", "owner": {"login": "octo"}, "default_branch": "main"}


def test_two_stages(act: Act) -> None:
    """Measure without a token, hand over the artifact, publish from the default branch."""
    pull = {"action": "opened", "number": 1, "pull_request": act.pull(), "repository": REPOSITORY}
    act.run("perfbot.yml", "pull_request", pull)
    assert (act.folder / "artifacts/perfbot-report.json").is_file()
    assert act.fake.log == []
    run = {
        "id": 7, "run_attempt": 1, "head_sha": act.project.head, "head_branch": "topic-1", "event": "pull_request",
        "conclusion": "success", "pull_requests": [], "head_repository": {"owner": {"login": "octo"}},
    }  # fmt: skip
    event = {"action": "requested", "workflow_run": run, "repository": REPOSITORY}
    act.run("perfbot-publish.yml", "workflow_run", event)
    assert [check["status"] for check in act.fake.checks] == ["in_progress"]
    act.run("perfbot-publish.yml", "workflow_run", {**event, "action": "completed"}, code=1)
    (comment,) = act.fake.by_bot()
    assert "is slower" in comment["body"]
    assert [check["conclusion"] for check in act.fake.checks] == ["failure"]


@pytest.mark.parametrize(("first", "second"), [(2.0, 1.0), (1.0, 2.0)])
def test_two_runs_of_one_head_in_the_wrong_order(act: Act, knob: Path, first: float, second: float) -> None:
    """Both measure; the newer one publishes first. The older one changes nothing, and its gate is the newer one's."""
    act.fake.add_merge_request(1, act.project.head)
    act.fake.files["main", "perfbot.toml"] = (act.project.folder / "perfbot.toml").read_text()
    failed = second > 1
    pull = {"action": "synchronize", "number": 1, "pull_request": act.pull(), "repository": REPOSITORY}
    moments = {"older": "2026-11-23T12:00:00Z", "newer": "2026-11-23T12:10:00Z"}
    runs = {name: act.fake.add_run(act.project.head, created_at=at, attempts=[at]) for name, at in moments.items()}
    for name, times in (("older", first), ("newer", second)):
        knob.write_text(str(times))
        act.run("perfbot.yml", "pull_request", pull, artifacts=name)
    said = ""
    for name in ("newer", "older"):
        run = {
            "id": runs[name], "run_attempt": 1, "run_started_at": moments[name], "head_sha": act.project.head,
            "head_branch": "topic-1", "event": "pull_request", "conclusion": "success", "pull_requests": [],
            "head_repository": {"owner": {"login": "octo"}},
        }  # fmt: skip
        event = {"action": "completed", "workflow_run": run, "repository": REPOSITORY}
        said += act.run("perfbot-publish.yml", "workflow_run", event, code=int(failed), artifacts=name)
    (comment,) = act.fake.by_bot()
    assert ("is slower" in comment["body"]) == failed, said
    newest = max(act.fake.checks, key=lambda check: check["id"])
    assert newest["conclusion"] == ("failure" if failed else "success"), said


def test_another_label_starts_nothing_and_leaves_no_check_waiting(act: Act) -> None:
    pull = {"action": "labeled", "number": 1, "label": {"name": "docs"}, "pull_request": act.pull()}
    act.run("perfbot.yml", "pull_request", {**pull, "repository": REPOSITORY})
    assert not (act.folder / "artifacts").exists()
    run = {
        "id": 7, "run_attempt": 1, "head_sha": act.project.head, "event": "pull_request", "conclusion": "skipped",
        "display_title": "Nothing to measure", "pull_requests": [PULL],
    }  # fmt: skip
    for action in ("requested", "completed"):
        event = {"action": action, "workflow_run": run, "repository": REPOSITORY}
        act.run("perfbot-publish.yml", "workflow_run", event)
    assert act.fake.log == []


def test_a_run_that_was_cancelled_fails_the_check(act: Act) -> None:
    run = {
        "id": 7, "run_attempt": 1, "head_sha": act.project.head, "event": "pull_request", "conclusion": "cancelled",
        "display_title": "perfbot for #1: Make it slower", "pull_requests": [PULL],
    }  # fmt: skip
    event = {"action": "requested", "workflow_run": run, "repository": REPOSITORY}
    act.run("perfbot-publish.yml", "workflow_run", event)
    act.run("perfbot-publish.yml", "workflow_run", {**event, "action": "completed"}, code=1)
    assert [check["conclusion"] for check in act.fake.checks] == ["failure"]
    assert act.fake.by_bot() == []


def test_one_job(act: Act) -> None:
    pull = {"action": "opened", "number": 1, "pull_request": act.pull(), "repository": REPOSITORY}
    act.run("perfbot-ci.yml", "pull_request", pull, code=1)
    (comment,) = act.fake.by_bot()
    assert "is slower" in comment["body"]
    assert [check["conclusion"] for check in act.fake.checks] == ["failure"]


def test_rebench_and_the_dispatched_run(act: Act) -> None:
    asked = act.fake.say("/rebench --budget 15s")
    event = {
        "action": "created", "comment": asked, "repository": REPOSITORY, "sender": {"login": "ada"},
        "issue": {"number": 1, "pull_request": {"url": "x"}},
    }  # fmt: skip
    act.run("perfbot-publish.yml", "issue_comment", event)
    (dispatched,) = act.fake.dispatched
    wanted = {"merge_request": "1", "head": act.project.head, "target": "main", "budget": "15s"}
    assert (dispatched["ref"], dispatched["inputs"]) == ("topic-1", wanted)
    act.run("perfbot.yml", "workflow_dispatch", {"inputs": dispatched["inputs"], "repository": REPOSITORY}, code=1)
    (comment,) = act.fake.by_bot()
    assert "is slower" in comment["body"]


def test_a_stranger_starts_nothing(act: Act) -> None:
    asked = act.fake.say("/rebench", "mallory")
    event = {
        "action": "created", "comment": asked, "repository": REPOSITORY, "sender": {"login": "mallory"},
        "issue": {"number": 1, "pull_request": {"url": "x"}},
    }  # fmt: skip
    act.run("perfbot-publish.yml", "issue_comment", event)
    assert act.fake.dispatched == []
