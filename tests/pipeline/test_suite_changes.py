"""What head does to the suite itself: removes, breaks, adds and rewrites benchmarks. Real repositories and workers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.config.arguments import paths_in
from perfbot.judge.verdict import rejudge
from perfbot.model import Report, Result
from perfbot.reasons import words
from perfbot.report import dumps, loads
from tests.pipeline.conftest import by_name, make_repo, report_of

pytestmark = pytest.mark.timeout(300)

CONFIG = """\
[run]
budget = "4 min"              # only a busy machine needs more than some seconds

[gate]
threshold = "40%"

[[suite]]
name = "core"
harness = "HARNESS"
paths = ["benchmarks/"]
setup = ['''SETUP''']
"""

SHOP = "def work(n=300):\n    return sum(range(n))\n"
SHOP_OF_HEAD = f"{SHOP}\n\ndef fresh():\n    return work()\n"

BENCHMARKS = """\
import shop


def test_same(benchmark):
    benchmark(shop.work)


def test_edited(benchmark):
    benchmark(shop.work, 300)


def test_removed(benchmark):
    benchmark(shop.work)


def test_inside(benchmark):
    benchmark(shop.work)


def test_skipped(benchmark):
    benchmark(shop.work)


def test_never_calls(benchmark):
    assert benchmark is not None


def test_always_fails(benchmark):
    raise OSError("always")
