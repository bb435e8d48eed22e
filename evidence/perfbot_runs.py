"""Runs of ``perfbot run`` as a user types it, on repositories of two commits made for the purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
"""The checkout that this file lies in."""

SETTING_UP = 600.0
"""Seconds that set-up may take beside the budget; afterwards the run is killed."""

_PERSON = {"NAME": "perfbot evidence", "EMAIL": "evidence@localhost", "DATE": "2026-01-01T12:00:00Z"}

IDENTITY = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _PERSON.items()} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
"""Git's environment: nobody's own configuration, and the same commits from the same files."""


@dataclass(frozen=True, slots=True)
class Perfbot:
    """Which perfbot to run.

    Attributes:
        tree: a checkout of it.
        cache: its cache folder.
        python: the interpreter; it has perfbot's dependencies.
    """

    tree: Path
    cache: Path
    python: str = sys.executable

    @property
    def commit(self) -> str:
        """The commit of ``tree``, with a plus where files differ from it; "?" where it is no repository."""
        found = subprocess.run(
            ["git", "-C", self.tree, "describe", "--always", "--abbrev=7", "--dirty=+", "--exclude=*"],
            capture_output=True,
            text=True,
            check=False,
        )
        return found.stdout.strip() or "?"

    def environment(self) -> dict[str, str]:
        """What it is started with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PERFBOT", "CI", "GIT"))}
        return kept | {"PYTHONPATH": str(self.tree), "PERFBOT_CACHE": str(self.cache)}


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended. ``report`` is empty where none was written; ``said`` is the end of what it printed."""

    code: int
    seconds: float
    report: Mapping[str, Any]
    said: str
    load: float

    @property
    def results(self) -> list[dict[str, Any]]:
        """The report's results without their rounds."""
        return [{key: value for key, value in one.items() if key != "raw"} for one in self.report.get("results", ())]


def git(folder: Path, *arguments: str) -> str:
    """What git prints.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = ["git", "-C", str(folder), *arguments]
    found = subprocess.run(command, env=os.environ | IDENTITY, check=True, capture_output=True, text=True)
    return found.stdout.strip()


def repository(folder: Path, *commits: Mapping[str, str]) -> None:
    """Make a repository whose branch ``main`` has these commits, each given by its files; others are deleted."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for files in commits:
        git(folder, "rm", "--quiet", "-r", "--ignore-unmatch", ".")
        write(folder, files)
        git(folder, "add", "--all", "--force")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", "change")


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files with their folders."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(perfbot: Perfbot, repo: Path, budget: float, *arguments: str) -> Run:
    """Compare the last commit of ``repo`` with the one before.

    Args:
        budget: seconds, as ``--budget`` gets them.
        arguments: more options of ``perfbot run``.
    """
    report = repo.parent / f"{repo.name}.json"
    report.unlink(missing_ok=True)
    command = [perfbot.python, "-m", "perfbot", "run", "HEAD~1..HEAD", "--no-why", "--budget", f"{budget:g}s"]
    load = os.getloadavg()[0]
    begin = time.monotonic()
    code, said = _ended([*command, "--report", str(report), *arguments], perfbot, repo, budget + SETTING_UP)
    seconds = time.monotonic() - begin
    known = json.loads(report.read_text()) if report.exists() else {}
    report.unlink(missing_ok=True)
    return Run(code, seconds, known, said, load)


def _ended(command: list[str], perfbot: Perfbot, repo: Path, limit: float) -> tuple[int, str]:
    process = subprocess.Popen(
        command,
        cwd=repo,
        env=perfbot.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        said, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.terminate()  # it ends its own children
        said, _ = process.communicate()
        said += f"\nended after {limit:.0f} s"
    except BaseException:
        process.terminate()
        process.communicate()
        raise
    return process.returncode, said[-2000:]
