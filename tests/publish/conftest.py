"""Every test of publishing runs on both forges unless it asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perfbot.forge.retry import Retries
from tests.ci_jobs import InCI, github_ci, gitlab_ci


@pytest.fixture(autouse=True)
def _unhurried_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """What clients wait (for a fault to pass, for their pace) is taken off their patience without being waited for."""
    monkeypatch.setitem(Retries.__init__.__kwdefaults__, "sleep", lambda seconds: None)


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
