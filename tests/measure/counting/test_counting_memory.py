"""Bytes, objects and peak memory of single calls, counted by real workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.measure.lockstep import counting
from perfbot.measure.session import Measured
from perfbot.model import Policy
from perfbot.reasons import words
from perfbot.runner.address_space import can_share
from perfbot.worker import counting as worker
from tests.measure.counting.conftest import Counted, counted
from tests.workers import FEW_PLUGINS, Sides, take

METRICS = '\nmetrics = ["time", "allocated", "footprint", "objects", "memory"]'
PYTEST = 'harness = "pytest"\npaths = ["benchmarks"]'
MIB = 1 << 20

SUITE = """
import gc, subprocess, threading
from functools import lru_cache
import pytest

class Model:
    def __init__(self, number):
        self.tags = [number]

class Cycle:
    def __init__(self):
        self.me = self

def test_nothing(benchmark):
    benchmark(lambda: None)

def test_lists(benchmark):
    assert len(benchmark(lambda: [[] for _ in range(1000)])) == 1000

def test_model(benchmark):
    assert benchmark(Model, 3).tags == [3]

def test_garbage(benchmark):
    benchmark(lambda: [Cycle() for _ in range(5)] and None)

kept = []

def test_uses_much(benchmark):
    benchmark(lambda: len([bytes(1000) for _ in range(10_000)]))

def test_after_that(benchmark):
    benchmark(lambda: None)

def test_megabytes(benchmark):
    benchmark(lambda: len(b"x" * (12 << 20)))

@lru_cache
def table():
    return list(range(10_000))

def test_cached(benchmark):
    benchmark(lambda: len(table()))

def test_prepared(benchmark):
    result = benchmark.pedantic(lambda made: made[:10], setup=lambda: ((list(range(5_000)),), {}))
    assert len(result) == 10

def test_once(benchmark):
    assert benchmark.pedantic(lambda: kept.append(1) or len(kept), rounds=1, iterations=1) == 1

def test_child(benchmark):
    benchmark(lambda: subprocess.run(["true"]))

@pytest.fixture
def thread():
    ended = threading.Event()
    threading.Thread(target=ended.wait, daemon=True).start()
    yield
    ended.set()

def test_threads(benchmark, thread):
    benchmark(lambda: [[] for _ in range(10)])

def test_threads_once(benchmark, thread):
    benchmark.pedantic(lambda: 1, rounds=1, iterations=1)

def test_raises(benchmark):
    benchmark(lambda: 1 / 0)

def test_collector_stays_on(benchmark):
    benchmark(lambda: None)
    assert gc.isenabled()
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    """The suite, the same on both sides."""
    import sys

    sides = Sides(tmp_path_factory.mktemp("memory"), Path(sys.executable))
    sides.write({"benchmarks/test_it.py": SUITE})
    return counted(sides.suite(PYTEST + METRICS))


ALIKE = ("nothing", "lists", "model", "garbage", "megabytes", "cached", "prepared", "once", "threads")


@pytest.mark.parametrize("name", ALIKE)
@pytest.mark.parametrize("metric", ["allocated", "footprint", "objects"])
def test_equal_code_counts_equal_to_the_byte(found: Counted, name: str, metric: str) -> None:
    values = found.values(f"test_it.py::test_{name}", metric)
    assert len(values) == 2, "the second round repeated the first: no third"
    assert len({value for pair in values for value in pair}) == 1


@pytest.mark.parametrize(
    ("name", "objects"), [("nothing", 0), ("lists", 1001), ("model", 2), ("garbage", 5), ("cached", 0), ("threads", 11)]
)
def test_objects_that_are_new_while_the_result_lives(found: Counted, name: str, objects: int) -> None:
    """A model is itself and its list; an object with a dictionary of its own counts that too from Python 3.13 back."""
    values = found.values(f"test_it.py::test_{name}", "objects")
    if name == "garbage":
        assert values[0][0] >= objects, "the collector does not run meanwhile"
    else:
        assert values[0] == (objects, objects)


def test_bytes_are_those_of_the_call_alone(found: Counted) -> None:
    (most, _), *_ = found.values("test_it.py::test_megabytes", "allocated")
    (cached, _), *_ = found.values("test_it.py::test_cached", "allocated")
    (prepared, _), *_ = found.values("test_it.py::test_prepared", "allocated")
    assert 12 * MIB <= most < 12 * MIB + 2000
    assert cached < 2000, "what only the first call makes is not counted"
    assert prepared < 2000, "nor is what is prepared for it"


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("nothing", 0, 8),
        ("model", 56 + 48, 56 + 48 + 400),
        ("lists", 1000 * 56, 1000 * 56 + 12_000),
        ("garbage", 0, 8),
        ("megabytes", 0, 100),
        ("cached", 0, 100),
    ],
)
def test_footprint_is_what_a_result_keeps_in_memory(found: Counted, name: str, least: int, most: int) -> None:
    """A list is 56 bytes and 8 for each item; what is garbage, or was there before, belongs to no result."""
    (value, _), *_ = found.values(f"test_it.py::test_{name}", "footprint")
    assert least <= value <= most


