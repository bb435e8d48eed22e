"""The verbs as people and jobs call them: environment, files, exit codes, texts."""

from __future__ import annotations

import functools
import json
import shlex
from pathlib import Path

import pytest

from perfbot.cli.main import main
from perfbot.forge.upsert import Upsert
from perfbot.history import recording
from perfbot.history.store import open_store
from perfbot.publish import comment_commands, publisher
from tests.builders import HEAD, a_history, report, result, write
from tests.ci_jobs import InCI
from tests.fakes.gitlab import FakeGitLab
from tests.fakes.server import Fault
from tests.programs import three_times_slower
from tests.service.payloads import github_comment, gitlab_note


@pytest.fixture
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looks at the comment."""
    hasty = functools.partial(Upsert, settle=(0, 0), lag=0, lost=0, stagger=0)
    monkeypatch.setattr(publisher, "Upsert", hasty)
    monkeypatch.setattr(publisher, "SETTLE", (0, 0))
    monkeypatch.setattr(publisher, "LOST", 0)
    monkeypatch.setattr(comment_commands, "Upsert", hasty)


@pytest.fixture
def job(ci: InCI, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _without_pauses: None) -> InCI:
    """The environment of a job in CI, in an empty folder."""
    for name in ("GITLAB_CI", "GITHUB_ACTIONS", "GITHUB_EVENT_PATH", "PERFBOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ci.environ.items():
        monkeypatch.setenv(name, value)
    if ci.event:
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(ci.event_file(tmp_path)))
    monkeypatch.chdir(tmp_path)
    return ci


def test_publish(job: InCI, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file,) = write(tmp_path, report(result(change=0.3)))
    assert main(["publish", str(file)]) == 1
    assert "perfbot: fail; comment made" in capsys.readouterr().err
    assert main(["publish", str(file)]) == 1
    assert "comment was up to date" in capsys.readouterr().err


def test_the_comment_says_what_our_history_knows_and_not_what_the_report_does(
    job: InCI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_store("history.db") as store:
        for one in a_history([0.010] * 6 + [0.012] * 6, noise=0.01, project=job.fake.project):
            recording.keep(store, one, branch="main", kind="branch")
    (file,) = write(tmp_path, report(result(change=0.3), trend="All is well."))
    assert main(["publish", str(file), "--database", "history.db"]) == 1
    assert "📈 Since 2026-01-06, 1 of 1 became slower" in job.comment()
    monkeypatch.setenv("PERFBOT_DATABASE", "none.db")
    assert main(["publish", str(file)]) == 1
    assert "There is no history at none.db" in capsys.readouterr().err
    assert "📈" not in job.comment()
    assert "All is well" not in job.comment()


def test_pending(job: InCI) -> None:
    assert main(["publish", "--pending"]) == 0
    assert job.status()[0] == "running"


def test_a_missing_report(job: InCI, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "nothing.json"]) == 3
    assert "there is no such report" in capsys.readouterr().err
    assert job.status()[0] == "failed"


def test_a_forge_that_stays_down(job: InCI, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file,) = write(tmp_path, report(result()))
    job.fake.faults = [Fault(503, times=10_000)]
    assert main(["publish", str(file), "--patience", "300ms"]) == 4
    told = capsys.readouterr().err
    assert "Publish later with: perfbot publish" in told
    assert "--merge-request 1" in told
    assert job.fake.token not in told
    assert "no change in 1 benchmark" in (tmp_path / ".perfbot/comment.md").read_text()


def test_a_forge_that_stays_down_comes_before_a_report_that_is_not_there(
    job: InCI, capsys: pytest.CaptureFixture[str]
) -> None:
    job.fake.faults = [Fault(503, times=10_000)]
    assert main(["publish", "a report.json", "--section", "py 3", "--patience", "300ms"]) == 4
    told = capsys.readouterr().err
    assert "Publish later with: perfbot publish 'a report.json'" in told
    assert "--section 'py 3'" in told
    assert "Kept in" not in told


def test_what_was_kept_is_published_later(
    job: InCI, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that was shown, typed on a machine that is no CI."""
    (file,) = write(tmp_path, report(result(change=0.3)))
    job.fake.faults = [Fault(503, times=10_000)]
    assert main(["publish", str(file), "--patience", "300ms"]) == 4
    typed = capsys.readouterr().err.partition("Publish later with: perfbot ")[2].splitlines()[0]
    job.fake.faults = []
    for name in job.environ:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PERFBOT_TOKEN", job.fake.token)
    assert main(shlex.split(typed)) == 1
    assert "is slower" in job.comment()


NO_ANSWERS = {
    "html": "<html>Sign in</html>", "list": "[]", "null": "null", "cut": '{"id": 10', "empty": "", "record": "{}",
}  # fmt: skip


