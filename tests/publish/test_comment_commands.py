"""Commands in comments: who may, what happens, how it is answered."""

from __future__ import annotations

import contextlib
import re
import string
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from perfbot.model.statement import Statement, unpacked
from perfbot.publish.comment_commands import poll
from perfbot.publish.flow import publish
from perfbot.publish.publisher import read_body
from tests.builders import HEAD, OTHER, report, result, write
from tests.ci_jobs import InCI
from tests.fakes.gitlab import FakeGitLab
from tests.publish.commenting import NOW, desk, measured, reactions, replies, say


def test_rebench(ready: InCI, tmp_path: Path) -> None:
    publish(write(tmp_path, report(result())), ready.publisher())
    note = say(ready, "/rebench core/* 'core/a b' --budget 5m")
    assert desk(ready).act(note) == "started"
    assert reactions(ready, note) == {"seen", "done"}
    assert measured(ready) == 1
    assert "Measuring `aaaaaaa` again; what follows is older." in ready.comment()
    assert replies(ready) == []
    asked = {"PERFBOT_FORCE": "1", "PERFBOT_HEAD": HEAD, "PERFBOT_ONLY": "core/*\ncore/a b", "PERFBOT_BUDGET": "300s"}
    if isinstance(ready.fake, FakeGitLab):
        job = next(j for j in ready.fake.jobs if j["name"] == "perfbot")
        assert ready.fake.jobs[-1]["name"] == "perfbot-publish", "publishes again after it"
        assert {v["key"]: v["value"] for v in job["variables"]} == asked
    else:
        (dispatched,) = ready.fake.dispatched
        assert dispatched["ref"] == "topic-1", "its own branch: main's cache is not its"
        assert dispatched["inputs"] == {
            "merge_request": "1", "head": HEAD, "target": "main", "only": "core/*\ncore/a b", "budget": "300s"
        }  # fmt: skip
        assert ready.status()[0] == "running"


def test_a_finished_gitlab_job_is_retried(gitlab: InCI, tmp_path: Path) -> None:
    publish(write(tmp_path, report(result())), gitlab.publisher())
    gitlab.fake.add_job(int(gitlab.environ["CI_PIPELINE_ID"]), "perfbot", "success")
    assert desk(gitlab).act(say(gitlab, "/rebench core/*")) == "started again"
    assert next(j for j in gitlab.fake.jobs if j["status"] == "pending")["inputs"]["only"] == "core/*"


def test_an_old_gitlab_retries_everything_and_says_so(gitlab: InCI, tmp_path: Path) -> None:
    publish(write(tmp_path, report(result())), gitlab.publisher())
    gitlab.fake.retry_takes_inputs = False
    gitlab.fake.add_job(int(gitlab.environ["CI_PIPELINE_ID"]), "perfbot", "failed")
    assert "the whole suite" in desk(gitlab).act(say(gitlab, "/rebench core/*"))
    assert "cannot hand options to a finished job" in replies(gitlab)[0]


def test_all_jobs_of_a_gitlab_matrix_are_retried(gitlab: InCI) -> None:
    for shard in (1, 2):
        gitlab.fake.add_job(int(gitlab.environ["CI_PIPELINE_ID"]), f"perfbot {shard}/2", "success")
    desk(gitlab).act(say(gitlab, "/rebench"))
    assert measured(gitlab) == 2


