"""``confirm = "runner"``: nothing is red by one machine's word, and nothing passes before another one has spoken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perfbot.forge.body import compose
from perfbot.forge.first_word import FirstRed, FirstWord, first_word, read
from perfbot.forge.first_word import write as written
from perfbot.forge.order import RunOrder
from perfbot.model import Acceptance, Result, Runner
from perfbot.publish.flow import Published, publish, publish_sections
from tests.builders import HEAD, report, result, write
from tests.ci_jobs import InCI
from tests.fakes.gitlab import FakeGitLab

EPYC, XEON = Runner(cpu="AMD EPYC 7763", cores=2), Runner(cpu="Intel Xeon 8370C", cores=4)


@pytest.fixture(autouse=True)
def _asks_another_runner(ci: InCI) -> None:
    ci.config('[gate]\nconfirm = "runner"\n')


def fresh(change: float, **more: Any) -> Result:
    """A benchmark whose second half of rounds was taken to confirm what the first half showed."""
    own = result(change=change, **more)
    rounds = tuple(replace(one, confirming=one.index >= 12) for one in (*own.raw, *own.raw, *own.raw)[:40])
    return replace(own, raw=tuple(replace(one, index=index) for index, one in enumerate(rounds)))


def says(ci: InCI, folder: Path, *results: Result, on: Runner = EPYC, **more: Any) -> Published:
    """What one run publishes."""
    moment = f"2026-11-23T12:{len(ci.fake.by_bot()) + len(list(folder.iterdir())):02}:00+00:00"
    file = folder / f"run-{len(list(folder.iterdir()))}"
    file.mkdir()
    return publish(write(file, report(*results, runner=on, started=moment, **more)), ci.publisher())


def started(ci: InCI) -> int:
    """How many further measurements were started."""
    if isinstance(ci.fake, FakeGitLab):
        return ci.fake.count("POST", "/pipelines")
    return len(ci.fake.dispatched)


def test_one_machines_word_waits_and_passes_nothing(ci: InCI, tmp_path: Path) -> None:
    published = says(ci, tmp_path, fresh(0.3), result("other"))
    assert published.code == 1
    assert published.sections == (("", "waits", "waits"),)
    assert ci.status() == ("running", "1 of 2 benchmarks is slower: merging waits for another runner's word")
    assert "⏳ perfbot: 1 of 2 benchmarks is slower: merging waits for another runner's word" in ci.comment()
    assert "It is measured on another one" in ci.comment()
    assert started(ci) == 1


def test_what_the_second_says_too_is_red(ci: InCI, tmp_path: Path) -> None:
    says(ci, tmp_path, fresh(0.3), result("other"))
    ci.next_run()
    published = says(ci, tmp_path, fresh(0.2), result("other"), on=XEON)
    assert published.code == 1
    assert published.sections[0][1] == "fail"
    assert ci.status() == ("failed", "1 of 2 benchmarks is slower: merging is blocked")
    assert "+30 % on AMD EPYC 7763, +20 % on Intel Xeon 8370C" in ci.comment()
    assert "waits" not in ci.comment()
    assert started(ci) == 1


@pytest.mark.parametrize("there", [0.0, -0.1, 0.01])
def test_what_the_second_does_not_say_is_undecided(ci: InCI, tmp_path: Path, there: float) -> None:
    says(ci, tmp_path, fresh(0.3), result("other"))
    ci.next_run()
    published = says(ci, tmp_path, fresh(there), result("other"), on=XEON)
    assert published.code == 0
    assert ci.status()[0] == "success"
    assert "regressed +30 % on AMD EPYC 7763" in ci.comment()
    assert "one machine's word alone does not count" in ci.comment()
    assert started(ci) == 1


def test_undecided_fails_where_the_policy_says_so(ci: InCI, tmp_path: Path) -> None:
    ci.config('[gate]\nconfirm = "runner"\nundecided = "fail"\n')
    says(ci, tmp_path, fresh(0.3), result("other"))
    ci.next_run()
    assert says(ci, tmp_path, result(), result("other"), on=XEON).code == 1


def test_what_the_second_leaves_out_does_not_pass(ci: InCI, tmp_path: Path) -> None:
    says(ci, tmp_path, fresh(0.3), result("other"))
    ci.next_run()
    assert says(ci, tmp_path, result("other"), on=XEON).code == 3
    assert ci.status()[0] == "failed"
    assert "the run that was to confirm it is without it" in ci.comment()


def test_a_second_run_that_fails_does_not_pass(ci: InCI, tmp_path: Path) -> None:
    says(ci, tmp_path, fresh(0.3), result("other"))
    ci.next_run()
    ci.publisher().begin()
    assert ci.status()[0] == "running"
    with pytest.raises(Exception, match="no such report"):
        publish([tmp_path / "nothing.json"], ci.publisher())
    assert ci.status()[0] == "failed"
    ci.next_run()
    assert says(ci, tmp_path, fresh(0.3), result("other"), on=XEON).sections[0][1] == "fail", "the first word stands"


def test_what_only_the_second_says_is_asked_about_in_its_turn(ci: InCI, tmp_path: Path) -> None:
    """Or whoever writes a hidden line that remembers nothing could open the gate."""
    says(ci, tmp_path, fresh(0.3), result("other"), result("third"))
    ci.next_run()
    assert says(ci, tmp_path, result(), fresh(0.3, name="other"), result("third"), on=XEON).sections[0][1] == "waits"
    ci.next_run()
    assert started(ci) == 2
    published = says(ci, tmp_path, result(), result("other"), fresh(0.3, name="third"))
    assert published.sections[0][1] == "fail", "asked often enough"
    assert "not confirmed on another runner: each run so far showed another change" in ci.comment()
    assert started(ci) == 2


def test_what_only_the_second_says_is_not_red_beside_what_both_say(ci: InCI, tmp_path: Path) -> None:
    says(ci, tmp_path, fresh(0.3), result("other"))
    ci.next_run()
    assert says(ci, tmp_path, fresh(0.3), fresh(0.3, name="other"), on=XEON).sections[0][1] == "fail"
    assert ci.status()[1].startswith("1 of 2 benchmarks is slower: merging is blocked")
    assert "no other was asked, for the change fails without it" in ci.comment()


def test_what_fails_anyway_waits_for_nobody(ci: InCI, tmp_path: Path) -> None:
    broken = result("other", verdict="failed", raw=(), rounds=0, failed_side="head")
    assert says(ci, tmp_path, fresh(0.3), broken).sections[0][1] == "error"
    assert ci.status()[0] == "failed"
    assert started(ci) == 0


def test_counts_need_no_other_machine(ci: InCI, tmp_path: Path) -> None:
    counted = result(metric="instructions", unit="1", rule="exact", change=0.3)
    assert says(ci, tmp_path, counted).sections[0][1] == "fail"
    assert started(ci) == 0


def test_a_pass_asks_nobody(ci: InCI, tmp_path: Path) -> None:
    assert says(ci, tmp_path, result(), fresh(-0.3, name="other")).code == 0
    assert started(ci) == 0


def test_publishing_again_asks_once(ci: InCI, tmp_path: Path) -> None:
    files = write(tmp_path, report(fresh(0.3), result("other"), runner=EPYC))
    assert publish(files, ci.publisher()).code == 1
    if isinstance(ci.fake, FakeGitLab):
        ci.fake.add_job(ci.fake.pipelines[-1]["id"], "perfbot", "running")
    assert publish(files, ci.publisher()).code == 1
    assert started(ci) == 1
    assert ci.status()[0] == "running"


def test_a_run_that_did_not_live_to_ask_asks_when_it_is_repeated(gitlab: InCI, tmp_path: Path) -> None:
    gitlab.config('[gate]\nconfirm = "runner"\n')
    files = write(tmp_path, report(fresh(0.3), result("other"), runner=EPYC))
    publish(files, gitlab.publisher())
    gitlab.fake.pipelines.pop()
    publish(files, gitlab.publisher())
    assert started(gitlab) == 2


def test_acceptance_while_it_waits(ci: InCI, tmp_path: Path) -> None:
    says(ci, tmp_path, fresh(0.3), result("other"))
    note = ci.fake.say("/perfbot accept core/parse worth it")
    author = (
        ci.fake.person(note["author"]["id"])["username"] if isinstance(ci.fake, FakeGitLab) else note["user"]["login"]
    )
    mine = ci.publisher()
    accepted = Acceptance("core/parse", "worth it", author, "2026-11-23T12:00:00Z", HEAD, 0.3, note["id"])
    mine.upsert(lambda body: replace(body, accepted=(accepted,)), create=False)
    ci.next_run()
    assert says(ci, tmp_path, fresh(0.3), result("other"), on=XEON).code == 0


def test_an_older_pass_that_comes_late_opens_nothing(ci: InCI, tmp_path: Path) -> None:
    old = ci.publisher()
    ci.next_run()
    says(ci, tmp_path, fresh(0.3), result("other"))
    files = write(tmp_path, report(result(), result("other")))
    published = publish(files, old)
    assert published.code == 1
    assert ci.status()[0] != "success"
    assert "waits for another runner's word" in ci.comment()


@pytest.mark.parametrize(
    "found",
    [
        (),
        (FirstRed("core/other", "time", False, None, None, None, None, None),),
        (FirstRed("core/parse", "time", True, None, None, None, None, None),),
        (FirstRed("core/parse", "time", False, 1.0, 0.01, -0.99, -0.995, -0.98),),
        (FirstRed("core/parse", "time", False, 0.0, -1.0, 1e300, -0.5, 1e300),),
    ],
)
def test_a_memory_that_others_wrote_opens_nothing(ci: InCI, tmp_path: Path, found: tuple[FirstRed, ...]) -> None:
    """Every workflow of a repository may write under perfbot's name."""
    says(ci, tmp_path, fresh(0.3), result("other"))
    forge(ci, FirstWord(1, "elsewhere", 0, found))
    ci.next_run()
    assert says(ci, tmp_path, fresh(0.3), result("other"), on=XEON).code == 1
    assert ci.status()[0] in ("running", "failed")


