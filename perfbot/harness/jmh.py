"""JMH (JVM), by its JSON (``-rf json -rff FILE``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfbot.harness.results import THROUGHPUT, TIMES, Node, documents, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Reading, Written
from perfbot.model import TIME, Metric


def parse(written: Sequence[Written]) -> list[Reading]:
    """Scores under ``Class.method(name=value, …)``, and what profilers add under their own names."""
    return [reading for top in documents(written) for one in top.items() for reading in _readings(one)]


def _readings(one: Node) -> Iterator[Reading]:
    name = _name(one)
    metric, value = _score(one["primaryMetric"])
    yield Reading(name, metric, value)
    if more := one.get("secondaryMetrics"):
        for key, secondary in more.keys():  # noqa: SIM118 - a node is no mapping
            if not secondary["score"].is_number:
                continue
            unit = secondary["scoreUnit"].text().removesuffix("/op")
            yield Reading(name, Metric(key.removeprefix("·"), unit), secondary["score"].number())


def _name(one: Node) -> str:
    short = ".".join(one["benchmark"].text().split(".")[-2:])
    params = one.get("params")
    if params is None:
        return short
    return f"{short}({', '.join(f'{key}={value.value}' for key, value in params.keys())})"  # noqa: SIM118


def _score(metric: Node) -> tuple[Metric, float]:
    """``us/op`` is a time, ``ops/us`` a throughput."""
    unit = metric["scoreUnit"].text()
    number = metric["score"].number()
    what, _, per = unit.partition("/")
    if what == "ops" and per in TIMES:
        return THROUGHPUT, number / TIMES[per]
    if per != "op" or what not in TIMES:
        wrong(f"{metric.where} scoreUnit", unit, 'such as "us/op" or "ops/s"')
    return TIME, number * TIMES[what]


JMH = ToolHarness(
    parse,
    """\
[[suite]]
name = "jvm"
harness = "jmh"
setup = ["mvn -q package"]
command = "java -jar target/benchmarks.jar -f 1 -wi 3 -i 3 -w 200ms -r 200ms -rf json -rff {output}"
""",
)
