"""perfbot's own records: making, reading, writing and checking them."""

from __future__ import annotations

import pytest

from benchmarks.samples import RESULTS, make_report
from perfbot.model import Report, Result
from perfbot.report import dumps, loads


@pytest.fixture(scope="module")
def report() -> Report:
    return make_report()


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return dumps(report)


def test_model_creation(benchmark, report: Report) -> None:
    raw = report.results[0].raw
    assert benchmark(
        lambda: Result(
            "core", "parse", "time", "s", "lower", "unchanged", 1e-5, 1.001e-5, 0.001, (-0.01, 0.012), raw=raw
        )
    )


def test_field_access(benchmark, report: Report) -> None:
    result = report.results[0]
    assert benchmark(lambda: (result.full_name, result.verdict, result.change, result.interval)) is not None


def test_serialisation(benchmark, report: Report) -> None:
    assert benchmark(dumps, report)


def test_large_report(benchmark, text: str) -> None:
    """For its footprint and its objects: the whole report, read from its file."""
    assert len(benchmark(loads, text, "benchmark").results) == RESULTS


def test_validation(benchmark, text: str) -> None:
    assert len(benchmark(loads, text, "benchmark").results) == RESULTS
