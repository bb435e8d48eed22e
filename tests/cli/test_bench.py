"""``perfbot bench``: a statement on both sides, without a suite."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from perfbot.cli.statements import parts
from perfbot.errors import NOT_MEASURED, USAGE
from perfbot.model.statement import Statement, unpacked
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


def asked(repository: Repository, statement: Statement, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What the measuring job of a merge request does when a comment asked for a statement."""
    cache = str(repository.path.parent / "cache")
    ci = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "1", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
          "CI_MERGE_REQUEST_DIFF_BASE_SHA": repository.git("rev-parse", "HEAD^"), "CI_COMMIT_SHA": repository.head,
          "PERFBOT_ONLY": f"--bench={statement.packed}"}  # fmt: skip
    own = {"PATH": os.environ["PATH"], "HOME": cache, "PERFBOT_CACHE": cache, "PERFBOT_INSTALLER": "", **ci, **more}
    return Shell(repository, own | OFFLINE).type(*words)


def test_a_statement_of_a_comment_is_measured_and_decides_nothing(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"app.py": SLOW.format(3)})
    block = "from app import work\nfor number in [300]:\n    pass\nfor _ in '1':\n    work(number)"
    file = tmp_path / "report.json"
    done = asked(repository, Statement("", block), "run", "--seed", "1", "--report", str(file))
    assert done.returncode == 1, done.stderr
    found = json.loads(file.read_text())
    (result,) = found["results"]
    assert (result["suite"], result["benchmark"], result["verdict"]) == ("bench", "statement", "regressed")
    assert found["change"]["aside"] == "by the statement work(number)"


def test_what_is_no_python_in_a_comment_is_told_in_the_report(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"app.py": SLOW.format(3)})
    file = tmp_path / "report.json"
    done = asked(repository, Statement("work(", "from app import work"), "run", "--report", str(file))
    assert done.returncode == NOT_MEASURED
    assert "SyntaxError" in file.read_text()
    assert json.loads(file.read_text())["change"]["aside"]


def test_nothing_of_a_comment_runs_where_the_token_is(repository: Repository) -> None:
    repository.commit({"app.py": SLOW.format(3)})
    done = asked(repository, Statement("open('ran', 'w')"), "ci")
    assert done.returncode == USAGE
    assert "two jobs" in done.stderr
    assert not (repository.path / "ran").exists()


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("X = 1\nf(X)", ("f(X)", "X = 1\n")),
        ("f(1)", ("f(1)", "")),
        ("X = 'ü'; f(X)", ("f(X)", "X = 'ü'; ")),
        ("X = 1\n\nf(\n  X,\n)\n# end\n", ("f(\n  X,\n)\n# end", "X = 1\n\n")),
        ("X = (", ("X = (", "")),
        ("# nothing", ("# nothing", "")),
    ],
)
def test_the_last_statement_of_a_block_is_what_is_measured(block: str, expected: tuple[str, str]) -> None:
    assert parts(Statement("", block)) == expected


@pytest.mark.parametrize("word", ["", "x", "W10=", "WyIiLCAiIl0=", "WzEsIDIsIDNd", "ü"])
def test_what_is_no_packed_statement_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="no statement"):
        unpacked(word)
