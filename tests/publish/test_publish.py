"""From reports to comment, status and exit code, through the real clients."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.errors import ConfigError, ReportError, UsageError
from perfbot.model import Acceptance, Control, Policy, Problem, Runner, Shard
from perfbot.publish.flow import publish
from tests.builders import HEAD, OTHER, report, result, write
from tests.ci_jobs import PULL, InCI


def test_a_pass(ci: InCI, tmp_path: Path) -> None:
    published = publish(write(tmp_path, report(result())), ci.publisher())
    assert published.code == 0
    assert published.sections == (("", "pass", "created"),)
    assert ci.status() == ("success", "no change in 1 benchmark")
    assert "no change in 1 benchmark" in ci.comment()


def test_the_verdict_is_our_own(ci: InCI, tmp_path: Path) -> None:
    """The report calls a benchmark unchanged and itself a pass; its rounds are 30 % slower."""
    published = publish(write(tmp_path, report(result(change=0.3))), ci.publisher())
    assert published.code == 1
    assert ci.status()[0] == "failed"
    assert "is slower" in ci.comment()


def test_the_policy_is_the_target_branchs(ci: InCI, tmp_path: Path) -> None:
    ci.config('[gate]\nthreshold = "2%"\nconfirm = "no"\n')
    ci.config('[gate]\nthreshold = "90%"\nconfirm = "no"\n', HEAD)
    own = report(result(change=0.3), policy=Policy(threshold=0.9, origin="trust me"))
    assert publish(write(tmp_path, own), ci.publisher()).code == 1
    assert "edits the performance policy" in ci.comment()
    assert "threshold: 2 % → 90 %" in ci.comment()
    assert "trust me" not in ci.comment()


def test_acceptances_in_a_report_mean_nothing(ci: InCI, tmp_path: Path) -> None:
    accepted = Acceptance("*", "because I say so", "root", "2026-01-01")
    assert publish(write(tmp_path, report(result(change=0.3), acceptances=(accepted,))), ci.publisher()).code == 1
    assert "because I say so" not in ci.comment()


def test_a_report_of_another_commit_is_refused(ci: InCI, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"is about ccccccc, but the head of merge request 1 is aaaaaaa"):
        publish(write(tmp_path, report(result(), head=OTHER)), ci.publisher())
    assert ci.fake.by_bot() == []
    assert ci.status()[0] == "failed"


@pytest.mark.parametrize("text", ["", "{}", "[1]", "\x00", '{"schema": "perfbot.report/9"}', "NaN"])
def test_what_is_no_report_is_refused(ci: InCI, tmp_path: Path, text: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(text)
    with pytest.raises(ReportError, match=r"report\.json"):
        publish([file], ci.publisher())
    assert ci.status()[0] == "failed"


def test_a_missing_report_is_a_failure(ci: InCI, tmp_path: Path) -> None:
    publish(write(tmp_path, report(result())), ci.publisher())
    ci.next_run()
    with pytest.raises(ReportError, match="there is no such report"):
        publish([tmp_path / "nothing.json"], ci.publisher())
    assert ci.status()[0] == "failed"
    assert "could not be measured or judged; what follows is older" in ci.comment()


def test_a_broken_target_configuration_is_told(ci: InCI, tmp_path: Path) -> None:
    ci.config("[gate]\nthreshold = 7 parsecs\n")
    with pytest.raises(ConfigError):
        publish(write(tmp_path, report(result())), ci.publisher())
    assert ci.status()[0] == "failed"


def test_a_broken_configuration_at_head_is_only_noted(ci: InCI, tmp_path: Path) -> None:
    ci.config("[gate]\nthreshold = 7 parsecs\n", HEAD)
    assert publish(write(tmp_path, report(result())), ci.publisher()).code == 0
    assert "configuration at head" in ci.comment()


def test_an_older_head_says_nothing(ci: InCI, tmp_path: Path) -> None:
    publish(write(tmp_path, report(result())), ci.publisher())
    publisher = ci.publisher()
    ci.fake.add_merge_request(1, OTHER)
    published = publish(write(tmp_path, report(result(change=0.3))), publisher)
    assert published.superseded
    assert published.code == 1
    assert "no change" in ci.comment()


def test_of_an_older_head_that_was_not_measured_nothing_is_said(ci: InCI, tmp_path: Path) -> None:
    """A newer push ends the run of the one before. Where its job is the gate, it does not pass."""
    ci.fake.add_merge_request(1, OTHER)
    published = publish([tmp_path / "missing.json"], ci.publisher())
    gate = 3 if ci.place().kind == "gitlab" else 0
    assert (published.superseded, published.sections, published.code) == (True, (), gate)
    assert ci.fake.by_bot() == []


def test_begin_marks_and_waits_then_the_verdict_clears(ci: InCI, tmp_path: Path) -> None:
    publish(write(tmp_path, report(result())), ci.publisher())
    ci.next_run()
    ci.publisher().begin()
    assert ci.status()[0] == "running"
    assert "Measuring `aaaaaaa`; what follows is older" in ci.comment()
    assert "no change" in ci.comment()
    publish(write(tmp_path, report(result(change=0.3))), ci.publisher())
    assert "what follows is older" not in ci.comment()
    assert "is slower" in ci.comment()
    assert ci.status()[0] == "failed"


def test_begin_twice_is_once(ci: InCI) -> None:
    ci.publisher().begin()
    ci.publisher().begin()
    assert ci.status()[0] == "running"
    assert ci.fake.by_bot() == []


def test_quiet_until_something_changes(ci: InCI, tmp_path: Path) -> None:
    ci.config('[publish]\ncomment = "on-change"\n')
    assert publish(write(tmp_path, report(result())), ci.publisher()).sections[0][2] == "none"
    assert ci.fake.by_bot() == []
    ci.next_run()
    assert publish(write(tmp_path, report(result(change=0.3))), ci.publisher()).sections[0][2] == "created"
    ci.next_run()
    assert publish(write(tmp_path, report(result())), ci.publisher()).sections[0][2] == "edited"
    assert "no change" in ci.comment()


def test_shards_become_one(ci: InCI, tmp_path: Path) -> None:
    parts = (
        report(result("a"), shard=Shard(1, 2), family=2),
        report(result("b", change=0.3), shard=Shard(2, 2), family=2),
    )
    assert publish(write(tmp_path, *parts), ci.publisher()).code == 1
    assert "1 of 2 benchmarks is slower: merging is blocked\n\n1 unchanged." in ci.comment()


def test_a_missing_shard_is_said_and_never_passes(ci: InCI, tmp_path: Path) -> None:
    part = report(result("a"), shard=Shard(1, 3), family=2)
    assert publish(write(tmp_path, part), ci.publisher()).code == 3
    assert "shard 2 of 3" in ci.comment()
    assert "shard 3 of 3" in ci.comment()
    assert ci.status()[0] == "failed"


def test_several_reports_become_sections(ci: InCI, tmp_path: Path) -> None:
    files = write(tmp_path, report(result()), report(result(change=0.3)), names=("py312", "py313"))
    published = publish(files, ci.publisher())
    assert [(name, verdict) for name, verdict, _ in published.sections] == [("py312", "pass"), ("py313", "fail")]
    assert published.code == 1
    assert "perfbot (py312)" in ci.comment()
    assert "perfbot (py313)" in ci.comment()


def test_reports_of_one_name_are_told_apart_by_their_folders(ci: InCI, tmp_path: Path) -> None:
    """As the jobs of a matrix leave them; neither may stand in for the other."""
    files = []
    for folder, change in (("py312", 0.3), ("py313", 0.0)):
        (tmp_path / folder).mkdir()
        files += write(tmp_path / folder, report(result(change=change)), names=("perfbot-report",))
    published = publish(files, ci.publisher())
    assert [(name, verdict) for name, verdict, _ in published.sections] == [("py312", "fail"), ("py313", "pass")]
    assert ci.comment().count("perfbot (py31") == 2
    with pytest.raises(UsageError, match="named twice"):
        publish([files[0], files[0]], ci.publisher())


def test_an_empty_report_passes_only_when_the_forge_agrees(ci: InCI, tmp_path: Path) -> None:
    ci.config('[run]\nwhen_changed = ["src/**"]\n')
    changed = ci.fake.diffs if hasattr(ci.fake, "diffs") else ci.fake.changed
    changed[1] = ["docs/index.md"]
    files = write(tmp_path, report(skipped="docs only"))
    assert publish(files, ci.publisher()).code == 0
    assert ci.status() == ("success", "Nothing that is measured was touched.")
    changed[1] = ["docs/index.md", "src/core.py"]
    assert publish(files, ci.publisher()).code == 3
    assert ci.status()[0] == "failed"


def test_a_disturbed_runner_is_said(ci: InCI, tmp_path: Path) -> None:
    disturbed = Control(0.08, (0.05, 0.11), 12, disturbed=True)
    publish(write(tmp_path, report(result(change=0.3), control=disturbed)), ci.publisher())
    assert "disturbed" in ci.comment()


def test_problems_fail(ci: InCI, tmp_path: Path) -> None:
    problem = Problem("suite core, head: set-up", "set-up failed", "pip says no")
    assert publish(write(tmp_path, report(result(), problems=(problem,))), ci.publisher()).code == 3
    assert "pip says no" in ci.comment()


def test_gitlab_status_is_on_the_right_pipeline(gitlab: InCI, tmp_path: Path) -> None:
    newer = gitlab.fake.add_pipeline(HEAD)
    publish(write(tmp_path, report(result())), gitlab.publisher())
    (status,) = gitlab.fake.statuses
    assert status["pipeline_id"] == int(gitlab.environ["CI_PIPELINE_ID"]) != newer
    assert status["name"] == "perfbot"
    assert status["sha"] == HEAD


def test_gitlab_merged_results(gitlab: InCI, tmp_path: Path) -> None:
    """The pipeline is of a merge that the forge made; what was measured is the author's commit."""
    gitlab.environ.update(CI_COMMIT_SHA=OTHER, CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=HEAD)
    gitlab.fake.pipelines[0]["sha"] = OTHER
    assert publish(write(tmp_path, report(result())), gitlab.publisher()).code == 0
    assert gitlab.fake.statuses[0]["sha"] == OTHER


