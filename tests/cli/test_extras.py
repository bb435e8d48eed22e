"""The plain package runs, judges and publishes locally; what needs more says what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from perfbot.cli.extras import EXTRA_OF
from tests.builders import report, result, write

ROOT = Path(__file__).parents[2]
WITHOUT = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(EXTRA_OF)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from perfbot.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def plain(*words: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """perfbot where no extra is installed."""
    argv = [sys.executable, "-c", WITHOUT, *map(str, words)]
    own = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run(argv, cwd=cwd, env=own, capture_output=True, text=True, check=False, timeout=90)


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["serve"], "serve"),
        (["site", "--database", "sqlite:///x.db", "pages"], "pages"),
        (["history", "--database", "sqlite:///x.db"], "history"),
        (["publish", "report.json", "--forge", "gitlab", "--project", "g/p", "--merge-request", "1"], "publish"),
        (["publish", "report.json", "--forge", "github", "--project", "o/p", "--merge-request", "1"], "publish"),
        (["publish", "report.json", "--server", "https://perfbot.example"], "publish"),
        (["rebench", "--poll", "--forge", "gitlab", "--project", "g/p"], "publish"),
    ],
)
def test_what_is_missing_is_named(words: list[str], extra: str, tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    write(tmp_path, report(result()), names=("report",))
    done = plain(
        *words, cwd=tmp_path, PERFBOT_TOKEN="x", PERFBOT_GITHUB_SECRET="0123456789abcdef", PERFBOT_GITLAB_TOKEN="x"
    )
    assert f'→ pip install "perfbot[{extra}]"' in done.stderr, done.stderr
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_plain_package_judges_and_publishes_locally(tmp_path: Path) -> None:
    (file,) = write(tmp_path, report(result(change=0.3)))
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert "slower" in plain("judge", file, cwd=tmp_path).stdout
    done = plain("publish", file, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "slower" in (tmp_path / ".perfbot/forge/comments/1.md").read_text()


@pytest.mark.parametrize(
    "verb", ["run", "ci", "demo", "doctor", "init", "calibrate", "harnesses", "history", "site", "serve"]
)
def test_help_needs_nothing(verb: str, tmp_path: Path) -> None:
    assert plain(verb, "--help", cwd=tmp_path).returncode == 0
