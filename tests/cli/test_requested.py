"""What verbs that measure make of the options that they share."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from perfbot.cli import bench, bisect, calibrate, run, watch
from perfbot.cli.requested import request_here
from perfbot.errors import UsageError
from perfbot.pipeline.job import Request
from tests.repositories import Repository


def parsed(verb: object, *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)  # type: ignore[attr-defined]
    return parser.parse_args(words)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path / "project")
    repository.series(2)
    monkeypatch.chdir(repository.path)
    monkeypatch.setenv("PERFBOT_CACHE", str(tmp_path / "cache"))
    return repository


@pytest.mark.parametrize(
    ("verb", "words"), [(bench, ("1 + 1",)), (calibrate, ()), (run, ()), (bisect, ()), (watch, ())]
)
def test_every_verb_reads_budget_and_configuration_alike(
    here: Repository, verb: object, words: tuple[str, ...]
) -> None:
    request = request_here(parsed(verb, *words, "--budget", "90s", "--config", "other.toml"))
    assert (request.repo, request.budget, request.config) == (here.path, 90.0, Path("other.toml"))
    with pytest.raises(UsageError, match=r"^--budget: "):
        request_here(parsed(verb, *words, "--budget", "soon"))


def test_a_calibration_compares_a_commit_with_itself(here: Repository) -> None:
    request = calibrate._request(parsed(calibrate, "--commit", "HEAD~1"))
    assert (request.base, request.head, request.same, request.force) == ("HEAD~1", "HEAD~1", True, True)
    assert (request.suites, request.only, request.threshold) == ((), (), None)


def test_a_statement_is_a_suite_of_its_own(here: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Request] = []

    class Asked(Exception):
        """Far enough."""

    def measure(request: Request, *_: object) -> None:
        seen.append(request)
        raise Asked

    monkeypatch.setattr("perfbot.api.measure", measure)
    with pytest.raises(Asked):
        bench.execute(parsed(bench, "1 + 1", "--threshold", "5%", "--seed", "3", "--quiet"))
    (request,) = seen
    assert [suite.name for suite in request.given] == ["bench"]
    assert (request.dirty, request.force, request.threshold, request.seed) == (True, True, 0.05, 3)
    assert request.repo == here.path
