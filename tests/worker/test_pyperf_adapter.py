"""pyperf scripts as people write them, entered by real workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from perfbot.reasons.words import text as in_words
from perfbot.worker import timers
from perfbot.worker.stopwatch import Reading
from tests.workers import Sides, Taken, take

SUITE = 'harness = "pyperf"\npaths = ["*.py"]\nargs = ["--size", "7"]'

HEAD = """\
import os, time
import pyperf

def log(line):
    with open(os.environ["LOG"], "a") as file:
        file.write(line + "\\n")

def work(n=20):
    return sum(range(n))
"""

MANY = (
    HEAD
    + """\
import asyncio

def time_func(loops, n):
    assert loops > 0
    started = pyperf.perf_counter()
    for _ in range(loops):
        work(n)
    return pyperf.perf_counter() - started

def ten_at_once():
    for _ in range(10):
        work()

async def waiting_for_nobody(n):
    return work(n)

def set_up():
    log("callable set up")

def tear_down():
    log("callable torn down")

def add_arguments(cmd, args):
    cmd.extend(["--size", str(args.size)])

runner = pyperf.Runner(values=3, processes=2, add_cmdline_args=add_arguments)
runner.metadata["place"] = "shop"
runner.argparser.add_argument("--size", type=int, default=1)
args = runner.parse_args()
assert args.size == 7

assert runner.bench_func("func", work, 30) is None
runner.bench_func("inner", ten_at_once, inner_loops=10, metadata={"a": 1})
runner.bench_time_func("time func", time_func, 25)
runner.bench_time_func("time func inner", time_func, 25, inner_loops=4)
runner.bench_async_func("async", waiting_for_nobody, 20)
runner.bench_async_func("async loop", waiting_for_nobody, 20, loop_factory=asyncio.new_event_loop)
runner.timeit("timeit", "work(n)", setup="n = 20", globals=globals())
runner.timeit("timeit lines", ["a = work(n)", "b = a + 1"], ["n = 20", "m = 3"], globals=globals())
runner.timeit("timeit torn down", "x.append(1)", "x = []", "assert x, 'emptied'; del x", duplicate=5)
runner.timeit("timeit callables", work, set_up, tear_down)
runner.timeit("1 + 1")
runner.bench_command("command", ["true"])
if runner.args.worker:
    raise AssertionError("nobody is a worker of pyperf's here")
"""
)

FAILS = (
    HEAD
    + """\
runner = pyperf.Runner()
runner.argparser.add_argument("--size")
runner.bench_func("before", work)
runner.bench_func("raises", lambda: 1 / 0)
runner.timeit("no syntax", "1 +")
runner.bench_func("twice", work)
runner.bench_func("twice", work, 100000)
raise RuntimeError("in the middle of the script")
runner.bench_func("after", work)
"""
)

ENDS = (
    HEAD
    + """\
