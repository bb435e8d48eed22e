"""Set-up: where it runs, and what is said when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.conftest import by_name, make_repo, report_of

pytestmark = pytest.mark.timeout(300)

TOP = '[run]\nbudget = "1 min"\n[gate]\nthreshold = "90%"\n'
SUITE = '[[suite]]\nname = "cli"\nharness = "command"\ncommands = { run = "./made" }\n'
SCRIPT = "printf '#!/bin/sh\\ntrue\\n' > made; chmod +x made\n"


def test_it_runs_in_the_suites_folder(tmp_path: Path) -> None:
    config = f'{TOP}{SUITE}directory = "pkg"\nsetup = ["sh make.sh", "test -f ../top"]\n'
    files = {"perfbot.toml": config, "pkg/make.sh": SCRIPT, "top": ""}
    report = report_of(make_repo(tmp_path / "shop", files, {"later": ""}), tmp_path / "cache")
    assert by_name(report)["cli/run"].rounds
    assert report.verdict == "pass"


def test_folders_that_differ_do_not_share_an_environment(tmp_path: Path) -> None:
    one = f'{SUITE}directory = "one"\nsetup = ["sh make.sh"]\n'
    config = TOP + one + one.replace("cli", "two").replace("one", "two")
    files = {"perfbot.toml": config, "one/make.sh": SCRIPT, "two/make.sh": SCRIPT}
    report = report_of(make_repo(tmp_path / "shop", files, {"later": ""}), tmp_path / "cache")
    assert {name for name, one in by_name(report).items() if one.rounds} == {"cli/run", "two/run"}


@pytest.mark.parametrize(
    ("base", "head", "where", "whose"),
    [
        ("exit 1", "exit 1", "on both sides", "the fault is not the change's"),
        ("sleep 1; exit 1", "exit 1", "on both sides", "the fault is not the change's"),
        (SCRIPT, "exit 1", "on head", "the change broke it"),
        ("exit 1", SCRIPT, "on base", "Head could be set up"),
    ],
)
def test_a_failure_says_whose_it_is(tmp_path: Path, base: str, head: str, where: str, whose: str) -> None:
    files = {"perfbot.toml": f'{TOP}{SUITE}setup = ["sh make.sh"]\n', "make.sh": base}
    repository = make_repo(tmp_path / "shop", files, {"make.sh": head, "later": ""})
    report = report_of(repository, tmp_path / "cache")
    (problem,) = report.problems
    assert f"set-up failed {where}: `sh make.sh`" in problem.message
    assert whose in problem.message
    assert report.verdict == "error"
