"""Set-up: where it runs, and what is said when it fails."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from perfbot.model import Runner
from perfbot.pipeline.story import run
from perfbot.pipeline.surroundings import Surroundings
from perfbot.render.progress import Silent
from tests.pipeline.conftest import by_name, make_repo, report_of, request_for

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


def test_what_a_run_takes_from_the_machine_is_passed_in(tmp_path: Path) -> None:
    moments = iter((100.0, 107.0))
    around = Surroundings(
        clock=lambda: next(moments),
        now=lambda: dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        runner=lambda: Runner(cpu="somebody's"),
    )
    config = (
        '[run]\nwhen_changed = ["docs/**"]\n[[suite]]\nname = "s"\nharness = "command"\ncommands = { it = "true" }\n'
    )
    repository = make_repo(tmp_path / "shop", {"perfbot.toml": config}, {"README": "later\n"})
    report = run(request_for(repository, tmp_path / "cache"), Silent(), around=around)
    assert (report.seconds, report.started, report.runner.cpu) == (7.0, "2026-01-02T03:03:58+00:00", "somebody's")
