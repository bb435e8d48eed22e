"""The command line on a repository whose suites are shell commands: no environment has to be made."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from perfbot.cli.main import main
from tests.programs import QUICK, SPIN
from tests.repositories import Repository

CONFIG = QUICK + 'commands = { same = "sh same.sh", slower = "sh slower.sh" }\n'

OFFLINE = {"UV_OFFLINE": "1"}
"""No environment waits for an index to answer: none gets pip, which these suites do without."""


@dataclass(frozen=True)
class Shell:
    """A repository, and how to type perfbot in it."""

    repository: Repository
    variables: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Beside the repository: cache, home and what tests write."""
        return self.repository.path.parent

    def start(self, *words: str, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        """``perfbot WORDS…``, running."""
        # A little disk is too small for bytecode as well, of which Python 3.11 then leaves a part that nobody can load.
        more = {"PYTHONDONTWRITEBYTECODE": "1"} if before else {}
        return subprocess.Popen(
            [sys.executable, "-m", "perfbot", *words],
            cwd=self.repository.path,
            env={**self.variables, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,  # noqa: PLW1509 - no threads here
        )

    def type(self, *words: str, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
        """``perfbot WORDS…``, ended; in this process, which has it imported, unless something comes ``before``."""
        if before is None:
            return self._within(words)
        process = self.start(*words, before=before)
        out, err = process.communicate(timeout=200)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def _within(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            contextlib.chdir(self.repository.path),
            mock.patch.dict(os.environ, self.variables, clear=True),
            mock.patch.object(tempfile, "tempdir", None),
        ):
            try:
                code = main(words)
            except SystemExit as error:  # argparse's own
                code = int(error.code or 0)
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def shell_for(folder: Path, config: str, files: Mapping[str, str] | None = None) -> Shell:
    """Two commits, of which the second makes the program of ``slower.sh`` four times as slow; ``config`` is on both."""
    repository = Repository(folder / "project")
    same, slow = SPIN.format(6000), SPIN.format(24000)
    scripts = {"same.sh": same, "slower.sh": ". ./program.sh\n", "program.sh": same}
    repository.commit({"perfbot.toml": config, **scripts, **(files or {})}, "base")
    repository.git("switch", "--quiet", "--create", "change")
    repository.commit({"program.sh": slow}, "head")
    (folder / "tmp").mkdir()
    own = {"HOME": str(folder), "PERFBOT_CACHE": str(folder / "cache"), "TMPDIR": str(folder / "tmp")}
    return Shell(repository, {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **OFFLINE, **own})


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The repository as configured above."""
    return shell_for(tmp_path_factory.mktemp("cli"), CONFIG)
