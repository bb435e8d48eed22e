"""What a job unpacks is the merge request's: the job that publishes stands in it, and reads the report alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import report, result, write
from tests.ci_jobs import github_ci, gitlab_ci

LOOSE = 'threshold = "900%"\n'
FILES = {
    "perfbot.toml": f"[gate]\n{LOOSE}",
    "pyproject.toml": f"[tool.perfbot.gate]\n{LOOSE}",
    ".env": "PERFBOT_TOKEN=evil\n",
    ".netrc": "default login a password evil\n",
    ".python-gitlab.cfg": "[global]\ndefault = x\n[x]\nurl = http://127.0.0.1:1\n",
    ".git/config": "[core]\n\tfsmonitor = touch ran\n",
    ".git/HEAD": "ref: refs/heads/main\n",
}
MODULES = ("sitecustomize", "usercustomize", "perfbot", "httpx", "github", "gitlab", "json", "email", "token")


@pytest.mark.parametrize("kind", ["gitlab", "github"])
def test_nothing_but_the_report_counts(kind: str, tmp_path: Path) -> None:
    job = tmp_path / "job"
    job.mkdir()
    trap = f"open({str(tmp_path / 'ran')!r}, 'a').write(__name__)\n"
    for name, text in {**FILES, **{f"{module}.py": trap for module in MODULES}}.items():
        (job / name).parent.mkdir(exist_ok=True)
        (job / name).write_text(text)
    (file,) = write(job, report(result("parse", change=0.3)))
    with gitlab_ci() if kind == "gitlab" else github_ci() as ci:
        event = {"GITHUB_EVENT_PATH": str(ci.event_file(tmp_path))} if kind == "github" else {}
        script = Path(sys.executable).with_name("perfbot")
        environ = {"PATH": os.environ["PATH"], "HOME": str(job), **ci.environ, **event}
        words = [str(script), "publish", file.name, "--patience", "10s"]
        done = subprocess.run(words, cwd=job, env=environ, capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 1, done.stderr
        assert ci.status()[0] == "failed"
    assert not (tmp_path / "ran").exists()
