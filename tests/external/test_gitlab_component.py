"""The shipped components, run by gitlab-ci-local against the fake GitLab."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.external.conftest import Project, call
from tests.fakes.gitlab import FakeGitLab


def use(project: Project, component: str, *inputs: str) -> None:
    """Include a component, with perfbot installed already."""
    lines = ['install: "true"', *(['install_publish: "true"'] if component == "perfbot" else []), *inputs]
    (project.folder / ".gitlab-ci.yml").write_text(
        f"include:\n  - local: templates/{component}.yml\n    inputs:\n" + "".join(f"      {line}\n" for line in lines)
    )


def run(
    project: Project, fake: FakeGitLab, pipeline: int, path: str, program: str, *jobs: str, folder: Path, code: int
) -> str:
    """Run a pipeline, or some jobs of it, in a folder of the project."""
    variables = {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_SERVER_URL": fake.url,
        "CI_PIPELINE_ID": str(pipeline),
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
    done = call(program, *jobs, *words, cwd=folder, env={**os.environ, "PATH": path}, code=code)
    return done.stdout + done.stderr


@pytest.mark.parametrize(("component", "shards"), [("perfbot", 1), ("perfbot", 2), ("perfbot-ci", 1)])
def test_to_a_comment(component: str, shards: int, project: Project, job_path: str, tool: Callable[[str], str]) -> None:
    use(project, component, *([f"parallel: {shards}", "metrics: true"] if shards > 1 else []))
    with FakeGitLab().running() as fake:
        assert isinstance(fake, FakeGitLab)
        fake.add_merge_request(1, project.head)
        pipeline = fake.add_pipeline(project.head)
        said = run(project, fake, pipeline, job_path, tool("gitlab-ci-local"), folder=project.folder, code=1)
        assert len(fake.by_bot()) == 1, said
        assert "is slower" in fake.by_bot()[0]["body"]
        assert "work/spin" in fake.by_bot()[0]["body"]
        assert [(s["name"], s["status"]) for s in fake.statuses] == [("perfbot", "failed")]
        assert fake.violations == []


@pytest.mark.parametrize(("first", "second"), [(2.0, 1.0), (1.0, 2.0)])
def test_two_pipelines_of_one_head_in_the_wrong_order(
    first: float, second: float, project: Project, knob: Path, job_path: str, tool: Callable[[str], str]
) -> None:
    """Both measure; the newer one publishes first. The older one changes nothing, and its gate is the newer one's."""
    use(project, "perfbot")
    later = shutil.copytree(project.folder, project.folder.parent / "later", symlinks=True)
    failed = second > 1
    with FakeGitLab().running() as fake:
        assert isinstance(fake, FakeGitLab)
        fake.add_merge_request(1, project.head)
        fake.files["main", "perfbot.toml"] = (project.folder / "perfbot.toml").read_text()
        older, newer = (fake.add_pipeline(project.head) for _ in range(2))
        for pipeline in (older, newer):
            fake.add_job(pipeline, "perfbot", "success", fake.now())
        program = tool("gitlab-ci-local")
        knob.write_text(str(first))
        run(project, fake, older, job_path, program, "perfbot", folder=project.folder, code=0)
        knob.write_text(str(second))
        run(project, fake, newer, job_path, program, folder=later, code=int(failed))
        said = run(project, fake, older, job_path, program, "perfbot-publish", folder=project.folder, code=int(failed))
        assert len(fake.by_bot()) == 1, said
        assert ("is slower" in fake.by_bot()[0]["body"]) == failed, said
        newest = {one["pipeline_id"]: one["status"] for one in fake.statuses}
        assert set(newest.values()) == {"failed" if failed else "success"}, said
        assert fake.violations == []
