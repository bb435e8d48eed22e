"""A base of somebody's choice and variables of one side: measured for real, and marked as what decides nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.model.aside import Setting
from perfbot.pipeline.job import Request
from perfbot.pipeline.understand import understand
from tests.pipeline.conftest import by_name, make_repo, report_of, request_for
from tests.repositories import Repository

WORK = "i=0; while [ $i -lt ${TIMES:-300} ]; do i=$((i+1)); done\n"
CONFIG = '[gate]\nconfirm = "no"\n[[suite]]\nname = "s"\nharness = "command"\ncommands = { work = "sh work.sh" }\n'


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = make_repo(tmp_path / "shop", {"perfbot.toml": CONFIG, "work.sh": WORK}, {"README": "1"})
    made.git("tag", "v1", "main")
    made.commit({"README": "2"})
    return made


def in_merge_request(repository: Repository, cache: Path, **options: object) -> Request:
    request = request_for(repository, cache, **options)
    ci = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "1", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
          "CI_MERGE_REQUEST_DIFF_BASE_SHA": repository.git("rev-parse", "main"),
          "CI_COMMIT_SHA": repository.head}  # fmt: skip
    return replace(request, environ={**request.environ, **ci})


@pytest.mark.parametrize(
    ("options", "aside"),
    [
        ({}, ""),
        ({"base": "v1"}, ""),  # which is the merge base
        ({"base": "HEAD^"}, "against HEAD^"),
        ({"spec": "HEAD^..HEAD"}, "against HEAD^"),
        ({"settings": (Setting("FAST", "1", "head"),)}, "FAST=1 on head"),
        ({"base": "HEAD^", "settings": (Setting("FAST", "1"),)}, "against HEAD^, FAST=1"),
    ],
)
def test_what_is_not_as_usual_is_said(
    repository: Repository, tmp_path: Path, options: dict[str, object], aside: str
) -> None:
    change = understand(in_merge_request(repository, tmp_path / "cache", **options)).change
    assert change.aside == aside
    assert any("decides nothing" in note for note in change.notes) == bool(aside)


def test_on_ones_own_machine_another_base_is_as_usual(repository: Repository, tmp_path: Path) -> None:
    assert understand(request_for(repository, tmp_path / "cache", base="HEAD^")).change.aside == ""


def test_a_variable_of_one_side(repository: Repository, tmp_path: Path) -> None:
    report = report_of(repository, tmp_path / "cache", settings=(Setting("TIMES", "60000", "head"),))
    assert by_name(report)["s/work"].verdict == "regressed"
    assert report.change.aside == "TIMES=60000 on head"
