"""JMH (JVM), by its JSON (``-rf json -rff FILE``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from perfbot.harness.json_tree import Node, by_result, documents, whole
from perfbot.harness.results import THROUGHPUT, metric_in, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Unreadable, Written
from perfbot.model import TIME, Metric
from perfbot.units import meaning

TRAITS = ("mode", "threads", "vmName", "jdkVersion", "jvm", "jvmArgs", "forks", "warmupIterations", "measurementTime")
"""What can differ between two results of one benchmark, as JMH calls it; what is told first distinguishes first."""


def parse(written: Sequence[Written]) -> Parsed:
    """Scores under ``Class.method(name=value, …)``, and what profilers and groups add under their own names."""
    return by_result(_entries(written), _identify, _read)


def _entries(written: Sequence[Written]) -> Iterator[Node | Unreadable]:
    for top in documents(written):
        if isinstance(top, Unreadable) or isinstance(top.value, list):
            yield from [top] if isinstance(top, Unreadable) else top.items()
        else:
            yield Unreadable(f"{top.where}: found an object, expected the array that JMH writes (-rf json)")


def _identify(one: Node) -> Reported:
    full = one["benchmark"].text()
    *packages, owner, method = ["", *full.split(".")]
    params = one.get("params")
    pairs = [f"{key}={value.value}" for key, value in params.keys()] if params is not None else []  # noqa: SIM118
    name = f"{owner}.{method}".lstrip(".") + (f"({', '.join(pairs)})" if pairs else "")
    traits = tuple((key, f" [{_trait(key, one)}]") for key in TRAITS)
    return Reported(
        whole(name), one.where, above=tuple(f"{part}." for part in packages if part), traits=traits, selector=full
    )


def _trait(key: str, one: Node) -> str:
    value = one.value.get(key)
    if value is None:
        return "-"
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return whole(f"{text} {key}" if key in ("threads", "forks", "warmupIterations") else text)


def _read(one: Node, found: Reported) -> Reported:
    more = one.get("secondaryMetrics")
    secondary = list(more.keys()) if more is not None else []
    return replace(found, readings=(_score(one["primaryMetric"]), *_secondary(secondary)))


def _secondary(metrics: Sequence[tuple[str, Node]]) -> Iterator[Reading]:
    for key, one in metrics:
        unit = one.get("scoreUnit")
        metric, scale = metric_in(whole(key.removeprefix("·")), str(unit.value) if unit is not None else "1", "jmh")
        yield one["score"].reading(metric, scale)


def _score(one: Node) -> Reading:
    """``us/op`` is a time, ``ops/us`` a throughput."""
    unit = one["scoreUnit"].text()
    means = meaning(unit)
    metrics: dict[str, Metric] = {"s": TIME, "1/s": THROUGHPUT}
    if means.unit not in metrics:
        wrong(f"{one.where} scoreUnit", unit, 'such as "us/op" or "ops/s"')
    return one["score"].reading(metrics[means.unit], means.scale)


FORKS = "-f 1 -wi 3 -i 3 -w 100ms -r 100ms"

JMH = ToolHarness(
    parse,
    f"""\
[[suite]]
name = "jvm"
harness = "jmh"
setup = ["mvn -q package"]
command = "java -Djmh.ignoreLock=true -jar target/benchmarks.jar {FORKS} -rf json -rff {{output}}"
metrics = ["time", "throughput"]
""",
    walls=frozenset({"time", "throughput"}),
)
