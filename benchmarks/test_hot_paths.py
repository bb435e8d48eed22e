"""What perfbot does often, or with a lot: deciding, rendering, keeping, starting."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks.samples import make_report
from perfbot.judge import again
from perfbot.measure.plan import Speed, plan_values, turn_counts
from perfbot.model import Report
from perfbot.render.comment import comment
from perfbot.stats.rounds import round_ratio
from perfbot.stats.sequential import Plan, decide

DECIDED = 100


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


def test_judge_report(benchmark, report: Report) -> None:
    assert len(benchmark(again, report).results) == DECIDED


def test_comment_of_2000_rows(benchmark, report: Report) -> None:
    rows = tuple(replace(report.results[n % DECIDED], benchmark=f"case[{n}]", raw=()) for n in range(2000))
    assert benchmark(comment, replace(report, results=rows))


def test_plan_of_a_round(benchmark) -> None:
    benchmark(lambda: (plan_values(Speed(3e-6, 3e-6), 0.05), turn_counts(24)))


def test_start_of_the_command_line(benchmark) -> None:
    benchmark.pedantic(
        subprocess.run,
        args=([sys.executable, "-m", "perfbot", "--version"],),
        kwargs={"check": True, "capture_output": True},
        rounds=5,
    )
