"""A pytest suite with everything that suites for pytest-benchmark and pytest-codspeed do."""

from __future__ import annotations

PYTEST_INI = """\
[pytest]
addopts = -n auto --cov=shop --doctest-modules --strict-markers --benchmark-only --lf -p shop_plugin -pno:terminal
filterwarnings = error
required_plugins = pytest-that-nobody-has
strict_markers = true
strict_config = true
xfail_strict = true
timeout = 60
"""

PLUGIN = """\
import pytest

@pytest.fixture
def from_plugin():
    return "plugin"
"""

CONFTEST = """\
def pytest_benchmark_update_machine_info(config, machine_info):
    machine_info["place"] = "shop"

def pytest_benchmark_generate_json(config, benchmarks, include_data, machine_info, commit_info):
    raise AssertionError("nobody asked for JSON")

def pytest_benchmark_scale_unit(config, unit, benchmarks, best, worst, sort):
    raise AssertionError("nobody asked for units")

def pytest_configure(config):
    assert config.getoption("--benchmark-enable")
    assert config.getoption("benchmark_disable") is False
"""

FIXTURE_USES = """\
import os
import time
import unittest
import warnings

import pytest


def log(line):
    with open(os.environ["LOG"], "a") as file:
        file.write(line + "\\n")


def work(n=50, scale=1):
    return sum(range(n)) * scale


def test_call(benchmark):
    assert benchmark(work) == 1225


def test_arguments(benchmark):
    assert benchmark(work, 10, scale=2) == 90


def test_decorator(benchmark):
    @benchmark
    def result():
        return work(4)

    assert result == 6


def test_pedantic(benchmark):
    assert benchmark.pedantic(work, args=(10,), kwargs={"scale": 3}, rounds=5, iterations=10, warmup_rounds=1) == 135


def test_pedantic_with_setup(benchmark):
    def setup():
        return ([3, 1, 2],), {}

    def teardown(values):
        assert values == [1, 2, 3]

    def in_place(values):
        assert values == [3, 1, 2]
        values.sort()
        return tuple(values)

    assert benchmark.pedantic(in_place, setup=setup, teardown=teardown, rounds=10) == (1, 2, 3)


def test_pedantic_once(benchmark):
    used = []

    def only_once():
        assert not used
        used.append(1)
        return work(100)

    assert benchmark.pedantic(only_once, rounds=1) == 4950
    log("once")


@pytest.mark.benchmark(group="sums", min_rounds=3)
def test_group(benchmark):
    assert benchmark.group == "sums"
    benchmark.group = "other"
    benchmark(work)


@pytest.mark.parametrize("kind", ["plain", "a b", "x|y", "[1-2]", "é/ü", "::", "<!--"])
def test_named(benchmark, kind):
    benchmark(len, kind)


def test_extra_info(benchmark):
    benchmark.extra_info["size"] = 50
    benchmark(work)


def test_stats(benchmark):
    benchmark(work)
    assert 0 < benchmark.stats["min"] <= benchmark.stats.stats.mean <= benchmark.stats.stats.max
    assert benchmark.stats.stats.rounds >= 1
    assert benchmark.enabled and not benchmark.disabled


def test_options(benchmark, pytestconfig):
    assert pytestconfig.getoption("--benchmark-disable") is False
    assert pytestconfig.getoption("benchmark_min_rounds", default=5) is None
    benchmark(work)


def test_plugin_of_addopts(benchmark, from_plugin):
    assert from_plugin == "plugin"
    benchmark(work)


def test_warning(benchmark):
    warnings.warn("old", DeprecationWarning)
    benchmark(work)


@pytest.fixture(scope="module")
def module_data():
    log("module set up")
    yield list(range(50))
    log("module torn down")


@pytest.fixture(scope="class")
def class_data():
    log("class set up")
    return list(range(50))


class TestScopes:
    def test_first(self, benchmark, class_data, module_data):
        benchmark(sum, class_data)

    def test_second(self, benchmark, class_data, module_data):
        benchmark(sum, module_data)


class UnitStyle(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def take(self, benchmark):
        self.benchmark = benchmark

    def setUp(self):
        self.values = [1, 2]

    def test_sum(self):
        self.assertEqual(self.benchmark(sum, self.values), 3)


@pytest.mark.skip(reason="not today")
def test_skipped(benchmark):
    benchmark(work)


@pytest.mark.skipif("1 < 2", reason="arithmetic")
def test_skipped_if(benchmark):
    benchmark(work)


def test_skips_itself(benchmark):
    pytest.skip("on second thoughts")


@pytest.mark.xfail(reason="known bug")
def test_expected_failure(benchmark):
    benchmark(work)
    assert False


@pytest.mark.xfail(reason="mended")
def test_unexpected_success(benchmark):
    benchmark(work)


def test_fails_afterwards(benchmark):
    assert benchmark(work) == 7, "seven was expected"


def test_raises_inside(benchmark):
    benchmark(lambda: 1 / 0)


def test_fixture_fails(benchmark, request):
    request.getfixturevalue("no_such_fixture")


def test_never_calls(benchmark):
    pass


def test_uses_twice(benchmark):
    benchmark(work)
    benchmark(work)


def test_no_benchmark():
    log("an ordinary test ran")
"""

