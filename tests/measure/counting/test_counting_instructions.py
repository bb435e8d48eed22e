"""Instructions, counted by valgrind's callgrind. Needs Debian's ``valgrind``; runs in the external part."""

from __future__ import annotations

import shutil

import pytest

from perfbot.measure.lockstep import counting
from perfbot.reasons import words
from perfbot.worker.callgrind import Callgrind, Unreachable
from tests.measure.counting.conftest import counted
from tests.workers import Sides

EXACT = 1e-3
"""A/A differs by less; half of the share of the threshold from which a change is reported."""

MINE = """
import json, subprocess, time
DATA = {{"a": list(range(20)), "b": "x" * 50}}

def dumps():
    for _ in range({count}):
        json.dumps(DATA)

def same():
    return sorted(range(1000, 0, -1))

def long():
    return sum(range(2_000_000))

def child():
    subprocess.run(["true"])
"""

TESTS = """
import pytest

def test_prepared(benchmark):
    benchmark.pedantic(sum, setup=lambda: (([3, 1, 2] * {prepared},), {{}}))

def test_dear_to_prepare(benchmark):
    benchmark.pedantic(len, setup=lambda: (([str(n) for n in range({around})],), {{}}))

def test_once(benchmark):
    assert benchmark.pedantic(lambda: sum(range({once})), rounds=1, iterations=1) > 0
"""


def test_a_process_of_its_own_has_nobody_to_ask() -> None:
    with pytest.raises(Unreachable, match="does not run under valgrind"):
        Callgrind("out")


@pytest.mark.external
@pytest.mark.timeout(600)
class TestUnderValgrind:
    """Real counts."""

    @pytest.fixture(autouse=True)
    def valgrind(self) -> None:
        assert shutil.which("valgrind"), "type `apt-get install valgrind`"

    def test_half_a_percent_shows_and_nothing_else_does(self, sides: Sides) -> None:
        sides.write({"mine.py": MINE.format(count=200)}, sides=["base"])
        sides.write({"mine.py": MINE.format(count=201)}, sides=["head"])
        names = ("dumps", "same", "long", "child")
        functions = ", ".join(f'{name} = "mine:{name}"' for name in names)
        text = f'harness = "python"\nfunctions = {{ {functions} }}\nmetrics = ["time", "instructions"]'
        found = counted(sides.suite(text), seconds=400)
        for name in ("same", "long"):
            values = found.values(name, "instructions")
            assert len(values) == 2
            assert all(head == pytest.approx(base, rel=EXACT) for base, head in values)
        assert len(found.values("dumps", "instructions")) == 2
        for base, head in found.values("dumps", "instructions"):
            assert head / base == pytest.approx(1.005, abs=EXACT)
        assert "other processes" in words.text(found.failures("child")["instructions"].reasons)

    def test_preparing_is_not_counted(self, sides: Sides) -> None:
        sides.write({"benchmarks/test_it.py": TESTS.format(prepared=5000, around=1000, once=100_000)}, sides=["base"])
        sides.write({"benchmarks/test_it.py": TESTS.format(prepared=5050, around=3000, once=101_000)}, sides=["head"])
        text = 'harness = "pytest"\npaths = ["benchmarks"]\nmetrics = ["instructions"]'
        found = counted(sides.suite(text), seconds=400)
        (base, head), *_ = found.values("test_it.py::test_dear_to_prepare", "instructions")
        assert 0 < base < 5000, "a thousand strings take a hundred times that"
        assert head == pytest.approx(base, abs=100)
        (base, head), *_ = found.values("test_it.py::test_prepared", "instructions")
        assert head / base == pytest.approx(1.01, abs=0.003)
        (base, head), *_ = found.values("test_it.py::test_once", "instructions")
        assert head / base == pytest.approx(1.01, abs=0.002)

    def test_what_is_too_slow_says_so(self, sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
        sides.write({"mine.py": "def forever():\n    while True: pass\ndef quick(): return []\n"})
        monkeypatch.setattr(counting, "LEAST_PATIENCE", 30.0)
        text = 'harness = "python"\nfunctions = { forever = "mine:forever", quick = "mine:quick" }'
        found = counted(sides.suite(f'{text}\nmetrics = ["time", "instructions"]\ntimeout = "1s"'), seconds=300)
        failure = found.failures("forever")["instructions"]
        assert (failure.reasons, failure.skipped) == ((counting.TOO_SLOW,), True)
        assert found.values("quick", "instructions"), "it costs no other benchmark"

    def test_commands_count_with_all_that_they_start(self, sides: Sides) -> None:
        loop = "i=0; while [ $i -lt {count} ]; do i=$((i+1)); done"
        sides.write({"loop.sh": loop.format(count=20_000)}, sides=["base"])
        sides.write({"loop.sh": loop.format(count=20_200)}, sides=["head"])
        text = (
            'harness = "command"\nmetrics = ["instructions"]\n'
            'commands = { inner = "sh loop.sh; true", same = "sort loop.sh", wrong = "exit 3" }'
        )
        found = counted(sides.suite(text), seconds=300)
        assert [len(found.values(name, "instructions")) for name in ("inner", "same")] == [3, 3]
        for base, head in found.values("inner", "instructions"):
            assert head / base == pytest.approx(1.01, abs=0.002)
        for base, head in found.values("same", "instructions"):
            assert head == pytest.approx(base, rel=EXACT)
        failure = found.failures("wrong")["instructions"]
        assert "ended with 3" in words.text(failure.reasons)
        assert not failure.skipped, "nothing else would tell that it fails"
