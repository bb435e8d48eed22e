"""What ``doctor`` lists is what a run collects: every name matches, and nothing is missing. Beside real workers."""

from __future__ import annotations

import pytest

from perfbot import config
from perfbot.config.names import can_meet, matches, meant
from perfbot.discover.listing import list_suite
from tests.workers import Sides

PYTEST = """\
import pytest

def test_plain(benchmark): benchmark(sum, ())

@pytest.mark.parametrize("n", [1, 2])
def test_many(benchmark, n): benchmark(sum, (n,))

class TestGroup:
    pytestmark = pytest.mark.parametrize("x", ["a b", "[c]"])
    def test_inside(self, benchmark, x): benchmark(len, x)

@pytest.mark.benchmark
def test_marked(): pass

SIZES = [10, -2.5]
CHANGED = [1, 2]
CHANGED.append(3)

@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(("a", "b"), [(1, True), ("x-y z", None), ([1], {})], ids=["one", None, None])
def test_written_out(benchmark, n, a, b): benchmark(len, ())

@pytest.mark.parametrize("n", range(2, 8, 3))
@pytest.mark.parametrize("text", [pytest.param("", id="empty"), "a" + "b", "tab\tbed"])
def test_partly(benchmark, n, text): benchmark(len, text)

@pytest.mark.parametrize(argnames="n", argvalues=(1, 1))
def test_twice(benchmark, n): benchmark(len, ())

@pytest.mark.parametrize("n", CHANGED)
def test_changed(benchmark, n): benchmark(len, ())

@pytest.fixture(params=["x", "y"])
def letter(request): return request.param

@pytest.fixture
def word(letter): return letter * 2

def test_by_fixture(benchmark, word): benchmark(len, word)

@pytest.mark.parametrize("benchmark", [1])
def test_no_benchmark(benchmark): pass

def bench_beginning(benchmark): benchmark(sum, ())

def speed_own(benchmark): benchmark(sum, ())
"""
INI = "[pytest]\npython_files = speed_*.py\npython_functions = speed test\n"
PYPERF = """\
import pyperf
runner = pyperf.Runner()
runner.bench_func("plain name", sum, ())
for size in (1, 2):
    runner.bench_func(f"sum of {size}", sum, (size,))
    runner.bench_func("sum %d times" % size, sum, (size,))
    runner.bench_func("of {}".format(size), sum, (size,))
    runner.bench_func("plus " + str(size), sum, (size,))
    runner.bench_func(str(size), sum, (size,))
"""
ASV = """\
def time_plain(): pass

class Suite:
    params = [1, 2]
    def time_inside(self, n): pass
    def track_it(self, n): return n

class Grid:
    params = ([1, 2.5], ["a", None])
    def time_cells(self, n, text): pass

class Skips:
    params = [1, 2]
    skip_params = [(1,)]
    def time_some(self, n): pass

class Plain:
    def time_it(self): pass

def time_own(n): pass
time_own.params = ["a", "b"]
"""

THREE = {"bench/test_a.py": PYTEST, "bench/bench_b.py": PYTEST, "bench/x.py": PYTEST}
OWN = {"bench/speed_a.py": PYTEST, "bench/sub/test_b.py": PYTEST, "pytest.ini": INI}
FOLDED = """\
import itertools
import pytest

BASE: list[int] = [1, 2]
SIZES = [10**k for k in range(3)]
TABLE = {"x": 1, "y": (2, 3)}

def parse(): ...

@pytest.mark.parametrize("n", SIZES)
def test_powers(benchmark, n): ...

@pytest.mark.parametrize("n", BASE + [pytest.param(3, id="three")])
def test_joined(benchmark, n): ...

@pytest.mark.parametrize("n", [*BASE, 2 * 1024, 1 << 4, 1e3, -1.5, True, None, "a b", b"x", ""])
def test_values(benchmark, n): ...

@pytest.mark.parametrize("n", list(range(3)), ids=str)
def test_as_text(benchmark, n): ...

@pytest.mark.parametrize("n", BASE, ids=lambda n: f"n{n}")
def test_named(benchmark, n): ...

@pytest.mark.parametrize("k, v", TABLE.items())
def test_items(benchmark, k, v): ...

@pytest.mark.parametrize("k", TABLE)
def test_keys(benchmark, k): ...

@pytest.mark.parametrize("f", [parse, int, len])
def test_functions(benchmark, f): ...

@pytest.mark.parametrize("t", sorted({"b", "a"}))
def test_sorted(benchmark, t): ...

@pytest.mark.parametrize("t", ["x" * 3, f"a{1}", "\N{LATIN SMALL LETTER U WITH DIAERESIS}", "a\\nb"])
def test_texts(benchmark, t): ...

@pytest.mark.parametrize("a, b", list(itertools.product([1, 2], "xy")))
def test_product(benchmark, a, b): ...

@pytest.mark.parametrize("n", [1, 2])
class TestGroup:
    @pytest.mark.parametrize("m", ["a", "b"])
    def test_both(self, benchmark, n, m): ...
"""