MARKED = """\
import pytest

pytestmark = pytest.mark.benchmark


@pytest.fixture
def number():
    return 20


def test_whole():
    sum(range(20))


def test_whole_with_fixture(number):
    assert sum(range(number)) == 190


class TestMethods:
    def test_whole_method(self, number):
        sum(range(number))
"""

CODSPEED = """\
import pytest


@pytest.mark.codspeed_benchmark
def test_marked():
    sum(range(20))


def test_other_name(codspeed_benchmark):
    assert codspeed_benchmark(sum, range(20)) == 190


def test_unmarked():
    raise AssertionError("this is no benchmark")
"""

BENCH_FILE = """\
def bench_by_prefix(benchmark):
    benchmark(sum, range(20))


def test_in_bench_file(benchmark):
    benchmark(sum, range(20))
"""

TYPED = """\
from __future__ import annotations
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from pytest_codspeed import BenchmarkFixture as Other

codspeed = pytest.importorskip("pytest_codspeed", minversion="3.0")

try:
    import pytest_codspeed.plugin
except ImportError:
    @pytest.fixture
    def benchmark():
        pytest.skip("pytest-codspeed needs to be installed")

def test_typed(benchmark: BenchmarkFixture | Other) -> None:
    benchmark(sum, range(50))
"""

FILES = {
    "pytest.ini": PYTEST_INI,
    "shop_plugin.py": PLUGIN,
    "benchmarks/conftest.py": CONFTEST,
    "benchmarks/test_uses.py": FIXTURE_USES,
    "benchmarks/test_marked.py": MARKED,
    "benchmarks/test_codspeed.py": CODSPEED,
    "benchmarks/bench_file.py": BENCH_FILE,
    "benchmarks/test_typed.py": TYPED,
    "benchmarks/test_left_out.py": "import pytest\npytest.importorskip('a_module_for_few')\n",
    "benchmarks/test_broken.py": "import a_module_that_nobody_has\n",
}

FAILURES = {
    "test_uses.py::test_skipped": "not today",
    "test_uses.py::test_skipped_if": "arithmetic",
    "test_uses.py::test_skips_itself": "on second thoughts",
    "test_uses.py::test_expected_failure": "known bug",
    "test_uses.py::test_fails_afterwards": "seven was expected",
    "test_uses.py::test_raises_inside": "ZeroDivisionError",
    "test_uses.py::test_fixture_fails": "no_such_fixture",
    "test_uses.py::test_never_calls": "without calling its benchmark fixture",
    "test_uses.py::test_uses_twice": "once in a test",
}
"""Benchmarks that fail or are skipped, and words of the reason."""

SKIPPED = ("test_uses.py::test_skipped", "test_uses.py::test_skipped_if", "test_uses.py::test_skips_itself")

NAMED = ["plain", "a b", "x|y", "[1-2]", "é/ü", "::", "<!--"]
