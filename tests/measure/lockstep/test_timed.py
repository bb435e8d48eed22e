"""Metrics of time beside the mean cost, taken in the same rounds."""

from __future__ import annotations

import numpy as np
import pytest

from perfbot.config import parse
from perfbot.errors import ConfigError
from perfbot.measure.lockstep.plan import Speed
from perfbot.measure.lockstep.timed import CPU, QUANTILES, TIMED, quantiles, single_calls, timed_metrics
from perfbot.model import TIME, Round
from tests.workers import Sides, take

P95, P99 = QUANTILES

TABLE = """
harness = "python"
functions = { slow_at_times = "code_of:slow_at_times" }
metrics = ["time", "cpu", "time_p95", "time_p99"]
"""

CODE = """
import time
calls = 0
def slow_at_times():
    global calls
    calls += 1
    time.sleep(0.0001 if calls % 10 else 0.0015)
"""


def test_the_names_are_those_of_metrics():
    assert timed_metrics(["instructions", "cpu", "time"]) == (CPU, TIME)
    assert set(TIMED) == {"time", "cpu", "time_p95", "time_p99"}


def test_the_order_of_a_quantile_is_that_of_single_calls():
    taken = Round(0, tuple(np.arange(1.0, 101.0)), tuple(np.arange(2.0, 202.0, 2)), waited=(0.0, 0.1))
    ((metric, found),) = quantiles(taken, (TIME, P95))
    assert metric == P95
    assert (*found.base, *found.head) == pytest.approx((95.05, 190.1))


@pytest.mark.parametrize(("metrics", "call", "least"), [((P95,), 1e-4, 80), ((P99,), 1e-4, 400), ((P99,), 1.0, 100)])
def test_a_round_has_as_many_single_calls_as_its_quantile_takes(metrics, call, least):
    plan = single_calls(metrics, Speed(call, call), pinned=True)
    assert plan is not None
    assert plan.loops == 1
    assert least <= plan.pairs <= 1.2 * least
    assert sum(plan.counts[0]) == sum(plan.counts[1]) == plan.pairs


def test_no_single_calls_are_made_where_none_are_wanted():
    assert single_calls((TIME, CPU), Speed(1e-4, 1e-4), pinned=True) is None


def test_they_are_measured_in_the_rounds_of_the_mean(sides: Sides):
    sides.write({"code_of.py": CODE})
    taken = take(sides.suite(TABLE))
    found = {one.metric.name: one.round for one in taken.outcomes}
    assert list(found) == ["time", "cpu", "time_p95", "time_p99"]
    assert found["time_p95"].base[0] > 2 * np.mean(found["time"].base)
    assert np.mean(found["cpu"].base) < np.mean(found["time"].base) / 2
    assert len(found["time_p99"].head) == 1


def test_the_mean_itself_need_not_be_wanted(sides: Sides):
    sides.write({"code_of.py": CODE})
    taken = take(sides.suite(TABLE.replace('"time", ', "")))
    assert {one.metric.name for one in taken.outcomes} == {"cpu", "time_p95", "time_p99"}


def test_limits_know_their_unit():
    text = '[[limit]]\nmatch = "*"\nmetric = "time_p99"\nthreshold = "10 %"\nbudget = { time_p99 = "5 ms" }\n'
    (limit,) = parse(text, "test").policy.limits
    assert limit.budgets[0].bound == pytest.approx(0.005)
    with pytest.raises(ConfigError, match="time_p95"):
        parse(text.replace('time_p99 = "5 ms"', 'time_p95 = "5 MB"'), "test")
