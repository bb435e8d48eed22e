"""One order of runs for comment and status: the newest run of a head has the last word on both, whoever comes last."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perfbot.errors import ReportError
from perfbot.forge.base import RefusedError, Status
from perfbot.forge.order import RunOrder, milliseconds, outrun, place_among, read_order
from perfbot.forge.status_address import NOBODY, Speaker, read_signature, signature, signed_address, speaker_in
from perfbot.publish.flow import Published, publish
from perfbot.publish.publisher import Publisher
from tests.builders import HEAD, report, result, write
from tests.ci_jobs import PULL, InCI
from tests.fakes.gitlab import FakeGitLab
from tests.fakes.server import Fault

SLOWER = 0.3


def say(publisher: Publisher, folder: Path, change: float = 0.0, **more: Any) -> Published:
    """Publish a report whose one benchmark changed by so much."""
    own = folder / f"{time.monotonic_ns()}"
    own.mkdir()
    return publish(write(own, report(result(change=change), **more)), publisher)


def alike(ci: InCI, state: str) -> None:
    """Comment and status say the same, in each pipeline."""
    words = "is slower: merging is blocked" if state == "failed" else "no change in 1 benchmark"
    assert words in ci.comment()
    assert "what follows is older" not in ci.comment()
    assert ci.status() == (state, ci.status()[1])
    if isinstance(ci.fake, FakeGitLab):
        newest = {row["pipeline_id"]: row["status"] for row in ci.fake.statuses}
        assert set(newest.values()) == {state}
    assert words in ci.status()[1]


@pytest.mark.parametrize(("first", "second"), [(SLOWER, 0.0), (0.0, SLOWER)])
def test_an_older_run_that_ends_later_changes_nothing(ci: InCI, tmp_path: Path, first: float, second: float) -> None:
    older = ci.publisher()
    ci.next_run()
    state = "failed" if second else "success"
    say(ci.publisher(), tmp_path, second)
    alike(ci, state)
    late = say(older, tmp_path, first)
    assert late.sections == (("", "fail" if second else "pass", "outrun"),)
    assert late.code == (1 if second else 0), "the gate is the newer run's"
    alike(ci, state)


def test_run_again_after_rebench_is_the_newest_although_its_number_is_not(github: InCI, tmp_path: Path) -> None:
    """/rebench dispatches run B; then "Re-run all jobs" of run A, whose number and attempt sort as older."""
    say(github.publisher(), tmp_path)
    first = github.environ["GITHUB_RUN_ID"]
    github.next_run()
    dispatched = github.publisher()
    say(dispatched, tmp_path, SLOWER)
    alike(github, "failed")
    run = next(r for r in github.fake.runs if r["id"] == int(first))
    run["run_attempt"] += 1
    run["attempts"].append(github.fake.now())
    github.environ |= {"GITHUB_RUN_ID": first, "GITHUB_RUN_ATTEMPT": "2"}
    say(github.publisher(), tmp_path)
    alike(github, "success")
    assert say(dispatched, tmp_path, SLOWER).sections[0][2] == "outrun"
    alike(github, "success")


def test_failed_jobs_again_publish_what_was_measured_before(github: InCI, tmp_path: Path) -> None:
    """Only the job that publishes is repeated: what it publishes is as old as it was."""
    run = next(r for r in github.fake.runs if r["id"] == int(github.environ["GITHUB_RUN_ID"]))
    run["jobs"] = [{"id": 1, "status": "completed", "conclusion": "success", "started_at": github.fake.now()}]
    old = dict(github.environ)
    github.next_run()
    say(github.publisher(), tmp_path, SLOWER)
    run["attempts"].append(github.fake.now())
    github.environ |= old | {"GITHUB_RUN_ATTEMPT": "2"}
    assert say(github.publisher(), tmp_path).sections[0][2] == "outrun"
    alike(github, "failed")


def test_the_event_tells_when_the_run_began(github: InCI, tmp_path: Path) -> None:
    github.environ["GITHUB_EVENT_NAME"] = "workflow_run"

    def after(number: int, attempt: int, moment: str) -> Publisher:
        run = {"id": number, "run_attempt": attempt, "head_sha": HEAD, "run_started_at": moment}
        github.event = {"workflow_run": {**run, "pull_requests": [PULL], "head_branch": "topic-1"}}
        return github.publisher()

    say(after(120, 1, "2026-11-23T12:30:00Z"), tmp_path, SLOWER)
    assert say(after(100, 1, "2026-11-23T12:00:00Z"), tmp_path).sections[0][2] == "outrun"
    say(after(100, 2, "2026-11-23T12:45:00Z"), tmp_path)
    alike(github, "success")


def test_an_old_pipeline_that_measures_again_is_the_newest(gitlab: InCI, tmp_path: Path) -> None:
    first = int(gitlab.environ["CI_PIPELINE_ID"])
    gitlab.fake.add_job(first, "perfbot", "success", gitlab.fake.now())
    old = dict(gitlab.environ)
    gitlab.next_run()
    gitlab.fake.add_job(int(gitlab.environ["CI_PIPELINE_ID"]), "perfbot", "success", gitlab.fake.now())
    newer = gitlab.publisher()
    say(newer, tmp_path, SLOWER)
    gitlab.environ |= old
    assert say(gitlab.publisher(), tmp_path).sections[0][2] == "outrun", "only the publishing job again"
    gitlab.fake.add_job(first, "perfbot", "success", gitlab.fake.now())
    say(gitlab.publisher(), tmp_path)
    alike_at_last(gitlab, "success")
    assert say(newer, tmp_path, SLOWER).sections[0][2] == "outrun"
    alike(gitlab, "success")


def alike_at_last(ci: InCI, state: str) -> None:
    """As :func:`alike`, where an older pipeline's row cannot have been brought along."""
    assert ci.status()[0] == state
    assert ("is slower" in ci.comment()) == (state == "failed")


