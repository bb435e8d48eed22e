"""What is exported is read by pyperf itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import mean

import pyperf
import pytest

from perfbot.render.pyperf import write_suites
from tests.builders import rounds
from tests.render.hostile import TEXTS, saying
from tests.render.samples import everything, report, result, set_up_failed, typical


def test_head_and_base_are_read_again(tmp_path: Path) -> None:
    head_path, base_path = write_suites(typical(), tmp_path / "run.json")
    assert (head_path.name, base_path.name) == ("run.json", "run.base.json")
    for path, side in ((head_path, "head"), (base_path, "base")):
        suite = pyperf.BenchmarkSuite.load(str(path))
        assert suite.get_benchmark_names() == [one.full_name for one in typical().results]
        for benchmark, one in zip(suite.get_benchmarks(), typical().results, strict=True):
            runs = [getattr(measured, side) for measured in one.raw]
            assert [run.values for run in benchmark.get_runs()] == runs
            assert benchmark.mean() == pytest.approx(mean(value for values in runs for value in values))
            assert benchmark.get_unit() == "second"
            assert benchmark.get_metadata()["commit_id"] == getattr(typical().change, side)


def test_compare_to_takes_both(tmp_path: Path) -> None:
    head_path, base_path = write_suites(everything(), tmp_path / "run.json")
    argv = [sys.executable, "-m", "pyperf", "compare_to", str(base_path), str(head_path), "--table"]
    found = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=100)
    assert "core/parse_large" in found.stdout
    assert "1.38x slower" in found.stdout


def test_units_that_pyperf_knows_and_others(tmp_path: Path) -> None:
    made = report(
        result("a", metric="memory", unit="B"), result("b", metric="frames", unit="frames"), result("b"),
    )  # fmt: skip
    suite = pyperf.BenchmarkSuite.load(str(write_suites(made, tmp_path / "run.json")[0]))
    assert {one.get_name(): one.get_unit() for one in suite} == {
        "core/a": "byte",
        "core/b frames": "integer",
        "core/b time": "second",
    }


def test_what_pyperf_cannot_hold_is_left_out(tmp_path: Path) -> None:
    made = report(result("zero", raw=rounds(0.0, 0.0)), result("some"), result("grown", raw=rounds(0.0, 1.0)))
    for path in write_suites(made, tmp_path / "run.json"):
        assert pyperf.BenchmarkSuite.load(str(path)).get_benchmark_names() == ["core/some"]


def test_nothing_is_written_of_nothing(tmp_path: Path) -> None:
    assert write_suites(set_up_failed(), tmp_path / "run.json") == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["empty", "blank", "tabs-and-newlines", "controls", "bidi-override", "very-long"])
def test_hostile_names_are_exported(tmp_path: Path, name: str) -> None:
    (head_path, _) = write_suites(saying(TEXTS[name]), tmp_path / "run.json")
    assert len(pyperf.BenchmarkSuite.load(str(head_path))) == 4
