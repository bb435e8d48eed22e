"""Whether a benchmark's own source differs between two versions of its file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.pipeline.edits import go_benchmark_changed, source_changed

FILE = """\
import shop


def helper():
    return 1


@shop.mark
def test_a(benchmark):
    benchmark(shop.work, 1)


class TestB:
    def test_c(self, benchmark):
        def inner():
            return 1
        benchmark(inner)

    def test_d(self, benchmark):
        benchmark(shop.work, 4)
"""

LINES = {"test_a": 9, "decorator of test_a": 8, "test_c": 14, "inside test_c": 15, "test_d": 19}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_equal_files_are_equal(line: int) -> None:
    assert not source_changed(FILE, FILE, line)


@pytest.mark.parametrize(
    ("old", "new", "line", "changed"),
    [
        ("work, 1", "work, 2", 9, True),
        ("work, 1", "work, 2", 8, True),
        ("work, 1", "work, 2", 14, False),
        ("work, 4", "work, 5", 19, True),
        ("work, 4", "work, 5", 14, False),
        ("return 1\n        bench", "return 2\n        bench", 14, True),
        ("return 1\n        bench", "return 2\n        bench", 15, True),
        ("return 1\n        bench", "return 2\n        bench", 19, False),
        ("@shop.mark\n", "@shop.other\n", 9, True),
        ("test_a(", "test_z(", 9, True),
        ("import shop", "import shop  # a comment", 9, False),
        ("work, 1)", "work,  1 )  # spaces", 9, False),
        ("def helper", "def other", 9, False),
    ],
)
def test_what_counts_is_the_benchmarks_own_function(old: str, new: str, line: int, changed: bool) -> None:
    assert old in FILE
    assert source_changed(FILE, FILE.replace(old, new), line) is changed


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (None, FILE, 9),
        (FILE, None, 9),
        (FILE, FILE + "def (", 9),
        (FILE + "def (", FILE, 9),
        (FILE, FILE + "x = 1\n", 0),
        (FILE, FILE + "x = 1\n", 1),
        (FILE, FILE + "x = '\0'", 9),
    ],
)
def test_what_cannot_be_told_counts_as_changed(old: str | None, new: str | None, line: int) -> None:
    assert source_changed(old, new, line)


def test_a_file_that_neither_side_has_is_unchanged() -> None:
    assert not source_changed(None, None, 1)


@given(st.text(max_size=200), st.text(max_size=200), st.integers(0, 20))
def test_any_text_gets_an_answer(old: str, new: str, line: int) -> None:
    assert source_changed(old, new, line) in (True, False)
    assert not source_changed(old, old, line)


GO = """\
package p

func BenchmarkParse(b *testing.B) {
\tfor i := 0; i < b.N; i++ {
\t\tparse(1)
\t}
}

func BenchmarkDump(b *testing.B) {
}
"""


@pytest.mark.parametrize(
    ("new", "name", "changed"),
    [
        (GO.replace("parse(1)", "parse(2)"), "Parse", True),
        (GO.replace("parse(1)", "parse(2)"), "p.Parse/small", True),
        (GO.replace("parse(1)", "parse(2)"), "example.com/p.Parse-4", True),
        (GO.replace("parse(1)", "parse(2)"), "p.Dump", False),
        (GO.replace("parse(1)", "parse(2)"), "p.ParseAll", False),
        (f"{GO}\nfunc helper() {{}}\n", "Parse", False),
        (GO.replace("Dump", "Load"), "Load", False),
        (None, "Parse", False),
    ],
)
def test_a_go_benchmark_that_head_rewrote(new: str | None, name: str, changed: bool) -> None:
    assert go_benchmark_changed(GO, new, name) is changed
