"""Runs with a base or variables of somebody's choice decide nothing, and what asks for them is read strictly."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.cli import asked
from perfbot.errors import UsageError
from perfbot.model import Report
from perfbot.model.aside import Setting
from perfbot.publish.commands import Misspelt, Rebench, parse
from perfbot.publish.flow import publish
from tests.builders import report, result, write
from tests.ci_jobs import InCI
from tests.fakes.gitlab import FakeGitLab


def aside(change: float = 0.3, words: str = "against v2.3") -> Report:
    found = report(result(change=change))
    return replace(found, change=replace(found.change, aside=words))


@pytest.mark.parametrize("change", [0.3, 0.0])
@pytest.mark.parametrize("usual", [0.3, 0.0])
def test_it_changes_neither_status_nor_comment_nor_exit_code(
    ci: InCI, tmp_path: Path, change: float, usual: float
) -> None:
    first = publish(write(tmp_path, report(result(change=usual))), ci.publisher())
    before = ci.status(), ci.comment()
    second = publish(write(tmp_path, aside(change), names=("aside",)), ci.publisher())
    assert second.code == first.code == (1 if usual else 0)
    assert (ci.status(), next(c["body"] for c in ci.fake.by_bot())) == before
    shown = ci.fake.by_bot()[-1]["body"]
    assert "Measured `against v2.3`, as somebody asked. This decides nothing" in shown
    assert ("is slower" in shown) == (change > 0)
    publish(write(tmp_path, aside(change, "FAST=1 on head"), names=("aside",)), ci.publisher())
    assert len(ci.fake.by_bot()) == 2, "the next one takes its place"


def test_without_a_usual_verdict_it_passes_nothing(ci: InCI, tmp_path: Path) -> None:
    published = publish(write(tmp_path, aside(0.0)), ci.publisher())
    assert published.code == 3
    assert not (ci.fake.statuses if isinstance(ci.fake, FakeGitLab) else ci.fake.checks)


@pytest.mark.parametrize(
    "hostile",
    [
        "--base --upload-pack=x",
        "--base=-v2",
        "--base +refs/heads/*:refs/heads/*",
        "--base a..b",
        "--base HEAD:secret",
        "--base 'main; rm -rf /'",
        "--base main@{upstream}",
        "--base '$(id)'",
        "--base ../../x",
        "--base " + "a" * 201,
        "--base",
        "--env PATH=/tmp",
        "--env LD_PRELOAD=x.so",
        "--env head:PYTHONPATH=x",
        "--env PERFBOT_TOKEN=x",
        "--env GIT_SSH_COMMAND=x",
        "--env CI_JOB_TOKEN=x",
        "--env other:FAST=1",
        "--env FAST",
        "--env =1",
        "--env 'FAST=a\u2028b'",
        "--env 'FAST=a\tb'",
        "--env FAST=" + "x" * 201,
        "--env A=1 " * 11,
        "--head v2.3",
    ],
)
def test_hostile_values_are_misspelt_and_never_repeated(hostile: str) -> None:
    (command,) = parse(f"/rebench {hostile}")
    assert isinstance(command, Misspelt)
    assert not any(word in command.why for word in ("x.so", "secret", "upload", "$(id)", "rm -rf"))


def test_a_line_break_ends_the_command() -> None:
    (command,) = parse("/rebench --env FAST=1\n--env=PATH=x\n--base=evil")
    assert command == Rebench(settings=(Setting("FAST", "1"),))


def arguments(**given: object) -> argparse.Namespace:
    plain: dict[str, object] = {"only": [], "base": "", "head": "", "env": [], "budget": None, "force": False}
    return argparse.Namespace(**{**plain, "bisect": None, "why": None, **given})


def test_the_job_reads_what_it_was_told() -> None:
    args = arguments()
    asked.apply(args, {"PERFBOT_ONLY": "--base=v2.3\n--env=head:FAST=a b\ncore/*"})
    assert (args.base, args.env, args.only) == ("v2.3", ["head:FAST=a b"], ["core/*"])
    assert asked.is_aside({"PERFBOT_ONLY": "--base=v2.3"})
    assert not asked.is_aside({"PERFBOT_ONLY": "core/*\n--bisect"})


def test_the_job_refuses_a_base_that_is_none() -> None:
    with pytest.raises(UsageError, match="name of one commit"):
        asked.apply(arguments(), {"PERFBOT_ONLY": "--base=--upload-pack=x"})
