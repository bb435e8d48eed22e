"""BenchmarkDotNet, by its full JSON export (``--exporters fulljson``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfbot.harness.results import ALLOCATED, Node, documents
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Broken, Reading, Written
from perfbot.model import TIME

NANOSECOND = 1e-9


def parse(written: Sequence[Written]) -> list[Reading | Broken]:
    """Medians under the full name, and allocated bytes where the memory diagnoser ran."""
    return [reading for top in documents(written) for one in top["Benchmarks"].items() for reading in _readings(one)]


def _readings(one: Node) -> Iterator[Reading | Broken]:
    name = one["FullName"].text()
    statistics = one.get("Statistics")
    if statistics is None:
        yield Broken(name, "it has no results")
        return
    yield Reading(name, TIME, statistics["Median"].number() * NANOSECOND)
    memory = one.get("Memory")
    if memory is not None and (allocated := memory.get("BytesAllocatedPerOperation")) is not None:
        yield Reading(name, ALLOCATED, allocated.number())


BENCHMARKDOTNET = ToolHarness(
    parse,
    """\
[[suite]]
name = "dotnet"
harness = "benchmarkdotnet"
setup = ["dotnet build -c Release"]
command = "dotnet run -c Release --no-build -- --filter '*' --job short --exporters fulljson --memory"
metrics = ["time", "allocated"]
""",
    files=("BenchmarkDotNet.Artifacts/results/*-report-full.json",),
)
