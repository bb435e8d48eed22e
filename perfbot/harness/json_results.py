"""Any program that writes its results as JSON: perfbot's own simple format, or Bencher's metric format (BMF).

::

    {"benchmarks": [{"name": "parse", "value": 12.5, "unit": "ms"},
                    {"name": "parse", "metric": "hits", "values": [91, 92], "unit": "%", "better": "higher"},
                    {"name": "parse", "metric": "nodes", "value": 1200, "rule": "exact"}]}

    {"parse": {"latency": {"value": 88.0}, "throughput": {"value": 5.5}}}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from perfbot import units
from perfbot.harness.results import THROUGHPUT, TIMES, Node, documents, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Reading, Written
from perfbot.model import TIME, Better, Metric, Rule

KEYS = frozenset({"name", "metric", "value", "values", "unit", "better", "rule"})

BMF: dict[str, tuple[Metric, float]] = {
    "latency": (TIME, 1e-9),
    "throughput": (THROUGHPUT, 1.0),
    "build-time": (Metric("build-time", "s"), 1.0),
    "file-size": (Metric("size", "B", rule="exact"), 1.0),
    "instructions": (Metric("instructions", "1", rule="exact"), 1.0),
}
"""Bencher's built-in measures: nanoseconds, operations a second, seconds, bytes; all others have the unit ``1``."""


def parse(written: Sequence[Written]) -> list[Reading]:
    """One of the two formats, by whether there is an array ``benchmarks``."""
    return [reading for top in documents(written) for reading in _readings(top)]


def _readings(top: Node) -> Iterator[Reading]:
    own = top.get("benchmarks")
    if own is not None and isinstance(own.value, list):
        for one in own.items():
            yield from _own(one)
        return
    for name, measures in top.keys():  # noqa: SIM118 - a node is no mapping
        for measure, one in measures.keys():  # noqa: SIM118
            metric, scale = BMF.get(measure) or (Metric(measure, "1"), 1.0)
            yield Reading(name, metric, one["value"].number() * scale)


def _own(one: Node) -> Iterator[Reading]:
    unknown = {key for key, _ in one.keys()} - KEYS  # noqa: SIM118
    if unknown:
        wrong(one.where, min(unknown), f"some of {', '.join(sorted(KEYS))}")
    name = one["name"].text()
    unit, scale = _unit(one)
    metric_name = _choice(one, "metric", "time" if unit == "s" else "value")
    better = cast("Better", _choice(one, "better", "higher" if unit == "1/s" else "lower", ("lower", "higher")))
    rule = cast("Rule", _choice(one, "rule", "noisy", ("noisy", "exact")))
    values = one.get("values")
    for value in values.items() if values is not None else [one["value"]]:
        yield Reading(name, Metric(metric_name, unit, better, rule), value.number() * scale)


def _choice(one: Node, key: str, default: str, allowed: Sequence[str] = ()) -> str:
    found = one.get(key)
    if found is None:
        return default
    if allowed and found.value not in allowed:
        wrong(found.where, found.value, " or ".join(allowed))
    return found.text()


def _unit(one: Node) -> tuple[str, float]:
    """The base unit, and how many of it one of the given unit is."""
    found = one.get("unit")
    return base_unit(found.text()) if found is not None else ("1", 1.0)


def base_unit(unit: str) -> tuple[str, float]:
    """``ms`` is 0.001 of ``s``, ``KiB`` 1024 of ``B``, ``ops/s`` 1 of ``1/s``; any other unit is itself."""
    if unit in TIMES:
        return "s", TIMES[unit]
    if unit in units.BYTES or unit == "bytes":
        return "B", units.BYTES.get(unit, 1.0)
    return ("1/s", 1.0) if unit in ("ops/s", "ops/sec", "req/s", "/s", "1/s") else (unit, 1.0)


JSON = ToolHarness(
    parse,
    """\
[[suite]]
name = "own"
harness = "json"
command = "./bench --json"
metrics = ["time", "nodes"]
""",
)