def test_a_manual_job_counts_from_when_it_was_played(gitlab: InCI, tmp_path: Path) -> None:
    first, moments = dict(gitlab.environ), [gitlab.fake.now() for _ in range(3)]
    gitlab.fake.add_job(int(first["CI_PIPELINE_ID"]), "perfbot", "success", moments[2])
    gitlab.next_run()
    gitlab.fake.add_job(int(gitlab.environ["CI_PIPELINE_ID"]), "perfbot", "success", moments[1])
    say(gitlab.publisher(), tmp_path, SLOWER)
    gitlab.environ |= first
    say(gitlab.publisher(), tmp_path)
    alike_at_last(gitlab, "success")


def test_where_no_comment_is_wanted_the_status_keeps_the_order(ci: InCI, tmp_path: Path) -> None:
    ci.config('[publish]\ncomment = "on-change"\n')
    older = ci.publisher()
    ci.next_run()
    say(ci.publisher(), tmp_path)
    assert ci.fake.by_bot() == []
    assert say(older, tmp_path, SLOWER).sections[0][1:] == ("pass", "outrun")
    assert ci.status()[0] == "success"
    assert ci.fake.by_bot() == []


def test_an_older_run_that_begins_or_fails_late_changes_nothing(ci: InCI, tmp_path: Path) -> None:
    older = replace(ci.publisher(), run=RunOrder(1, 1, 1))
    ci.next_run()
    say(ci.publisher(), tmp_path)
    assert not older.begin()
    alike(ci, "success")
    with pytest.raises(ReportError):
        publish([tmp_path / "nothing.json"], older)
    alike(ci, "success")


def test_a_newer_run_that_failed_is_the_last_word(ci: InCI, tmp_path: Path) -> None:
    say(ci.publisher(), tmp_path)
    ci.next_run()
    older = ci.publisher()
    ci.next_run()
    with pytest.raises(ReportError):
        publish([tmp_path / "nothing.json"], ci.publisher())
    assert say(older, tmp_path).sections[0][1:] == ("fail", "outrun")
    assert ci.status()[0] == "failed"
    assert "could not be measured or judged" in ci.comment()


def test_the_same_run_may_speak_again(ci: InCI, tmp_path: Path) -> None:
    publisher = ci.publisher()
    say(publisher, tmp_path, SLOWER)
    say(publisher, tmp_path)
    alike(ci, "success")