def forge(ci: InCI, word: FirstWord) -> None:
    body = ci.publisher().body()
    body = replace(body, sections=tuple(replace(one, first=word) for one in body.sections))
    own = next(one for one in ci.fake.by_bot() if "perfbot:v1" in one["body"])
    own["body"] = compose(body)


def test_as_the_service_publishes(ci: InCI, tmp_path: Path) -> None:
    """Reports come without the CI's word on which run they are of: the moment they say tells them apart."""
    mine = ci.publisher()
    apart = replace(mine, run=RunOrder(), place=replace(mine.place, run=(0, 0), pipeline=0, head="", job=0))

    def one(minute: int, on: Runner) -> str:
        found = report(fresh(0.3), result("other"), runner=on, started=f"2026-11-23T12:{minute:02}:00+00:00")
        own = replace(apart, started=found.started)
        return publish_sections([("", found)], own).sections[0][1]

    assert one(1, EPYC) == "waits"
    assert one(1, EPYC) == "waits", "the same report again is no second word"
    assert one(2, XEON) == "fail"
    assert "+30 % on AMD EPYC 7763, +30 % on Intel Xeon 8370C" in ci.comment()


def test_jobs_of_a_matrix_ask_together(ci: InCI, tmp_path: Path) -> None:
    files = write(tmp_path, *(report(fresh(0.3), result("other"), runner=EPYC) for _ in "ab"), names=("a", "b"))
    if isinstance(ci.fake, FakeGitLab):
        add = ci.fake.add_pipeline
        ci.fake.add_pipeline = lambda sha: _with_job(ci.fake, add(sha))
    assert {verdict for _, verdict, _ in publish(files, ci.publisher()).sections} == {"waits"}
    assert started(ci) == 1