@pytest.mark.parametrize("text", NO_ANSWERS.values(), ids=NO_ANSWERS)
@pytest.mark.parametrize("path", ["", "/notes|/comments$", "/statuses|/check-runs"], ids=["all", "comment", "status"])
def test_what_is_no_answer_costs_the_publication_alone(
    job: InCI, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, path: str
) -> None:
    """With status 200, for ever: no traceback, the comment is kept, and the next command is named."""
    (file,) = write(tmp_path, report(result(change=0.3)))
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE") if text != "[]" else ("POST", "PUT", "PATCH")
    job.fake.faults = [Fault(200, path=path, text=text, times=10**6, methods=methods)]
    code = main(["publish", str(file), "--patience", "300ms"])
    told = capsys.readouterr().err
    if text == "[]" and code == 1:
        return  # what was made all the same is found by looking
    assert code == 4
    assert "did not do it in time" in told
    assert "Kept in " in told
    assert "Publish later with: perfbot publish" in told


@pytest.mark.parametrize("after", ["²", "soon", "-1", "9" * 400, "Thu, 99 Foo 9999 00:00:00 GMT"])
def test_what_is_no_time_to_wait(job: InCI, tmp_path: Path, capsys: pytest.CaptureFixture[str], after: str) -> None:
    (file,) = write(tmp_path, report(result(change=0.3)))
    job.fake.faults = [Fault(429, times=10**6, headers={"Retry-After": after.encode().decode("latin-1")})]
    assert main(["publish", str(file), "--patience", "300ms"]) == 4
    assert "Publish later with: perfbot publish" in capsys.readouterr().err


def test_a_wrong_token_is_not_shown(job: InCI, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file,) = write(tmp_path, report(result()))
    job.fake.token = "another"
    assert main(["publish", str(file)]) == 4
    told = capsys.readouterr().err
    assert "The token is wrong, expired or revoked" in told
    assert "bot-token" not in told
    assert "workflow-token" not in told


def test_no_token(job: InCI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("PERFBOT_TOKEN", raising=False)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    assert main(["publish", "--pending"]) == 2
    assert "There is no token for http://127.0.0.1" in capsys.readouterr().err


def test_nothing_named(job: InCI, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish"]) == 2
    assert "Name reports to publish" in capsys.readouterr().err


def test_outside_ci_the_forge_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GITLAB_CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (file,) = write(tmp_path, report(result(change=0.3)))
    assert main(["publish", str(file)]) == 1
    folder = tmp_path / ".perfbot/forge"
    assert "is slower" in (folder / "comments/1.md").read_text()
    assert json.loads((folder / "status.json").read_text())["perfbot"]["state"] == "failed"
    assert main(["publish", str(file)]) == 1
    assert len(list((folder / "comments").iterdir())) == 1


def test_given_by_hand(job: InCI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any machine: forge, address, project and number on the command line."""
    kind = "gitlab" if isinstance(job.fake, FakeGitLab) else "github"
    for name in job.environ:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PERFBOT_TOKEN", job.fake.token)
    (file,) = write(tmp_path, report(result()))
    words = ["--forge", kind, "--url", job.fake.url, "--project", job.fake.project, "--merge-request", "1"]
    assert main(["publish", str(file), *words]) == 0
    assert "no change" in job.comment()


def test_rebench_event(job: InCI, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = job.fake.say("/perfbot help")
    made = gitlab_note if isinstance(job.fake, FakeGitLab) else github_comment
    file = tmp_path / "comment.json"
    file.write_text(json.dumps(made("/perfbot help", note["id"])))
    assert main(["rebench", "--event", str(file)]) == 0
    assert "perfbot: helped" in capsys.readouterr().err
    assert "/rebench" in job.fake.by_bot()[0]["body"]


def test_rebench_on_anything_else(job: InCI, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "push.json"
    file.write_text('{"ref": "refs/heads/main"}')
    assert main(["rebench", "--event", str(file)]) == 0
    assert "no command in a new comment" in capsys.readouterr().err
    file.write_text("[]")
    assert main(["rebench", "--event", str(file)]) == 2


def test_rebench_poll(job: InCI, capsys: pytest.CaptureFixture[str]) -> None:
    job.fake.say("/perfbot help")
    assert main(["rebench", "--poll", "--since", "1000000h"]) == 0
    assert "by ada: helped" in capsys.readouterr().err


def test_serve_without_a_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("PERFBOT_GITLAB_SECRET", "PERFBOT_GITHUB_SECRET"):
        monkeypatch.delenv(name, raising=False)
    assert main(["serve"]) == 2
    assert "anybody could give commands: not starting" in capsys.readouterr().err


@pytest.mark.usefixtures("_without_pauses")
def test_ci_from_commit_to_comment(gitlab: InCI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real measurement of a command that became three times slower."""
    repository = three_times_slower(tmp_path / "app")
    base, head = repository.git("rev-parse", "HEAD~1"), repository.head
    gitlab.fake.add_merge_request(1, head)
    gitlab.environ.update(
        CI_COMMIT_SHA=head, CI_MERGE_REQUEST_DIFF_BASE_SHA=base, PERFBOT_CACHE=str(tmp_path / "cache")
    )
    for name, value in gitlab.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.chdir(repository.path)
    assert main(["ci", "--output", str(tmp_path / "out")]) == 1
    assert "is slower" in gitlab.comment()
    assert gitlab.fake.statuses[-1]["status"] == "failed"
    assert gitlab.fake.statuses[-1]["sha"] == head != HEAD
    assert (tmp_path / "out/perfbot-report.json").is_file()
