"""Whole commands: what they cost, how they fail, and that nothing of them stays."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median_low

import pytest

from perfbot.errors import MeasureError
from perfbot.measure.lockstep.launching import Command, Launcher, Usage
from perfbot.measure.session import Failed, Measured, SuiteSession
from perfbot.model import MEMORY, SIDES, TIME
from perfbot.reasons import Exclusive, Waits
from perfbot.reasons.words import text as in_words
from tests.processes import gone
from tests.workers import PATIENCE, Sides, Taken, take

SPIN = "[ ! -e count ] || read n < count; i=0; while [ $i -lt ${n:-20000} ]; do i=$((i+1)); done\n"


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    sides = Sides(tmp_path, Path(sys.executable))
    sides.write({"spin.sh": SPIN})
    return sides


def suite(commands: str, more: str = "") -> str:
    return f'harness = "command"\ncommands = {{ {commands} }}\n{more}'


def only(sides: Sides, command: str, more: str = "", *, rounds: int = 1) -> Taken:
    return take(sides.suite(suite(f"it = '''{command}'''", more)), rounds=rounds)


class TestMeasures:
    def test_computing_commands_at_once_by_cpu_time(self, sides: Sides) -> None:
        sides.write({"count": "60000"}, sides=["base"])
        sides.write({"count": "240000"}, sides=["head"])
        taken = only(sides, "sh spin.sh")
        (round_,) = taken.rounds("it")
        assert (round_.clock, round_.together, round_.loops, len(round_.base)) == ("cpu", True, 1, 1)
        assert 2 < round_.head[0] / round_.base[0] < 8

    def test_waiting_ones_in_turns_by_wall_time(self, sides: Sides) -> None:
        taken = only(sides, "sleep 0.05")
        (round_,) = taken.rounds("it")
        assert (round_.clock, round_.together) == ("wall", False)
        assert min(*round_.base, *round_.head) >= 0.05
        (measured,) = taken.outcomes
        assert isinstance(measured, Measured)
        assert Waits() in measured.notes

    def test_peak_memory_of_the_largest_process(self, sides: Sides) -> None:
        for side, megabytes in (("base", 30), ("head", 120)):
            sides.write({"size": str(megabytes)}, sides=[side])  # type: ignore[list-item]
        code = 'import sys; x = bytearray(int(open(\\"size\\").read()) << 20)'
        taken = only(sides, f'{sys.executable} -S -c "{code}"'.replace("\\\\", "\\"), 'metrics = ["time", "memory"]')
        memory = [one.round for one in taken.outcomes if isinstance(one, Measured) and one.metric == MEMORY]
        assert [metric.name for metric in taken.discovery.metrics] == [TIME.name, MEMORY.name]
        assert memory[0].clock == "count"
        assert 60 << 20 < memory[0].head[0] - memory[0].base[0] < 120 << 20

    def test_a_small_command_is_not_as_large_as_what_starts_it(self, sides: Sides) -> None:
        taken = only(sides, "true", 'metrics = ["memory"]')
        (round_,) = taken.rounds("it")
        assert round_.base[0] < 24 << 20

    def test_in_an_order_that_is_drawn(self, sides: Sides) -> None:
        take(sides.suite(suite("a = 'sh spin.sh 10', b = 'sh spin.sh 10'")), rounds=6)
        orders = [tuple(event["order"]) for event in sides.rounds_traced()]
        assert len(orders) == 12
        assert {frozenset(order) for order in orders} == {frozenset(SIDES)}
        assert len(set(orders)) == 2

    def test_its_own_sides_program_before_any_other(self, sides: Sides) -> None:
        for side in SIDES:
            tool = sides.tree(side) / "bin" / "date"
            tool.parent.mkdir()
            tool.write_text(f'#!/bin/sh\necho {side} >> "$LOG"\n')
            tool.chmod(0o755)
        sides.variables = {"PATH": f"{sides.tree('head') / 'bin'}:{os.environ['PATH']}"}
        only(sides, "date")
        assert set(sides.logged()) == {"head"}

    @pytest.mark.parametrize("line", ["exit 0", "true && true", "cd . ", "A=1 true", "./spin.sh"])
    def test_lines_for_a_shell_or_for_none(self, sides: Sides, line: str) -> None:
        for side in SIDES:
            (sides.tree(side) / "spin.sh").write_text("#!/bin/sh\ntrue\n")
            (sides.tree(side) / "spin.sh").chmod(0o755)
        assert only(sides, line).measured() == {"it"}


class TestFails:
    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("echo why >&2; exit 3", "ended with 3\nwhy"),
            ("kill -SEGV $$", "SIGSEGV"),
            ("no-such-program-anywhere", "not found"),
            ("./no-such-file", "No such file"),
            ("echo it's", "uote"),
        ],
    )
    def test_with_the_reason(self, sides: Sides, line: str, words: str) -> None:
        failure = only(sides, line).failures()["it"]
        assert failure.side == "both"
        assert words in in_words(failure.reasons)

    def test_on_one_side(self, sides: Sides) -> None:
        sides.write({"ok": ""}, sides=["base"])
        assert only(sides, "test -e ok").failures()["it"].side == "head"

    def test_not_where_its_exit_code_means_success(self, sides: Sides) -> None:
        assert only(sides, "exit 3", "exit_codes = [0, 3]").measured() == {"it"}

    def test_by_running_out_of_time_and_its_group_dies(self, sides: Sides) -> None:
        failure = only(sides, "sleep 600 & echo $! > pid; wait", 'timeout = "300 ms"').failures()["it"]
        assert "ran out of time" in in_words(failure.reasons)
        for side in SIDES:
            assert gone(int((sides.tree(side) / "pid").read_text()))

    def test_without_costing_the_others(self, sides: Sides) -> None:
        taken = take(sides.suite(suite("a = 'exit 1', b = 'sh spin.sh 10'")))
        assert (set(taken.failures()), taken.measured()) == ({"a"}, {"b"})

    def test_when_its_preparation_fails(self, sides: Sides) -> None:
        failure = only(sides, "true", "prepare = 'echo unprepared; exit 7'").failures()["it"]
        assert "prepare" in in_words(failure.reasons)
        assert "ended with 7" in in_words(failure.reasons)


def test_one_that_is_too_long_for_the_budget_is_no_failure(sides: Sides) -> None:
    session = sides.suite(suite("long = 'echo $$ > pid; sleep 600', quick = 'true'"))
    session.discover()
    long, quick = session.measure_round(0, ["long", "quick"], time.monotonic() + 24.0)
    assert isinstance(long, Failed)
    assert long.skipped
    assert "s: too long for what is left of the time limit, since to decide takes 12 calls at least" in in_words(
        long.reasons
    )
    assert isinstance(quick, Measured)
    assert gone(int((sides.tree("base") / "pid").read_text()))
    assert not (sides.tree("head") / "pid").exists()


def test_preparation_runs_before_each_and_is_not_measured(sides: Sides) -> None:
    taken = only(sides, "cat stamp && rm stamp", "prepare = 'sleep 0.3; echo x > stamp'", rounds=2)
    assert taken.measured() == {"it"}
    assert all(one.base[0] < 0.3 for one in taken.rounds("it"))


def test_daemons_of_commands_are_dead(sides: Sides) -> None:
    only(sides, "setsid sleep 600 & echo $! > pid; while ! pgrep -x sleep > /dev/null; do :; done")
    for side in SIDES:
        assert gone(int((sides.tree(side) / "pid").read_text()))


class TestLauncher:
    """The process that starts commands may be lost, too."""

    def test_is_missed_when_it_dies(self, tmp_path: Path) -> None:
        launcher = Launcher()
        try:
            child = launcher._child
            os.kill(child.pid, signal.SIGKILL)
            child.wait(PATIENCE)
            with pytest.raises(MeasureError, match="process that starts commands is gone"):
                launcher.run([Command("true", tmp_path, {})], timeout=5)
        finally:
            launcher.close()

    def test_takes_running_commands_along(self, tmp_path: Path) -> None:
        launcher = Launcher()
        with pytest.raises(MeasureError):
            _kill_while(launcher, Command("echo $$ > pid; sleep 600", tmp_path, {"PATH": os.environ["PATH"]}))
        launcher.close()
        assert gone(int((tmp_path / "pid").read_text()))

    def test_lost_in_a_suite_is_that_suites_error(self, sides: Sides) -> None:
        session: SuiteSession = sides.suite(suite("it = 'kill -9 $PPID; sleep 600'"))
        session.discover()
        with pytest.raises(MeasureError, match="process that starts commands is gone"):
            list(session.measure_round(0, ["it"], time.monotonic() + PATIENCE))


def _kill_while(launcher: Launcher, command: Command) -> None:
    """Run a command whose launcher is killed once the command has begun."""
    import threading

    def kill() -> None:
        while not (command.cwd / "pid").exists():
            time.sleep(0.01)
        os.kill(launcher._child.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        launcher.run([command], timeout=PATIENCE)
    finally:
        killer.join()


class TestWaitsNowAndThen:
    """A command whose probe saw nothing of it, and which waits in some of its later runs."""

    SOMETIMES = (
        "import os, time\n"
        "sum(range(3_000_000))\n"
        "if os.path.exists('runs'):\n"
        "    runs = int(open('runs').read()) + 1\n"
        "    open('runs', 'w').write(str(runs))\n"
        "    if runs % 3 == 0: time.sleep(0.4)\n"
    )

    @pytest.mark.parametrize("line", ["{python} -S now.py", "{python} -S now.py; true"], ids=["itself", "a child"])
    def test_is_compared_by_what_somebody_waits(self, sides: Sides, line: str) -> None:
        sides.write({"now.py": self.SOMETIMES})
        sides.write({"runs": "0"}, sides=["head"])
        taken = only(sides, line.format(python=sys.executable), rounds=11)
        waiting = [round_ for round_ in taken.rounds("it") if round_.clock == "wall"]
        assert len(waiting) >= 2, "from where it was seen"
        assert any(round_.head[0] > 0.4 for round_ in waiting)
        assert median_low(round_.base[0] for round_ in waiting) < 0.4, "this side never waits, though it may be held up"
        first = next(one for one in taken.outcomes if isinstance(one, Measured) and one.round.clock == "wall")
        assert first.anew, "what was measured before says nothing of it"

    def test_one_that_computes_is_left_alone(self, sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
        """As recorded on a crowded core, where a busy disk made it wait once."""
        waits = iter([3e-4] * 6 + [0.012] + [3e-4] * 20)

        def run(launcher: Launcher, ran: Sequence[Command], **how: object) -> list[Usage]:
            return [Usage(0, 0.17 + next(waits), 0.05, 1 << 20, 0.12, timed_out=False, seen=1, threads=1) for _ in ran]

        monkeypatch.setattr(Launcher, "run", run)
        taken = only(sides, "computes", rounds=6)
        assert [round_.clock for round_ in taken.rounds("it")] == ["cpu"] * 6


SERVER = """\
import socket, subprocess, sys, time

