"""The last run is kept outside the repository, shown again, and opened as a page."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from perfbot.cli import last_run
from perfbot.cli.main import main
from perfbot.cli.run import add_job_summary
from perfbot.errors import UsageError
from perfbot.pipeline.continuing import keep_last
from perfbot.pipeline.job import Request
from tests.render.samples import quiet, typical


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


def environ(repo: Path) -> dict[str, str]:
    return {"PERFBOT_CACHE": str(repo.parent / "cache"), "PATH": os.environ["PATH"]}


def test_a_kept_run_is_shown_again(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_last(typical(), Request(repo, environ(repo), repo.parent / "cache"))
    assert last_run.load(last_run.file_here(repo, environ(repo))) == typical()
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


def test_where_no_run_is_kept_it_says_so(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show"]) == 2
    assert "No run is kept of this repository yet.\n  → perfbot run" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_costs_nothing(repo: Path) -> None:
    (repo.parent / "file").write_text("")
    where = repo.parent / "file" / "below" / "report.json"
    assert not last_run.keep(typical(), where)
    with pytest.raises(UsageError):
        last_run.load(where)


def test_the_page_is_that_of_the_last_run(repo: Path) -> None:
    file = last_run.file_of_demo(environ(repo))
    assert last_run.keep(typical(), file)
    assert "1 of 42 benchmarks is slower" in last_run.page(file).read_text()
    os.utime(last_run.page(file), ns=(0, 0))
    last_run.keep(quiet(), file)
    assert "no change in 4 benchmarks" in last_run.page(file).read_text()


def test_a_github_job_gets_a_summary(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    add_job_summary(typical(), {"GITHUB_STEP_SUMMARY": str(file)})
    assert file.read_text().startswith("before\n### 🔴 perfbot: 1 of 42 benchmarks is slower: merging is blocked\n")
    assert "> [!CAUTION]" in file.read_text()
    add_job_summary(typical(), {"GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "folder")})
