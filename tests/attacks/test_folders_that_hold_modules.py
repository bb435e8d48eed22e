"""perfbot started in a folder that a stranger filled: nothing in it is taken for a module or tool of perfbot's own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from perfbot.cli import doctor
from perfbot.service.apart import own_program

TELLS = "import os, pathlib\npathlib.Path({!r}).write_text(str(dict(os.environ)))\n"


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a module of a checkout writes when it is imported."""
    checkout, told = tmp_path / "checkout", tmp_path / "seen"
    checkout.mkdir()
    for name in ("pyperf", "psutil", "json", "perfbot", "statistics", "httpx"):
        (checkout / f"{name}.py").write_text(TELLS.format(str(told)))
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("PERFBOT_TOKEN", "hunter2")
    return told


def test_doctor_asks_tools_outside_the_checkout_and_without_secrets(
    seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module called like the tool that it asks was run with all of the job's variables."""
    doctor.pyperf_advice()
    assert not seen.exists()
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho 1.2.3\n{ pwd; env; } > " + str(seen) + "\n")
    tool.chmod(0o755)
    assert doctor._version(str(tool)) == "1.2.3"
    where, *variables = seen.read_text().splitlines()
    assert where == "/"
    assert not any("hunter2" in line for line in variables)


def test_the_process_that_reads_reports_is_perfbots_own(seen: Path) -> None:
    """`serve` in a checkout: the child looked for its modules where it stands."""
    task = json.dumps({"task": "check", "cpu": 60, "memory": 1 << 30, "settings": {}}).encode()
    environ = {**os.environ, "PYTHONPATH": str(Path(doctor.__file__).parents[2])}
    done = subprocess.run(own_program(), input=task + b"\n{}", capture_output=True, check=False, env=environ)
    assert b"unreadable" in done.stdout
    assert not seen.exists()
