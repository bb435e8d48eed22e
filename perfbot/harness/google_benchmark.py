"""Google Benchmark (C++), by its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfbot.harness.results import CPU, THROUGHPUT, Node, documents, seconds_in
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Broken, Reading, Written
from perfbot.model import TIME, Metric

KNOWN = frozenset({
    "name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions", "repetition_index",
    "threads", "iterations", "real_time", "cpu_time", "time_unit", "label", "aggregate_name", "aggregate_unit",
    "error_occurred", "error_message", "skipped", "skip_message", "allocs_per_iter", "max_bytes_used",
    "total_allocated_bytes", "net_heap_growth", "cv", "big_o", "rms",
})  # fmt: skip
"""Keys that are no counters of the user's."""

RATES = {"bytes_per_second": Metric("throughput", "B/s", "higher"), "items_per_second": THROUGHPUT}


def parse(written: Sequence[Written]) -> list[Reading | Broken]:
    """Each repetition of each benchmark; the median where only aggregates were asked for."""
    return [reading for top in documents(written) for reading in _readings(list(top["benchmarks"].items()))]


def _readings(entries: list[Node]) -> Iterator[Reading | Broken]:
    single = [one for one in entries if _is_run(one)]
    medians = [one for one in entries if (kind := one.get("aggregate_name")) and kind.value == "median"]
    for one in single or medians:
        name = (one.get("run_name") or one["name"]).text()
        if (failed := one.get("error_occurred") or one.get("skipped")) and failed.value:
            reason = one.get("error_message") or one.get("skip_message")
            yield Broken(name, str(reason.value) if reason else "it ended with an error")
            continue
        scale = seconds_in(one["time_unit"].text(), one.where)
        yield Reading(name, TIME, one["real_time"].number() * scale)
        yield Reading(name, CPU, one["cpu_time"].number() * scale)
        for key, value in one.keys():  # noqa: SIM118 - a node is no mapping
            if key in RATES:
                yield Reading(name, RATES[key], value.number())
            elif key not in KNOWN and key and value.is_number:
                yield Reading(name, Metric(key, "1"), value.number())


def _is_run(one: Node) -> bool:
    kind = one.get("run_type")
    return kind is None or kind.value == "iteration"


GOOGLE_BENCHMARK = ToolHarness(
    parse,
    """\
[[suite]]
name = "cpp"
harness = "google_benchmark"
setup = ["g++ -O2 bench.cpp -lbenchmark -lpthread -o bench"]
command = "./bench --benchmark_filter={filter} --benchmark_min_time=0.05 --benchmark_out={output}"
metrics = ["cpu"]
""",
    walls=frozenset({"time"}),
)