class KilledError(BaseException):
    """Stands in for SIGKILL: nothing catches it."""


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("retried", [1, 2, 3])
@pytest.mark.parametrize("resumed", [True, False])
def test_a_start_that_was_killed_between_its_retries_still_publishes(
    gitlab: InCI, shards: int, retried: int, resumed: bool
) -> None:
    """Handed in again by the service, or asked for again by a person who saw nothing happen."""
    pipeline = int(gitlab.environ["CI_PIPELINE_ID"])
    for shard in range(shards):
        gitlab.fake.add_job(pipeline, f"perfbot {shard + 1}/{shards}" if shards > 1 else "perfbot", "success")
    gitlab.fake.jobs = [job for job in gitlab.fake.jobs if job["name"] != "perfbot-publish"]
    gitlab.fake.add_job(pipeline, "perfbot-publish", "failed")
    note, left = say(gitlab, "/rebench"), [retried]

    handler = desk(gitlab)
    rest = handler.forge.runs._server._rest
    exchange = rest.exchange

    def dying(verb: str, address: str, *more: Any) -> Any:
        if address.endswith("/retry"):
            left[0] -= 1
            if left[0] < 0:
                raise KilledError
        return exchange(verb, address, *more)

    rest.exchange = dying
    with contextlib.suppress(KilledError):
        handler.act(note)
    desk(gitlab, resumed=resumed).act(note if resumed else say(gitlab, "/rebench"))
    waiting = sorted(job["name"] for job in gitlab.fake.jobs if job["status"] == "pending" and not job["retried"])
    measuring = ["perfbot"] if shards == 1 else [f"perfbot {n + 1}/3" for n in range(3)]
    assert waiting == [*measuring, "perfbot-publish"]


def test_without_a_gitlab_job_a_pipeline_is_started(gitlab: InCI) -> None:
    before = len(gitlab.fake.pipelines)
    assert "new pipeline" in desk(gitlab).act(say(gitlab, "/rebench"))
    assert len(gitlab.fake.pipelines) == before + 1


def test_a_github_workflow_that_cannot_be_dispatched_is_repeated(github: InCI) -> None:
    github.fake.dispatchable = False
    assert "started again" in desk(github).act(say(github, "/rebench"))
    assert github.fake.runs[0]["run_attempt"] == 2


def test_strangers_are_refused_once(ready: InCI) -> None:
    notes = [say(ready, "/rebench", "mallory"), say(ready, "/perfbot accept * hi @all", "mallory")]
    for note in notes:
        assert desk(ready).act(note) == "refused: no write access"
        assert reactions(ready, note) == {"refused"}
    assert measured(ready) == 0
    assert len(replies(ready)) == 1


def test_who_cannot_be_asked_about_is_refused(ready: InCI) -> None:
    """The permission endpoint fails: closed."""
    from tests.fakes.server import Fault

    note = say(ready, "/rebench")
    ready.fake.faults = [Fault(403, path="members|permission", times=99)]
    assert desk(ready).act(note) == "refused: no write access"
    assert measured(ready) == 0


def test_perfbot_never_obeys_itself(ready: InCI) -> None:
    note = replace(say(ready, "/rebench"), mine=True)
    assert desk(ready).act(note) == "no command"
    assert measured(ready) == 0


def test_edits_are_no_commands(ready: InCI) -> None:
    note = replace(say(ready, "/rebench"), edited=True)
    assert desk(ready).act(note) == "no command"


def test_one_at_a_time(ready: InCI) -> None:
    desk(ready).act(say(ready, "/rebench"))
    second = say(ready, "/rebench")
    assert "under way already" in desk(ready).act(second)
    assert reactions(ready, second) == {"seen", "refused"}
    assert measured(ready) == 1


def test_the_same_comment_again_does_nothing(ready: InCI) -> None:
    note = say(ready, "/rebench")
    desk(ready).act(note)
    assert desk(ready, resumed=True).act(note) == "answered before"
    assert measured(ready) == 1


def test_killed_before_it_could_say_done(ready: InCI) -> None:
    """The run was started, the reaction was not given: handed in again, nothing is started twice."""
    note = say(ready, "/rebench")
    desk(ready).act(note)
    given = ready.fake.emojis if isinstance(ready.fake, FakeGitLab) else ready.fake.given
    given.clear()
    assert desk(ready, resumed=True).act(note) == "started before"
    assert reactions(ready, note) == {"seen", "done"}
    assert measured(ready) == 1


def test_not_too_often(ready: InCI) -> None:
    for _ in range(4):
        say(ready, "/rebench")
    assert "More than 3 re-runs" in desk(ready, per_hour=3).act(say(ready, "/rebench"))
    later = replace(desk(ready, per_hour=3), now=NOW + timedelta(hours=2))
    assert later.act(say(ready, "/rebench")).startswith("started")


