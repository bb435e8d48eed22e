"""Statuses under perfbot's name that others set: every developer can set one of any name, with any address.

One that passes, with the words of a run of the year 2255 in its address, was the newest word: perfbot's own job ended
with 0, and its failure was never shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perfbot.publish import aside
from perfbot.publish.flow import publish
from tests.builders import HEAD, report, result, write
from tests.ci_jobs import InCI, github_ci, gitlab_ci
from tests.fakes.gitlab import STRANGER, FakeGitLab

RUN = "https://example.com/#perfbot-run=9000000000000.1.1-1"


@pytest.fixture(params=["gitlab", "github, personal token"])
def ci(request: pytest.FixtureRequest) -> Iterator[InCI]:
    with gitlab_ci() if request.param == "gitlab" else github_ci() as found:
        found.fake.personal = True
        yield found


def forge_status(ci: InCI, state: str = "success") -> None:
    words = {"id": 1, "sha": HEAD, "description": "all is fine", "target_url": RUN}
    if isinstance(ci.fake, FakeGitLab):
        pipeline = int(ci.environ["CI_PIPELINE_ID"])
        own = {"name": "perfbot", "status": state, "pipeline_id": pipeline, "author": ci.fake.person(STRANGER)}
    else:
        own = {"context": "perfbot", "state": state.replace("failed", "failure"), "creator": {"login": "mallory"}}
    ci.fake.statuses.append(words | own)


def states(ci: InCI) -> list[str]:
    return [str(one.get("status") or one.get("state")) for one in ci.fake.statuses]


def test_a_developers_status_is_no_newer_run(ci: InCI, tmp_path: Path) -> None:
    forge_status(ci)
    assert publish(write(tmp_path, report(result("parse", change=0.2))), ci.publisher()).code == 1
    assert states(ci)[-1] in ("failed", "failure")
    assert "is slower" in ci.comment()


def test_nor_a_failure_of_this_one(ci: InCI, tmp_path: Path) -> None:
    forge_status(ci, "failed")
    assert publish(write(tmp_path, report(result("parse"))), ci.publisher()).code == 0
    assert states(ci)[-1] == "success"


def test_nor_a_verdict_that_stands_when_a_run_begins(ci: InCI) -> None:
    forge_status(ci)
    assert ci.publisher().begin()
    assert states(ci)[-1] in ("running", "pending")


def test_nor_a_witness_of_a_comment(ci: InCI) -> None:
    forge_status(ci)
    assert aside.standing(ci.publisher()) == "error"


def test_one_whose_account_is_gone_is_nobodys(ci: InCI, tmp_path: Path) -> None:
    forge_status(ci)
    ci.fake.statuses[-1]["author" if isinstance(ci.fake, FakeGitLab) else "creator"] = None
    assert publish(write(tmp_path, report(result("parse", change=0.2))), ci.publisher()).code == 1


APPS = {"another App's": {"slug": "evil"}, "of an App that is gone": None}


@pytest.mark.parametrize("app", APPS)
def test_another_apps_check_is_no_newer_run(app: str, tmp_path: Path) -> None:
    with github_ci() as ci:
        output = {"title": "all is fine", "summary": "all is fine"}
        ci.fake.checks.append({
            "id": 5, "name": "perfbot", "head_sha": HEAD, "status": "completed", "conclusion": "success",
            "external_id": "9000000000000.1.1-1", "annotations": [], "output": output, "app": APPS[app],
        })  # fmt: skip
        assert publish(write(tmp_path, report(result("parse", change=0.2))), ci.publisher()).code == 1
        assert ci.status()[0] == "failed"


@pytest.mark.parametrize("words", ["0.0.0-77", "9.1.1-77", "9.1.1-77-held"])
def test_a_merge_request_that_is_not_there_holds_nothing_back(words: str, tmp_path: Path) -> None:
    """Deleted, or made up by a job that has the same token."""
    with github_ci() as ci:
        running = words.startswith("0")
        ci.fake.checks.append({
            "id": 5, "name": "perfbot", "head_sha": HEAD, "status": "in_progress" if running else "completed",
            "conclusion": None if running else "failure", "external_id": words, "annotations": [],
            "output": {"title": "x", "summary": "x"}, "app": {"slug": "github-actions"},
        })  # fmt: skip
        assert publish(write(tmp_path, report(result("parse"))), ci.publisher()).code == 0
        assert ci.status()[0] == "success"
