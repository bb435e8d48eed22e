"""``perfbot watch`` and ``perfbot session``: a verdict at every save, and what the tries have spent."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from perfbot.errors import INTERRUPTED
from tests.cli.conftest import CONFIG, Shell, shell_for
from tests.programs import SPIN

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return shell_for(tmp_path, CONFIG)


def read_until(process: subprocess.Popen[str], what: str, seconds: float = 100.0) -> list[str]:
    """Lines of stdout, up to the one with some words in it."""
    assert process.stdout is not None
    lines: list[str] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        line = process.stdout.readline()
        lines.append(line)
        if what in line:
            return lines
        if not line:
            break
    raise AssertionError(f"{what!r} never came: {lines}")


def test_it_measures_at_every_save_and_counts(shell: Shell) -> None:
    file = shell.repository.path / "program.sh"
    file.write_text(SPIN.format(6001))
    with shell.start("watch", "--only", "slower", "--times", "2", "--budget", "30s") as process:
        read_until(process, "s after the save")
        file.write_text(SPIN.format(60_000))
        second = "".join(read_until(process, "s after the save"))
        assert process.wait(60) == 0
    assert "programs/slower" in second
    told = shell.type("session", "--format", "json")
    session = json.loads(told.stdout)
    assert len(session["tries"]) == 2
    assert session["tries"][1]["regressed"] == 1
    assert session["tries"][0]["alpha"] == pytest.approx(4 * session["tries"][1]["alpha"])


def test_a_save_meanwhile_begins_anew_and_ctrl_c_ends_it(shell: Shell) -> None:
    file = shell.repository.path / "same.sh"
    file.write_text("sleep 0.3\n" + file.read_text())
    with shell.start("watch", "--only", "same", "--budget", "100s", "-v") as process:
        assert process.stderr is not None
        while "round" not in process.stderr.readline():
            pass
        file.write_text("exit 0\n")
        while "beginning anew" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == INTERRUPTED


def test_a_session_is_told_and_begun_anew(shell: Shell) -> None:
    assert shell.type("session").stdout == "No tries yet: the first gets 61% of alpha.\n"
    (shell.repository.path / "same.sh").write_text(SPIN.format(2000))
    shell.type("run", "--dirty", "--only", "same", "--budget", "5 s", "-q")
    told = shell.type("session").stdout
    assert "1 try, 60.8% of alpha spent" in told
    assert "the next try gets 15.20% of alpha" in told
    anew = shell.type("session", "--fresh").stdout
    assert anew.startswith("A new session begins; the last one had 1 try.\nNo tries yet")