def test_github_check_has_annotations_and_button_only_for_apps(github: InCI, tmp_path: Path) -> None:
    results = [result(f"b{n}", change=0.3, file="bench/test_x.py", line=n + 1) for n in range(120)]
    publish(write(tmp_path, report(*results)), github.publisher())
    (check,) = github.fake.checks
    assert [a["start_line"] for a in check["annotations"]] == list(range(1, 121))
    assert "core/b0: slower" in {a["title"] for a in check["annotations"]}
    assert "actions" not in check
    assert "is slower" not in check["output"]["title"]
    assert check["conclusion"] == "failure"


def test_github_personal_token_falls_back_to_a_status(github: InCI, tmp_path: Path) -> None:
    github.fake.personal = True
    publisher = github.publisher()
    publisher.begin()
    publish(write(tmp_path, report(result(change=0.3))), publisher)
    assert github.fake.checks == []
    assert [s["state"] for s in github.fake.statuses] == ["pending", "failure"]
    assert {s["context"] for s in github.fake.statuses} == {"perfbot"}


def test_github_comment_keeps_its_limit(github: InCI, tmp_path: Path) -> None:
    results = [result(f"benchmark_{n:04d}_" + "x" * 90, change=0.3, count=8) for n in range(250)]
    publish(write(tmp_path, report(*results), report(*results), names=("one", "two")), github.publisher())
    assert len(github.comment()) <= 65_536
    assert "perfbot (one)" in github.comment()
    assert "perfbot (two)" in github.comment()


