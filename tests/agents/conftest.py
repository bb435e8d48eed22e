"""A repository of shell commands whose working tree is slower than its last commit."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import SPIN
from tests.repositories import Repository

CONFIG = """\
[run]
budget = "60 s"

[gate]
threshold = "60%"
confirm = "no"

[[suite]]
name = "programs"
harness = "command"
commands = { same = "sh same.sh", slower = "sh slower.sh", lasting = "sleep 2" }
"""

SECRET = "glpat-ThisMustNotBeShown123"


@dataclass(frozen=True)
class Project:
    """The repository, and the environment of a server for it."""

    repository: Repository
    environ: dict[str, str]

    @property
    def command(self) -> list[str]:
        """How a client starts the server."""
        return [sys.executable, "-m", "perfbot", "mcp", "--repo", str(self.repository.path)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    repository = Repository(tmp_path / "project")
    repository.commit({"perfbot.toml": CONFIG, "same.sh": SPIN.format(3000), "slower.sh": SPIN.format(3000)})
    repository.write({"slower.sh": SPIN.format(9000)})
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PERFBOT_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "GITLAB_TOKEN": SECRET,
    }
    return Project(repository, environ)