def test_peak_memory_is_that_of_the_benchmark_and_not_of_those_before(found: Counted) -> None:
    peaks = {name: found.values(f"test_it.py::test_{name}", "memory")[0][0] for name in ("nothing", "after_that")}
    (most, _), *_ = found.values("test_it.py::test_megabytes", "memory")
    (much, _), *_ = found.values("test_it.py::test_uses_much", "memory")
    assert much - peaks["nothing"] > 8 * MIB
    assert abs(peaks["after_that"] - peaks["nothing"]) < 2 * MIB
    assert 11 * MIB < most - peaks["nothing"] < 14 * MIB


def test_peak_memory_repeats_closely_enough_to_be_exact(found: Counted) -> None:
    if not can_share():
        assert {one.metric.rule for one in found.outcomes if isinstance(one, Measured)} >= {"noisy"}
        return
    for name in ALIKE:
        for base, head in found.values(f"test_it.py::test_{name}", "memory"):
            assert head == pytest.approx(base, rel=Policy().exact_threshold), "less than fails a merge request"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("child", "it starts other processes, which are not counted"),
        ("threads_once", "it may be called once only, and has threads"),
        ("raises", "could not be counted: ZeroDivisionError: division by zero"),
    ],
)
def test_what_cannot_be_counted_says_why_and_fails_nothing(found: Counted, name: str, why: str) -> None:
    failures = found.failures(f"test_it.py::test_{name}")
    assert set(failures) == {"allocated", "footprint", "objects", "memory"}
    for failure in failures.values():
        assert why in words.text(failure.reasons)
        assert failure.skipped


def test_the_suite_goes_on_as_if_nothing_had_been_counted(found: Counted) -> None:
    assert found.values("test_it.py::test_collector_stays_on", "objects") == [(0, 0)] * 2
    assert len(found.values("test_it.py::test_once", "allocated")) == 2


def test_a_difference_of_one_object_shows(sides: Sides) -> None:
    for side, count in (("base", 200), ("head", 201)):
        sides.write({"mine.py": f"def make(): return [[] for _ in range({count})]\n"}, sides=[side])  # type: ignore[list-item]
    text = 'harness = "python"\nfunctions = { make = "mine:make" }\nmetrics = ["objects", "allocated"]'
    found = counted(sides.suite(text))
    assert found.values("make", "objects") == [(201, 202)] * 2
    for base, head in found.values("make", "allocated"):
        assert 56 <= head - base < 1000, "the list itself may grow by more than one place"


def test_where_nothing_is_timed_a_benchmark_that_raises_has_failed(sides: Sides) -> None:
    sides.write({"mine.py": "def make(): return 1\n"}, sides=["base"])
    sides.write({"mine.py": "def make(): return 1 / 0\n"}, sides=["head"])
    found = counted(sides.suite('harness = "python"\nfunctions = { make = "mine:make" }\nmetrics = ["objects"]'))
    assert found.discovery.metrics == ()
    failure = found.failures("make")[""]
    assert (failure.side, failure.skipped) == ("head", False)
    assert "ZeroDivisionError" in words.text(failure.reasons)


def test_a_function_that_times_itself_has_no_single_call(sides: Sides) -> None:
    script = (
        "import pyperf, time\nrunner = pyperf.Runner()\n"
        "def timed(loops):\n    began = time.perf_counter()\n    sum(range(loops))\n"
        "    return time.perf_counter() - began\n"
        "runner.bench_time_func('timed', timed)\nrunner.bench_func('plain', lambda: [])\n"
    )
    sides.write({"bench_it.py": script})
    found = counted(sides.suite('harness = "pyperf"\npaths = ["bench_it.py"]\nmetrics = ["time", "objects"]'))
    assert "times itself" in words.text(found.failures("timed")["objects"].reasons)
    assert found.values("plain", "objects") == [(1, 1)] * 2