"""

BENCHMARKS_OF_HEAD = "import pytest\n" + BENCHMARKS.replace("test_removed", "test_new").replace(
    "work, 300", "work, 301"
).replace("test_inside(benchmark):\n", "test_inside(benchmark):\n    raise OSError('gone')\n").replace(
    "test_skipped(benchmark):\n", "test_skipped(benchmark):\n    pytest.skip('not today')\n"
).replace("assert benchmark is", "assert benchmark  is")

ONE = "import shop\n\n\ndef test_one(benchmark):\n    benchmark(shop.work)\n"
FRESH = ONE.replace("import shop", "import shop\nfrom shop import fresh").replace("shop.work", "shop.work, 299")
ALWAYS = BENCHMARKS.partition("def test_edited")[0] + "def test_never" + BENCHMARKS.partition("def test_never")[2]
"""One that can be measured, beside what cannot."""
DEAD = "import nowhere\n\n\ndef test_dead(benchmark):\n    benchmark(nowhere.work)\n"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory, borrowed: str) -> Report:
    folder = tmp_path_factory.mktemp("suite")
    base = {
        "perfbot.toml": CONFIG.replace("SETUP", borrowed).replace("HARNESS", "pytest"),
        "shop.py": SHOP,
        "benchmarks/test_shop.py": BENCHMARKS,
        "benchmarks/test_broken.py": ONE,
        "benchmarks/test_deleted.py": ONE,
        "benchmarks/test_fresh.py": ONE,
        "benchmarks/test_dead.py": DEAD,
    }
    head = {
        "shop.py": SHOP_OF_HEAD,
        "benchmarks/test_shop.py": BENCHMARKS_OF_HEAD,
        "benchmarks/test_broken.py": f"{ONE}\ndef (\n",
        "benchmarks/test_deleted.py": None,
        "benchmarks/test_fresh.py": f"{FRESH}\n\ndef test_fresh(benchmark):\n    benchmark(fresh)\n",
        "benchmarks/test_new_and_broken.py": DEAD,
    }
    return report_of(make_repo(folder / "shop", base, head), folder / "cache")


class TestPytest:
    """Everything that can happen to a suite, in one change."""

    def of(self, changed: Report, name: str) -> Result:
        return by_name(changed)[f"core/{name}"]

    def test_every_benchmark_is_told_once(self, changed: Report) -> None:
        verdicts = {
            name.removeprefix("core/test_").replace(".py::test_", "."): one for name, one in by_name(changed).items()
        }
        assert {name: (one.verdict, one.failed_side, one.gate) for name, one in verdicts.items()} == {
            "shop.same": ("unchanged", "", "pass"),
            "shop.edited": ("unchanged", "", "pass"),
            "shop.new": ("added", "", "pass"),
            "shop.removed": ("removed", "head", "fail"),
            "shop.inside": ("failed", "head", "fail"),
            "shop.skipped": ("removed", "head", "fail"),
            "shop.never_calls": ("failed", "both", "pass"),
            "shop.always_fails": ("failed", "both", "pass"),
            "broken.one": ("failed", "head", "fail"),
            "deleted.one": ("removed", "head", "fail"),
            "fresh.one": ("unchanged", "", "pass"),
            "fresh.fresh": ("added", "", "pass"),
            "dead.py": ("failed", "both", "pass"),
            "new_and_broken.py": ("failed", "head", "fail"),
        }

    def test_the_gate_fails(self, changed: Report) -> None:
        assert changed.verdict == "fail"

    def test_reasons_say_what_happened(self, changed: Report) -> None:
        assert "SyntaxError" in words.text(self.of(changed, "test_broken.py::test_one").reasons)
        assert "head does not have it" in words.text(self.of(changed, "test_shop.py::test_removed").reasons)
        assert "OSError: gone" in words.text(self.of(changed, "test_shop.py::test_inside").reasons)
        assert "not today" in words.text(self.of(changed, "test_shop.py::test_skipped").reasons)
        assert "without calling" in words.text(self.of(changed, "test_shop.py::test_never_calls").reasons)
        assert "nowhere" in words.text(self.of(changed, "test_new_and_broken.py").reasons)

    def test_what_has_a_result_is_no_problem_besides(self, changed: Report) -> None:
        told = [problem.where for problem in changed.problems]
        assert not [where for where in told if "dead" in where or "new_and_broken" in where]

    def test_marks(self, changed: Report) -> None:
        marks = {
            name.rpartition("::")[2]: (one.new, one.source_changed, one.rewritten)
            for name, one in by_name(changed).items()
            if one.rounds
        }
        assert marks == {
            "test_same": (False, False, False),
            "test_edited": (False, True, False),
            "test_new": (True, False, False),
            "test_one": (False, True, True),  # of test_fresh.py, which base cannot import as head wrote it
        }

    def test_the_written_report_says_the_same(self, changed: Report) -> None:
        judged = rejudge(loads(dumps(changed), "the report"))
        assert judged.verdict == changed.verdict
        assert [(one.benchmark, one.verdict, one.gate) for one in judged.results] == [
            (one.benchmark, one.verdict, one.gate) for one in changed.results
        ]

    def test_the_policy_may_be_milder_or_stricter(self, changed: Report) -> None:
        mild = rejudge(changed, replace(changed.policy, removed="pass"))
        assert mild.verdict == "error"  # for what head broke
        strict = rejudge(changed, replace(changed.policy, broken_on_both="fail"))
        assert {one.gate for one in strict.results if one.verdict == "failed" and one.failed_side == "both"} == {"fail"}


@pytest.fixture(scope="module")
def always(tmp_path_factory: pytest.TempPathFactory, borrowed: str) -> Report:
    folder = tmp_path_factory.mktemp("always")
    files = {
        "perfbot.toml": CONFIG.replace("SETUP", borrowed).replace("HARNESS", "pytest"),
        "shop.py": SHOP,
        "benchmarks/test_shop.py": ALWAYS,
        "benchmarks/test_dead.py": DEAD,
    }
    return report_of(make_repo(folder / "shop", files, {"README": "later\n"}), folder / "cache")


class TestAlways:
    """What fails whatever the change does, fails no merge request."""

    def test_the_run_passes(self, always: Report) -> None:
        assert always.verdict == "pass"
        assert by_name(always)["core/test_shop.py::test_same"].verdict == "unchanged"
        assert {name for name, one in by_name(always).items() if one.verdict == "failed"} == {
            "core/test_shop.py::test_never_calls", "core/test_shop.py::test_always_fails", "core/test_dead.py"
        }  # fmt: skip

    def test_unless_the_policy_says_otherwise(self, always: Report) -> None:
        assert rejudge(always, replace(always.policy, broken_on_both="fail")).verdict == "error"


PYPERF = """\
import pyperf

import shop

