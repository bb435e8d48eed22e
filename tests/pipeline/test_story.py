"""From a repository with a change to the verdicts: both sides set up, measured and judged for real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.judge.verdict import rejudge
from perfbot.model import Report
from perfbot.reasons import words
from perfbot.report import dumps, loads
from tests.pipeline.conftest import by_name, make_repo, report_of
from tests.repositories import Repository

pytestmark = pytest.mark.timeout(300)

SHOP = """\
def work(n=300):
    return sum(range(n))


def slower():
    return work()


def faster():
    return work(900)


def crashes():
    return work()
"""

SHOP_OF_HEAD = SHOP.replace("def slower():\n    return work()", "def slower():\n    return work(900)").replace(
    "work(900)\n\n\ndef crashes():\n    return work()", "work()\n\n\ndef crashes():\n    raise OSError('gone')"
)

BENCHMARKS = """\
import shop


def test_same(benchmark):
    benchmark(shop.work)


def test_slower(benchmark):
    benchmark(shop.slower)


def test_faster(benchmark):
    benchmark(shop.faster)


def test_crashes(benchmark):
    benchmark(shop.crashes)


def test_edited(benchmark):
    benchmark(shop.work, 250)


def test_old(benchmark):
    benchmark(shop.work)
"""

BENCHMARKS_OF_HEAD = BENCHMARKS.replace("shop.work, 250", "shop.work, 251").replace("test_old", "test_new")

CONFIG = """\
[run]
budget = "4 min"              # only a busy machine needs more than some seconds

[gate]
threshold = "40%"
confirm = "no"

[[suite]]
name = "core"
harness = "pytest"
paths = ["benchmarks/"]
setup = ['''SETUP''']
files = "head"
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, borrowed: str) -> Repository:
    config = CONFIG.replace("SETUP", borrowed)
    return make_repo(
        tmp_path_factory.mktemp("story") / "shop",
        {"perfbot.toml": config, "shop.py": SHOP, "benchmarks/test_shop.py": BENCHMARKS},
        {"shop.py": SHOP_OF_HEAD, "benchmarks/test_shop.py": BENCHMARKS_OF_HEAD},
    )


@pytest.fixture(scope="module")
def cache(repository: Repository) -> Path:
    return repository.path.parent / "cache"


@pytest.fixture(scope="module")
def report(repository: Repository, cache: Path) -> Report:
    """What a run as configured says."""
    return report_of(repository, cache)


class TestHeadsBenchmarks:
    """Head's benchmark files on both sides."""

    def test_verdicts_are_right(self, report: Report) -> None:
        verdicts = {name.removeprefix("core/test_shop.py::test_"): r.verdict for name, r in by_name(report).items()}
        assert verdicts.pop("crashes") == "failed"
        assert verdicts.pop("slower") == "regressed"
        assert verdicts.pop("faster") == "improved"
        assert (verdicts.pop("old"), verdicts.pop("new")) == ("removed", "added")
        assert set(verdicts) == {"same", "edited"}
        assert not {"regressed", "improved", "failed"} & set(verdicts.values())

    def test_a_regression_fails_the_gate(self, report: Report) -> None:
        assert report.verdict == "fail"
        assert report.complete
        gates = {name.rpartition("_")[2]: result.gate for name, result in by_name(report).items()}
        assert (gates["slower"], gates["faster"], gates["same"], gates["crashes"]) == ("fail", "pass", "pass", "fail")

    def test_a_crash_says_where_and_why(self, report: Report) -> None:
        crashed = by_name(report)["core/test_shop.py::test_crashes"]
        assert crashed.failed_side == "head"
        assert "OSError: gone" in words.text(crashed.reasons)

    def test_an_edited_benchmark_is_marked(self, report: Report) -> None:
        marked = {name.rpartition("_")[2]: result.source_changed for name, result in by_name(report).items()}
        assert {name for name, changed in marked.items() if changed} == {"edited"}

    def test_the_written_report_gives_the_same_verdicts(self, report: Report) -> None:
        judged = rejudge(loads(dumps(report), "the report"))
        assert [one.verdict for one in judged.results] == [one.verdict for one in report.results]
        assert judged.verdict == report.verdict

    def test_a_broad_threshold_lets_the_same_rounds_pass(self, report: Report) -> None:
        judged = rejudge(report, replace(report.policy, threshold=50.0))
        assert by_name(judged)["core/test_shop.py::test_slower"].gate == "pass"

    def test_rounds_are_kept(self, report: Report) -> None:
        slower = by_name(report)["core/test_shop.py::test_slower"]
        assert slower.rounds == len(slower.raw) >= 6
        assert slower.interval is not None
        assert slower.interval[0] > report.policy.threshold

    def test_nothing_of_it_stays_in_the_clone(self, report: Report, repository: Repository) -> None:
        assert len(repository.git("worktree", "list").splitlines()) == 1
        assert repository.git("status", "--porcelain") == ""


class TestEachSidesBenchmarks:
    """Each side's own benchmark files."""

    def test_what_one_side_has_alone_is_added_or_removed(self, repository: Repository, cache: Path) -> None:
        config = cache.parent / "each.toml"
        config.write_text((repository.path / "perfbot.toml").read_text().replace('"head"', '"each"'))
        only = ("*_old", "*_new", "*_edited")
        report = report_of(repository, cache, config=config, only=only, budget=5.0)
        results = {name.rpartition("_")[2]: result for name, result in by_name(report).items()}
        assert {name: results[name].verdict for name in ("old", "new")} == {"old": "removed", "new": "added"}
        assert results["edited"].source_changed
        assert set(results) == {"old", "new", "edited"}
        assert (results["old"].gate, report.verdict) == ("fail", "fail")


class TestDirty:
    """Changes that are not committed."""

    def test_are_measured_when_asked_for(self, repository: Repository, cache: Path) -> None:
        file = repository.path / "shop.py"
        committed = file.read_text()
        file.write_text(committed.replace("def work(n=300):", "def work(n=3000):"))
        try:
            only = ("*test_same",)
            report = report_of(repository, cache, dirty=True, base="HEAD", only=only, budget=4.0)
        finally:
            file.write_text(committed)
        (same,) = report.results
        assert report.change.dirty
        assert sum(same.raw[0].head) > 3 * sum(same.raw[0].base)
