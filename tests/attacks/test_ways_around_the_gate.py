"""What a change could do to a benchmark instead of deleting it: each fails the gate as deleting does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from perfbot.judge.verdict import judge
from perfbot.model import Benchmark, Comparison, Metric, Policy, Round
from tests.measure.processes.tools import TOOL, suite_of
from tests.workers import Sides


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    return Sides(tmp_path, Path(sys.executable))


def printed(value: object, unit: str = "ms", **more: object) -> str:
    return json.dumps({"benchmarks": [{"name": "a", "value": value, "unit": unit, **more}]})


BASE = printed(5)
HEAD = {
    "no number": printed("NaN"),
    "a text": printed("5 ms"),
    "infinite": printed(1).replace("1", "Infinity"),
    "beyond all sizes": printed(1e300),
    "another unit": printed(5, "B", metric="time"),
    "another metric": printed(5, metric="speed"),
    "another name": printed(5).replace('"a"', '"b"'),
    "twice": printed(5).replace("[{", '[{"name": "a", "value": 1, "unit": "ms"}, {'),
    "a key twice": printed(5).replace('"value"', '"value": 1, "value"'),
    "a key that nobody knows": printed(5, note="fast"),
    "a direction that is none": printed(5, better="up"),
}


@pytest.mark.parametrize("way", HEAD)
def test_what_head_alone_makes_unreadable_fails_the_gate(sides: Sides, way: str) -> None:
    for side, text in (("base", BASE), ("head", HEAD[way])):
        sides.write({"tool.py": f"print({text!r})"}, sides=[side])  # type: ignore[list-item]
    found = sides.suite(suite_of(TOOL, more='metrics = ["time", "speed"]')).discover()
    judged = judge(found.settled, Policy(), family=1)
    assert {(one.benchmark, one.verdict, one.gate) for one in judged} >= {("a", "removed", "fail")}


SKIPPED = {
    "go": ("BenchmarkA\t100\t12 ns/op\nPASS\n", "--- SKIP: BenchmarkA\nPASS\n"),
    "google_benchmark": tuple(
        json.dumps({"benchmarks": [{"name": "A", "real_time": 1, "cpu_time": 1, "time_unit": "ns", **more}]})
        for more in ({}, {"skipped": True, "skip_message": "not today"})
    ),
}


@pytest.mark.parametrize("harness", SKIPPED)
def test_what_head_alone_skips_fails_the_gate(sides: Sides, harness: str) -> None:
    for side, text in zip(("base", "head"), SKIPPED[harness], strict=True):
        sides.write({"tool.py": f"print({text!r})"}, sides=[side])  # type: ignore[list-item]
    found = sides.suite(suite_of(TOOL, harness=harness)).discover()
    (judged,) = judge(found.settled, Policy(), family=1)
    assert (judged.verdict, judged.gate) == ("removed", "fail")


@pytest.mark.parametrize(("base", "head", "better"), [(9.0, 0.0, "higher"), (0.0, 9.0, "lower"), (-3.0, 9.0, "lower")])
def test_a_value_of_nothing_is_no_way_out(base: float, head: float, better: str) -> None:
    metric = Metric("rate", "1", better)  # type: ignore[arg-type]
    rounds = tuple(Round(number, (base,), (head,), 1, 0.1) for number in range(12))
    (judged,) = judge([Comparison(Benchmark("core", "a"), metric, rounds)], Policy(), family=1)
    assert (judged.verdict, judged.gate) == ("regressed", "fail")
