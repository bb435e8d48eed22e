"""``perfbot bench``: a statement on both sides, without a suite."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from perfbot.errors import NOT_MEASURED, USAGE
from tests.cli.conftest import OFFLINE, Shell
from tests.repositories import Repository

pytestmark = pytest.mark.timeout(240)

CONFIG = '[gate]\nthreshold = "50%"\nconfirm = "no"\n[why]\nenabled = false\n'
SLOW = "def work(n):\n    return sum(i * i for i in range({} * n))\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "project")
    made.commit(
        {
            "app.py": SLOW.format(1),
            "perfbot.toml": CONFIG,
        }
    )
    made.write({"app.py": SLOW.format(3)})
    return made


def typed(repository: Repository, *words: str) -> subprocess.CompletedProcess[str]:
    cache = str(repository.path.parent / "cache")
    own = {"PATH": os.environ["PATH"], "HOME": cache, "PERFBOT_CACHE": cache}
    return Shell(repository, own | OFFLINE).type("bench", *words)


def test_the_working_tree_is_compared_with_the_last_commit(repository: Repository) -> None:
    done = typed(repository, "work(300)", "--setup", "from app import work", "--seed", "1", "--format", "json")
    assert done.returncode == 1, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    assert (result["suite"], result["benchmark"], result["verdict"]) == ("bench", "statement", "regressed")
    assert 1 < result["change"] < 4


def test_what_only_head_can_run_is_told(repository: Repository) -> None:
    repository.write({"app.py": SLOW.format(1) + "\n\ndef new():\n    return 1\n"})
    done = typed(repository, "new()", "--setup", "from app import new", "--seed", "1")
    assert done.returncode == NOT_MEASURED, done.stdout + done.stderr
    assert "cannot import name 'new'" in done.stdout


@pytest.mark.parametrize(("words", "said"), [(("1 +",), "STATEMENT"), (("1", "--setup", "import"), "--setup")])
def test_what_is_no_python_is_refused(repository: Repository, words: tuple[str, ...], said: str) -> None:
    done = typed(repository, *words)
    assert done.returncode == USAGE
    assert done.stderr.startswith(f"perfbot: {said}: ")
