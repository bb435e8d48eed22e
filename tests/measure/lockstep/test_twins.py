"""Workers forked from one interpreter, where the system lets no layout be chosen: real interpreters and processes."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perfbot.measure.lockstep import twins
from perfbot.measure.lockstep.twins import ForkFailed, Start, can_fork, fork
from perfbot.model import SIDES
from perfbot.reasons import words
from perfbot.runner import address_space
from tests.workers import Sides, take

TELLING = """
import json, os, site, sys

def lines(name):
    with open("/proc/self/" + name) as file:
        return file.read().splitlines()

def log(value):
    with open(os.environ["LOG"], "a") as file:
        file.write(json.dumps(value) + "\\n")

log({
    "path": sys.path, "prefixes": [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.executable],
    "flags": str(sys.flags), "variables": dict(os.environ), "argv": [sys.argv, getattr(sys, "orig_argv", [])[:2]],
    "modules": sorted(sys.modules), "main": sorted(vars(sys.modules["__main__"])), "site": site.PREFIXES,
    "folder": os.getcwd(), "leads": os.getsid(0) == os.getpid(), "own": getattr(sys, "own_site", ""),
    "addresses": [line.split()[0] for line in lines("maps") if ".so" in line or "[stack]" in line],
    "open": len(os.listdir("/proc/self/fd")),
})

def work():
    sum(range(1000))
"""
DRAWN = {"PERFBOT_CHILD", "PERFBOT_PADDING"}
"""Variables of each process's own."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter of an environment with a start-up file of its own."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "own.pth").write_text("import sys; sys.own_site = 'here'\n")
    return folder / "bin" / "python"


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that lets no layout be chosen, as under a container's usual seccomp profile."""
    monkeypatch.setattr(address_space, "_personality", lambda persona: -1)
    address_space.can_share.cache_clear()


@pytest.fixture(autouse=True)
def asked_again() -> Any:
    """What the system allows is remembered; the next test must ask anew."""
    yield
    address_space.can_share.cache_clear()


def told(folder: Path, python: Path, *, rounds: int = 1) -> list[dict[str, Any]]:
    """What each worker says of itself when its suite is imported, in the order started; of discovery first."""
    sides = Sides(folder, python, {"PYTHONPATH": "extra"})
    sides.write({"shop.py": TELLING, "extra/nothing.py": ""})
    take(sides.suite('harness = "python"\nfunctions = { work = "shop:work" }'), rounds=rounds)
    return [json.loads(line) for line in sides.logged()]


def comparable(one: dict[str, Any], folder: Path) -> dict[str, Any]:
    variables = {name: value for name, value in one["variables"].items() if name not in DRAWN}
    text = json.dumps({**one, "variables": variables, "addresses": []})
    return dict(json.loads(text.replace(str(folder), "HERE")))


@pytest.mark.usefixtures("refused")
def test_both_sides_have_one_layout_and_each_round_another(tmp_path: Path, environment: Path) -> None:
    every = told(tmp_path, environment, rounds=2)
    (one, other), (third, fourth) = ([each["addresses"] for each in every[at : at + 2]] for at in (2, 4))
    assert len(one) > 10
    assert one == other
    assert third == fourth != one