import sys
runner = pyperf.Runner()
runner.argparser.add_argument("--size")
runner.bench_func("only", work)
sys.exit(0)
"""
)

HELPER = "VALUE = 20\n"

IMPORTS = (
    HEAD
    + "import helper\nrunner = pyperf.Runner()\nrunner.argparser.add_argument('--size')\n"
    + ("if __name__ == '__main__':\n    runner.bench_func('imports', work, helper.VALUE)\n")
)

FILES = {
    "bench_many.py": MANY,
    "bench_fails.py": FAILS,
    "bench_ends.py": ENDS,
    "bench_imports.py": IMPORTS,
    "bench_broken.py": "def (",
    "helper.py": HELPER,
}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory, bare: Path) -> tuple[Sides, Taken]:
    """All scripts, measured for one round."""
    sides = Sides(tmp_path_factory.mktemp("pyperf"), bare)
    sides.write(FILES)
    suite = SUITE.replace('"*.py"', '"bench_*.py"')
    return sides, take(sides.suite(suite))


@pytest.mark.parametrize(
    "name",
    [
        *("func", "inner", "time func", "time func inner", "async", "async loop", "timeit", "timeit lines"),
        *("timeit torn down", "timeit callables", "1 + 1", "command"),
    ],
)
def test_measures(taken: tuple[Sides, Taken], name: str) -> None:
    (only,) = taken[1].rounds(f"bench_many.py::{name}")
    assert len(only.base) == len(only.head) > 0
    assert min(*only.base, *only.head) > 0


def test_inner_loops_divide_the_value_and_do_not_lengthen_it(taken: tuple[Sides, Taken]) -> None:
    (only,) = taken[1].rounds("bench_many.py::inner")
    assert only.loops % 10 == 0
    (event,) = [e for e in taken[0].rounds_traced() if e["benchmark"] == "bench_many.py::inner"]
    assert event["loops"] * 10 == only.loops
    assert only.base[0] == pytest.approx(event[f"{only.clock}s"]["base"][0] / only.loops / 1e9)


def test_other_benchmarks_of_a_script_that_fails_are_measured(taken: tuple[Sides, Taken]) -> None:
    assert {"bench_fails.py::before", "bench_fails.py::twice", "bench_ends.py::only"} <= taken[1].measured()


@pytest.mark.parametrize(("name", "words"), [("raises", "ZeroDivisionError"), ("no syntax", "SyntaxError")])
def test_a_failing_benchmark_says_why(taken: tuple[Sides, Taken], name: str, words: str) -> None:
    failure = taken[1].failures()[f"bench_fails.py::{name}"]
    assert failure.side == "both"
    assert words in in_words(failure.reasons)


def test_nothing_else_fails(taken: tuple[Sides, Taken]) -> None:
    assert set(taken[1].failures()) == {"bench_fails.py::raises", "bench_fails.py::no syntax"}


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("bench_fails.py", "in the middle of the script"),
        ("bench_fails.py", "two benchmarks are named twice"),
    ],
)
def test_what_is_wrong_with_a_script_is_told(taken: tuple[Sides, Taken], where: str, words: str) -> None:
    told = [one for one in taken[1].discovery.problems if where in one.where and words in one.output]
    assert len(told) == 1, "once for both sides"


def test_a_script_of_which_no_benchmark_is_known_is_a_result(taken: tuple[Sides, Taken]) -> None:
    (lost,) = [one for one in taken[1].discovery.settled if one.benchmark.name == "bench_broken.py"]
    assert (lost.status, lost.failed_side) == ("failed", "both")
    assert "SyntaxError" in in_words(lost.reasons)


def test_a_script_imports_what_lies_beside_it(taken: tuple[Sides, Taken]) -> None:
    assert "bench_imports.py::imports" in taken[1].measured()


def test_setup_and_teardown_surround_each_batch(taken: tuple[Sides, Taken]) -> None:
    logged = taken[0].logged()
    assert logged.count("callable set up") == logged.count("callable torn down") > 0


class TestSelfTimed:
    """A function that times itself, on clocks that a test moves: others take the core inside or outside its timing."""

    @pytest.fixture
    def timed(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, ...]]:
        """Times of one value in ms: timed, and what it lost to others inside and outside of it, or waited."""

        def once(own: float, *, inside: float = 0.0, outside: float = 0.0, waits: float = 0.0) -> tuple[int, ...]:
            wall, cpu = round((own + 1 + outside) * 1e6), round((own + 1 - inside - waits) * 1e6)
            lost = round((inside + outside) * 1e6)
            readings = iter([Reading(0, 0, 0), Reading(wall, cpu, lost)])
            clocks = tuple(iter([0, ended]).__next__ for ended in (wall, cpu, cpu))
            monkeypatch.setattr(timers, "CLOCKS", clocks)
            monkeypatch.setattr(timers, "reading", readings.__next__)
            return timers.self_timed(lambda loops: own / 1e3)(1)

        return once

    def test_a_short_one_is_never_shorter_than_it_was(self, timed: Callable[..., tuple[int, ...]]) -> None:
        assert timed(0.5, outside=4.0)[:2] == (500_000, 500_000)
        assert timed(4.5, inside=4.0)[:2] == (4_500_000, 4_500_000)

    def test_what_it_costs_loses_its_share_of_what_others_took(self, timed: Callable[..., tuple[int, ...]]) -> None:
        assert timed(4.0)[2] == 4_000_000
        assert timed(9.0, inside=5.0)[2] == 4_500_000
        assert timed(4.0, waits=4.0)[2] == 4_000_000

    def test_a_long_one_gets_its_share(self, timed: Callable[..., tuple[int, ...]]) -> None:
        own, cpu, _ = timed(99.0, inside=50.0)
        assert (own, cpu) == (99_000_000, 49_500_000)

    def test_one_that_waits_shows_it(self, timed: Callable[..., tuple[int, ...]]) -> None:
        own, cpu, _ = timed(4.0, waits=4.0)
        assert cpu < own / 2


def test_they_are_entered_in_any_order(tmp_path: Path, bare: Path) -> None:
    """What is confirmed comes in another order than that of the script."""
    sides = Sides(tmp_path, bare)
    body = (
        "import pyperf\nrunner = pyperf.Runner()\nfor name in 'abc':\n    runner.bench_func(name, sorted, [3, 1, 2])\n"
    )
    sides.write({"bench.py": body})
    session = sides.suite('harness = "pyperf"\npaths = ["bench.py"]')
    taken = take(session, rounds=2, names=["c", "a", "b"])
    assert [len(taken.rounds(name)) for name in "cab"] == [2, 2, 2]
