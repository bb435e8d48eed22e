"""pytest suites as people write them, entered by real workers with and without the plugins they were written for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.worker import gallery
from tests.workers import Sides, Taken, take

SUITE = 'harness = "pytest"\npaths = ["benchmarks"]'


@pytest.fixture(scope="module", params=["bare", "plugged"])
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sides, Taken]]:
    """The gallery, measured for two rounds in an environment."""
    sides = Sides(tmp_path_factory.mktemp("gallery"), request.getfixturevalue(request.param))
    sides.write(gallery.FILES)
    return sides, take(sides.suite(SUITE), rounds=2)


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
        assert words in failure.reason
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
        _, taken = shown
        assert len(taken.discovery.problems) == 2
        for problem in taken.discovery.problems:
            assert "test_broken.py" in problem.where
            assert "a_module_that_nobody_has" in problem.message
            assert not problem.fatal

    def test_keeps_parametrised_names_apart(self, shown: tuple[Sides, Taken]) -> None:
        _, taken = shown
        assert len([name for name in taken.names if "::test_named[" in name]) == len(gallery.NAMED)

    def test_knows_where_benchmarks_are_written(self, shown: tuple[Sides, Taken]) -> None:
        _, taken = shown
        (call,) = [one for one in taken.discovery.benchmarks if one.name == "test_uses.py::test_call"]
        assert call.file == "benchmarks/test_uses.py"
        assert gallery.FIXTURE_USES.splitlines()[call.line - 1] == "def test_call(benchmark):"
