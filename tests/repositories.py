"""Real git repositories for tests, small and quick to make."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

IDENTITY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"), ("DATE", "2026-01-02T03:04:05+00:00"))
}


OPTIONS = ("-c", "protocol.file.allow=always", "-c", "maintenance.auto=false", "-c", "core.fsync=none")
"""Commits of tests are small and soon gone: no second process tidies up after each, and no disk is waited for."""


class Repository:
    """A repository at ``path`` with the branch ``main``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        if not (path / ".git").exists():
            shutil.copytree(_empty(), path / ".git")

    def copy(self, path: Path) -> Repository:
        """The same at another place, for whoever changes it: commits have the same ids there."""
        shutil.copytree(self.path, path, symlinks=True)
        return Repository(path)

    def git(self, *arguments: str, stdin: str = "") -> str:
        """What git prints; a failure is the test's."""
        return git(self.path, *arguments, stdin=stdin)

    def write(self, files: Mapping[str, str | None]) -> None:
        """Write files; None deletes one."""
        for name, text in files.items():
            path = self.path / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

    def commit(self, files: Mapping[str, str | None], message: str = "change") -> str:
        """Commit files, and return the full id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head

    def series(self, count: int, name: str = "log.txt") -> list[str]:
        """Commits in a row, oldest first."""
        return [self.commit({name: f"{number}\n"}, f"step {number}") for number in range(count)]

    def import_series(self, branch: str, count: int) -> str:
        """Many commits on top of a branch at once; the new tip's id."""
        person = "Ada <ada@example.org> 1767323045 +0000"
        first = f"from refs/heads/{branch}^0\n"
        stream = "".join(
            f"commit refs/heads/{branch}\ncommitter {person}\ndata 4\nstep\n{'' if number else first}"
            for number in range(count)
        )
        self.git("fast-import", "--quiet", stdin=stream)
        return self.git("rev-parse", branch)

    @property
    def head(self) -> str:
        """The commit that is checked out; read where git wrote it just now, since a process takes longer."""
        folder = self.path / ".git"
        if (folder / "HEAD").is_file():
            name = (folder / "HEAD").read_text().strip().removeprefix("ref: ")
            if (folder / name).is_file() and name.startswith("refs/"):
                return (folder / name).read_text().strip()
        return self.git("rev-parse", "HEAD")


@functools.cache
def _empty() -> Path:
    """What git writes into a fresh repository; copying it takes less than asking git for it each time."""
    folder = Path(tempfile.mkdtemp(prefix="perfbot-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    git(folder, "init", "--quiet", "--initial-branch=main", "--template=")
    return folder / ".git"


def git(folder: Path, *arguments: str, stdin: str = "") -> str:
    """Git in any folder, with a fixed identity and no configuration of the machine's owner."""
    environment = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", *OPTIONS, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()
