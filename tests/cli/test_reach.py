"""Runs that follow a call of each benchmark: what is not measured is told, and only what is reached is measured."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import OFFLINE, Shell
from tests.repositories import Repository

CONFIG = """\
[run]
only_reached = {only}

[gate]
threshold = "90%"

[[suite]]
name = "core"
harness = "python"
functions = {{ one = "bench:one", two = "bench:two", child = "bench:child" }}
{more}
"""
BENCH = """\
import subprocess
import lib
DATA = lib.prepare()
def one():
    return lib.first(DATA)
def two():
    return lib.second()
def child():
    subprocess.run(["true"], check=True)
"""
LIBRARY = """\
def prepare():
    return 400
def first(count):
    return sum(range(count))
def second():
    return sum(range(500))
def third():
    return 1
"""


def project(folder: Path, changes: dict[str, str], *, only: bool = False, more: str = "") -> Shell:
    repository = Repository(folder / "project")
    config = CONFIG.format(only=str(only).lower(), more=more)
    repository.commit({"perfbot.toml": config, "bench.py": BENCH, "lib.py": LIBRARY, "data.txt": "1\n"}, "base")
    repository.git("switch", "--quiet", "--create", "change")
    repository.commit(changes, "head")
    (folder / "tmp").mkdir()
    own = {"HOME": str(folder), "PERFBOT_CACHE": str(folder / "cache"), "TMPDIR": str(folder / "tmp")}
    return Shell(repository, {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **OFFLINE, **own})


def run(shell: Shell) -> tuple[dict[str, Any], str]:
    file = shell.folder / "report.json"
    done = shell.type("run", "--report", str(file), "--budget", "2s")
    assert file.exists(), done.stderr
    report: dict[str, Any] = json.loads(file.read_text())
    return report, done.stdout + done.stderr


EDITED = LIBRARY.replace("range(500)", "range(501)").replace("return 1\n", "x = 2\n    return x\n")


def test_what_no_benchmark_runs_is_told(tmp_path: Path) -> None:
    report, said = run(project(tmp_path, {"lib.py": EDITED}))
    assert (report["reach"]["lines"], report["reach"]["missed"]) == (3, 2)
    assert [one["function"] for one in report["reach"]["functions"]] == ["third"]
    assert "2 of 3 changed lines are not measured" in said
    assert "lib.py:7 third, 2 lines" in said
    assert len(report["results"]) == 3


@pytest.mark.parametrize(
    ("changes", "measured"),
    [
        ({"lib.py": EDITED, "README.md": "more"}, {"two", "child"}),
        ({"lib.py": LIBRARY.replace("return 400", "return 401")}, {"one", "two", "child"}),
        ({"lib.py": EDITED, "data.txt": "2\n"}, {"one", "two", "child"}),
    ],
    ids=["what is reached", "what all are set up with", "data"],
)
def test_only_what_is_reached_is_measured(tmp_path: Path, changes: dict[str, str], measured: set[str]) -> None:
    """Whoever has children may be concerned by anything."""
    report, _ = run(project(tmp_path, changes, only=True))
    assert {one["benchmark"] for one in report["results"]} == measured


def test_a_suite_that_is_not_concerned_is_left_out(tmp_path: Path) -> None:
    shell = project(tmp_path, {"lib.py": EDITED}, more='when_changed = ["*.txt"]')
    report, said = run(shell)
    assert not report["results"]
    assert "when_changed" in report["skipped"]
    assert "left out" in said
