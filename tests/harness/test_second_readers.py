"""Each reader of a tool's output against a second, naive one: no value lost, turned, scaled or joined.

Beside the captured outputs, a folder that ``PERFBOT_OUTPUTS`` names is read: ``TOOL/FILE``.
"""

from __future__ import annotations

import os
import statistics
from collections import defaultdict
from pathlib import Path

import pytest

from perfbot.measure.processes.tools import Reported, Written
from tests.harness import second_readers
from tests.tool_outputs import CAPTURED, results

KINDS: dict[str, dict[str, str]] = {
    "go": {"time": "time", "allocated": "allocated", "allocations": "allocations", "rate": "throughput"},
    "google_benchmark": {"time": "time", "cpu": "cpu"},
    "jmh": {"time": "time", "rate": "throughput"},
    "libtest": {"time": "time"},
    "benchmarkdotnet": {"time": "time"},
    "hyperfine": {"time": "time", "cpu": "cpu"},
    "benchmarkjs": {"rate": "throughput"},
    "vitest": {"rate": "throughput"},
    "catch2": {"time": "time"},
    "k6": {"p95": "latency_p95"},
    "locust": {"p95": "latency_p95"},
    "wrk": {"rate": "throughput"},
    "load": {"rate": "throughput"},
}
"""What a second reader calls a value, and the metric's name."""

ODD = {
    "go/failed.txt",  # a result in the line of what the benchmark printed
    "google_benchmark/errors-counters.json",  # one that failed
    "google_benchmark/mixed-aggregates.json",  # plain results beside aggregates of others
    "benchmarkdotnet/three-jobs.json",  # jobs of one name
    "hyperfine/named-parameters.json",  # parameters that the command does not show
    "locust/failed_stats.csv",  # requests that failed
    "wrk/failed.txt",  # requests that failed
    "load/failed.txt",  # requests that failed
}
"""Captured outputs of which a naive reader knows too little; test_parsers.py and test_told_apart.py have the values."""


def files() -> list[tuple[str, Path]]:
    folders = [CAPTURED, *([Path(os.environ["PERFBOT_OUTPUTS"])] if "PERFBOT_OUTPUTS" in os.environ else [])]
    return [(tool, path) for folder in folders for tool in KINDS for path in sorted((folder / tool).glob("*"))
            if path.is_file() and f"{tool}/{path.name}" not in ODD]  # fmt: skip


def by_second(tool: str, text: str) -> dict[str, list[float]] | None:
    """Values by metric, sorted; runs of one name are joined by their median. None where the file is none for it."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    try:
        for name, kind, value in getattr(second_readers, tool)(text):
            found[name, KINDS[tool][kind]].append(value)
    except Exception:  # noqa: BLE001 - naive
        return None
    values: dict[str, list[float]] = defaultdict(list)
    for (_, metric), every in found.items():
        values[metric].append(statistics.median(every))
    return {metric: sorted(every) for metric, every in values.items()}


def by_ours(found: dict[str, Reported], metrics: set[str]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = defaultdict(list)
    for one in found.values():
        for reading in one.readings:
            if not reading.trouble and not one.trouble and reading.metric.name in metrics:
                values[reading.metric.name].append(reading.value)
    return {metric: sorted(every) for metric, every in values.items()}


@pytest.mark.parametrize(("tool", "path"), files(), ids=lambda value: value if isinstance(value, str) else value.name)
def test_both_readers_find_the_same_values(tool: str, path: Path) -> None:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        text = ""
    second = by_second(tool, text)
    found = results(tool, [Written(path.name, path.read_bytes())])
    if second is None:
        return
    ours = by_ours(found, set(KINDS[tool].values()))
    assert {metric: len(every) for metric, every in ours.items()} == {m: len(every) for m, every in second.items()}
    assert ours == {metric: pytest.approx(every) for metric, every in second.items()}
