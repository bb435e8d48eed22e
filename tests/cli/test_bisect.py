"""``perfbot bisect`` on real repositories: functions in rings, programs in pairs, commits that break, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import OFFLINE, Shell
from tests.repositories import Repository

FUNCTIONS = """\
[gate]
threshold = "50%"
alpha = 0.2
confirm = "no"

[[suite]]
name = "core"
harness = "python"
functions = { work = "bench:work" }
"""
PROGRAMS = """\
[gate]
threshold = "50%"
alpha = 0.2
confirm = "no"

[[suite]]
name = "programs"
harness = "command"
commands = { work = "sh run.sh" }
"""
LIBRARY = "# {number}\n\ndef spin():\n    total = 0\n    for number in range({loops}):\n        total += number\n"
SCRIPT = "# {number}\ni=0; while [ $i -lt {loops} ]; do i=$((i+1)); done\n"


def project(folder: Path, config: str, file: str, template: str, loops: list[int]) -> Shell:
    """A commit for each number of loops; a number below zero makes a commit that is broken."""
    repository = Repository(folder / "project")
    own = {"bench.py": "import lib\n\ndef work():\n    lib.spin()\n", "run.sh": ". ./work.sh\n"}
    files = {"perfbot.toml": config, **own}
    for number, count in enumerate(loops):
        text = template.format(number=number, loops=count) if count > 0 else "exit 7\n"
        repository.commit({**files, file: text}, f"commit {number}")
    (folder / "tmp").mkdir()
    variables = {"HOME": str(folder), "PERFBOT_CACHE": str(folder / "cache"), "TMPDIR": str(folder / "tmp")}
    return Shell(repository, {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **OFFLINE, **variables})


def answer(shell: Shell, *words: str) -> dict[str, Any]:
    done = shell.type("bisect", *words, "--format", "json", "--seed", "1")
    found: dict[str, Any] = json.loads(done.stdout)
    found["code"] = done.returncode
    return found


def subjects(found: dict[str, Any]) -> list[list[str]]:
    """Of each step, the commits that it may be."""
    names = [commit["subject"] for commit in found["commits"]]
    ids = [commit["id"] for commit in found["commits"]]
    (one,) = found["found"]
    return [names[ids.index(step["after"]) + 1 : ids.index(step["at"]) + 1] for step in one["steps"]]


def test_the_commit_is_named_among_functions(tmp_path: Path) -> None:
    shell = project(tmp_path, FUNCTIONS, "lib.py", LIBRARY, [900] * 3 + [2700] * 2)
    found = answer(shell, "HEAD~4..HEAD")
    assert subjects(found) == [["commit 3"]]
    assert (found["code"], found["complete"], found["found"][0]["kind"]) == (0, True, "commit")
    assert found["found"][0]["change"] > 0.5
    assert shell.repository.git("worktree", "list").count("\n") == 0


def test_commits_without_the_benchmark_are_answered_by_a_range(tmp_path: Path) -> None:
    shell = project(tmp_path, FUNCTIONS, "lib.py", LIBRARY, [900, 900, -1, 2700, 2700])
    found = answer(shell, "HEAD~4..HEAD")
    assert subjects(found) == [["commit 2", "commit 3"]]
    assert found["code"] == 1
    assert found["lost"][0]["commit"] == shell.repository.git("rev-parse", "HEAD~2")


def test_the_commit_is_named_among_programs(tmp_path: Path) -> None:
    shell = project(tmp_path, PROGRAMS, "work.sh", SCRIPT, [2000, 2000, 8000, 8000])
    done = shell.type("bisect", "HEAD~3..HEAD", "--seed", "1")
    assert done.returncode == 0, done.stderr
    assert "one commit did it" in done.stdout
    assert "commit 2 (Ada, 2026-01-02)" in done.stdout


def test_a_run_that_is_asked_to_names_the_commit(tmp_path: Path) -> None:
    shell = project(tmp_path, PROGRAMS, "work.sh", SCRIPT, [2000, 2000, 2000, 8000])
    file = shell.folder / "report.json"
    done = shell.type("run", "HEAD~3..HEAD", "--bisect", "--no-why", "--report", str(file), "--budget", "30s")
    assert done.returncode == 1, done.stderr
    (found,) = json.loads(file.read_text())["culprits"]
    assert (found["commits"], found["subject"], found["benchmark"]) == (1, "commit 3", "work")
    assert "commit 3" in done.stdout


def test_stopping_tells_what_is_known(tmp_path: Path) -> None:
    shell = project(tmp_path, FUNCTIONS, "lib.py", LIBRARY, [900] * 6 + [2700] * 3)
    file = tmp_path / "found.json"
    process = shell.start("bisect", "HEAD~8..HEAD", "--report", str(file), "--budget", "5m")
    assert process.stderr is not None
    while ", round " not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was over before it could be stopped")
    assert process.returncode == 130, err
    assert out
    found = json.loads(file.read_text())
    assert not found["complete"]
    assert any("SIGINT" in problem for problem in found["problems"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["HEAD..HEAD"], "same commit"),
        (["nothing..HEAD"], "no commit called `nothing`"),
        (["HEAD~1..HEAD", "--only", "none/*"], "No benchmark to bisect with"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_to_type(tmp_path: Path, words: list[str], told: str) -> None:
    shell = project(tmp_path, PROGRAMS, "work.sh", SCRIPT, [100, 200])
    done = shell.type("bisect", *words)
    assert done.returncode in (2, 3)
    assert told in done.stderr
    assert "→" in done.stderr


@pytest.mark.parametrize(("option", "value"), [("--budget", "soon"), ("--threshold", "much")])
def test_a_value_that_means_nothing_is_told_with_its_option(tmp_path: Path, option: str, value: str) -> None:
    shell = project(tmp_path, PROGRAMS, "work.sh", SCRIPT, [100, 200])
    done = shell.type("bisect", option, value)
    assert done.returncode == 2
    assert done.stderr.startswith(f'perfbot: {option}: found "{value}"')
