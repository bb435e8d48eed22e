"""Suites in which both sides want one port, lock or file, as those of servers do."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from random import Random
from statistics import fmean

import pytest

from perfbot.measure.lockstep.explaining import Explaining
from perfbot.measure.lockstep.plan import Speed
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.session import Measured
from perfbot.reasons import Exclusive
from perfbot.reasons.words import text as in_words
from tests.workers import Sides, Taken, take

SPIN = """\
import os

WORK = 400_000 if os.path.basename(os.getcwd()) == "head" else 50_000

def spin(n=WORK):
    for _ in range(n):
        pass
"""

SERVER = """\
import socket, subprocess, sys, threading, time
from spin import spin

def serve(server):
    while True:
        asked, _ = server.accept()
        with asked:
            asked.recv(1)
            spin()
            asked.send(b"x")

def ask(port):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.send(b"x")
        client.recv(1)

def in_a_thread(port):
    server = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=serve, args=[server], daemon=True).start()
    return server

def in_a_process(port):
    child = subprocess.Popen([sys.executable, __file__, str(port)], stderr=subprocess.DEVNULL)
    for _ in range(500):
        try:
            ask(port)
            return child
        except OSError:
            time.sleep(0.01)
    raise AssertionError("nobody answers")

if __name__ == "__main__":
    serve(socket.create_server(("127.0.0.1", int(sys.argv[1]))))
"""

BENCHMARKS = """\
import os, pytest, server, spin

PORT = int(os.environ["CHOSEN"])

@pytest.fixture(scope="session")
def thread():
    with server.in_a_thread(PORT):
        yield PORT

@pytest.fixture
def process():
    child = server.in_a_process(PORT)
    yield PORT
    child.kill()
    child.wait()

def test_thread(benchmark, thread):
    benchmark(server.ask, thread)

def test_process(benchmark, process):
    benchmark(server.ask, process)

def test_neither(benchmark):
    benchmark(spin.spin, 1000)

def test_broken(benchmark):
    benchmark(spin.spin, 1000)
    with open(os.environ["LOG"], "a") as log:
        log.write(os.path.basename(os.getcwd()) + "\\n")
    assert spin.WORK == 50_000, "head is broken"
"""


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Sides(tmp_path, Path(sys.executable), {"CHOSEN": str(port)})
    made.write({"spin.py": SPIN, "server.py": SERVER, "bench/test_it.py": BENCHMARKS})
    return made


def pytest_suite(sides: Sides, test: str, rounds: int = 1) -> Taken:
    session = sides.suite('harness = "pytest"\npaths = ["bench"]\nenv = { PYTHONPATH = "." }')
    return take(session, names=[f"test_it.py::{name}" for name in test.split()], rounds=rounds)


def only(taken: Taken, name: str) -> Measured:
    one = [one for one in taken.outcomes if one.name == name][-1]
    assert isinstance(one, Measured), one
    return one


def is_slower(measured: Measured) -> bool:
    """Head does eight times the work."""
    return fmean(measured.round.head) > 2 * fmean(measured.round.base)


def test_a_server_on_one_port_is_each_sides_own(sides: Sides) -> None:
    """Whoever started second failed: its port was taken."""
    taken = pytest_suite(sides, "test_thread test_neither", rounds=2)
    assert not taken.failures()
    measured = only(taken, "test_it.py::test_thread")
    assert is_slower(measured)
    assert Exclusive() in measured.notes
    assert Exclusive() not in only(taken, "test_it.py::test_neither").notes


def test_nobody_asks_the_other_sides_server(sides: Sides) -> None:
    """The second server ends at once, and nothing fails: both sides would have asked the first one."""
    measured = only(pytest_suite(sides, "test_process"), "test_it.py::test_process")
    assert is_slower(measured)
    assert Exclusive() in measured.notes


def test_what_is_taken_when_a_suite_is_read(sides: Sides) -> None:
    started = "import os, server\ntaken = server.in_a_thread(int(os.environ['CHOSEN']))\n"
    sides.write({"bench.py": started + "def ask():\n    server.ask(int(os.environ['CHOSEN']))\n"})
    measured = only(take(sides.suite('harness = "python"\nfunctions = { ask = "bench:ask" }')), "ask")
    assert is_slower(measured)
    assert Exclusive() in measured.notes


def test_what_is_broken_on_one_side_fails_there(sides: Sides) -> None:
    (failure,) = pytest_suite(sides, "test_broken").failures().values()
    assert failure.side == "head"
    assert "head is broken" in in_words(failure.reasons)
    assert sorted(sides.logged()) == ["base", "head", "head"], "base is not measured for it again"


def test_quantiles_and_processor_time_are_measured_too(sides: Sides) -> None:
    text = 'harness = "pytest"\npaths = ["bench"]\nenv = { PYTHONPATH = "." }\nmetrics = ["time", "cpu", "time_p95"]'
    taken = take(sides.suite(text), names=["test_it.py::test_thread"])
    assert {one.metric.name for one in taken.outcomes if isinstance(one, Measured)} == {"time", "cpu", "time_p95"}


@pytest.mark.parametrize(
    ("base", "head", "clashes"),
    [((), (), False), ((8000,), (8001,), False), ((8000,), (8000,), True), ((8000,), (), True), ((), (8000,), True)],
)
def test_a_clash_is_one_port_or_one_server_for_two(base: tuple[int, ...], head: tuple[int, ...], clashes: bool) -> None:
    other = Speed(1e-3, 1e-3, ports=frozenset(head))
    assert Speed(1e-3, 1e-3, ports=frozenset(base), other=other).clashes == clashes


def test_what_is_exclusive_is_not_explained(sides: Sides) -> None:
    """Both sides would have to run at once."""
    session = sides.suite('harness = "pytest"\npaths = ["bench"]\nenv = { PYTHONPATH = "." }')
    assert isinstance(session, LockstepSuite)
    name = "test_it.py::test_process"
    take(session, names=[name])
    explaining = Explaining(session, Random(1))  # noqa: S311 - not a secret
    assert list(explaining.observe([name], 1.0)) == []
    assert "only one can have" in explaining.failed[name]


def test_what_waits_for_a_lock_of_the_other_side_runs_alone(sides: Sides) -> None:
    """It neither fails nor ends beside the other one."""
    locked = "import fcntl\nfrom spin import spin\nlock = open('../lock', 'w')\n"
    sides.write({"bench.py": locked + "def work():\n    fcntl.flock(lock, fcntl.LOCK_EX)\n    spin()\n"})
    session = sides.suite('harness = "python"\ntimeout = "3s"\nfunctions = { work = "bench:work" }')
    measured = only(take(session), "work")
    assert is_slower(measured)
    assert Exclusive() in measured.notes
