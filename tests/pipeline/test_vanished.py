"""Benchmarks that a merge request takes out by its own configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.model import Report, Shard
from perfbot.pipeline.story import run
from perfbot.render.progress import Silent
from tests.pipeline.conftest import AROUND, by_name, make_repo, report_of, request_for
from tests.repositories import Repository

pytestmark = pytest.mark.timeout(300)

SUITE = '[[suite]]\nname = "{}"\nharness = "command"\ncommands = {{ kept = "true", gone = "true", left = "true" }}\n'
BASE = '[run]\nbudget = "1 min"\n[gate]\nthreshold = "90%"\n' + SUITE.format("cli") + SUITE.format("other")
HEAD = BASE.split("[[suite]]")[0] + SUITE.format("cli").replace(' gone = "true",', "") + 'skip = ["left"]\n'


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repo(tmp_path / "shop", {"perfbot.toml": BASE}, {"perfbot.toml": HEAD})


def merge_request(repository: Repository, cache: Path, **options: object) -> Report:
    request = request_for(repository, cache, **options)
    base, head = repository.git("rev-parse", "main"), repository.head
    ci = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "1", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
          "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_COMMIT_SHA": head}  # fmt: skip
    return run(replace(request, environ={**request.environ, **ci}), Silent(), around=AROUND)


def test_they_are_told_and_gate(repository: Repository, tmp_path: Path) -> None:
    report = merge_request(repository, tmp_path / "cache")
    gone = {name: (one.verdict, one.gate) for name, one in by_name(report).items() if name != "cli/kept"}
    assert gone == dict.fromkeys(("cli/gone", "cli/left", "other/*"), ("removed", "fail"))
    assert by_name(report)["cli/kept"].rounds
    assert report.verdict == "fail"


def test_what_was_not_asked_for_is_not_missed(repository: Repository, tmp_path: Path) -> None:
    report = merge_request(repository, tmp_path / "cache", only=("cli/kept", "cli/gone"), suites=("cli",))
    assert set(by_name(report)) == {"cli/kept", "cli/gone"}


def test_only_the_first_part_of_a_run_tells_it(repository: Repository, tmp_path: Path) -> None:
    parts = [merge_request(repository, tmp_path / "cache", shard=Shard(index, 2)) for index in (1, 2)]
    told = [sum(one.verdict == "removed" for one in part.results) for part in parts]
    assert told == [3, 0]


def test_on_ones_own_machine_the_working_tree_decides(repository: Repository, tmp_path: Path) -> None:
    assert set(by_name(report_of(repository, tmp_path / "cache"))) == {"cli/kept"}