@pytest.mark.parametrize(("jobs", "name"), [(1, "x" * 2_000), (1, "長" * 600), (2, "<" * 700), (12, "x" * 90)])
def test_a_comment_is_never_longer_than_people_read(ci: InCI, tmp_path: Path, name: str, jobs: int) -> None:
    """However long the names, however many the jobs, and however much longer GitLab lets it be."""
    results = [result(f"{n:02d}{name}", change=0.3, count=8) for n in range(45 if jobs < 12 else 4)]
    names = tuple(f"job {number}" for number in range(jobs))
    published = publish(write(tmp_path, *[report(*results)] * jobs, names=names), ci.publisher())
    assert published.code == 1
    assert len(ci.comment().encode()) <= 100_000
    assert len(ci.comment()) <= 65_536 or ci.fake.token == "bot-token"
    assert re.search("(are|is) slower|of jobs|[0-9]+ of [0-9]+ jobs", ci.comment())
    assert ci.status()[0] == "failed"


def test_the_comment_points_at_the_full_report(ci: InCI, tmp_path: Path) -> None:
    ci.environ |= {"CI_PIPELINE_URL": "https://gitlab.example/p/1", "GITHUB_SERVER_URL": "https://github.example"}
    page = "https://gitlab.example/p/1" if "GITLAB_CI" in ci.environ else (
        f"https://github.example/octo/app/actions/runs/{ci.environ['GITHUB_RUN_ID']}"
    )  # fmt: skip
    publish(write(tmp_path, report(result())), ci.publisher())
    assert f"[artifacts](<{page}>)" in ci.comment()
    publish(write(tmp_path, report(result(change=0.3))), ci.publisher(details_url="https://pages.example/1"))
    assert "[full report](<https://pages.example/1>)" in ci.comment()
    assert page not in ci.comment()


