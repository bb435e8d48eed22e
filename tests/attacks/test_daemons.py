"""Nothing that measured code starts outlives the run, however it leaves its parent behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from perfbot import orphans
from perfbot.process import Child, capture, run, running

ENV = {"PATH": os.environ["PATH"]}

ESCAPES = {
    "fork, setsid, fork, exec with nothing": """
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.execve(sys.executable, [sys.executable, "-S", "-c", STAY], {})
""",
    "its marks overwritten in place": """
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.execve(sys.executable, [sys.executable, "-S", "-c", STAY], {"PERFBOT_CHILD": "nobody"})
""",
    "a group of its own under a parent that died": """
if os.fork() == 0:
    os.setpgid(0, 0)
    if os.fork():
        os._exit(0)
    os.setsid()
    os.execve(sys.executable, [sys.executable, "-S", "-c", STAY], {})
""",
    "three generations, each in a session of its own": """
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.setsid() if os.getpid() != os.getsid(0) else None
    if os.fork():
        os._exit(0)
    if os.getpid() != os.getsid(0):
        os.setsid()
    os.execve(sys.executable, [sys.executable, "-S", "-c", STAY], {})
""",
    "a reaper of its own, which dies": """
import ctypes
if os.fork() == 0:
    os.setsid()
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.execve(sys.executable, [sys.executable, "-S", "-c", STAY], {})
    while not os.path.exists("pid.whole"):
        time.sleep(0.01)
    os._exit(0)
""",
    "a reaper of its own, which stays": """
import ctypes
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.execve(sys.executable, [sys.executable, "-S", "-c", STAY], {})
    os.execve("/bin/sleep", ["sleep", "600"], {})
""",
    "one that hears no polite signal": """
import signal
for number in range(1, 32):
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        pass
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.execve(sys.executable, [sys.executable, "-S", "-c", STAY], {})
""",
    "one that is forked anew all the time": """
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.environ.clear()
    end = time.monotonic() + 600
    while time.monotonic() < end:
        with open("pid", "w") as file:
            file.write(str(os.getpid()))
        os.rename("pid", "pid.whole")
        if os.fork():
            os._exit(0)
        os.setsid()
""",
}

CODE = """\
import os, sys, time
STAY = '''
import os, time
with open("pid", "w") as file:
    file.write(str(os.getpid()))
os.rename("pid", "pid.whole")
time.sleep(600)
'''
{escape}
while not os.path.exists("pid.whole"):
    time.sleep(0.01)
{then}
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def left(folder: Path) -> list[int]:
    """Processes whose working folder is the one that everything was started in."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                here = (entry / "cwd").readlink() == folder
            except OSError:
                continue
            if here and alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def script(folder: Path, escape: str, then: str = "") -> list[str]:
    path = folder / "script.py"
    path.write_text(CODE.format(escape=ESCAPES[escape], then=then))
    return [sys.executable, "-S", str(path)]


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize("how", ["ends by itself", "is ended"])
def test_what_a_child_started_ends_with_it(tmp_path: Path, escape: str, how: str) -> None:
    if how == "ends by itself":
        assert run(script(tmp_path, escape), cwd=tmp_path, env=ENV, timeout=30).ok
    else:
        with running(script(tmp_path, escape, "time.sleep(600)"), cwd=tmp_path, env=ENV):
            while not (tmp_path / "pid.whole").exists():
                time.sleep(0.01)
    assert left(tmp_path) == []


def test_children_are_found_where_the_kernel_does_not_list_them(tmp_path: Path) -> None:
    own = subprocess.Popen(["/bin/sleep", "600"])
    try:
        assert own.pid in set(orphans._children(tmp_path))
        assert set(orphans._children(tmp_path)) >= set(orphans._children())
    finally:
        own.kill()
        own.wait()


def test_what_others_started_here_is_left_alone(tmp_path: Path) -> None:
    """A library in the same process may have children, and so may perfbot's caller."""
    own = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
    try:
        run(script(tmp_path, "fork, setsid, fork, exec with nothing"), cwd=tmp_path, env=ENV, timeout=30)
        assert own.poll() is None
    finally:
        own.kill()
        own.wait()


def test_git_that_runs_meanwhile_is_left_alone(tmp_path: Path) -> None:
    codes: list[int] = []
    one = threading.Thread(target=lambda: codes.append(capture(["/bin/sleep", "1"], cwd=tmp_path, env=ENV).returncode))
    one.start()
    while one.is_alive():
        run(["true"], cwd=tmp_path, env=ENV, timeout=30)
    assert codes == [0]


def test_two_children_at_once_do_not_end_each_others(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = Child(["/bin/sh", "-c", "sleep 600"], cwd=tmp_path / "a", env=ENV)
    try:
        run(script(tmp_path / "b", "fork, setsid, fork, exec with nothing"), cwd=tmp_path / "b", env=ENV, timeout=30)
        assert first.alive()
        assert left(tmp_path / "b") == []
    finally:
        first.kill()


RUN = """\
import sys
from perfbot.process import nothing_left, run
with nothing_left():
    run([sys.executable, "-S", "script.py"], cwd={folder!r}, env={{"PATH": "/usr/bin:/bin"}}, timeout=30)
"""


@pytest.mark.parametrize("escape", [next(iter(ESCAPES)), "a reaper of its own, which stays"])
def test_nothing_is_left_when_perfbot_ends(tmp_path: Path, escape: str) -> None:
    """The same in a process of its own, as a job has it: its token is safe from what came before."""
    script(tmp_path, escape)
    subprocess.run([sys.executable, "-c", RUN.format(folder=str(tmp_path))], check=True, timeout=60)
    assert left(tmp_path) == []
