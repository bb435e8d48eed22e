"""What measured code can reach in one job, tried for real; docs/security.md says what only two jobs give."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from perfbot import report as reports
from perfbot.errors import ReportError
from perfbot.publish.flow import publish
from tests.ci_jobs import InCI
from tests.repositories import Repository

SNOOP = """\
import os, pathlib
found = pathlib.Path(OUT)
found.joinpath("own").write_text(repr(dict(os.environ)))
pid, seen = os.getppid(), b""
while pid > 1:
    try:
        seen += pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        break
found.joinpath("parents").write_bytes(seen)
"""
SECRET = "glpat-not-for-benchmarks"


def measured(tmp_path: Path, *, token: bool) -> tuple[str, bytes, Path]:
    """Run a suite that snoops; its own environment, its ancestors' environments, and the report."""
    repository, out = Repository(tmp_path / "app"), tmp_path / "out"
    out.mkdir()
    config = (
        '[run]\nbudget = "1s"\n[[suite]]\nname = "work"\nharness = "command"\n'
        f'commands = {{ snoop = "{sys.executable} -S snoop.py" }}\n'
    )
    repository.commit({"perfbot.toml": config, "snoop.py": f"OUT = {str(out)!r}\n{SNOOP}"}, "base")
    repository.commit({"README": "head"}, "head")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CI_", "GITHUB_", "GITLAB_"))}
    environ |= {"PERFBOT_CACHE": str(tmp_path / "cache"), "CI_JOB_TOKEN": "job-token", "MY_PASSWORD": "hunter2"}
    if token:
        environ["PERFBOT_TOKEN"] = SECRET
    report = tmp_path / "report.json"
    argv = [sys.executable, "-m", "perfbot.cli.main", "run", "HEAD^..HEAD", "--report", str(report)]
    subprocess.run(argv, cwd=repository.path, env=environ, check=False, capture_output=True, timeout=60)
    return (out / "own").read_text(), (out / "parents").read_bytes(), report


def test_a_benchmark_that_prints_its_environment_finds_nothing(tmp_path: Path) -> None:
    own, parents, _ = measured(tmp_path, token=True)
    for secret in (SECRET, "job-token", "hunter2", "SSH_AUTH_SOCK"):
        assert secret not in own
    assert SECRET.encode() in parents, "one job: the parent's environment is readable, as the documentation says"


def test_two_jobs_have_no_token_to_find_and_an_edited_report_is_refused(gitlab: InCI, tmp_path: Path) -> None:
    own, parents, file = measured(tmp_path, token=False)
    assert SECRET not in own
    assert SECRET.encode() not in parents
    found = reports.read(file)
    gitlab.fake.add_merge_request(1, found.change.head)
    gitlab.environ["CI_COMMIT_SHA"] = found.change.head
    assert publish([file], gitlab.publisher()).code in {0, 1, 3}
    reports.write(replace(found, change=replace(found.change, head="d" * 40)), file)
    with pytest.raises(ReportError, match="is about ddddddd"):
        publish([file], gitlab.publisher())