def test_strangers_do_not_use_up_the_runs_of_others(ready: InCI) -> None:
    for _ in range(9):
        say(ready, "/rebench", "mallory")
    assert desk(ready, per_hour=3).act(say(ready, "/rebench")).startswith("started")


def test_a_draft_is_measured_a_closed_one_is_not(ready: InCI) -> None:
    ready.fake.add_merge_request(1, HEAD, draft=True)
    assert desk(ready).act(say(ready, "/rebench")).startswith("started")
    ready.fake.add_merge_request(1, HEAD, state="closed")
    assert "closed" in desk(ready).act(say(ready, "/rebench"))


def test_help_and_misspelt(ready: InCI) -> None:
    note = say(ready, "/perfbot help")
    assert desk(ready).act(note) == "helped"
    assert "| `/rebench` | measure this head again |" in replies(ready)[0]
    wrong = say(ready, "/perfbot acept core/* @everyone")
    assert "no such command" in desk(ready).act(wrong)
    assert reactions(ready, wrong) == {"seen", "refused"}
    assert "@everyone" not in replies(ready)[1]


def accept(ci: InCI, text: str = "/perfbot accept core/slow* the checks are worth it") -> str:
    return desk(ci).act(say(ci, text))


@pytest.fixture
def failing(ci: InCI, tmp_path: Path) -> Callable[[float], int]:
    """Publishes a run in which core/slow[1] is slower by so much; its exit code."""

    def run(change: float) -> int:
        ci.next_run()
        return publish(write(tmp_path, report(result("slow[1]", change), result("fine"))), ci.publisher()).code

    assert run(0.2) == 1
    return run


def test_accept(ci: InCI, failing: Callable[[float], int]) -> None:
    assert accept(ci).startswith("accepted 1 ")
    (accepted,) = read_body(ci.forge().comments(1)).accepted
    assert (accepted.who, accepted.reason, accepted.head) == ("ada", "the checks are worth it", HEAD)
    assert failing(0.2) == 0
    assert "the checks are worth it" in ci.comment()
    assert ci.status()[0] == "success"


def test_what_gets_worse_is_no_longer_accepted(ci: InCI, failing: Callable[[float], int]) -> None:
    accept(ci)
    assert failing(0.2) == 0
    assert failing(0.4) == 1
    assert "worse than" in ci.comment()


def test_accepting_publishes_again(ci: InCI, failing: Callable[[float], int]) -> None:
    accept(ci)
    if isinstance(ci.fake, FakeGitLab):
        assert ci.fake.jobs[-1]["name"] == "perfbot-publish"
        assert ci.fake.jobs[-1]["status"] == "pending"


def test_accept_needs_a_verdict_of_this_head(ci: InCI, failing: Callable[[float], int]) -> None:
    assert "Nothing that fails" in accept(ci, "/perfbot accept core/fine why not")
    ci.fake.add_merge_request(1, OTHER)
    assert "Nothing that fails" in accept(ci)


def test_a_glob_accepts_only_what_failed_by_then(ci: InCI, failing: Callable[[float], int], tmp_path: Path) -> None:
    accept(ci, "/perfbot accept * everything")
    ci.next_run()
    own = report(result("slow[1]", 0.2), result("fine", 0.2))
    assert publish(write(tmp_path, own), ci.publisher()).code == 1
    assert "1 of 2 benchmarks is slower: merging is blocked" in ci.comment()
    assert "1 is slower but accepted" in ci.comment()


def test_hostile_reasons_are_harmless(ci: InCI, failing: Callable[[float], int]) -> None:
    accept(ci, "/perfbot accept core/slow* @all --> <!-- perfbot:end --> <script>")
    failing(0.2)
    body = read_body(ci.forge().comments(1))
    assert len(body.sections) == 1
    shown = [line for line in ci.comment().splitlines() if "<script>" in line]
    assert shown
    assert all(re.search(r"`[^`]*@all[^`]*<script>`", line) for line in shown), "only in code spans"


