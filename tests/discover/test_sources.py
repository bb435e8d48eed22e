"""Benchmarks read from Python sources."""

import ast
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfbot.discover import sources


def module(text):
    return ast.parse(textwrap.dedent(text))


class TestPytest:
    def names(self, text):
        return sources.pytest_benchmarks(module(text))

    @pytest.mark.parametrize(
        "text",
        [
            "def test_x(benchmark): ...",
            "def test_x(data, *, benchmark): ...",
            "async def test_x(benchmark): ...",
            "@pytest.mark.benchmark\ndef test_x(): ...",
            "@pytest.mark.benchmark(group='g')\ndef test_x(): ...",
            "@mark.codspeed_benchmark\ndef test_x(): ...",
            "pytestmark = pytest.mark.benchmark()\ndef test_x(): ...",
            "pytestmark = [pytest.mark.slow, pytest.mark.benchmark]\ndef test_x(): ...",
            "@pytest.fixture\ndef timed(benchmark): ...\ndef test_x(timed): ...",
        ],
    )
    def test_each_way_to_write_one_is_seen(self, text):
        assert self.names(text) == ("test_x",)

    @pytest.mark.parametrize(
        "text",
        [
            "def test_x(): ...",
            "def helper(benchmark): ...",
            "@pytest.mark.slow\ndef test_x(): ...",
            "pytestmark = pytest.mark.slow\ndef test_x(): ...",
            "class Other:\n    def test_x(self, benchmark): ...",
            "@pytest.fixture\ndef test_data(benchmark): ...",
        ],
    )
    def test_nothing_else_is(self, text):
        assert self.names(text) == ()

    def test_classes_pass_their_marks_on(self):
        text = """
            class TestA:
                pytestmark = pytest.mark.benchmark
                def test_x(self): ...
            @pytest.mark.benchmark
            class TestB:
                def test_y(self): ...
                class TestInner:
                    def test_z(self): ...
            class TestC:
                def test_plain(self): ...
                def test_w(self, benchmark): ...
        """
        assert self.names(text) == ("TestA::test_x", "TestB::test_y", "TestB::TestInner::test_z", "TestC::test_w")


class TestPyperf:
    def test_names_are_read_where_they_are_written_out(self):
        text = """
            import pyperf
            runner = pyperf.Runner()
            runner.bench_func("one", work)
            runner.timeit(name, "x")
            for size in (1, 2):
                runner.bench_time_func(f"n{size}", work)
            runner.bench_async_func("four", work)
        """
        assert sources.pyperf_benchmarks(module(text)) == ("one", "*", "n*", "four")

    @pytest.mark.parametrize("text", ["import pyperf", "runner = Runner()", "import time\ntime.Runner()"])
    def test_other_files_are_no_scripts(self, text):
        assert sources.pyperf_benchmarks(module(text)) is None


def test_asv_names_are_those_that_asv_would_run():
    text = """
        class TimeSuite:
            params = [1, 2]
            def setup(self): ...
            def time_it(self): ...
            def mem_it(self): ...
            def helper(self): ...
        class _Base:
            def time_hidden(self): ...
        def track_size(): ...
        def peakmem_all(): ...
        def TimeOther(): ...
        def timer(): ...
    """
    assert sources.asv_benchmarks(module(text), "pkg.mod") == (
        "pkg.mod.TimeSuite.time_it(*)",
        "pkg.mod.TimeSuite.mem_it(*)",
        "pkg.mod.track_size",
        "pkg.mod.peakmem_all",
        "pkg.mod.TimeOther",
    )


def test_imports_in_try_and_for_types_are_optional():
    text = """
        import os.path, numpy.linalg as la
        from .sibling import x
        from yaml import safe_load
        if TYPE_CHECKING:
            import mypy
        try:
            import orjson
        except ImportError:
            import json
        def test_x():
            import pandas
        try:
            import numpy
        except ImportError: ...
    """
    found = sources.imports(module(text))
    assert found.needed == {"os", "numpy", "yaml", "pandas"}
    assert found.optional == {"mypy", "orjson", "json"}


@pytest.mark.parametrize("content", [b"def (", b"\xff\xfe", b"x = 1\x00", b"print 'two'"])
def test_files_that_are_no_python_are_none(tmp_path, content):
    path = tmp_path / "x.py"
    path.write_bytes(content)
    assert sources.parse(path) is None


def test_a_missing_or_huge_file_is_none(tmp_path):
    assert sources.parse(tmp_path / "none.py") is None
    (tmp_path / "huge.py").write_text("#" * (sources.LARGEST_SOURCE + 1))
    assert sources.parse(tmp_path / "huge.py") is None


def test_odd_escapes_in_somebody_elses_source_warn_nobody(tmp_path):
    (tmp_path / "x.py").write_text('def test_x(benchmark): "\\d"')
    assert sources.pytest_benchmarks(sources.parse(tmp_path / "x.py")) == ("test_x",)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_no_content_of_a_file_breaks_reading(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.py"
    path.write_bytes(content)
    found = sources.parse(path)
    if found is not None:
        assert isinstance(sources.pytest_benchmarks(found), tuple)
        assert sources.imports(found)