UNKNOWN = """\
import pytest
HUGE = [0] * 10**9
GROWN = [1]
GROWN.append(2)
LATER = [1]

@pytest.mark.parametrize("n", HUGE)
def test_huge(benchmark, n): ...

@pytest.mark.parametrize("n", ["x" * 10**9])
def test_long(benchmark, n): ...

@pytest.mark.parametrize("n", [2 ** 2 ** 2 ** 2 ** 2 ** 2])
def test_tower(benchmark, n): ...

@pytest.mark.parametrize("n", range(10**12))
def test_range(benchmark, n): ...

@pytest.mark.parametrize("n", GROWN)
def test_grown(benchmark, n): ...

@pytest.mark.parametrize("n", {1, 2})
def test_set(benchmark, n): ...

@pytest.mark.parametrize("n", [open("/etc/passwd").read()])
def test_file(benchmark, n): ...

@pytest.mark.parametrize("n", ["%1000000000d" % 1])
def test_width(benchmark, n): ...
"""


CASES = [
    ('harness = "pytest"\npaths = ["bench/"]', THREE),
    ('harness = "pytest"\npaths = ["bench/"]', OWN),
    ('harness = "pytest"\npaths = ["bench/a.py"]', {"bench/a.py": PYTEST}),
    ('harness = "pytest"\npaths = ["bench/a.py"]', {"bench/a.py": FOLDED}),
    ('harness = "pytest"\npaths = ["p/bench/"]\ndirectory = "p"', {"p/bench/test_a.py": PYTEST}),
    ('harness = "pyperf"\npaths = ["bench/*.py"]', {"bench/a.py": PYPERF, "bench/b.py": PYPERF}),
    ('harness = "pyperf"\npaths = ["bench/a.py"]', {"bench/a.py": PYPERF}),
    ('harness = "asv"', {"asv.conf.json": '{"benchmark_dir": "bench"}', "bench/__init__.py": "", "bench/a.py": ASV}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "files"), CASES)
def test_it_is_what_a_run_collects(sides: Sides, text: str, files: dict[str, str]) -> None:
    sides.write(files)
    real = {one.name for one in sides.suite(text).discover().benchmarks}
    (suite,) = config.parse(f'[[suite]]\nname = "s"\n{text}\n', "test").suites
    listed = list_suite(suite, sides.tree("head")).benchmarks
    assert real
    assert [name for name in listed if not any(matches(one, name) for one in real)] == []
    assert [one for one in real if not any(matches(one, name) for name in listed)] == []
    assert [name for name in listed if "*" not in name and sum(matches(one, name) for one in real) != 1] == []
    assert [name for name in listed if not any(meant(f"s/{one}", (f"s/{name}",)) for one in real)] == []


@pytest.mark.parametrize(
    ("names", "pattern", "possible"),
    [
        ("test_a.py::test_x*", "*test_x[1]", True),
        ("test_a.py::test_x*", "test_b*", False),
        ("test_x[1]", "test_x[1]", True),
        ("a*b", "*c*b", True),
        ("a*", "b*", False),
        ("*", "anything", True),
        ("abc", "a[xb]c", True),
        ("ab", "abc", False),
        ("x" * 400, "y" * 400, True),  # too long to be looked at
    ],
)
def test_whether_two_patterns_can_mean_one_name(names: str, pattern: str, possible: bool) -> None:
    assert can_meet(names, pattern) is possible


def test_a_name_with_brackets_means_itself() -> None:
    assert meant("core/test_a.py::test_x[1-2]", ("core/test_a.py::test_x[1-2]",))
    assert meant("core/test_a.py::test_x[1-2]", ("test_a.py::test_x[1-2]",))
    assert not meant("core/test_a.py::test_x[1-2]", ("test_y*",))


def test_parameters_that_are_written_out_are_names(sides: Sides) -> None:
    sides.write({"test_a.py": PYTEST, "asv.conf.json": '{"benchmark_dir": "bench"}', "bench/a.py": ASV})
    (suite,) = config.parse('[[suite]]\nname = "s"\nharness = "pytest"\npaths = ["test_a.py"]\n', "test").suites
    listed = {name.replace("[[]", "[") for name in list_suite(suite, sides.tree("head")).benchmarks}
    grid = {f"test_written_out[{first}-{n}]" for first in ("one", "x-y z-None", "a2-b2") for n in (10, -2.5)}
    assert grid | {"test_many[1]", "test_many[2]", "test_plain"} <= listed
    assert {"test_twice[*]", "test_changed[*]", "test_by_fixture[*]"} <= listed
    (suite,) = config.parse('[[suite]]\nname = "s"\nharness = "asv"\n', "test").suites
    listed = set(list_suite(suite, sides.tree("head")).benchmarks)
    cells = {f"a.Grid.time_cells({n}, {text})" for n in (1, 2.5) for text in ("'a'", "None")}
    assert cells | {"a.Skips.time_some(*)", "a.time_own('a')", "a.time_own('b')", "a.time_plain"} <= listed


def test_what_python_alone_can_work_out_is_names_and_nothing_is_run_for_it(sides: Sides) -> None:
    sides.write({"test_a.py": FOLDED, "test_b.py": UNKNOWN})
    (suite,) = config.parse('[[suite]]\nname = "s"\nharness = "pytest"\npaths = ["."]\n', "test").suites
    listed = list_suite(suite, sides.tree("head")).benchmarks
    assert [name for name in listed if name.startswith("test_a") and name.endswith("[[]*]")] == []
    tests = ("huge", "long", "tower", "range", "grown", "set", "file", "width")
    assert sorted(name for name in listed if name.startswith("test_b")) == sorted(
        f"test_b.py::test_{one}[[]*]" for one in tests
    )
