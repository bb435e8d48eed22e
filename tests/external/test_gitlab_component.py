"""The shipped components, run by gitlab-ci-local against the fake GitLab."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.external.conftest import Project, call
from tests.fakes.gitlab import FakeGitLab


@pytest.mark.parametrize(("component", "shards"), [("perfbot", 1), ("perfbot", 2), ("perfbot-ci", 1)])
def test_to_a_comment(component: str, shards: int, project: Project, job_path: str, tool: Callable[[str], str]) -> None:
    inputs = (
        'install: "true"'
        + ('\n      install_publish: "true"' if component == "perfbot" else "")
        + (f"\n      parallel: {shards}\n      metrics: true" if shards > 1 else "")
    )
    (project.folder / ".gitlab-ci.yml").write_text(
        f"include:\n  - local: templates/{component}.yml\n    inputs:\n      {inputs}\n"
    )
    with FakeGitLab().running() as fake:
        assert isinstance(fake, FakeGitLab)
        fake.add_merge_request(1, project.head)
        variables = {
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_SERVER_URL": fake.url,
            "CI_PIPELINE_ID": str(fake.add_pipeline(project.head)),
            "CI_MERGE_REQUEST_IID": "1",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": project.base,
            "CI_MERGE_REQUEST_PROJECT_PATH": fake.project,
            "CI_PROJECT_PATH": fake.project,
            "PERFBOT_TOKEN": fake.token,
        }
        words = ["--force-shell-executor", "--ignore-predefined-vars"]
        words.append("CI_PIPELINE_SOURCE,CI_SERVER_URL,CI_PIPELINE_ID,CI_PROJECT_PATH")
        for name, value in variables.items():
            words += ["--variable", f"{name}={value}"]
        done = call(tool("gitlab-ci-local"), *words, cwd=project.folder, env={**os.environ, "PATH": job_path}, code=1)
        assert len(fake.by_bot()) == 1, done.stdout + done.stderr
        assert "is slower" in fake.by_bot()[0]["body"]
        assert "work/spin" in fake.by_bot()[0]["body"]
        assert [(s["name"], s["status"]) for s in fake.statuses] == [("perfbot", "failed")]
        assert fake.violations == []
