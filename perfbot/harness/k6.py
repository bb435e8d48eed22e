"""k6, by its summary (``--summary-export FILE``, or the data that ``handleSummary`` gets)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from perfbot.harness.results import THROUGHPUT, Node, documents, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Reading, Written
from perfbot.model import Metric

MILLISECOND = 1e-3
TIMED = re.compile(r"(?:http_req|grpc_req|ws|browser)_\w+|iteration_duration|group_duration")
"""k6's own trends are times; those of a script may be anything unless the summary says so."""


def parse(written: Sequence[Written]) -> list[Reading]:
    """Quantiles of each trend and the rate of each counter, under the metric's name.

    Those of times are latency_p50, latency_p90, …, all others value_p50, value_p90, ….
    """
    return [
        reading
        for top in documents(written)
        for name, one in top["metrics"].keys()  # noqa: SIM118 - a node is no mapping
        for reading in _readings(name, one)
    ]


def _readings(name: str, one: Node) -> Iterator[Reading]:
    values = one.get("values") or one
    contains = one.get("contains")
    timed = contains.value == "time" if contains is not None else bool(TIMED.match(name))
    if not name:
        wrong(one.where, "a metric without a name", "a name")
    for key, value in values.keys():  # noqa: SIM118
        if key == "rate" and values.get("count") is not None:
            yield Reading(name, THROUGHPUT, value.number())
        elif quantile := re.fullmatch(r"p\((\d+(?:\.\d+)?)\)", key):
            yield _quantile(name, f"p{quantile[1]}", value, timed=timed)
        elif key == "med":
            yield _quantile(name, "p50", value, timed=timed)


def _quantile(name: str, which: str, value: Node, *, timed: bool) -> Reading:
    metric = Metric(f"latency_{which}", "s") if timed else Metric(f"value_{which}", "1")
    return Reading(name, metric, value.number() * (MILLISECOND if timed else 1))


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
