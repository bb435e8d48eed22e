"""wrk, by what it prints (with ``--latency``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from perfbot.harness.results import NUMBER, THROUGHPUT, lines, quantity, seconds_in, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Reading, Written
from perfbot.model import Metric

BEGIN = re.compile(r"Running .* test @ (?P<url>\S+)\s*")
QUANTILE = re.compile(rf"\s+(?P<which>\d+(?:\.\d+)?)%\s+(?P<value>{NUMBER})(?P<unit>[a-z]+)\s*")
RATE = re.compile(r"Requests/sec:\s+(?P<value>\S+)\s*")
TROUBLE = re.compile(r"\s*(Socket errors:.*|Non-2xx or 3xx responses:.*)")


def parse(written: Sequence[Written]) -> list[Reading]:
    """Quantiles and throughput, under the URL without its host."""
    readings = list(_readings(written))
    begun = {reading.name for reading in readings}
    ended = {reading.name for reading in readings if reading.metric == THROUGHPUT}
    if missing := begun - ended:
        wrong(", ".join(one.where for one in written), f"{min(missing)} without an end", "Requests/sec: …")
    return readings


def _readings(written: Sequence[Written]) -> Iterator[Reading]:
    name = ""
    for where, line in lines(written):
        if found := BEGIN.fullmatch(line):
            name = re.sub(r"^\w+://[^/]*", "", found["url"]) or "/"
        elif not name:
            continue
        elif found := QUANTILE.fullmatch(line):
            scale = seconds_in(found["unit"], where)
            yield Reading(name, Metric(f"latency_p{found['which']}", "s"), quantity(found["value"], where) * scale)
        elif found := RATE.fullmatch(line):
            yield Reading(name, THROUGHPUT, quantity(found["value"], where))
        elif found := TROUBLE.fullmatch(line):
            wrong(where, found[1], "requests that succeed")


WRK = ToolHarness(
    parse,
    """\
[[suite]]
name = "load"
harness = "wrk"
command = "./with-server wrk -t1 -c4 -d2s --latency http://127.0.0.1:8080/search"
metrics = ["latency_p50", "latency_p99", "throughput"]
""",
)
