"""What perfbot does often, or with a lot: deciding, rendering, keeping, conducting."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from benchmarks.samples import make_report
from perfbot.history.recording import keep
from perfbot.history.store import Store, open_store
from perfbot.judge.verdict import again
from perfbot.measure.lockstep.plan import Speed, plan_values, turn_counts
from perfbot.measure.sequential_test import Track
from perfbot.measure.session import Measured
from perfbot.model import TIME, Benchmark, Report
from perfbot.render.comment import comment
from perfbot.stats.rounds import round_ratio
from perfbot.stats.sequential import Plan, decide

DECIDED = 1000
KEPT = 30


@pytest.fixture(scope="module")
def report() -> Report:
    return make_report(DECIDED)


def test_decide(benchmark) -> None:
    rng = random.Random(1)
    ratios = [rng.gauss(0.0, 0.02) for _ in range(20)]
    plan = Plan(0.02, 0.01 / 40)
    decide(ratios, plan)
    benchmark(decide, ratios, plan, final=True)


def test_round_ratio(benchmark) -> None:
    rng = random.Random(1)
    base, head = ([rng.gauss(1e-5, 3e-7) for _ in range(24)] for _ in range(2))
    benchmark(round_ratio, base, head)


def test_decide_1000_benchmarks(benchmark, report: Report) -> None:
    assert len(benchmark(again, report).results) == DECIDED


def test_comment_of_2000_rows(benchmark, report: Report) -> None:
    rows = tuple(replace(report.results[n % DECIDED], benchmark=f"case[{n}]", raw=()) for n in range(2000))
    assert benchmark(comment, replace(report, results=rows))


def test_plan_of_a_round(benchmark) -> None:
    benchmark(lambda: (plan_values(Speed(3e-6, 3e-6), 0.05), turn_counts(24)))


def test_follow_a_benchmark(benchmark, report: Report) -> None:
    """What the scheduler does after each round of a benchmark: decide, and say how many more it takes."""
    (result, *_), plan = report.results, Plan(0.001, 0.01 / 40)

    def follow() -> Track:
        track = Track(Benchmark(result.suite, result.benchmark), TIME, plan)
        for taken in result.raw:
            track.add(Measured(result.benchmark, TIME, taken))
            track.rounds_left()
        return track

    assert benchmark(follow).open


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'history.db'}") as store:
        yield store


def test_ingest(benchmark, store: Store, report: Report) -> None:
    """A run of 30 benchmarks more in a history that grows; its trends with it."""
    few = replace(report, change=replace(report.change, project="group/name"), results=report.results[:KEPT])
    numbers = count()
    assert benchmark(lambda: keep(store, replace(few, seed=next(numbers)), branch="main", kind="branch"))
