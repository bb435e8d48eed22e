"""Every test of publishing runs on both forges unless it asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jwt.algorithms import RSAAlgorithm

from perfbot.forge.retry import Retries
from tests.ci_jobs import InCI, github_ci, gitlab_ci
from tests.fakes.gitlab import FakeGitLab


@pytest.fixture(autouse=True)
def _unhurried_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """What clients wait (for a fault to pass, for their pace) is taken off their patience without being waited for."""
    monkeypatch.setitem(Retries.__init__.__kwdefaults__, "sleep", lambda seconds: None)


@pytest.fixture(scope="session", autouse=True)
def _keys_are_read_once() -> Iterator[None]:
    """An App signs each request by its key, which takes forty times as long to read as to sign by."""
    reading, read = RSAAlgorithm.prepare_key, {}

    def once(algorithm: RSAAlgorithm, key: Any) -> Any:
        if not isinstance(key, str):
            return reading(algorithm, key)
        if key not in read:
            read[key] = reading(algorithm, key)
        return read[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RSAAlgorithm, "prepare_key", once)
        yield


@pytest.fixture
def gitlab() -> Iterator[InCI]:
    with gitlab_ci() as ci:
        yield ci


@pytest.fixture
def github() -> Iterator[InCI]:
    with github_ci() as ci:
        yield ci


@pytest.fixture(params=["gitlab", "github"])
def ci(request: pytest.FixtureRequest) -> InCI:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, InCI)
    return found


@pytest.fixture
def ready(ci: InCI) -> InCI:
    """A merge request whose measuring job can be played (GitLab) or dispatched (GitHub)."""
    if isinstance(ci.fake, FakeGitLab):
        ci.fake.add_job(int(ci.environ["CI_PIPELINE_ID"]), "perfbot", "manual")
    return ci
