"""A commit as the head of two merge requests: whoever opens the second one chooses its target, and so its rules.

The second one's pass was the newer word on the commit: the first one's status became a success, its job ended with 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perfbot.publish.flow import publish
from tests.builders import HEAD, OTHER, report, result, write
from tests.ci_jobs import InCI, github_ci, gitlab_ci
from tests.fakes.gitlab import FakeGitLab

FORGES = ("gitlab", "github", "github, personal token")
BESIDE = pytest.mark.parametrize("ci", FORGES[1:], indirect=True)
"""Where statuses stand beside the commit, and no pipeline keeps them apart."""


@pytest.fixture(params=FORGES)
def ci(request: pytest.FixtureRequest) -> Iterator[InCI]:
    with gitlab_ci() if request.param == "gitlab" else github_ci() as found:
        if request.param == "github, personal token":
            found.fake.personal = True
        found.config("", "dev")
        yield found


def add_second(ci: InCI, **changes: Any) -> None:
    target = {"target_branch": "dev"} if isinstance(ci.fake, FakeGitLab) else {"base": {"ref": "dev", "repo": None}}
    ci.fake.add_merge_request(2, HEAD, **{**target, **changes})


@contextmanager
def job_of_second(ci: InCI) -> Iterator[None]:
    """A later pipeline, of the merge request that was opened second."""
    environ, event = dict(ci.environ), ci.event
    if isinstance(ci.fake, FakeGitLab):
        pipeline = ci.fake.add_pipeline(HEAD, "refs/merge-requests/2/head")
        ci.environ |= {"CI_MERGE_REQUEST_IID": "2", "CI_PIPELINE_ID": str(pipeline)}
    else:
        ci.environ["GITHUB_RUN_ID"] = str(ci.fake.add_run(HEAD))
        ci.event = {**event, "pull_request": {**event["pull_request"], "number": 2}}
    yield
    ci.environ, ci.event = environ, event


def say(ci: InCI, folder: Path, change: float, started: str = "2026-11-23T12:00:00+00:00") -> int:
    return publish(write(folder, report(result("parse", change=change), started=started)), ci.publisher()).code


def states(ci: InCI) -> list[str]:
    """What the commit shows: on GitLab in the first merge request's pipeline, elsewhere beside the commit."""
    if isinstance(ci.fake, FakeGitLab):
        own = int(ci.environ["CI_PIPELINE_ID"])
        return [s["status"] for s in ci.fake.statuses if s["pipeline_id"] == own]
    shown = ci.fake.statuses if ci.fake.personal else ci.fake.checks
    return [str(one.get("conclusion") or one.get("state")).replace("failure", "failed") for one in shown]


LATER = "2026-11-27T12:00:00+00:00"


def test_a_second_ones_pass_does_not_open_the_firsts_gate(ci: InCI, tmp_path: Path) -> None:
    assert say(ci, tmp_path, 0.2) == 1
    add_second(ci)
    with job_of_second(ci):
        assert say(ci, tmp_path, 0.0, LATER) == 0
    assert states(ci)[-1] == "failed"
    assert say(ci, tmp_path, 0.2) == 1, "published again"
    assert states(ci)[-1] == "failed"


def test_a_run_that_begins_takes_no_other_ones_pass_for_its_own(ci: InCI, tmp_path: Path) -> None:
    add_second(ci)
    with job_of_second(ci):
        assert say(ci, tmp_path, 0.0, LATER) == 0
    assert replace(ci.publisher(), started="2026-11-23T12:00:00+00:00").begin()
    assert states(ci)[-1] in ("running", "pending", "None"), "the first has not been judged"


