"""A project whose feature branch changes code and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from perfbot.model import Change
from tests.repositories import Repository


@dataclass(frozen=True)
class Project:
    """A user's clone, a change in it, and perfbot's cache beside it."""

    repository: Repository
    change: Change
    cache: Path

    @property
    def path(self) -> Path:
        return self.repository.path

    def worktrees(self) -> list[str]:
        """What git lists besides the clone itself."""
        return self.repository.git("worktree", "list").splitlines()[1:]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, to be copied: making it takes several calls of git."""
    folder = tmp_path_factory.mktemp("made")
    repository = Repository(folder / "project")
    base = repository.commit({
        "code.py": "SPEED = 'base'\n",
        "benchmarks/bench_a.py": "A = 'base'\n",
        "benchmarks/bench_old.py": "old\n",
        "benchmarks/data/same.txt": "same\n",
        ".gitignore": "*.so\n",
    })  # fmt: skip
    repository.git("tag", "--annotate", "-m", "release", "v1.2.3")
    head = repository.commit({
        "code.py": "SPEED = 'head'\n",
        "benchmarks/bench_a.py": "A = 'head'\n",
        "benchmarks/bench_old.py": None,
        "benchmarks/bench_new.py": "new\n",
    })  # fmt: skip
    return Project(repository, Change(base, head), folder / "cache")


@pytest.fixture
def project(tmp_path: Path, made: Project) -> Project:
    """Base has benchmarks a and old; head has a changed, old gone, new, and other code."""
    return Project(made.repository.copy(tmp_path / "project"), made.change, tmp_path / "cache")