def test_what_was_cut_is_found_in_the_full_report(github: InCI, tmp_path: Path) -> None:
    results = [result(f"benchmark_{n:04d}_" + "x" * 90, change=0.3, count=8) for n in range(500)]
    publish(write(tmp_path, report(*results)), github.publisher())
    page = f"https://github.com/octo/app/actions/runs/{github.environ['GITHUB_RUN_ID']}"
    assert re.search(rf"… and \d+ more: \[full report\]\(<{page}>\)", github.comment())


def test_github_measured_by_another_run_is_linked(github: InCI, tmp_path: Path) -> None:
    """The run that publishes has no artifacts."""
    github.environ["GITHUB_EVENT_NAME"] = "workflow_run"
    github.event = {"workflow_run": {"id": 77, "run_attempt": 1, "head_sha": HEAD, "pull_requests": [PULL]}}
    publish(write(tmp_path, report(result())), github.publisher())
    assert "](<https://github.com/octo/app/actions/runs/77>)" in github.comment()


def test_github_fork_is_found_by_its_branch(github: InCI, tmp_path: Path) -> None:
    """workflow_run of a fork names no pull request: owner and branch do, as GitHub says them."""
    pull = github.fake.pulls[1]
    pull["head"]["label"] = "mallory:topic-1"
    github.environ["GITHUB_EVENT_NAME"] = "workflow_run"
    github.event = {
        "workflow_run": {
            "id": 77, "run_attempt": 2, "head_sha": HEAD, "head_branch": "topic-1", "pull_requests": [],
            "head_repository": {"owner": {"login": "mallory"}},
        }
    }  # fmt: skip
    assert publish(write(tmp_path, report(result())), github.publisher()).code == 0
    assert ".77.2." in github.comment()


def test_own_numbers_survive_the_second_judgement(ci: InCI, tmp_path: Path) -> None:
    """What the comment shows of a result comes from its rounds."""
    lying = replace(result(change=0.3), change=-0.5, base=1.0, head=0.5, interval=(-0.6, -0.4))
    publish(write(tmp_path, report(lying)), ci.publisher())
    assert "+30" in ci.comment()
    assert "−50" not in ci.comment()


def test_joined_machines_have_one_verdict(ci: InCI, tmp_path: Path) -> None:
    """What one machine alone shows is not red; what both show is, and the row says where."""
    kinds = [Runner(cpu="AMD EPYC 7763", cores=2), Runner(cpu="Intel Xeon 8370C", cores=4)]

    def of(change: float, *there: float) -> list[Path]:
        every = [
            report(result(change=change), result("other"), runner=kinds[0], seed=1),
            *(report(result(change=one), result("other"), runner=kinds[1], seed=2) for one in there),
        ]
        return write(tmp_path, *every)

    assert publish(of(0.3, 0.0), ci.publisher(), join=True).code == 0
    assert re.search(r"regressed \+30 % on AMD EPYC 7763, unchanged \S+ % on Intel Xeon 8370C", ci.comment())
    ci.next_run()
    assert publish(of(0.3, 0.3), ci.publisher(), join=True).code == 1
    assert "+30 % on AMD EPYC 7763, +30 % on Intel Xeon 8370C" in ci.comment()
    ci.next_run()
    with pytest.raises(ReportError, match="nothing to be joined with"):
        publish(of(0.3), ci.publisher(), join=True)
    assert ci.status()[0] == "failed"


def test_machines_names_are_text(ci: InCI, tmp_path: Path) -> None:
    odd = Runner(cpu="<img src=x> `x` | [a](b); @ada\n# title", cores=2)
    files = write(
        tmp_path, report(result(change=0.3), runner=odd, seed=1), report(result(change=0.3), runner=odd, seed=2)
    )
    assert publish(files, ci.publisher(), join=True).code == 1
    text = ci.comment()
    assert "<img" not in text.replace("`<img src=x>`", "")
    assert "\n# title" not in text
