"""Processes with all they start: time-outs, floods, daemons, and what they may see."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.errors import Interrupted
from perfbot.process import (
    TAIL_BYTES,
    Child,
    Finished,
    describe_code,
    kill_all,
    run,
    running,
    scrubbed_environment,
    start_again,
    start_nothing,
)
from tests.processes import gone

ENV = {"PATH": os.environ["PATH"]}

DAEMON = """\
import os, sys, time
{leave}
if os.fork() == 0:
    {detach}
    {again}
    with open("pid", "w") as file:
        file.write(str(os.getpid()))
    os.rename("pid", "pid.whole")
    time.sleep(600)
while not os.path.exists("pid.whole"):
    time.sleep(0.01)
"""


def script(folder: Path, text: str) -> list[str]:
    path = folder / "script.py"
    path.write_text(text)
    return [sys.executable, "-S", str(path)]


class TestEnvironment:
    @pytest.mark.parametrize(
        "name",
        [
            *("GITHUB_TOKEN", "GITHUB_SHA", "CI_JOB_TOKEN", "CI_JOB_ID", "PERFBOT_TOKEN", "MY_SECRET", "DB_PASSWORD"),
            *("AWS_ACCESS_KEY_ID", "SSH_AUTH_SOCK", "NETRC", "PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "HTTP_PROXY"),
            *("PATH_TOKEN", "LANG_SECRET", "LCX", "PIP_INDEX_URL", "VIRTUAL_ENV"),
        ],
    )
    def test_drops(self, name: str, tmp_path: Path) -> None:
        assert name not in scrubbed_environment({name: "x"}, tmp_path)

    def test_keeps_what_programs_need_and_adds(self, tmp_path: Path) -> None:
        outer = {"PATH": "/bin", "LC_ALL": "C", "HOME": "/root", "TOKEN": "x"}
        assert scrubbed_environment(outer, tmp_path, {"MODE": "fast"}) == {
            "PATH": "/bin",
            "LC_ALL": "C",
            "HOME": str(tmp_path),
            "PERFBOT": "1",
            "MODE": "fast",
        }

    @given(st.dictionaries(st.text(), st.text()))
    def test_lets_nothing_through_that_is_not_on_the_list(self, outer: dict[str, str]) -> None:
        kept = scrubbed_environment({f"X{name}": value for name, value in outer.items()}, Path("/home"))
        assert kept == {"HOME": "/home", "PERFBOT": "1"}


class TestRun:
    def test_a_string_goes_through_the_shell(self, tmp_path: Path) -> None:
        done = run("echo one; echo two >&2; exit 3", cwd=tmp_path, env=ENV, timeout=30)
        assert (done.code, done.output, done.ok) == (3, "one\ntwo\n", False)
        assert done.ending == "ended with 3"

    def test_lines_are_told_as_they_come(self, tmp_path: Path) -> None:
        lines: list[str] = []
        run("printf 'a\\r\\nb\\nc'", cwd=tmp_path, env=ENV, timeout=30, on_line=lines.append)
        assert lines == ["a", "b", "c"]

    def test_only_the_end_of_a_flood_is_kept(self, tmp_path: Path) -> None:
        code = "import sys; [sys.stdout.write('x' * 1_000_000) for _ in range(200)]; print('the end')"
        done = run([sys.executable, "-S", "-c", code], cwd=tmp_path, env=ENV, timeout=60)
        assert done.ok
        assert done.output.endswith("xxx" + "the end\n")
        assert len(done.output) <= TAIL_BYTES

    def test_rubbish_is_shown_leniently(self, tmp_path: Path) -> None:
        done = run(["printf", r"\377\376ok"], cwd=tmp_path, env=ENV, timeout=30)
        assert done.output == "\ufffd\ufffdok"

    def test_a_timeout_ends_the_whole_group(self, tmp_path: Path) -> None:
        done = run("sleep 600 & echo $! > pid; trap '' TERM; sleep 600", cwd=tmp_path, env=ENV, timeout=0.3)
        assert done.timed_out
        assert not done.ok
        assert "ran out of time" in done.ending
        assert gone(int((tmp_path / "pid").read_text()))

    def test_a_signal_is_named(self, tmp_path: Path) -> None:
        done = run("kill -SEGV $$", cwd=tmp_path, env=ENV, timeout=30)
        assert done.code == -signal.SIGSEGV
        assert done.ending == "was killed by SIGSEGV"

    def test_a_missing_program_is_an_os_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            run(["no-such-program"], cwd=tmp_path, env=ENV, timeout=30)


class TestNothingLivesOn:
    """What a process starts dies with it, however it tries to get away."""

    @pytest.mark.parametrize("detach", ["pass", "os.setpgid(0, 0)", "os.setsid()"])
    @pytest.mark.parametrize("again", ["pass", "if os.fork(): os._exit(0)"])
    def test_a_grandchild(self, tmp_path: Path, detach: str, again: str) -> None:
        code = DAEMON.format(leave="", detach=detach, again=again)
        done = run(script(tmp_path, code), cwd=tmp_path, env=ENV, timeout=30)
        assert done.ok
        assert gone(int((tmp_path / "pid.whole").read_text()))

    def test_a_daemon_of_a_killed_process(self, tmp_path: Path) -> None:
        code = DAEMON.format(leave="", detach="os.setsid()", again="") + "time.sleep(600)\n"
        with running(script(tmp_path, code), cwd=tmp_path, env=ENV) as child:
            while not (tmp_path / "pid.whole").exists():
                time.sleep(0.01)
        assert not child.alive()
        assert gone(int((tmp_path / "pid.whole").read_text()))

    def test_another_childs_daemon_is_left_alone(self, tmp_path: Path) -> None:
        code = DAEMON.format(leave="", detach="os.setsid()", again="") + "time.sleep(600)\n"
        with running(script(tmp_path, code), cwd=tmp_path, env=ENV):
            while not (tmp_path / "pid.whole").exists():
                time.sleep(0.01)
            run("true", cwd=tmp_path, env=ENV, timeout=30)
            assert not gone(int((tmp_path / "pid.whole").read_text()))

    def test_kill_all_ends_what_runs_and_killing_twice_is_once(self, tmp_path: Path) -> None:
        child = Child(["sleep", "600"], cwd=tmp_path, env=ENV)
        kill_all()
        child.kill()
        assert child.wait(0) == -signal.SIGKILL


def test_a_polite_signal_comes_first(tmp_path: Path) -> None:
    code = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done"
    child = Child(["/bin/sh", "-c", code], cwd=tmp_path, env=ENV)
    while "ready" not in child.output():
        time.sleep(0.01)
    child.kill(grace=30)
    assert child.wait(0) == 0
    assert "bye" in child.output()


@pytest.mark.parametrize(
    ("code", "text"), [(0, "ended with 0"), (-9, "was killed by SIGKILL"), (-200, "was killed by signal 200")]
)
def test_codes_in_words(code: int, text: str) -> None:
    assert describe_code(code) == text
    assert Finished(code, "", 1.0).ending == text


def test_a_stopped_run_starts_nothing(tmp_path: Path) -> None:
    start_nothing()
    try:
        with pytest.raises(Interrupted):
            Child(["true"], cwd=tmp_path, env=ENV)
    finally:
        start_again()
    assert run("true", cwd=tmp_path, env=ENV, timeout=30).ok