def _with_job(fake: FakeGitLab, pipeline: int) -> int:
    fake.add_job(pipeline, "perfbot", "pending")
    return pipeline


def test_a_deleted_comment_opens_nothing(ci: InCI, tmp_path: Path) -> None:
    says(ci, tmp_path, fresh(0.3), result("other"))
    mine = ci.publisher()
    for note in mine.comments.notes():
        if note.mine:
            mine.comments.delete(note)
    ci.next_run()
    assert says(ci, tmp_path, fresh(0.3), result("other"), on=XEON).sections[0][1] == "waits"


def test_the_policy_at_head_has_no_say(ci: InCI, tmp_path: Path) -> None:
    ci.config('[gate]\nconfirm = "here"\n')
    ci.config('[gate]\nconfirm = "runner"\n', HEAD)
    assert says(ci, tmp_path, fresh(0.3), result("other")).sections[0][1] == "fail"


def test_joined_machines_need_no_other(ci: InCI, tmp_path: Path) -> None:
    both = [report(fresh(0.3), result("other"), runner=on, seed=on.cores) for on in (EPYC, XEON)]
    assert publish(write(tmp_path, *both), ci.publisher(), join=True).sections[0][1] == "fail"
    assert started(ci) == 0


def test_a_fork_is_not_run_by_itself(ci: InCI, tmp_path: Path) -> None:
    mine = ci.publisher()
    mine = replace(mine, request=replace(mine.request, fork=True))
    published = publish(write(tmp_path, report(fresh(0.3), result("other"), runner=EPYC)), mine)
    assert published.sections[0][1] == "fail"
    assert ci.status()[0] == "failed"
    assert "not confirmed on another runner: it could not be started" in ci.comment()
    assert started(ci) == 0


