"""A project with a feature branch, and clones of it as CI makes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.repositories import Repository, git


@dataclass(frozen=True)
class Project:
    """main has six commits; feature left it after the third, and has two of its own."""

    repository: Repository
    main: list[str]
    feature: list[str]

    @property
    def path(self) -> Path:
        return self.repository.path

    @property
    def fork_point(self) -> str:
        return self.main[2]

    @property
    def url(self) -> str:
        """An address that keeps clones shallow: a plain path would copy everything."""
        return self.path.as_uri()

    def merge(self, name: str = "refs/merge-requests/1/merge") -> str:
        """The forge's own merge of feature into main's tip, on no branch."""
        tree = self.repository.git("rev-parse", f"{self.feature[-1]}^{{tree}}")
        parents = ("-p", self.main[-1], "-p", self.feature[-1])
        commit = self.repository.git("commit-tree", tree, *parents, "-m", "Merge feature into main")
        self.repository.git("update-ref", name, commit)
        return commit


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, to be copied: making it takes twenty calls of git."""
    repository = Repository(tmp_path_factory.mktemp("made") / "project.git")
    main = repository.series(3)
    repository.git("checkout", "--quiet", "-b", "feature")
    feature = [repository.commit({"code.py": f"SPEED = {n}\n"}) for n in range(2)]
    repository.git("checkout", "--quiet", "main")
    main += repository.series(3, "other.txt")
    return Project(repository, main, feature)


@pytest.fixture
def project(tmp_path: Path, made: Project) -> Project:
    """The project, as its forge has it."""
    return Project(made.repository.copy(tmp_path / "forge" / "project.git"), [*made.main], [*made.feature])


Clone = Callable[..., Path]


@pytest.fixture
def clone(tmp_path: Path, project: Project) -> Clone:
    """Clone the project as a CI runner does: ``depth`` commits of one ref, detached."""

    def make(ref: str, *, depth: int = 0, branches: bool = False) -> Path:
        path = tmp_path / "builds" / "clone"
        path.mkdir(parents=True)
        git(path, "init", "--quiet", "--initial-branch=main")
        git(path, "remote", "add", "origin", project.url)
        cut = [f"--depth={depth}"] if depth else []
        refs = ["+refs/heads/*:refs/remotes/origin/*"] if branches else [f"+{ref}:refs/remotes/origin/checked-out"]
        git(path, "fetch", "--quiet", "--no-tags", *cut, "origin", *refs)
        start = f"refs/remotes/origin/{ref.removeprefix('refs/heads/')}" if branches else "origin/checked-out"
        git(path, "checkout", "--quiet", "--detach", start)
        return path

    return make


@pytest.fixture
def event(tmp_path: Path) -> Callable[[object], str]:
    """Write an event's payload, and return what GITHUB_EVENT_PATH says."""

    def write(payload: object) -> str:
        path = tmp_path / "event.json"
        path.write_text(payload if isinstance(payload, str) else json.dumps(payload))
        return str(path)

    return write