def test_an_older_run_speaks_while_a_newer_one_measures(ci: InCI, tmp_path: Path) -> None:
    """One that has merely begun may never end."""
    older = ci.publisher()
    ci.next_run()
    newer = ci.publisher()
    newer.begin()
    say(older, tmp_path, SLOWER)
    assert "is slower" in ci.comment()
    say(newer, tmp_path)
    assert "no change in 1 benchmark" in ci.comment()
    shown = newer.forge.statuses.shown(newer.status("running", ""))
    assert next(one.state for one in shown if one.here) == "success"


def test_a_running_status_over_a_newer_verdict_is_taken_back(ci: InCI, tmp_path: Path) -> None:
    """An older run looked, a newer one spoke, and then the older one's "running" arrived."""
    older = ci.publisher()
    ci.next_run()
    say(ci.publisher(), tmp_path)
    older.forge.statuses.show(older.status("running", "Measuring."))
    assert say(older, tmp_path, SLOWER).sections[0][2] == "outrun"
    alike(ci, "success")


def test_an_older_status_that_lands_on_a_newer_is_put_right(ci: InCI, tmp_path: Path) -> None:
    """Between two of the newer run's looks; the older run's process is dead."""
    older = ci.publisher()
    ci.next_run()
    newer = ci.publisher()
    landed = []

    def land(seconds: float) -> None:
        if ci.fake.by_bot() and not landed:
            landed.append(seconds)
            status = older.status("success", "no change in 1 benchmark", order=RunOrder(1, 1, 1))
            older.forge.statuses.show(replace(status, pipeline=newer.place.pipeline))

    say(replace(newer, options={**newer.options, "sleep": land}), tmp_path, SLOWER)
    assert landed
    alike_at_last(ci, "failed")


def test_personal_tokens_keep_the_order_in_the_address(github: InCI, tmp_path: Path) -> None:
    github.fake.personal = True
    github.config('[publish]\ncomment = "on-change"\n')
    older = github.publisher()
    github.next_run()
    say(github.publisher(), tmp_path)
    say(older, tmp_path, SLOWER)
    assert [s["state"] for s in github.fake.statuses] == ["success"]
    assert speaker_in(github.fake.statuses[0]["target_url"]).order is not None


def test_without_ids_the_report_says_when_it_was_measured(ci: InCI, tmp_path: Path) -> None:
    """As reports come to `perfbot serve`: in any order."""
    by_hand = replace(ci.publisher(), run=RunOrder())
    say(by_hand, tmp_path, SLOWER, started="2026-11-23T12:40:00+00:00")
    assert say(by_hand, tmp_path, started="2026-11-23T12:20:00+00:00").sections[0][2] == "outrun"
    alike_at_last(ci, "failed")
    say(by_hand, tmp_path, started="2026-11-23T12:50:00+00:00")
    alike_at_last(ci, "success")


def test_no_report_is_of_the_future(ci: InCI, tmp_path: Path) -> None:
    by_hand = replace(ci.publisher(), run=RunOrder())
    say(by_hand, tmp_path, started="9999-12-31T00:00:00+00:00")
    time.sleep(0.002)
    say(by_hand, tmp_path, SLOWER, started="9999-12-31T00:00:00+00:00")
    alike_at_last(ci, "failed")


def test_where_the_forge_does_not_tell_runs_have_their_numbers(github: InCI, tmp_path: Path) -> None:
    github.fake.tells_runs = False
    older = github.publisher()
    github.next_run()
    say(github.publisher(), tmp_path, SLOWER)
    assert say(older, tmp_path).sections[0][2] == "outrun"
    alike(github, "failed")


def lock(ci: InCI) -> None:
    ci.fake.locked = True


def test_a_locked_conversation_keeps_no_status_from_being_set(ci: InCI, tmp_path: Path) -> None:
    lock(ci)
    with pytest.raises(RefusedError) as caught:
        say(ci.publisher(), tmp_path, SLOWER)
    assert caught.value.exit_code == 4
    assert ci.status()[0] == "failed"
    assert "is slower" in ci.status()[1]
    ci.next_run()
    with pytest.raises(RefusedError):
        say(ci.publisher(), tmp_path)
    assert ci.status()[0] == "success"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_comment_that_is_refused_keeps_no_status_from_being_set(ci: InCI, tmp_path: Path, status: int) -> None:
    ci.fake.faults = [Fault(status, methods=("POST",), path="/notes|/comments", times=99)]
    with pytest.raises(RefusedError):
        say(ci.publisher(), tmp_path, SLOWER)
    assert ci.status()[0] == "failed"
    ci.fake.violations.clear()