def test_where_nothing_can_be_started_one_word_decides(github: InCI, tmp_path: Path) -> None:
    github.config('[gate]\nconfirm = "runner"\n')
    github.fake.dispatchable = False
    mine = github.publisher()
    github.fake.runs.clear()
    published = publish(write(tmp_path, report(fresh(0.3), result("other"), runner=EPYC)), mine)
    assert published.sections[0][1] == "fail"
    assert github.status()[0] == "failed"
    assert "not confirmed on another runner: it could not be started" in github.comment()
    assert "waits" not in github.comment()


def test_runs_are_not_asked_for_without_end(ci: InCI, tmp_path: Path) -> None:
    ci.config('[gate]\nconfirm = "runner"\n[publish]\ncommands_per_hour = 1\n')
    says(ci, tmp_path, fresh(0.3), result("other"))
    ci.next_run()
    assert says(ci, tmp_path, result(), fresh(0.3, name="other"), on=XEON).sections[0][1] == "fail"
    assert "1 runs were asked for within an hour" in ci.comment()


def test_the_earlier_pipeline_shows_no_pass_that_another_request_of_the_commit_holds(
    gitlab: InCI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(gitlab, tmp_path, fresh(0.3), result("other"))
    waiting = int(gitlab.environ["CI_PIPELINE_ID"])
    gitlab.next_run()
    monkeypatch.setattr(
        "perfbot.publish.publisher.held_back",
        lambda status, shown, counts: replace(status, held=status.state == "success"),
    )
    assert says(gitlab, tmp_path, result(), result("other"), on=XEON).code == 0
    last = {one["pipeline_id"]: one["status"] for one in gitlab.fake.statuses}
    assert last[waiting] not in ("success", "running")


def test_the_earlier_pipeline_shows_what_became_of_it(gitlab: InCI, tmp_path: Path) -> None:
    gitlab.config('[gate]\nconfirm = "runner"\n')
    first = int(gitlab.environ["CI_PIPELINE_ID"])
    says(gitlab, tmp_path, fresh(0.3), result("other"))
    gitlab.next_run()
    says(gitlab, tmp_path, result(), result("other"), on=XEON)
    last = {one["pipeline_id"]: one["status"] for one in gitlab.fake.statuses}
    assert last[first] == "success"
    assert set(last.values()) == {"success"}


def test_a_manual_job_is_played(gitlab: InCI, tmp_path: Path) -> None:
    gitlab.config('[gate]\nconfirm = "runner"\n')
    add = gitlab.fake.add_pipeline

    def with_job(sha: str, ref: str = "refs/merge-requests/1/head") -> int:
        number = add(sha, ref)
        gitlab.fake.add_job(number, "perfbot", "manual")
        return int(number)

    gitlab.fake.add_pipeline = with_job
    says(gitlab, tmp_path, fresh(0.3), result("other"))
    assert gitlab.fake.jobs[-1]["status"] == "pending"


def test_a_suite_as_a_whole_is_asked_about_too(ci: InCI, tmp_path: Path) -> None:
    ci.config('[gate]\nconfirm = "runner"\nthreshold = "50%"\nsuite_threshold = "3%"\n')
    every = [fresh(0.3, name=name) for name in "abc"]
    assert says(ci, tmp_path, *every).sections[0][1] == "waits"
    ci.next_run()
    assert says(ci, tmp_path, *every, on=XEON).sections[0][1] == "fail"


def test_the_memory_is_read_back_as_it_was_written() -> None:
    word = first_word(1, "AMD", 7, [FirstRed("a/b --> <!--", "time", False, 1.0, 1.3, 0.3, 0.2, 0.4)])
    assert read(written(word)) == word


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "[1,2,3]", '["1","AMD",7,[]]', '[1,"AMD",7,[["a","time"]]]', '[1,"AMD",7,[[1,2,3,4,5,6,7,8]]]',
     '[1,"AMD",7,[["a","time",false,NaN,1,1,1,1]]]', '[1,"AMD",7,7]'],
)  # fmt: skip
def test_a_memory_that_is_none_stops_nothing(text: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        read(text)


def test_a_change_below_minus_one_is_forgotten() -> None:
    (red,) = read('[1,"AMD",7,[["a","time",false,1,1,-5,0,1]]]').found
    assert red.change is None
