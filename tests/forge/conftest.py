"""Both forges behind one small face, so that what must hold for every forge is written once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import github
import pytest

from perfbot.forge import github as github_forge
from perfbot.forge import gitlab as gitlab_forge
from perfbot.forge.base import Forge
from perfbot.forge.retry import Retries
from tests.fakes.github import FakeGitHub
from tests.fakes.gitlab import FakeGitLab

HEAD = "a" * 40


@dataclass
class Waits:
    """Stands in for sleeping: remembers, and waits a thousandth."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@dataclass
class World:
    fake: Any
    waits: Waits
    _connect: Callable[[Retries], Forge]

    def connect(self, **options: Any) -> Forge:
        """A new client, as another process would have."""
        return self._connect(Retries(sleep=self.waits, **options))


def gitlab_world(fake: FakeGitLab) -> World:
    return World(
        fake,
        Waits(),
        lambda retries: gitlab_forge.connect(fake.url, fake.project, fake.token, job="perfbot", retries=retries),
    )


def github_world(fake: FakeGitHub) -> World:
    return World(
        fake,
        Waits(),
        lambda retries: github_forge.connect(
            fake.url,
            fake.project,
            github.Auth.Token(fake.token),
            workflow="perfbot.yml",
            pace=0,
            retries=retries,
        ),
    )


@pytest.fixture
def gitlab_fake() -> Iterator[FakeGitLab]:
    with FakeGitLab().running() as fake:
        fake.add_merge_request(1, HEAD)
        yield fake
    assert fake.violations == []


@pytest.fixture
def github_fake() -> Iterator[FakeGitHub]:
    with FakeGitHub().running() as fake:
        fake.add_merge_request(1, HEAD)
        yield fake
    assert fake.violations == []


@pytest.fixture(params=["gitlab", "github"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "gitlab":
        return gitlab_world(request.getfixturevalue("gitlab_fake"))
    return github_world(request.getfixturevalue("github_fake"))