runner = pyperf.Runner()
runner.bench_func("same", shop.work)
runner.bench_func("removed", shop.work)
"""

ASV = "import shop\n\n\ndef time_same():\n    shop.work()\n\n\ndef time_removed():\n    shop.work()\n"


@pytest.mark.parametrize(
    ("harness", "more", "script", "edited", "broken"),
    [
        ("pyperf", 'paths = ["benchmarks/*.py"]', PYPERF, PYPERF.replace('"removed"', '"new"'), "import nowhere\n"),
        ("asv", "", ASV, ASV.replace("time_removed", "time_new"), "import nowhere\n"),
    ],
)
def test_other_harnesses_see_the_same(
    tmp_path: Path, borrowed: str, harness: str, more: str, script: str, edited: str, broken: str
) -> None:
    config = CONFIG.replace("SETUP", f"{borrowed}; ln -s $PWD/shop.py $VIRTUAL_ENV/lib/python3*/site-packages/")
    config = config.replace("HARNESS", harness)
    if more:
        config = config.replace('paths = ["benchmarks/"]', more)
    asv = {"asv.conf.json": '{"benchmark_dir": "benchmarks"}', "benchmarks/__init__.py": ""} if harness == "asv" else {}
    base = {"perfbot.toml": config, "shop.py": SHOP, "benchmarks/a.py": script, "benchmarks/b.py": script, **asv}
    head = {"benchmarks/a.py": edited, "benchmarks/b.py": broken}
    report = report_of(make_repo(tmp_path / "shop", base, head), tmp_path / "cache")
    found = {
        name.rpartition("_" if harness == "asv" else ":")[2]: one
        for name, one in by_name(report).items()
        if "a.py" in name or "/a." in name
    }
    assert {name: one.verdict for name, one in found.items()} == {
        "same": "unchanged", "removed": "removed", "new": "added"
    }  # fmt: skip
    lost = [one for one in report.results if one.benchmark.startswith("b.")]
    assert [(one.verdict, one.failed_side, one.gate) for one in lost] == [("failed", "head", "fail")] * 2
    assert report.verdict == "fail"


class TestCommands:
    """Command suites know their scripts by the command line."""

    SCRIPT = "import sys\n\nfor _ in range(100_000 * int(sys.argv[1])):\n    pass\n"
    TEXT = """\
[run]
budget = "2 min"

[gate]
threshold = "40%"

[[suite]]
name = "cli"
harness = "command"
python = "PYTHON"

[suite.commands]
same = "python bench/same.py 1"
rewritten = "cd bench && python run.py 3"
module = "python -m bench.mod 1"
"""

    def test_a_rewritten_script_is_no_regression(self, tmp_path: Path) -> None:
        import sys

        base = {
            "perfbot.toml": self.TEXT.replace("PYTHON", sys.executable),
            "bench/same.py": self.SCRIPT,
            "bench/run.py": self.SCRIPT,
            "bench/mod.py": self.SCRIPT,
        }
        head = {
            "bench/same.py": f"# told differently\n{self.SCRIPT}",
            "bench/run.py": self.SCRIPT.replace("100_000", "1_000_000"),
            "bench/mod.py": self.SCRIPT.replace("pass", "continue"),
        }
        report = report_of(make_repo(tmp_path / "shop", base, head), tmp_path / "cache")
        found = by_name(report)
        assert {name: (one.source_changed, one.rewritten) for name, one in found.items()} == {
            "cli/same": (False, False), "cli/rewritten": (True, True), "cli/module": (True, True)
        }  # fmt: skip
        slower = found["cli/rewritten"]
        assert (slower.verdict, slower.gate, report.verdict) == ("regressed", "pass", "pass")
        assert rejudge(report, replace(report.policy, rewritten="fail")).verdict == "fail"

    @pytest.mark.parametrize(
        ("line", "path"),
        [
            ("python bench/run.py --big", "bench/run.py"),
            ("node './bench/run it.js'", "bench/run it.js"),
            ("./parse data/large.json > /dev/null", "data/large.json"),
            ("./parse --file=data/large.json", "data/large.json"),
            ("cd bench&&python run.py", "bench/run.py"),
            ("python -m bench.run", "bench/run.py"),
            ("X=1 sh bench/run.sh; true", "bench/run.sh"),
            ("sh \"bench/it's.sh", "\"bench/it's.sh"),
        ],
    )
    def test_words_that_are_files(self, line: str, path: str) -> None:
        assert path in paths_in(line)

    def test_words_are_looked_for_where_the_line_runs(self) -> None:
        assert "pkg/bench/run.py" in paths_in("python bench/run.py", "pkg")
        assert "run.py" in paths_in("python ../run.py", "pkg")
        assert not any(path.startswith("..") for path in paths_in("python ../../run.py", "pkg"))