@BESIDE
@pytest.mark.parametrize("how", ["publish again", "begin"])
def test_a_pass_is_held_until_the_other_one_passes(ci: InCI, tmp_path: Path, how: str) -> None:
    assert say(ci, tmp_path, 0.2) == 1
    add_second(ci)
    with job_of_second(ci):
        assert say(ci, tmp_path, 0.0, LATER) == 0, "it passes itself"
        if how == "begin":
            replace(ci.publisher(), run=ci.publisher().run).begin()
        shown = ci.publisher().shown(ci.publisher().status("running", ""))
        words = [one.description for one in shown if one.held]
        assert words
        assert words[0].startswith("Passes, but merge request 1 of the same commit does not: 1 benchmark is slower")
    assert states(ci)[-1] == "failed"
    ci.next_run()
    assert say(ci, tmp_path, 0.0, "2026-11-27T13:00:00+00:00") == 0
    assert states(ci)[-1] == "success", "both pass"


@BESIDE
@pytest.mark.parametrize("change", [0.0, 0.2])
def test_a_pass_is_held_while_another_one_is_measured(ci: InCI, tmp_path: Path, change: float) -> None:
    """A quick pass of the second one ended the check that said of the first that it was being measured."""
    add_second(ci)
    first = ci.publisher()
    assert first.begin()
    with job_of_second(ci):
        assert say(ci, tmp_path, 0.0, LATER) == 0, "it passes itself"
        shown = ci.publisher().shown(ci.publisher().status("running", ""))
    assert shown[0].held
    assert shown[0].description == "Passes, but merge request 1 of the same commit is still being measured"
    assert states(ci)[-1] == "failed"
    assert say(ci, tmp_path, change) == (1 if change else 0)
    assert states(ci)[-1] == ("failed" if change else "success")


@BESIDE
def test_a_run_that_begins_again_holds_its_own_merge_request_alone_back(ci: InCI, tmp_path: Path) -> None:
    add_second(ci)
    assert ci.publisher().begin()
    ci.next_run()
    assert ci.publisher().begin()
    assert say(ci, tmp_path, 0.0, LATER) == 0
    assert states(ci)[-1] == "success"
    with job_of_second(ci):
        assert say(ci, tmp_path, 0.0, LATER) == 0
    assert states(ci)[-1] == "success"


@BESIDE
@pytest.mark.parametrize("what", ["merged", "pushed to"])
def test_what_is_no_merge_request_of_the_commit_any_more_holds_nothing(ci: InCI, tmp_path: Path, what: str) -> None:
    assert say(ci, tmp_path, 0.2) == 1
    add_second(ci)
    if what == "merged":
        ci.fake.pulls[1] |= {"state": "closed", "merged_at": "2026-11-27T11:00:00Z"}
    else:
        ci.fake.pulls[1]["head"]["sha"] = OTHER
    with job_of_second(ci):
        assert say(ci, tmp_path, 0.0, LATER) == 0
    assert states(ci)[-1] == "success"


@BESIDE
def test_one_that_is_closed_can_be_opened_again(ci: InCI, tmp_path: Path) -> None:
    """Close the first, let the second pass, open the first again: its new run may wait for somebody's approval."""
    assert say(ci, tmp_path, 0.2) == 1
    ci.fake.pulls[1]["state"] = "closed"
    add_second(ci)
    with job_of_second(ci):
        assert say(ci, tmp_path, 0.0, LATER) == 0
    assert states(ci)[-1] == "failed"


def test_without_a_pipeline_gitlab_shows_them_in_one_place(tmp_path: Path) -> None:
    """As `perfbot serve` publishes, and whoever publishes by number."""
    with gitlab_ci() as ci:
        add_second(ci)
        first = ci.publisher()
        place = replace(first.place, pipeline=0, run=(0, 0), head="")
        second = replace(place, merge_request=2)
        request = first.forge.repository.merge_request(2)
        assert publish(write(tmp_path, report(result("parse", change=0.2))), replace(first, place=place)).code == 1
        passes = report(result("parse"), started=LATER)
        assert publish(write(tmp_path, passes), replace(first, place=second, request=request)).code == 0
        assert ci.fake.statuses[-1]["status"] == "failed"
