"""Commands that name some benchmarks: their verdict lets nothing pass that fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.measure.discovering import selector
from perfbot.model import Report, Result
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


@pytest.mark.parametrize("name", [
    "slow\nx", "slow\n--base=HEAD~1", "slow\r--bench=WyIxIiwgIiJd", "slow\u2028y", "slow\x85y", "slow\x1c*", "slow\t",
    "slow ",
])  # fmt: skip
def test_no_name_is_taken_apart_on_its_way_to_the_run(ready: InCI, tmp_path: Path, name: str) -> None:
    """Names went as lines: one that holds a line's end was not measured again, and the gate opened."""
    publish(write(tmp_path, report(result(name, change=0.5), result("fast"))), ready.publisher())
    desk(ready).act(say(ready, "/rebench core/fast"))
    globs = asked_for(ready)
    assert globs[0] == "core/fast"
    assert not any(one.startswith("-") for one in globs)
    assert selector(globs)(f"core/{name}")


@pytest.mark.parametrize("suite", ["--base=HEAD~1", "--why", " --bisect"])
def test_no_suite_is_an_option_of_the_run(ready: InCI, tmp_path: Path, suite: str) -> None:
    slow = replace(result("slow", change=0.5), suite=suite)
    publish(write(tmp_path, report(slow, result("fast"))), ready.publisher())
    desk(ready).act(say(ready, "/rebench core/fast"))
    (_, other) = asked_for(ready)
    assert not other.startswith("-")
    assert selector([other])(slow.full_name)


def test_what_was_accepted_of_one_metric_is_not_accepted_of_another(ready: InCI, tmp_path: Path) -> None:
    """A cost of memory that somebody took let the same benchmark become as much slower later."""
    memory = replace(result("parse", change=4.0), metric="memory", unit="B")
    first = report(replace(memory, raw=result("parse", change=4.0).raw), result("parse", change=0.0))
    assert publish(write(tmp_path, first), ready.publisher()).code == 1
    assert desk(ready).act(say(ready, "/perfbot accept core/parse it caches now")).startswith("accepted 1 of")
    assert publish(write(tmp_path, first), ready.publisher()).code == 0
    assert "core/parse (memory)" in ready.comment()
    slower = report(first.results[0], result("parse", change=3.0))
    assert publish(write(tmp_path, slower), ready.publisher()).code == 1


def test_of_two_metrics_that_fail_each_is_accepted_as_it_is(ready: InCI, tmp_path: Path) -> None:
    def measured(time: float) -> Report:
        memory = replace(result("parse", change=4.0), metric="memory", unit="B")
        return report(result("parse", change=time), memory)

    publish(write(tmp_path, measured(0.3)), ready.publisher())
    desk(ready).act(say(ready, "/perfbot accept core/parse worth it"))
    assert publish(write(tmp_path, measured(0.3)), ready.publisher()).code == 0
    assert publish(write(tmp_path, measured(3.0)), ready.publisher()).code == 1
