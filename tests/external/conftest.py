"""What needs more than Python. ``.ci/external`` installs it all; a tool that is not there fails its tests.

Every test in this folder carries the mark ``external``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.external.images import Buildah

ROOT = Path(__file__).parents[2]
CONFIG = """\
[run]
budget = "20s"

[[suite]]
name = "work"
harness = "command"
commands = { spin = "python3 work.py" }
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.external)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Buildah:
    """perfbot's image, built once."""
    from tests.external.images import build

    return build(tmp_path_factory.mktemp("image"))


@pytest.fixture
def tool() -> Callable[[str], str]:
    """The path of an installed program."""

    def find(name: str) -> str:
        found = shutil.which(name)
        assert found, f"{name} is not installed: run .ci/external"
        return found

    return find


def call(
    *words: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    code: int | None = 0,
    timeout: float = 220,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; its output is in the failure when it ends otherwise than it should."""
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=env, text=True, capture_output=True, check=False, timeout=timeout
    )
    assert code is None or done.returncode == code, (
        f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    )
    return done


@dataclass
class Project:
    """A repository with one benchmark that the last commit makes 50 % slower."""

    folder: Path
    base: str
    head: str

    def git(self, *words: str) -> str:
        return call("git", *words, cwd=self.folder).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "app"
    folder.mkdir()

    def git(*words: str) -> str:
        return call("git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words, cwd=folder).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    (folder / "perfbot.toml").write_text(CONFIG)
    (folder / ".gitignore").write_text(".gitlab-ci-local/\nperfbot-report*/\n.perfbot/\n")
    shutil.copytree(
        ROOT / "templates",
        folder / "templates",
        ignore=lambda _, names: {n for n in names if not n.startswith("perfbot")},
    )
    shutil.copytree(ROOT / "docs/examples/github", folder / ".github/workflows")
    (folder / ".gitlab-ci.yml").write_text("")
    # The script stays as it was: what head rewrites of a suite itself does not gate.
    (folder / "work.py").write_text("from lib import ROUNDS\nsum(i * i for i in range(ROUNDS))\n")
    commits = []
    for rounds in (600_000, 900_000):
        (folder / "lib.py").write_text(f"ROUNDS = {rounds}\n")
        git("add", "--all")
        git("commit", "--quiet", "--message", f"{rounds} rounds")
        commits.append(git("rev-parse", "HEAD"))
    git("remote", "add", "origin", "https://github.com/octo/app.git")
    return Project(folder, *commits)


@pytest.fixture
def knob(project: Project) -> Path:
    """A file outside the repository: how many times slower the head is, from now on.

    Two runs of one head differ by it, as they do by a disturbed machine.
    """
    file = project.folder.parent / "knob"
    # Far from both, so that a busy machine decides it.
    (project.folder / "perfbot.toml").write_text(CONFIG + '[gate]\nthreshold = "30%"\n')
    for commit, text in (("base", "1"), ("head", f"float(open({str(file)!r}).read())")):
        (project.folder / "lib.py").write_text(f"ROUNDS = int(600_000 * {text})\n")
        call("git", "add", "--all", cwd=project.folder)
        who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        call("git", *who, "commit", "--quiet", "--message", commit, cwd=project.folder)
        setattr(project, commit, project.git("rev-parse", "HEAD"))
    return file


VENV = """\
#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec {python} "$@"
case "$3" in */perfbot) ;; *) exec {python} "$@" ;; esac
mkdir -p "$3/bin"
printf '#!/bin/sh\\nexit 0\\n' >"$3/bin/pip"
printf '#!/bin/sh\\nexec {python} -m perfbot "$@"\\n' >"$3/bin/perfbot"
chmod +x "$3/bin/pip" "$3/bin/perfbot"
"""
"""Stands in for the environment that a workflow installs a release into: perfbot is there already."""


@pytest.fixture
def job_path(tmp_path: Path) -> str:
    """A PATH for jobs: this Python with perfbot, and the rest."""
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "python3").write_text(VENV.format(python=sys.executable))
    (shims / "python3").chmod(0o755)
    return os.pathsep.join((str(shims), str(Path(sys.executable).parent), os.environ["PATH"]))
