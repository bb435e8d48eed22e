"""Commands that name some benchmarks: their verdict lets nothing pass that fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.model import Result
from perfbot.publish.flow import publish
from tests.builders import report, result, write
from tests.ci_jobs import InCI
from tests.fakes.gitlab import FakeGitLab
from tests.publish.commenting import desk, measured, say


def asked_for(ci: InCI) -> list[str]:
    """The globs of the run that was started."""
    if isinstance(ci.fake, FakeGitLab):
        job = next(j for j in ci.fake.jobs if j["name"] == "perfbot")
        return str(next(v["value"] for v in job["variables"] if v["key"] == "PERFBOT_ONLY")).splitlines()
    return str(ci.fake.dispatched[0]["inputs"]["only"]).splitlines()


@pytest.mark.parametrize("command", ["/rebench core/fast", "/perfbot why core/fast", "/perfbot bisect core/fast"])
def test_what_fails_is_measured_again_with_what_is_named(ready: InCI, tmp_path: Path, command: str) -> None:
    """A verdict about a fast benchmark alone would open the gate for the slow one."""
    slow, fast = result("slow[1]", change=0.5), result("fast")
    assert publish(write(tmp_path, report(slow, fast)), ready.publisher()).code == 1
    assert desk(ready).act(say(ready, command)).startswith("started")
    assert [one for one in asked_for(ready) if not one.startswith("--")] == ["core/fast", "core/slow[[]1]"]


def test_what_fails_and_is_named_is_not_named_twice(ready: InCI, tmp_path: Path) -> None:
    publish(write(tmp_path, report(result("slow", change=0.5))), ready.publisher())
    desk(ready).act(say(ready, "/rebench core/*"))
    assert asked_for(ready) == ["core/*"]


def test_some_benchmarks_make_no_first_verdict(ready: InCI, tmp_path: Path) -> None:
    assert "There is no verdict of this head yet" in desk(ready).act(say(ready, "/rebench core/fast"))
    assert measured(ready) == 0
    assert desk(ready).act(say(ready, "/rebench")).startswith("started")


@pytest.mark.parametrize("others", [[], [result("slow", change=0.5)]], ids=["alone", "beside a slower one"])
def test_what_fails_without_a_change_needs_a_whole_run(ready: InCI, tmp_path: Path, others: list[Result]) -> None:
    broken = replace(result("broken"), verdict="failed", gate="fail", change=None, interval=None)
    publish(write(tmp_path, report(broken, result("fast"), *others)), ready.publisher())
    assert "is more than some benchmarks" in desk(ready).act(say(ready, "/rebench core/fast"))
    assert measured(ready) == 0


def test_where_nothing_was_worth_a_comment_the_status_is_the_verdict(ready: InCI, tmp_path: Path) -> None:
    ready.config('[publish]\ncomment = "on-change"\n')
    publish(write(tmp_path, report(result(change=0.0))), ready.publisher())
    assert ready.fake.by_bot() == []
    assert desk(ready).act(say(ready, "/rebench core/*")).startswith("started")