def test_an_edit_that_is_refused_keeps_no_status_from_being_set(ci: InCI, tmp_path: Path) -> None:
    say(ci.publisher(), tmp_path)
    ci.next_run()
    ci.fake.faults = [Fault(403, methods=("PUT", "PATCH"), path="/notes|/comments", times=99)]
    with pytest.raises(RefusedError):
        say(ci.publisher(), tmp_path, SLOWER)
    assert ci.status()[0] == "failed"


def test_a_status_that_is_refused_keeps_no_comment_from_being_written(ci: InCI, tmp_path: Path) -> None:
    ci.fake.faults = [Fault(422, methods=("POST", "PATCH"), path="/statuses|/check-runs", times=99)]
    with pytest.raises(RefusedError):
        say(ci.publisher(), tmp_path, SLOWER)
    assert "is slower" in ci.comment()


@pytest.mark.parametrize("seed", range(3))
def test_five_publishers_at_once(ci: InCI, tmp_path: Path, seed: int) -> None:
    """Five runs of one head that end together, in any order, over a listing that lags: both end as the newest says."""
    draw = random.Random(seed)  # noqa: S311 - only an order
    ci.fake.lag = 0.2
    runs = []
    for number in range(5):
        if number:
            ci.next_run()
        options = {"settle": (0.05, 0.1), "lag": 0.35, "lost": 0.4, "stagger": 0.1, "sleep": time.sleep}
        runs.append((replace(ci.publisher(), options=options), SLOWER * (number % 2 == seed % 2)))
    threads = [threading.Thread(target=say, args=(p, tmp_path, change)) for p, change in draw.sample(runs, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    alike(ci, "failed" if runs[-1][1] else "success")


def test_the_order_is_one_of_moments_then_numbers() -> None:
    first, again = RunOrder(10, 120, 1), RunOrder(20, 100, 2)
    assert again > first
    assert RunOrder(20, 101, 1) > again
    assert outrun(first, again)
    assert not outrun(first, first)
    assert not outrun(first, None)


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4.5", "1.2.x", "1.2.²", "-1.2.3", "1.2." + "9" * 19])
def test_what_is_no_order(text: str) -> None:
    assert read_order(text) is None


def test_an_order_is_read_as_it_is_written() -> None:
    order = RunOrder(1_795_435_200_000, 812, 3)
    assert read_order(str(order)) == order
    status = Status("success", "perfbot", "a" * 40, "", order=order, request=12, held=True)
    assert read_signature(signature(status)) == Speaker(order, 12, held=True)
    assert speaker_in(signed_address(replace(status, url="https://gitlab.example.com/x#old"))) == Speaker(
        order, 12, True
    )
    assert read_signature(str(order)) == Speaker(order)
    assert signed_address(status) == ""
    assert signature(replace(status, order=None, request=0)) == ""
    running = Status("running", "perfbot", "a" * 40, "", request=12)
    assert read_signature(signature(running)) == Speaker(None, 12), "being measured is no last word"
    assert speaker_in("https://x.example/#perfbot-run=nonsense") == NOBODY
    assert len(signed_address(replace(status, url="https://x.example/" + "a" * 230))) <= 255


@pytest.mark.parametrize(
    "text", ["1.2.3-", "1.2.3-x", "1.2.3--held", "1.2.3-4-5", "1.2.3-²", "1.2-3", "1.2.3-" + "9" * 19]
)
def test_what_tells_of_nobody(text: str) -> None:
    assert read_signature(text) == NOBODY


@pytest.mark.parametrize(
    ("started", "moment"),
    [
        ("2026-11-23T12:00:00+00:00", 1_795_435_200_000),
        ("", 99),
        ("yesterday", 99),
        ("9999-01-01", 99),
        ("0001-01-01", 99),
    ],
)
def test_a_reports_word_is_believed_up_to_now(started: str, moment: int) -> None:
    now = 1_895_435_200_000 if moment != 99 else 99
    assert place_among((1, 2), started=started, now=now) == RunOrder(moment, 1, 2)
    assert place_among((1, 2), forge=7, started=started, now=now) == RunOrder(7, 1, 2)
    assert milliseconds("2026-11-23 12:00:00 UTC") == 1_795_435_200_000
