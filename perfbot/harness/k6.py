"""k6, by its summary (``--summary-export FILE``, or the data that ``handleSummary`` gets)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from perfbot.errors import MeasureError
from perfbot.harness.json_tree import Node, by_result, documents, whole
from perfbot.harness.results import wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Unreadable, Written
from perfbot.model import Metric
from perfbot.units import DIRECTIONS

MILLISECOND = 1e-3
TIMED = re.compile(r"(?:http_req|grpc_req|ws|browser)_\w+|iteration_duration|group_duration")
"""k6's own trends are times; those of a script may be anything unless the summary says so."""
ANSWERED = re.compile(r"http_req(?!_failed)|iteration|data_received")
"""Metrics that look better when requests fail fast."""

DATA = ("data_received", "data_sent")


def parse(written: Sequence[Written]) -> Parsed:
    """Quantiles of each trend, the throughput of each counter and the rate of each rate, under the metric's name.

    Quantiles of times are latency_p50, latency_p90, …, all others value_p50, value_p90, ….
    """
    names: dict[str, str] = {}
    failing: dict[str, float] = {}

    def metrics() -> Iterator[Node | Unreadable]:
        for top in documents(written):
            try:
                pairs = [] if isinstance(top, Unreadable) else list(top["metrics"].keys())
            except MeasureError as error:
                yield Unreadable(error.message)
                continue
            if isinstance(top, Unreadable):
                yield top
            share = _failing(dict(pairs))
            for name, one in pairs:
                names[one.where] = whole(name)
                failing[one.where] = share if ANSWERED.match(name) else 0.0
                yield one

    def identify(one: Node) -> Reported:
        name = names[one.where]
        if not name.strip():
            wrong(one.where, "a metric without a name", "a name")
        return Reported(name, one.where, failing=failing[one.where])

    return by_result(metrics(), identify, _read)


def _failing(metrics: Mapping[str, Node]) -> float:
    """Share of the requests that failed, as ``http_req_failed`` says."""
    one = metrics.get("http_req_failed")
    values = one.value.get("values", one.value) if one is not None and isinstance(one.value, dict) else {}
    share = values.get("rate", values.get("value", 0.0)) if isinstance(values, dict) else 0.0
    return min(1.0, float(share)) if isinstance(share, int | float) and Node("", share).is_number else 0.0


def _read(one: Node, found: Reported) -> Reported | None:
    """None where it is a gauge: k6's own say how many users there were, not how fast anything was.

    A part of a metric, ``http_reqs{scenario:main}``, is of its kind.
    """
    kind = found.name.partition("{")[0]
    contains, values = one.get("contains"), one.get("values") or one
    timed = contains.value == "time" if contains is not None else bool(TIMED.match(kind))
    data = contains.value == "data" if contains is not None else kind in DATA
    readings = tuple(_readings(kind, values, timed=timed, data=data))
    return replace(found, readings=readings) if readings else None


def _readings(kind: str, values: Node, *, timed: bool, data: bool) -> Iterator[Reading]:
    better = DIRECTIONS["k6"].get(kind, "unknown")
    for key, value in values.keys():  # noqa: SIM118 - a node is no mapping
        if key == "rate" and values.get("count") is not None:
            yield value.reading(Metric("throughput", "B/s" if data else "1/s", better))
        elif key == "rate" or (key == "value" and values.get("passes") is not None):
            yield value.reading(Metric("rate", "1", better))
        elif key == "med" or (quantile := re.fullmatch(r"p\((\d+(?:\.\d+)?)\)", key)):
            which = "p50" if key == "med" else f"p{quantile[1]}" if quantile else ""
            if key == "med" or not (which == "p50" and values.get("med") is not None):
                metric = Metric(f"latency_{which}", "s") if timed else Metric(f"value_{which}", "1", "unknown")
                yield value.reading(metric, MILLISECOND if timed else 1.0)


K6 = ToolHarness(
    parse,
    """\
[[suite]]
name = "load"
harness = "k6"
command = "./with-server k6 run --quiet --vus 2 --duration 3s --summary-export {output} load.js"
metrics = ["latency_p50", "latency_p95", "throughput"]
exit_codes = [0, 99]
""",
)