def spin(n):
    for _ in range(n):
        pass

def serve():
    with socket.create_server(("127.0.0.1", PORT)) as taken:
        while True:
            asked, _ = taken.accept()
            with asked:
                asked.recv(1)
                spin(int(open("count").read()))

def ask():
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", PORT)) as server:
                server.send(b"x")
                server.recv(1)
            return
        except OSError:
            time.sleep(0.01)

PORT = int(sys.argv[1])
if sys.argv[2] == "serve":
    serve()
elif sys.argv[2] == "child":
    server = subprocess.Popen([sys.executable, __file__, sys.argv[1], "serve"], stderr=subprocess.DEVNULL)
    ask()
    server.kill()
    server.wait()
else:
    with socket.create_server(("127.0.0.1", PORT)):
        spin(2_000_000)
"""


class TestOnePortForBothSides:
    """As suites of servers have it: only one process can listen on it."""

    @pytest.fixture
    def port(self) -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            found: int = free.getsockname()[1]
            return found

    def test_each_side_has_it_alone(self, sides: Sides, port: int) -> None:
        sides.write({"server.py": SERVER})
        taken = only(sides, f"{sys.executable} -S server.py {port} alone", rounds=2)
        assert [one.together for one in taken.rounds("it")] == [False, False]
        (*_, measured) = taken.outcomes
        assert isinstance(measured, Measured)
        assert Exclusive() in measured.notes

    def test_nobody_asks_the_other_sides_server(self, sides: Sides, port: int) -> None:
        """The second server cannot start, and nobody fails: both clients would have asked the first one."""
        sides.write({"server.py": SERVER})
        sides.write({"count": "1000000"}, sides=["base"])
        sides.write({"count": "40000000"}, sides=["head"])
        taken = only(sides, f"{sys.executable} -S server.py {port} child")
        (round_,) = taken.rounds("it")
        assert not round_.together
        assert round_.head[0] > 2 * round_.base[0]

    def test_what_fails_beside_the_other_side_is_run_alone(self, sides: Sides) -> None:
        """Whatever it is that only one of them can have."""
        lock = sides.folder / "lock"
        line = f"mkdir {lock} && sh spin.sh; code=$?; rmdir {lock}; exit $code"
        sides.write({"count": "100000"})
        taken = only(sides, line, rounds=2)
        assert [one.together for one in taken.rounds("it")] == [False, False]
        assert not [one for one in taken.outcomes if isinstance(one, Failed)]
