"""What a run makes of its request before anything is measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perfbot.errors import ConfigError, UsageError
from perfbot.pipeline.understand import understand
from tests.pipeline.conftest import make_repo, report_of, request_for
from tests.repositories import Repository

PROGRAMS = '[[suite]]\nname = "{}"\nharness = "command"\ncommands = {{ nothing = "true" }}\n'

CONFIG = '[gate]\nthreshold = "3%"\n[run]\nbudget = "90 s"\nwhen_changed = ["src/**"]\nseed = 4\n' + (
    PROGRAMS.format("one") + PROGRAMS.format("two")
)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repo(tmp_path / "project", {"perfbot.toml": CONFIG, "src/a.c": "1"}, {"src/a.c": "2"})


def test_the_configuration_decides(repository: Repository, tmp_path: Path) -> None:
    job = understand(request_for(repository, tmp_path / "cache", seed=None))
    assert [suite.name for suite in job.suites] == ["one", "two"]
    assert (job.policy.threshold, job.budget, job.seed, job.skip) == (0.03, 90.0, 4, "")
    assert job.change.head == repository.head
    assert job.change.base == repository.git("rev-parse", "main")


def test_the_command_line_goes_first(repository: Repository, tmp_path: Path) -> None:
    options = {"threshold": 0.5, "budget": 7.0, "seed": 9, "suites": ("two",), "base": "HEAD", "head": "main"}
    job = understand(request_for(repository, tmp_path / "cache", **options))
    assert (job.policy.threshold, job.budget, job.seed) == (0.5, 7.0, 9)
    assert [suite.name for suite in job.suites] == ["two"]
    assert job.change.base == repository.head


def test_what_touches_nothing_measured_is_skipped_unless_forced(repository: Repository, tmp_path: Path) -> None:
    repository.git("switch", "--quiet", "--create", "docs", "main")
    repository.commit({"README": "hello"})
    assert "when_changed" in understand(request_for(repository, tmp_path / "cache")).skip
    assert understand(request_for(repository, tmp_path / "cache", force=True)).skip == ""


def test_without_a_configuration_suites_are_found_by_looking(tmp_path: Path) -> None:
    benchmark = "def test_it(benchmark):\n    benchmark(len, [])\n"
    files = {"pyproject.toml": "[project]\nname = 'x'\nversion = '1'\n", "benchmarks/test_it.py": benchmark}
    repository = make_repo(tmp_path / "project", files, {"x.py": ""})
    job = understand(request_for(repository, tmp_path / "cache"))
    (suite,) = job.suites
    assert suite.harness == "pytest"
    assert any("no suite is configured" in note for note in job.notes)


def test_where_there_is_nothing_to_find_it_says_what_to_type(tmp_path: Path) -> None:
    repository = make_repo(tmp_path / "project", {"a": "1"}, {"a": "2"})
    with pytest.raises(ConfigError, match="no benchmarks were found") as raised:
        understand(request_for(repository, tmp_path / "cache"))
    assert "perfbot init" in raised.value.hint


def test_an_unknown_suite_is_named_with_those_there_are(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected one of one, two"):
        understand(request_for(repository, tmp_path / "cache", suites=("three",)))


def test_a_suite_whose_folder_is_missing_costs_no_other(tmp_path: Path) -> None:
    away = PROGRAMS.format("away") + 'directory = "later"\n'
    config = '[run]\nbudget = "3 s"\n' + away + PROGRAMS.format("here")
    repository = make_repo(tmp_path / "project", {"perfbot.toml": config}, {"later/file": "1"})
    report = report_of(repository, tmp_path / "cache")
    assert {result.suite for result in report.results} == {"here"}
    (problem,) = report.problems
    assert '"later" is missing on base' in problem.message
    assert report.verdict == "error"


def test_a_harness_that_finds_nothing_says_which_one_fits(tmp_path: Path, borrowed: str) -> None:
    script = "import pyperf\nif __name__ == '__main__':\n    pyperf.Runner().bench_func('it', len, [])\n"
    suite = f'[[suite]]\nname = "x"\nharness = "pytest"\npaths = ["benchmarks/"]\nsetup = [{json.dumps(borrowed)}]\n'
    files = {"benchmarks/bench_it.py": script, "perfbot.toml": suite}
    repository = make_repo(tmp_path / "project", files, {"x.py": ""})
    with pytest.raises(ConfigError, match="has no benchmarks") as raised:
        report_of(repository, tmp_path / "cache")
    assert raised.value.hint == 'There are pyperf benchmarks in benchmarks/bench_it.py: harness = "pyperf" fits them.'
