"""Any program that writes its results as JSON: perfbot's own simple format, Bencher's, or github-action-benchmark's.

perfbot's own may stand with one result a line, too.

::

    {"benchmarks": [{"name": "parse", "value": 12.5, "unit": "ms"},
                    {"name": "parse", "metric": "hits", "values": [91, 92], "unit": "%", "better": "higher"},
                    {"name": "parse", "metric": "nodes", "value": 1200, "rule": "exact"}]}

    {"name": "parse", "value": 12.5, "unit": "ms"}
    {"name": "solve", "value": 80, "unit": "ms"}

    {"parse": {"latency": {"value": 88.0}, "throughput": {"value": 5.5}}}

    [{"name": "cpu load", "unit": "Percent", "value": 50}]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median
from typing import cast

from perfbot import units
from perfbot.errors import MeasureError
from perfbot.harness.json_tree import Node, by_result, documents, inside, whole
from perfbot.harness.results import THROUGHPUT, metric_in, shown, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Unreadable, Written
from perfbot.model import TIME, Better, Metric, Rule

KEYS = frozenset({"name", "metric", "value", "values", "unit", "better", "rule"})
CUSTOM_KEYS = frozenset({"name", "value", "unit", "range", "extra"})

BMF: dict[str, tuple[Metric, float]] = {
    "latency": (TIME, 1e-9),
    "throughput": (THROUGHPUT, 1.0),
    "build-time": (Metric("build-time", "s"), 1.0),
    "file-size": (Metric("size", "B", rule="exact"), 1.0),
    "instructions": (Metric("instructions", "1", rule="exact"), 1.0),
}
"""Bencher's built-in measures: nanoseconds, operations a second, seconds, bytes; all others have the unit ``1``."""


def parse(written: Sequence[Written]) -> Parsed:
    """One of the formats, by what a document is; others among them, such as lines of a log, are told of."""
    found: list[Reported | Unreadable] = []
    for top in documents(written):
        if isinstance(top, Unreadable):
            found.append(top)
        elif isinstance(top.value, list):
            found += by_result(top.items(), _identify, lambda one, named: _own(one, named, CUSTOM_KEYS))
        elif isinstance(top.value.get("benchmarks"), list):
            found += by_result(inside([top], "benchmarks"), _identify, lambda one, named: _own(one, named, KEYS))
        elif isinstance(top.value.get("name"), str) and {"value", "values"} & top.value.keys():
            found += by_result([top], _identify, lambda one, named: _own(one, named, KEYS))
        elif top.value and not any(isinstance(one, dict) for one in top.value.values()):
            keys = ", ".join(sorted(top.value)[:5])
            found.append(
                Unreadable(f"{top.where}: found {shown(keys)}, expected the array benchmarks, or names of them")
            )
        else:
            found += list(_bencher(top))
    return found


def _identify(one: Node) -> Reported:
    return Reported(one["name"].text(), one.where)


def _bencher(top: Node) -> Iterator[Reported | Unreadable]:
    for name, measures in top.keys():  # noqa: SIM118 - a node is no mapping
        if not name.strip():
            yield Unreadable(f"{measures.where}: found no name, expected a benchmark's")
            continue
        one = Reported(whole(name), measures.where)
        try:
            readings = tuple(_measure(*pair) for pair in measures.keys())  # noqa: SIM118
            trouble = "" if readings else f"{measures.where}: found no measures, expected at least one"
            yield replace(one, readings=readings, trouble=trouble)
        except MeasureError as error:
            yield replace(one, trouble=error.message)


def _measure(measure: str, one: Node) -> Reading:
    metric, scale = BMF.get(measure) or metric_in(whole(measure), "1")
    try:
        return one["value"].reading(metric, scale)
    except MeasureError as error:
        return Reading(metric, trouble=error.message)


def _own(one: Node, found: Reported, known: frozenset[str]) -> Reported:
    """Entries of one name and different metrics are one benchmark."""
    if unknown := {key for key, _ in one.keys()} - known:  # noqa: SIM118
        wrong(one.where, min(unknown), f"some of {', '.join(sorted(known))}")
    metric, scale = _metric(one)
    if known is CUSTOM_KEYS and metric.unit == "B":
        metric = replace(metric, better="unknown")  # free memory, or used: the workflow says so, not the file
    values = one.get("values") if known is KEYS else None
    readings = [value.reading(metric, scale) for value in (values.items() if values is not None else [one["value"]])]
    bad = next((reading for reading in readings if reading.trouble), None)
    if not readings:
        wrong(f"{one.where} values", "none", "at least one value")
    return replace(found, readings=(bad or Reading(metric, median(reading.value for reading in readings)),))


def _metric(one: Node) -> tuple[Metric, float]:
    """The metric that an entry names, and the scale of its unit; without a direction where nothing tells one."""
    unit = one.get("unit")
    means = units.meaning(unit.text() if unit is not None else "1")
    name = _choice(one, "metric", "time" if means.unit == "s" else "value")
    better = cast("Better", _choice(one, "better", means.better, ("lower", "higher")))
    rule = cast("Rule", _choice(one, "rule", "noisy", ("noisy", "exact")))
    return Metric(whole(name), means.unit, better, rule), means.scale


def _choice(one: Node, key: str, default: str, allowed: Sequence[str] = ()) -> str:
    found = one.get(key)
    if found is None:
        return default
    if allowed and found.value not in allowed:
        wrong(found.where, found.value, " or ".join(allowed))
    return found.text()


JSON = ToolHarness(
    parse,
    """\
[[suite]]
name = "own"
harness = "json"
command = "./bench --json"
metrics = ["time", "nodes"]
lower = ["nodes"]
""",
)