def test_poll(ready: InCI) -> None:
    note = say(ready, "thanks\n\n/rebench")
    say(ready, "no command")
    said = poll(ready.forge(), since=NOW - timedelta(days=1), now=NOW)
    assert len(said) == 1
    assert said[0].endswith("started")
    assert reactions(ready, note) == {"seen", "done"}
    assert poll(ready.forge(), since=NOW - timedelta(days=1), now=NOW)[0].endswith("answered before")
    assert measured(ready) == 1


def test_the_job_is_told_and_nothing_is_marked_as_old(ready: InCI, tmp_path: Path) -> None:
    publish(write(tmp_path, report(result())), ready.publisher())
    before = ready.comment()
    ready.config('[publish]\ncommand_env = ["FAST"]\n')
    note = say(ready, "/rebench 'core/*' --base v2.3 --env head:FAST='a b'")
    assert desk(ready).act(note) == "started"
    assert measured(ready) == 1
    assert "what follows is older" not in ready.comment()
    assert before.splitlines()[2:] == ready.comment().splitlines()[2:]
    if isinstance(ready.fake, FakeGitLab):
        job = next(j for j in ready.fake.jobs if j["name"] == "perfbot")
        only = next(v["value"] for v in job["variables"] if v["key"] == "PERFBOT_ONLY")
    else:
        only = ready.fake.dispatched[0]["inputs"]["only"]
    assert only.splitlines() == ["--base=v2.3", "--env=head:FAST=a b", "core/*"]


def test_a_variable_that_the_target_branch_does_not_name_is_refused(ready: InCI) -> None:
    note = say(ready, "/rebench --env FAST=1")
    assert desk(ready).act(note).startswith("refused")
    assert reactions(ready, note) == {"seen", "refused"}
    assert measured(ready) == 0
    assert "command_env" in replies(ready)[0]


def test_strangers_may_not(ready: InCI) -> None:
    assert desk(ready).act(say(ready, "/rebench --base v2.3", who="mallory")) == "refused: no write access"
    assert measured(ready) == 0


BENCH = "/perfbot bench f(X)\n```python\nfrom shop import f\nX = '$(id)'\n```"


def test_a_statement_is_measured_where_the_target_branch_allows_it(ready: InCI, tmp_path: Path) -> None:
    publish(write(tmp_path, report(result())), ready.publisher())
    before = ready.comment()
    ready.config("[publish]\ncommand_bench = true\n")
    assert desk(ready).act(say(ready, BENCH)) == "started"
    assert before.splitlines()[2:] == ready.comment().splitlines()[2:], "the usual verdict stays what it is"
    if isinstance(ready.fake, FakeGitLab):
        job = next(j for j in ready.fake.jobs if j["name"] == "perfbot")
        only = next(v["value"] for v in job["variables"] if v["key"] == "PERFBOT_ONLY")
    else:
        only = ready.fake.dispatched[0]["inputs"]["only"]
    (word,) = only.splitlines()
    assert set(word.removeprefix("--bench=")) <= set(string.ascii_letters + string.digits + "-_="), "no shell reads it"
    assert unpacked(word.removeprefix("--bench=")) == Statement("f(X)", "from shop import f\nX = '$(id)'")


def test_a_statement_is_refused_by_default(ready: InCI) -> None:
    note = say(ready, BENCH)
    assert desk(ready).act(note).startswith("refused")
    assert measured(ready) == 0
    assert "command_bench" in replies(ready)[0]
    assert "shop" not in replies(ready)[0]


def test_strangers_may_have_no_statement_run(ready: InCI) -> None:
    ready.config("[publish]\ncommand_bench = true\n")
    assert desk(ready).act(say(ready, BENCH, who="mallory")) == "refused: no write access"
    assert measured(ready) == 0


def test_a_statement_that_was_edited_since_is_none(ready: InCI) -> None:
    ready.config("[publish]\ncommand_bench = true\n")
    note = say(ready, BENCH)
    assert desk(ready).act(replace(note, body=BENCH.replace("shop", "other"))) == "no command any more"
    assert measured(ready) == 0
