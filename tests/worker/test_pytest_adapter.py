"""pytest suites as people write them, entered by real workers with and without the plugins they were written for."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.errors import MeasureError
from perfbot.reasons.words import text as in_words
from perfbot.worker import pytest_adapter as adapter
from tests.worker import gallery
from tests.workers import Sides, Taken, take

SUITE = 'harness = "pytest"\npaths = ["benchmarks"]'


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, bare: Path) -> tuple[Sides, Taken]:
    """The gallery, measured without any plugin; what has fixtures or is called once, for two rounds."""
    sides = Sides(tmp_path_factory.mktemp("gallery"), bare)
    sides.write(gallery.FILES)
    later = [
        f"test_uses.py::{name}" for name in ("TestScopes::test_first", "TestScopes::test_second", "test_pedantic_once")
    ]
    return sides, take(sides.suite(SUITE), rounds=2, later=later)


class TestGallery:
    """One suite with everything in it."""

    def test_finds_the_benchmarks_and_nothing_else(self, shown: tuple[Sides, Taken]) -> None:
        sides, taken = shown
        assert "test_uses.py::test_no_benchmark" not in taken.names
        assert "test_codspeed.py::test_unmarked" not in taken.names
        assert "an ordinary test ran" not in sides.logged()

    def test_measures_all_but_what_fails(self, shown: tuple[Sides, Taken]) -> None:
        _, taken = shown
        assert set(taken.failures()) == set(gallery.FAILURES)
        assert taken.measured() == set(taken.names) - set(gallery.FAILURES)

    @pytest.mark.parametrize(
        "name",
        [
            *("test_marked.py::test_whole", "test_marked.py::test_whole_with_fixture"),
            *("test_marked.py::TestMethods::test_whole_method", "test_codspeed.py::test_marked"),
            *("test_codspeed.py::test_other_name", "bench_file.py::bench_by_prefix"),
            *("bench_file.py::test_in_bench_file", "test_uses.py::UnitStyle::test_sum"),
            *("test_uses.py::TestScopes::test_second", "test_uses.py::test_pedantic_with_setup"),
            "test_typed.py::test_typed",
        ],
    )
    def test_takes_pairs_of(self, shown: tuple[Sides, Taken], name: str) -> None:
        _, taken = shown
        for one in taken.rounds(name):
            assert len(one.base) == len(one.head) > 1
            assert min(*one.base, *one.head) > 0

    @pytest.mark.parametrize(("name", "words"), gallery.FAILURES.items())
    def test_says_why_it_failed(self, shown: tuple[Sides, Taken], name: str, words: str) -> None:
        _, taken = shown
        failure = taken.failures()[name]
        assert words in in_words(failure.reasons)
        assert failure.side == "both"
        assert failure.skipped == (name in gallery.SKIPPED)

    def test_measures_a_call_that_cannot_be_repeated_once_a_process(self, shown: tuple[Sides, Taken]) -> None:
        sides, taken = shown
        (only,) = taken.rounds("test_uses.py::test_pedantic_once")
        assert (len(only.base), only.loops) == (1, 1)
        assert sides.logged().count("once") == 4, "two rounds of two sides; the first one showed how long it takes"

    def test_sets_fixtures_up_once_a_process(self, shown: tuple[Sides, Taken]) -> None:
        sides, _ = shown
        logged = sides.logged()
        assert [logged.count(f"{what} set up") for what in ("class", "module")] == [4, 4]

    def test_a_broken_file_is_told_and_costs_no_other(self, shown: tuple[Sides, Taken]) -> None:
        found = {problem.where: problem for problem in shown[1].discovery.problems}
        (broken,) = shown[1].discovery.settled
        assert (broken.benchmark.name, broken.status, broken.failed_side) == ("test_broken.py", "failed", "both")
        assert "ModuleNotFoundError: No module named 'a_module_that_nobody_has' (if a package" in in_words(
            broken.reasons
        )
        assert list(found) == ["suite s, base and head: benchmarks/test_left_out.py"]
        (left_out,) = found.values()
        assert left_out.message.startswith("left out as a whole: ")
        assert "could not import 'a_module_for_few'" in left_out.message
        assert not left_out.fatal

    def test_keeps_parametrised_names_apart(self, shown: tuple[Sides, Taken]) -> None:
        _, taken = shown
        assert len([name for name in taken.names if "::test_named[" in name]) == len(gallery.NAMED)

    def test_knows_where_benchmarks_are_written(self, shown: tuple[Sides, Taken]) -> None:
        _, taken = shown
        (call,) = [one for one in taken.discovery.benchmarks if one.name == "test_uses.py::test_call"]
        assert call.file == "benchmarks/test_uses.py"
        assert gallery.FIXTURE_USES.splitlines()[call.line - 1] == "def test_call(benchmark):"


def test_plugins_that_are_installed_change_nothing(tmp_path: Path, plugged: Path, shown: tuple[Sides, Taken]) -> None:
    sides = Sides(tmp_path, plugged)
    sides.write(gallery.FILES)
    few = [name for name in shown[1].names if "test_named" not in name and "::test_s" not in name]
    taken = take(sides.suite(SUITE), names=few)
    assert taken.names == shown[1].names
    assert set(taken.failures()) == set(gallery.FAILURES) & set(few)
    once = {"test_uses.py::test_pedantic_once"}
    assert taken.measured() == set(few) - set(gallery.FAILURES) - once, "the first round shows how long once takes"


def test_without_paths_nothing_is_collected(sides: Sides) -> None:
    sides.write({"test_elsewhere.py": "def test_it(benchmark):\n    benchmark(len, [])\n"})
    taken = take(sides.suite('harness = "pytest"\npaths = ["no_such_folder/"]'))
    assert (taken.names, taken.discovery.problems) == ([], ())


def test_a_conftest_that_cannot_be_imported_is_told_in_a_line(sides: Sides) -> None:
    sides.write(
        {"conftest.py": "import a_missing_module\n", "test_it.py": "def test_it(benchmark): benchmark(len, ())\n"}
    )
    with pytest.raises(MeasureError) as raised:
        take(sides.suite('harness = "pytest"\npaths = ["test_it.py"]'))
    message = raised.value.message
    assert "could not be listed: could not go on: ModuleNotFoundError: No module named 'a_missing_module'" in message
    assert "`setup` must install it" in message
    assert "Traceback" not in raised.value.output


class TestAddopts:
    """What of the project's own options is kept."""

    @pytest.mark.parametrize(
        ("words", "kept"),
        [
            ("-n auto --cov --lf -x", ""),
            ("-p shop --strict-markers", "-p shop"),
            ("-pshop -p no:terminal -pno:cacheprovider", "-p shop"),
            ("-p xdist -p pytest_cov.plugin -p other.plugin", "-p other.plugin"),
            ("--import-mode=importlib --doctest-modules", "--import-mode=importlib"),
            ("--import-mode append --pyargs", "--import-mode append --pyargs"),
            ("--ds=shop.settings -p", "--ds=shop.settings"),
        ],
    )
    @pytest.mark.parametrize(
        ("file", "text"),
        [
            ("pytest.ini", "[pytest]\naddopts = {}\n"),
            ("tox.ini", "[tox]\nenvlist = a\n[pytest]\naddopts =\n    {}\n"),
            ("setup.cfg", "[tool:pytest]\naddopts = {}\n"),
            ("pyproject.toml", '[tool.pytest.ini_options]\nminversion = "6"\naddopts = "{}"\n'),
            ("pyproject.toml", "[build-system]\n[tool.pytest.ini_options]\naddopts = [LIST]\n[tool.x]\ny = 1\n"),
        ],
    )
    def test_from(self, tmp_path: Path, file: str, text: str, words: str, kept: str) -> None:
        listed = ", ".join(f'"{word}"' for word in words.split())
        (tmp_path / file).write_text(text.replace("LIST", listed).replace("{}", words))
        assert adapter.kept_addopts(adapter.configured_addopts(str(tmp_path))) == kept.split()

    @pytest.mark.parametrize("text", ["", "not toml [", '[tool.pytest.ini_options]\naddopts = "\'"\n', "\xff"])
    def test_from_nothing_to_be_read(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "pyproject.toml").write_text(text, "latin-1")
        assert adapter.configured_addopts(str(tmp_path)) == []


COLLECTED = """
import gc

MINE = [[] for _ in range(100)]

def test_it(benchmark):
    assert gc.get_freeze_count() > 5_000, "of pytest and the worker"
    seen = set(map(id, gc.get_objects()))
    assert id(MINE) in seen and all(id(one) in seen for one in MINE), "the project's own objects are collected"
    benchmark(len, MINE)
"""


def test_the_collector_looks_at_the_projects_objects_alone(sides: Sides) -> None:
    sides.write({"conftest.py": COLLECTED.partition("def")[0], "test_it.py": COLLECTED})
    taken = take(sides.suite('harness = "pytest"\npaths = ["test_it.py"]'), rounds=1)
    assert len(taken.rounds("test_it")) == 1, taken.outcomes
