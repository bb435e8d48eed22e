"""Repositories with a change in them, and perfbot run on them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from perfbot.model import Report, Result
from perfbot.pipeline.job import Request
from perfbot.pipeline.story import run
from perfbot.pipeline.surroundings import Surroundings
from perfbot.render.progress import Silent
from perfbot.runner.cores import allowed_cores
from perfbot.runner.load import Lookout
from tests.environments import environment, site_packages
from tests.repositories import Repository

OUTER = ("PATH", "LANG", "TMPDIR")
"""What these runs see of the tests' own environment: nothing of a CI."""

OFFLINE = {"UV_OFFLINE": "1"}
"""No environment waits for an index to answer: none gets pip, and set-up lines link what they need."""


class Lines(Silent):
    """Progress that remembers what was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, line: str) -> None:
        self.lines.append(line)


def make_repo(folder: Path, base: Mapping[str, str | None], head: Mapping[str, str | None]) -> Repository:
    """A repository with two commits on the branch ``change``, whose merge base with ``main`` is the first."""
    repository = Repository(folder)
    repository.commit(base, "base")
    repository.git("switch", "--quiet", "--create", "change")
    repository.commit(head, "head")
    return repository


def request_for(repository: Repository, cache: Path, **options: object) -> Request:
    """A request as if typed in the repository, outside any CI."""
    environ = {name: os.environ[name] for name in OUTER if name in os.environ} | OFFLINE | {"HOME": str(cache.parent)}
    return Request(repo=repository.path, environ=environ, cache=cache, **{"seed": 3, "why": False, **options})  # type: ignore[arg-type]


class Busy(Lookout):
    """Others keep all cores but one busy, as far as anybody asks: rounds are taken one by one; nobody looks around."""

    def cores(self) -> float:
        return len(allowed_cores()) - 1.0


AROUND = Surroundings(lookout=Busy)


def report_of(repository: Repository, cache: Path, **options: object) -> Report:
    """Measure and judge, silently."""
    return run(request_for(repository, cache, **options), Silent(), around=AROUND)


def by_name(report: Report) -> dict[str, Result]:
    """Results by ``suite/benchmark``."""
    return {result.full_name: result for result in report.results}


@pytest.fixture(scope="session")
def borrowed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A set-up line that puts pytest and pyperf into an environment without the network."""
    folder = tmp_path_factory.mktemp("borrowed") / "env"
    environment(folder, "pytest", "pyperf")
    return f'ln -sf {site_packages(folder)}/* "$VIRTUAL_ENV"/lib/python3*/site-packages/ 2> /dev/null || true'
