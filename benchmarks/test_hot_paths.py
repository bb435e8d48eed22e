"""What perfbot does often, or with a lot: deciding, rendering, keeping, conducting."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from benchmarks.made_up import MadeUp
from benchmarks.samples import make_report
from perfbot.judge import again
from perfbot.keep import keep
from perfbot.measure.conductor import Conductor
from perfbot.measure.plan import Speed, plan_values, turn_counts
from perfbot.model import Policy, Report
from perfbot.render.comment import comment
from perfbot.render.progress import Silent
from perfbot.stats.rounds import round_ratio
from perfbot.stats.sequential import Plan, decide
from perfbot.store import Store, open_store

DECIDED = 1000
KEPT = 100
CONDUCTED = 100


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


def test_conducting_100_benchmarks(benchmark) -> None:
    """Whole runs without anything measured: what is left is perfbot's own."""
    outcomes = benchmark(lambda: Conductor([MadeUp(CONDUCTED)], Policy(), 1e9, Silent()).run())
    assert len(outcomes.comparisons) == CONDUCTED


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'history.db'}") as store:
        yield store


def test_ingest(benchmark, store: Store, report: Report) -> None:
    """A run of 100 benchmarks more in a history that grows; its trends with it."""
    few = replace(report, change=replace(report.change, project="group/name"), results=report.results[:KEPT])
    numbers = count()
    assert benchmark(lambda: keep(store, replace(few, seed=next(numbers)), branch="main", kind="branch"))
