"""``perfbot run --continue``: rounds add up, about the same change alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.report import read
from tests.cli.conftest import CONFIG, Shell, shell_for


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return shell_for(tmp_path, CONFIG)


def run(shell: Shell, name: str, *words: str) -> dict[str, int]:
    file = shell.folder / name
    done = shell.type("run", *words, "--report", str(file))
    assert file.is_file(), done.stderr
    return {one.benchmark: one.rounds for one in read(file).results}


def test_rounds_are_added_to_those_of_the_last_run(shell: Shell) -> None:
    few = run(shell, "few.json", "main..change", "--budget", "1500ms", "--only", "*/same", "--threshold", "0.01%")
    more = run(shell, "more.json", "--continue", "--budget", "1500ms", "--threshold", "0.01%")
    assert set(more) == {"same"}, "what the last run measured"
    assert more["same"] > few["same"] > 0
    first, both = read(shell.folder / "few.json"), read(shell.folder / "more.json")
    assert both.results[0].raw[: first.results[0].rounds] == first.results[0].raw
    assert both.change.base == first.change.base
    assert both.budget_seconds == 3
    (result,) = both.results
    indices = [taken.index for taken in result.raw]
    assert len(set(indices)) == len(indices), "rounds of both runs are told apart"
    decided = run(shell, "decided.json", "--continue", "--budget", "60s", "--threshold", "60%")
    assert read(shell.folder / "decided.json").results[0].verdict == "unchanged"
    assert run(shell, "again.json", "--continue", "--threshold", "60%") == decided, "decided: no more rounds"


def test_there_has_to_be_one_and_about_the_same(shell: Shell) -> None:
    done = shell.type("run", "--continue")
    assert (done.returncode, "no run of this repository is kept" in done.stderr) == (2, True)
    run(shell, "few.json", "main..change", "--budget", "1s")
    done = shell.type("run", "change..main", "--continue")
    assert done.returncode == 2
    assert "the last run was about" in done.stderr


def test_a_run_that_decides_nothing_is_no_success(shell: Shell) -> None:
    done = shell.type("run", "main..change", "--budget", "1ms")
    assert done.returncode == 3
