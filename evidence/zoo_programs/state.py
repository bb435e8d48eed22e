"""Cost that depends on how many calls came before: warm-up, growth, what one benchmark leaves for the next."""

from __future__ import annotations

from evidence.zoo_programs.program import NOTHING, WORK, Program

_AFTER = (
    WORK
    + """
calls = 0

def bench():
    global calls
    calls += 1
    work($early if calls <= $turn else $late)
"""
)

_FIRST = (
    WORK
    + """
ready = False

def bench():
    global ready
    if not ready:
        work($first)
        ready = True
    work(5000)
"""
)

_GROWTH = (
    WORK
    + """
calls = 0

def bench():
    global calls
    calls += 1
    work(2000 + $growth * calls)
"""
)

_SETTLES = (
    WORK
    + """
calls = 0

def bench():
    global calls
    calls += 1
    work($late + int($extra * 0.995 ** calls))
"""
)

_SAWTOOTH = (
    WORK
    + """
calls = 0

def bench():
    global calls
    calls += 1
    work(2000 + calls % 500 * $step)
"""
)

_NEIGHBOURS = (
    WORK
    + """
seen = []

def leaves():
    work($leaves)
    seen.append(len(seen))

def finds():
    work(4000 if seen else 6000)

def also_finds():
    work(3000 + (len(seen) > 200) * 3000)

def alone():
    work(5000)
"""
)

_FEW = """\
[suite.functions]
a_leaves = "program:leaves"
b_finds = "program:finds"
c_also = "program:also_finds"
d_alone = "program:alone"
"""

_SHARED_TEST = """
import pytest

import program


@pytest.fixture(scope="module")
def shelf():
    return {"rows": list(range(200))}


def test_a_fills(benchmark, shelf):
    benchmark(program.fill, shelf)


def test_b_sums(benchmark, shelf):
    benchmark(program.total, shelf)


def test_c_apart(benchmark):
    benchmark(program.apart)
"""

_SHARED = (
    WORK
    + """
def fill(shelf):
    shelf["filled"] = True
    work($fill)

def total(shelf):
    return sum(shelf["rows"]) + work(6000 if "filled" in shelf else 3000)

def apart():
    work(4000)
"""
)

PROGRAMS: tuple[Program, ...] = (
    Program(
        "state/twice-as-slow-after-1000-calls",
        _AFTER,
        {"early": 2_000, "late": 2_000, "turn": 1_000},
        {"late": 4_000},
        (1.95, 2.0),
        warm=1.0,
    ),
    Program(
        "state/twice-as-slow-after-3000-calls",
        _AFTER,
        {"early": 1_500, "late": 1_500, "turn": 3_000},
        {"late": 3_000},
        (1.95, 2.0),
        equals=False,
        warm=1.0,
    ),
    Program(
        "state/twice-as-slow-after-500-longer-calls",
        _AFTER,
        {"early": 20_000, "late": 20_000, "turn": 500},
        {"late": 40_000},
        (1.97, 2.0),
        equals=False,
        warm=2.0,
    ),
    Program(
        "state/slow-start-then-half",
        _AFTER,
        {"early": 4_000, "late": 4_000, "turn": 1_500},
        {"late": 2_000},
        (0.5, 0.52),
        equals=False,
        warm=1.0,
    ),
    Program(
        "state/slow-start-of-both",
        _AFTER,
        {"early": 9_000, "late": 3_000, "turn": 400},
        {"late": 4_500},
        (1.46, 1.5),
        warm=1.0,
    ),
    Program(
        "state/a-longer-start",
        _AFTER,
        {"early": 9_000, "late": 3_000, "turn": 200},
        {"turn": 1_200},
        NOTHING,
        equals=False,
        warm=1.0,
    ),
    Program("state/settles-slowly", _SETTLES, {"late": 3_000, "extra": 6_000}, {"extra": 12_000}, NOTHING, warm=1.0),
    Program("state/a-dear-first-call", _FIRST, {"first": 100_000}, {"first": 3_000_000}, NOTHING),
    Program("state/grows-without-end", _GROWTH, {"growth": 1}, {}),
    Program("state/saw-tooth", _SAWTOOTH, {"step": 4}, {"step": 8}, (1.31, 1.35)),
    Program(
        "state/one-leaves-something-for-the-next",
        _NEIGHBOURS,
        {"leaves": 4_000},
        {"leaves": 8_000},
        NOTHING,
        others={"a_leaves": (1.93, 2.0)},
        config=_FEW,
        plain="-",
    ),
    Program(
        "state/a-fixture-is-shared",
        _SHARED,
        {"fill": 5_000},
        {"fill": 10_000},
        NOTHING,
        others={"*test_a_fills*": (1.93, 2.0)},
        harness="pytest",
        files={"test_program.py": _SHARED_TEST},
        plain="-",
    ),
)
