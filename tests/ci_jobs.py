"""Fake forges as a job in CI sees them: environment, event, and a publisher that does not wait."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfbot.ci.place import Place, find_place, given
from perfbot.forge.base import Forge
from perfbot.forge.connect import connect
from perfbot.publish.flow import find_request
from perfbot.publish.publisher import Publisher, find_run
from tests.builders import HEAD
from tests.fakes.github import FakeGitHub
from tests.fakes.gitlab import FakeGitLab

PULL = {"number": 1, "base": {"repo": {"url": "https://api.github.com/repos/octo/app"}}}
"""The pull request of a workflow's run, as its event lists it."""

QUICK: dict[str, object] = {"settle": (0, 0), "lag": 0, "lost": 0, "stagger": 0, "sleep": lambda seconds: None}


@dataclass
class InCI:
    """A fake forge and the environment of a job in it."""

    fake: Any
    environ: dict[str, str]
    event: dict[str, Any]

    def place(self, **changes: Any) -> Place:
        return given(find_place(self.environ, self.event), self.environ, **changes)

    def forge(self, **changes: Any) -> Forge:
        return connect(self.place(**changes), root=Path.cwd(), patience=30, pace=0)

    def publisher(self, **changes: Any) -> Publisher:
        place, forge = self.place(), self.forge()
        changes = {"run": find_run(forge, place), **changes}
        return Publisher(forge, place, find_request(forge, place), options=dict(QUICK), **changes)

    def config(self, text: str, ref: str = "main") -> None:
        """The target branch's (or head's) perfbot.toml."""
        self.fake.files[(ref, "perfbot.toml")] = text

    def next_run(self) -> None:
        """A later pipeline of the same head."""
        if "CI_PIPELINE_ID" in self.environ:
            self.environ["CI_PIPELINE_ID"] = str(self.fake.add_pipeline(HEAD))
        else:
            self.environ["GITHUB_RUN_ID"] = str(self.fake.add_run(HEAD))

    def status(self) -> tuple[str, str]:
        """State and description of the newest status, in GitLab's words."""
        if isinstance(self.fake, FakeGitLab):
            last = self.fake.statuses[-1]
            return last["status"], last["description"]
        check = self.fake.checks[-1]
        states = {"success": "success", "failure": "failed", None: "running"}
        return states[check["conclusion"]], check["output"]["title"]

    def comment(self) -> str:
        """perfbot's only comment."""
        (only,) = [c["body"] for c in self.fake.by_bot() if "perfbot:v1" in c["body"]]
        return str(only)

    def event_file(self, folder: Path) -> Path:
        file = folder / "event.json"
        file.write_text(json.dumps(self.event))
        return file


@contextmanager
def gitlab_ci() -> Iterator[InCI]:
    with FakeGitLab().running() as server:
        fake = server
        assert isinstance(fake, FakeGitLab)
        fake.add_merge_request(1, HEAD)
        pipeline = fake.add_pipeline(HEAD)
        job = fake.add_job(pipeline, "perfbot-publish", "success")
        yield InCI(
            fake,
            {
                "GITLAB_CI": "true",
                "CI_SERVER_URL": fake.url,
                "CI_PROJECT_PATH": fake.project,
                "CI_MERGE_REQUEST_PROJECT_PATH": fake.project,
                "CI_MERGE_REQUEST_IID": "1",
                "CI_COMMIT_SHA": HEAD,
                "CI_PIPELINE_ID": str(pipeline),
                "CI_JOB_ID": str(job),
                "CI_JOB_URL": f"{fake.url}/group/app/-/jobs/{job}",
                "PERFBOT_TOKEN": fake.token,
            },
            {},
        )
        assert fake.violations == [], fake.violations
        assert fake.executed == [], fake.executed


@contextmanager
def github_ci() -> Iterator[InCI]:
    with FakeGitHub().running() as server:
        fake = server
        assert isinstance(fake, FakeGitHub)
        fake.add_merge_request(1, HEAD)
        run = fake.add_run(HEAD)
        yield InCI(
            fake,
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_EVENT_NAME": "pull_request",
                "GITHUB_API_URL": fake.url,
                "GITHUB_REPOSITORY": fake.project,
                "GITHUB_RUN_ID": str(run),
                "GITHUB_RUN_ATTEMPT": "1",
                "GITHUB_TOKEN": fake.token,
            },
            {"pull_request": {"number": 1, "head": {"sha": HEAD}}},
        )
        assert fake.violations == [], fake.violations