def test_values_that_a_benchmark_reports_by_itself_stay_its_only_ones(sides: Sides) -> None:
    files = {
        "asv.conf.json": '{"benchmark_dir": "benchmarks", "repo": "."}',
        "benchmarks/__init__.py": "",
        "benchmarks/things.py": "def track_size(): return 3\ndef time_lists(): return [[], []]\n",
    }
    sides.write(files)
    session = sides.suite('harness = "asv"\npaths = ["benchmarks/"]\nmetrics = ["time", "objects"]')
    discovery = session.discover()
    metrics = {b.name: [metric.name for metric in discovery.all_of(b)] for b in discovery.benchmarks}
    assert metrics == {"things.track_size": ["value"], "things.time_lists": ["time", "objects"]}


def test_without_a_fixed_layout_peak_memory_is_noisy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "can_share", lambda: False)
    (way,) = counting.modes(["memory", "objects"])
    assert {metric.name: metric.rule for metric in way.metrics} == {"objects": "exact", "memory": "noisy"}
    assert (way.prefix, way.rounds) == ((), 6)


def test_commands_have_processor_time_beside_time(sides: Sides) -> None:
    sides.write({"note": ""})
    text = 'harness = "command"\ncommands = { spin = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done" }'
    taken = take(sides.suite(f'{text}\nmetrics = ["time", "cpu", "memory"]'))
    found = {one.metric.name: one for one in taken.outcomes if isinstance(one, Measured)}
    assert set(found) == {"time", "cpu", "memory"}
    assert (found["cpu"].metric.unit, found["cpu"].round.clock) == ("s", "cpu")
    assert min(*found["cpu"].round.base, *found["cpu"].round.head) > 0


class TestCopies:
    """Measuring in a copy of the process, seen from the process itself."""

    def test_a_copy_leaves_no_trace(self) -> None:
        made: list[int] = []

        def measure() -> int:
            made.append(1)
            return 7

        assert worker._aside(measure) == 7
        assert made in ([], [1]), "a process with threads measures itself"

    def test_a_failure_there_is_one_here(self) -> None:
        with pytest.raises((worker.CallFailed, ZeroDivisionError), match="by zero"):
            worker._aside(lambda: 1 // 0)


LEAVES = """
import os
import mine
import pytest

def test_leaves_much(benchmark):
    benchmark(mine.fill)

def test_after_it(benchmark):
    benchmark(lambda: len(b"x" * 1000))

def test_wrong(benchmark):
    assert benchmark(mine.answer) == 42

def test_asks_to_be_skipped(benchmark):
    benchmark(mine.answer)
    pytest.skip("not today")

def test_hides_it(benchmark):
    try:
        benchmark(lambda: 1 / 0)
    except ZeroDivisionError:
        pass

def test_dies(benchmark):
    benchmark(lambda: None)
    os.abort()

def test_last(benchmark):
    benchmark(lambda: [[]])
"""


@pytest.fixture(scope="module")
def leaving(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    """A suite of which head keeps 20 MB more of one benchmark; nothing is timed."""
    import sys

    sides = Sides(tmp_path_factory.mktemp("leaving"), Path(sys.executable), FEW_PLUGINS)
    module = "KEPT = []\ndef fill(): KEPT.append(bytearray({} << 20))\ndef answer(): return {}\n"
    sides.write({"benchmarks/test_it.py": LEAVES})
    sides.write({"mine.py": module.format(1, 42)}, sides=["base"])
    sides.write({"mine.py": module.format(20, 43)}, sides=["head"])
    return counted(sides.suite(PYTEST + '\nmetrics = ["memory", "objects"]'))


@pytest.mark.skipif(not can_share(), reason="the layout of memory is drawn by this system")
def test_what_a_benchmark_leaves_behind_shows_in_its_own_memory_alone(leaving: Counted) -> None:
    for base, head in leaving.values("test_it.py::test_leaves_much", "memory"):
        assert head - base > 15 * MIB
    for base, head in leaving.values("test_it.py::test_after_it", "memory"):
        assert abs(head - base) < MIB / 4


@pytest.mark.parametrize(
    ("name", "side", "skipped", "reason"),
    [
        ("wrong", "head", False, "assert 43 == 42"),
        ("asks_to_be_skipped", "both", True, "not today"),
        ("hides_it", "both", False, "ZeroDivisionError"),
        ("dies", "both", False, "SIGABRT"),
    ],
)
def test_a_test_in_a_copy_ends_as_it_would_have(
    leaving: Counted, name: str, side: str, skipped: bool, reason: str
) -> None:
    (failure,) = {
        (one.side, one.skipped, words.text(one.reasons))
        for one in leaving.failures(f"test_it.py::test_{name}").values()
    }
    assert failure[:2] == (side, skipped)
    assert reason in failure[2]


def test_the_one_after_a_death_is_counted(leaving: Counted) -> None:
    assert leaving.values("test_it.py::test_last", "objects") == [(2, 2)] * 2