def test_a_fork_is_what_a_start_would_have_been(
    tmp_path: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = told(tmp_path / "plain", environment)[2:]
    monkeypatch.setattr(address_space, "_personality", lambda persona: -1)
    address_space.can_share.cache_clear()
    forked = told(tmp_path / "forked", environment)[2:]
    assert forked[0]["addresses"] == forked[1]["addresses"]
    by_folder = [
        sorted((comparable(one, tmp_path / name) for one in every), key=str)
        for name, every in (("plain", plain), ("forked", forked))
    ]
    assert by_folder[0] == by_folder[1]
    assert by_folder[1][0]["own"] == "here", "its environment's start-up files were read"
    assert all(one["leads"] for one in forked), "a session of its own, as everything that is measured"
    assert all(one["variables"]["PERFBOT_CHILD"] for one in forked), "and what it starts can be found"


@pytest.mark.usefixtures("refused")
class TestEndings:
    def test_one_that_dies_is_told_with_what_it_printed(self, tmp_path: Path, environment: Path) -> None:
        sides = Sides(tmp_path, environment)
        kills = "import os\ndef work():\n    print('so long', flush=True)\n    os.kill(os.getpid(), 11)\n"
        sides.write({"shop.py": "def work():\n    pass\n"}, sides=["base"])
        sides.write({"shop.py": kills}, sides=["head"])
        lost = take(sides.suite('harness = "python"\nfunctions = { work = "shop:work" }')).failures()["work"]
        assert (lost.side, "SIGSEGV" in words.text(lost.reasons)) == ("head", True)
        assert "so long" in words.text(lost.reasons)

    def test_a_module_that_does_not_import_is_told_like_any(self, tmp_path: Path, environment: Path) -> None:
        sides = Sides(tmp_path, environment)
        sides.write({"shop.py": "def work():\n    import nowhere_to_be_found\n"})
        lost = take(sides.suite('harness = "python"\nfunctions = { work = "shop:work" }')).failures()["work"]
        assert "nowhere_to_be_found" in words.text(lost.reasons)

    def test_nothing_is_left_of_them(self, tmp_path: Path, environment: Path) -> None:
        sides = Sides(tmp_path, environment)
        starts = "import os, subprocess, sys\nchild = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        noted = "with open(os.environ['LOG'], 'a') as file:\n    file.write(f'{os.getpid()}\\n{child.pid}\\n')\n"
        sides.write({"shop.py": f"{starts}{noted}def work():\n    pass\n"})
        take(sides.suite('harness = "python"\nfunctions = { work = "shop:work" }'))
        pids = [int(line) for line in sides.logged()]
        assert len(pids) == 8
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


class TestFork:
    def start(self, folder: Path, python: Path, code: str, **env: str) -> Start:
        script = folder / "script.py"
        script.write_text(code)
        return Start([str(python), str(script), "{}"], folder, {"PATH": os.environ["PATH"], **env}, ())

    def test_codes_signals_and_output_are_each_ones_own(self, tmp_path: Path, environment: Path) -> None:
        code = "import os, sys, time\nprint('hello', os.environ['WHO'], flush=True)\n"
        code += "if os.environ['WHO'] == 'a':\n    sys.exit(3)\ntime.sleep(60)\n"
        one, other = fork([self.start(tmp_path, environment, code, WHO=who) for who in "ab"])
        try:
            assert (one.wait(20.0), other.wait(0.0)) == (1, None), (
                "an exception ends a fork: the worker never lets one out"
            )
            assert one.output().startswith("hello a\n")
            until(lambda: "hello b" in other.output())
            other.signal(signal.SIGTERM)
            assert other.wait(20.0) == -signal.SIGTERM
        finally:
            one.kill()
            other.kill()

    def test_variables_may_be_many_and_are_no_arguments_that_everybody_sees(
        self, tmp_path: Path, environment: Path
    ) -> None:
        code = "import os, time\nprint(len(os.environ['LONG_ONE']), flush=True)\ntime.sleep(60)\n"
        long = "secret" * 15_000
        workers = fork([self.start(tmp_path, environment, code, LONG_ONE=long) for _ in range(3)])
        try:
            until(lambda: all(str(len(long)) in one.output() for one in workers))
            parent = Path(f"/proc/{workers[0].pid}/stat").read_text().rpartition(")")[2].split()[1]
            for pid in (parent, *(one.pid for one in workers)):
                assert b"secret" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        finally:
            for one in workers:
                one.kill()

    def test_only_like_can_be_forked(self, tmp_path: Path, environment: Path) -> None:
        start = self.start(tmp_path, environment, "")
        assert can_fork([start, self.start(tmp_path, environment, "", PYTHONPATH="elsewhere")])
        assert not can_fork([start, self.start(tmp_path, Path(sys.base_prefix) / "bin" / "python3", "")])
        assert not can_fork([start, self.start(tmp_path, environment, "", LD_PRELOAD="libother.so")])
        assert not can_fork([start, self.start(tmp_path, environment, "", PYTHONMALLOC="malloc")])
        assert not can_fork([start, Start(["taskset", *start.argv], start.cwd, start.env, ())])

    def test_an_interpreter_that_cannot_is_told(
        self, tmp_path: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = tmp_path / "broken.py"
        broken.write_text("raise SystemExit('not today')\n")
        monkeypatch.setattr(twins, "TWINS", broken)
        with pytest.raises(ForkFailed, match="not today"):
            fork([self.start(tmp_path, environment, "") for _ in SIDES])


@pytest.mark.usefixtures("refused")
def test_where_forking_fails_both_are_started(
    tmp_path: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twins, "TWINS", tmp_path / "missing.py")
    (_, _, one, other) = told(tmp_path / "sides", environment)
    assert one["addresses"] != other["addresses"]


def until(holds: Callable[[], bool], patience: float = 20.0) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
