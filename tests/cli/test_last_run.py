"""The last run is kept outside the repository, shown again, and opened as a page."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from perfbot.cli import last_run
from perfbot.cli.main import main
from perfbot.errors import UsageError
from tests.render.samples import typical


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@localhost"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    monkeypatch.setenv("PERFBOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(folder)
    return folder


def test_a_kept_run_is_shown_again(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"PERFBOT_CACHE": str(repo.parent / "cache")}
    where = last_run.folder(repo, environ)
    assert last_run.keep(typical(), where) == where / "report.json"
    assert last_run.load(where) == typical()
    assert list(repo.iterdir()) == [repo / ".git"]
    assert main(["show"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "🔴 1 of 42 benchmarks is slower: the gate fails"
    assert main(["show", "--comment"]) == 0
    assert capsys.readouterr().out.startswith("### 🔴 perfbot: 1 of 42 benchmarks is slower: merging is blocked\n")
    assert main(["show", "--all"]) == 0
    assert "walk[37]" in capsys.readouterr().out
    assert main(["open", "--print"]) == 0
    address = capsys.readouterr().out.strip()
    assert address.startswith("file://")
    assert "<title>perfbot: 1 of 42" in Path(address.removeprefix("file://")).read_text()


def test_work_trees_of_one_clone_share_it(repo: Path) -> None:
    environ = {"PERFBOT_CACHE": str(repo.parent / "cache")}
    subprocess.run(["git", "-C", str(repo), "worktree", "add", "-q", str(repo.parent / "other")], check=True)
    assert last_run.folder(repo.parent / "other", environ) == last_run.folder(repo, environ)


def test_where_no_run_is_kept_it_says_so(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show"]) == 2
    assert "No run is kept of this repository yet.\n  → perfbot run" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_costs_nothing(repo: Path) -> None:
    (repo.parent / "file").write_text("")
    where = repo.parent / "file" / "below"
    assert last_run.keep(typical(), where) is None
    with pytest.raises(UsageError):
        last_run.load(where)


def test_a_new_run_replaces_the_page_of_the_old_one(repo: Path) -> None:
    where = last_run.folder(repo, {"PERFBOT_CACHE": str(repo.parent / "cache")})
    last_run.keep(typical(), where)
    page = last_run.page(where)
    assert page.is_file()
    last_run.keep(typical(), where)
    assert not page.exists()


def test_a_ci_job_keeps_none() -> None:
    assert last_run.in_ci({"GITLAB_CI": "true"})
    assert not last_run.in_ci({"HOME": "/root"})
