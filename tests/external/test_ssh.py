"""``perfbot run --on`` through a real sshd on this machine, as whoever runs the tests."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import three_times_slower


@pytest.fixture
def ssh_config(tmp_path: Path) -> Iterator[Path]:
    """A server of our own keys on a free port, and a configuration that knows it as ``quiet``."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    assert sshd, "apt-get install openssh-server"
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    (tmp_path / "authorized").write_text((tmp_path / "user.pub").read_text())
    (tmp_path / "authorized").chmod(0o600)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    Path("/run/sshd").mkdir(exist_ok=True)
    options = [
        "-o", f"HostKey={tmp_path / 'host'}", "-o", f"AuthorizedKeysFile={tmp_path / 'authorized'}",
        "-o", "StrictModes=no", "-o", "UsePAM=no", "-o", f"PidFile={tmp_path / 'pid'}", "-o", "ListenAddress=127.0.0.1",
        "-o", "AcceptEnv=PERFBOT_CACHE", "-o", "PermitRootLogin=yes",
    ]  # fmt: skip
    server = subprocess.Popen([sshd, "-D", "-f", "/dev/null", "-p", str(port), *options])
    config = tmp_path / "ssh_config"
    told = {
        "HostName": "127.0.0.1",
        "Port": port,
        "User": getpass.getuser(),
        "IdentityFile": tmp_path / "user",
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "accept-new",
        "UserKnownHostsFile": tmp_path / "known",
    }
    config.write_text("Host quiet\n" + "".join(f"  {key} {value}\n" for key, value in told.items()))
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield config
    finally:
        server.terminate()
        server.wait(10)


def test_a_run_on_another_machine(tmp_path: Path, ssh_config: Path) -> None:
    repository = three_times_slower(tmp_path / "project")
    here = Path(__file__).parents[2]
    cache = tmp_path / "there"
    environ = {
        **os.environ,
        "PYTHONPATH": str(here),
        "PERFBOT_CACHE": str(tmp_path / "cache"),
        "GIT_SSH_COMMAND": f"ssh -F {ssh_config} -oBatchMode=yes",
        "PERFBOT_ON_COMMAND": f"env PYTHONPATH={here} PERFBOT_CACHE={cache} {sys.executable} -m perfbot",
    }
    done = subprocess.run(
        [sys.executable, "-m", "perfbot", "run", "--on", "quiet", "--seed", "1", "--force", "--report", "report.json"],
        cwd=repository.path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report = json.loads((repository.path / "report.json").read_text())
    (result,) = report["results"]
    assert result["verdict"] == "regressed"
    assert any("Measured on quiet" in note for note in report["change"]["notes"])
    assert "measuring on quiet" in done.stderr
    for made in (Path.home() / ".cache" / "perfbot-on").glob("*"):
        if str(tmp_path) in (made / "work" / ".git" / "config").read_text():
            shutil.rmtree(made)
