"""What a re-run was asked to do reaches the measuring job as data."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from perfbot.cli.asked import apply
from perfbot.errors import ChangeError
from tests.builders import HEAD, OTHER


def options(**given: object) -> argparse.Namespace:
    plain: dict[str, object] = {"only": [], "budget": None, "force": False, "head": "", "bisect": None, "why": None}
    return argparse.Namespace(**{**plain, "base": "", "env": [], "statement": None, **given})


def test_variables_complete_the_options() -> None:
    args = options()
    apply(args, {"PERFBOT_ONLY": "core/*\n\ncore/a b; rm -rf /", "PERFBOT_BUDGET": "300s", "PERFBOT_FORCE": "1"})
    assert args.only == ["core/*", "core/a b; rm -rf /"]
    assert (args.budget, args.force) == ("300s", True)


def test_the_commit_that_did_it_is_asked_for_among_globs() -> None:
    args = options()
    apply(args, {"PERFBOT_ONLY": "--bisect\ncore/*"})
    assert (args.only, args.bisect) == (["core/*"], True)
    args = options(bisect=False)
    apply(args, {"PERFBOT_ONLY": "--bisect"})
    assert (args.only, args.bisect) == ([], False)


def test_what_was_typed_wins() -> None:
    args = options(only=["x"], budget="1m")
    apply(args, {"PERFBOT_ONLY": "core/*", "PERFBOT_BUDGET": "300s"})
    assert (args.only, args.budget, args.force) == (["x"], "1m", False)


def test_nothing_asked_changes_nothing() -> None:
    args = options()
    apply(args, {"PERFBOT_ONLY": "", "PERFBOT_BUDGET": "", "PERFBOT_FORCE": "", "PERFBOT_HEAD": ""})
    assert args == options()


def test_the_head_is_pinned() -> None:
    environ = {"GITLAB_CI": "true", "CI_COMMIT_SHA": HEAD, "PERFBOT_HEAD": OTHER}
    with pytest.raises(ChangeError, match="A run of ccccccc was asked for, but this pipeline is of aaaaaaa"):
        apply(options(), environ)
    apply(options(), {**environ, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": OTHER})


@pytest.mark.parametrize(("labels", "forced"), [("bug,perfbot", True), ("bug,perfbots", False), ("", False)])
def test_a_label_forces_a_run_on_gitlab(labels: str, forced: bool) -> None:
    args = options()
    apply(args, {"GITLAB_CI": "true", "CI_COMMIT_SHA": HEAD, "CI_MERGE_REQUEST_LABELS": labels})
    assert args.force is forced


@pytest.mark.parametrize(("label", "forced"), [("perfbot", True), ("bug", False)])
def test_a_label_forces_a_run_on_github(label: str, forced: bool, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 1, "head": {"sha": HEAD}, "labels": [{"name": label}]}}))
    args = options()
    apply(args, {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)})
    assert args.force is forced


def test_why_is_asked_for_among_globs() -> None:
    args = options()
    apply(args, {"PERFBOT_ONLY": "--why\ncore/*"})
    assert (args.why, args.bisect, args.only) == (True, None, ["core/*"])
    typed = options(why=False)
    apply(typed, {"PERFBOT_ONLY": "--why"})
    assert typed.why is False
