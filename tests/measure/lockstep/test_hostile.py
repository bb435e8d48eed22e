"""What a benchmark may do to its own process costs that benchmark, never the run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from perfbot.reasons import words
from tests.processes import gone
from tests.workers import FEW_PLUGINS, Sides, Taken, take

HOSTILE = """\
import ctypes, json, os, signal, subprocess, sys, threading, time

SIDE = os.path.basename(os.getcwd())
HOME = os.getcwd()
called = set()


def log(**line):
    with open(os.environ["LOG"], "a") as file:
        file.write(json.dumps(line) + "\\n")


def first_call():
    caller = sys._getframe(1).f_code.co_name
    first = caller not in called
    called.add(caller)
    return first


def to_all_descriptors(text):
    for fd in range(3, 1024):
        try:
            os.write(fd, text)
        except OSError:
            pass


def fine():
    assert os.getcwd() == HOME
    sum(range(50))


def exits():
    os._exit(3)


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def segfault():
    ctypes.string_at(0)


def sleeps_for_ever():
    time.sleep(600)


def loops_for_ever():
    while True:
        pass


def rubbish():
    to_all_descriptors(b"\\xff\\x00 rubbish\\n")


def nested():
    to_all_descriptors(b"[" * 100_000 + b"\\n")


def forged():
    to_all_descriptors(b'{"event": "answer", "name": "forged", "first": -1, "loops": 0, "walls": ["x"]}\\n')


def leaves_by_itself():
    to_all_descriptors(b'{"event": "done", "name": "leaves_by_itself", "error": "", "skipped": ""}\\n')


def interrupts():
    raise KeyboardInterrupt("by the benchmark")


def leaves():
    sys.exit("enough")


def raises():
    raise ValueError("on purpose")


def closes_everything():
    os.closerange(0, 4096)


def forks():
    if first_call():
        os.fork()


def forks_and_dies():
    if os.fork() == 0:
        time.sleep(600)
    os._exit(5)


def moves():
    os.chdir("/")
    sum(range(50))


def floods():
    if first_call():
        for _ in range(200):
            os.write(1, b"x" * 1_000_000)
    sum(range(50))


def leaves_a_daemon():
    if first_call():
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        log(daemon=child.pid)
    sum(range(50))


def looks_around():
    if first_call():
        with open("/proc/%d/environ" % os.getppid()) as file:
            parent = file.read()
        log(environ=sorted(os.environ), fds=len(os.listdir("/proc/self/fd")), parent=parent.split("\\0"))
    sum(range(50))


def only_on(side, act):
    if SIDE == side:
        act()
    sum(range(50))


def dies_on_head():
    only_on("head", exits)


def dies_on_base():
    only_on("base", exits)


def hangs_on_head():
    only_on("head", sleeps_for_ever)


def raises_on_head():
    only_on("head", raises)


def last():
    fine()
"""

EXPECTED = {
    "exits": ("both", "ended with 3"),
    "killed": ("both", "SIGKILL"),
    "segfault": ("both", "SIGSEGV"),
    "sleeps_for_ever": ("both", "hangs"),
    "loops_for_ever": ("both", "in loops_for_ever"),
    "rubbish": ("both", "rubbish on the pipe"),
    "nested": ("both", "rubbish on the pipe"),
    "forged": ("both", "rubbish on the pipe"),
    "interrupts": ("both", "KeyboardInterrupt: by the benchmark"),
    "leaves": ("both", "SystemExit: enough"),
    "raises": ("both", "ValueError: on purpose"),
    "closes_everything": ("both", ""),
    "forks_and_dies": ("both", "ended with 5"),
    "dies_on_head": ("head", "ended with 3"),
    "dies_on_base": ("base", "ended with 3"),
    "hangs_on_head": ("head", "in sleeps_for_ever"),
    "raises_on_head": ("head", "ValueError: on purpose"),
}
"""Side and words of the failures."""

HANGING = ("sleeps_for_ever", "loops_for_ever", "hangs_on_head")

HARMLESS = ("fine", "forks", "moves", "floods", "leaves_a_daemon", "looks_around", "last")

UNDECIDED = ("leaves_by_itself",)
"""What perfbot may call as it likes: the benchmark speaks in its worker's place."""


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sides, Taken]:
    """All of them in one suite, for one round."""
    sides = Sides(tmp_path_factory.mktemp("hostile"), Path(sys.executable))
    sides.write({"hostile.py": HOSTILE})
    others = [name for name in (*EXPECTED, *UNDECIDED, *HARMLESS) if name not in HANGING]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GITHUB_TOKEN", "CI_JOB_TOKEN", "CI_JOB_ID", "MY_SECRET", "DB_PASSWORD", "NOT_LISTED"):
            patch.setenv(name, "must not be seen")
        patient, hasty = take(sides.suite(_suite(others, "60 s"))), take(sides.suite(_suite(HANGING, "1 s")))
    return sides, Taken(patient.discovery, patient.outcomes + hasty.outcomes)


def _suite(names: Sequence[str], timeout: str) -> str:
    table = ", ".join(f'{name} = "hostile:{name}"' for name in names)
    return f'harness = "python"\nfunctions = {{ {table} }}\ntimeout = "{timeout}"'


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_costs_one_benchmark(taken: tuple[Sides, Taken], name: str, expected: tuple[str, str]) -> None:
    failure = taken[1].failures()[name]
    assert (failure.side, expected[1] in words.text(failure.reasons)) == (expected[0], True), words.text(
        failure.reasons
    )


@pytest.mark.parametrize("name", HARMLESS)
def test_is_measured_all_the_same(taken: tuple[Sides, Taken], name: str) -> None:
    (only,) = taken[1].rounds(name)
    assert len(only.base) == len(only.head) >= 1


def test_nothing_else_fails(taken: tuple[Sides, Taken]) -> None:
    assert set(taken[1].failures()) - set(UNDECIDED) == set(EXPECTED)


def test_daemons_are_dead(taken: tuple[Sides, Taken]) -> None:
    daemons = [line["daemon"] for line in map(json.loads, taken[0].logged()) if "daemon" in line]
    assert len(daemons) == 2
    assert all(map(gone, daemons))


class TestSees:
    """What a benchmark finds when it looks around."""

    @pytest.fixture
    def seen(self, taken: tuple[Sides, Taken]) -> dict[str, list[str]]:
        return next(line for line in map(json.loads, taken[0].logged()) if "environ" in line)

    def test_no_variable_that_is_not_allowed(self, seen: dict[str, list[str]]) -> None:
        own = {"PERFBOT", "PERFBOT_CHILD", "PERFBOT_PADDING", "PYTHONHASHSEED", "HOME", "LOG", *FEW_PLUGINS}
        allowed = {"PATH", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "SHELL", "USER", "LOGNAME", "LD_LIBRARY_PATH"}
        certificates = {
            name for name in seen["environ"] if name.endswith(("_CERT", "_BUNDLE", "_CERTS", "_DIR", "_FILE"))
        }
        others = set(seen["environ"]) - own - allowed - certificates
        assert all(name.startswith("LC_") for name in others), others

    def test_the_schedulers_own_variables_where_it_runs_as_the_same_user(self, seen: dict[str, list[str]]) -> None:
        """No allow-list keeps a process from reading /proc of its parent: one job holds no secret from its code."""
        assert any(line.startswith("PATH=") for line in seen["parent"])
