"""The token is in the memory of the process that publishes: no neighbour reads it, and no core keeps it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfbot.cli.main import HOLD_A_TOKEN

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone lets a process refuse this")

NOBODY = 54_321
SECRET = "hunter2-of-the-token"

HOLDER = f"""
import os, sys, time
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from perfbot.cli import main
import perfbot.private
main.main = lambda: (print("ready", flush=True), time.sleep(60))
if os.getuid() == 0:
    os.setgid({NOBODY}); os.setuid({NOBODY})
    import ctypes; ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as a process that was never root
sys.argv = ["perfbot", *sys.argv[1:]]
main.run()
"""

READER = f"""
import os, sys
if os.getuid() == 0:
    os.setgid({NOBODY}); os.setuid({NOBODY})
pid, what = sys.argv[1:]
try:
    with open(f"/proc/{{pid}}/{{what}}", "rb") as file:
        print("read", {SECRET!r}.encode() in file.read(100_000) if what == "environ" else "it")
except OSError as error:
    print("refused", type(error).__name__)
"""


@pytest.fixture
def holder(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", HOLDER, *request.param]
    environ = {**os.environ, "PERFBOT_TOKEN": SECRET}
    process = subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True, cwd="/")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def look(pid: int, what: str) -> str:
    words = [sys.executable, "-c", READER, str(pid), what]
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout.strip()


@pytest.mark.parametrize("holder", [["run"]], indirect=True)
def test_the_attempt_succeeds_where_nobody_refuses(holder: subprocess.Popen[str]) -> None:
    """So that the others prove something; `run` holds no token."""
    assert look(holder.pid, "environ") == "read True"


@pytest.mark.parametrize("holder", [[verb, "x"] for verb in sorted(HOLD_A_TOKEN)], indirect=True)
def test_a_neighbour_of_the_same_user_reads_nothing(holder: subprocess.Popen[str]) -> None:
    for what in ("environ", "mem", "maps"):
        assert look(holder.pid, what) == "refused PermissionError", what


CRASH = f"""
import os, sys, time, resource
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from perfbot.cli import main
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
child = os.fork()
if not child:
    main.main = os.abort
    sys.argv = ["perfbot", *sys.argv[1:]]
    main.run()
print(hard, os.WCOREDUMP(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("verb", ["publish", "serve"])
def test_a_crash_leaves_no_core(verb: str, tmp_path: Path) -> None:
    words = [sys.executable, "-c", CRASH, verb]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split()[1] == "False"
    assert list(tmp_path.iterdir()) == []
