"""Outputs that the suite's harness does not read: the tool is named, and what reads it; patterns told do read it."""

from __future__ import annotations

import json
import tomllib

import pytest

from perfbot.harness import regex
from perfbot.harness.registry import reader
from perfbot.measure.processes.tools import Reported, Written

DIVAN = """\
Timer precision: 20 ns
example                  fastest       │ slowest       │ median        │ mean          │ samples │ iters
├─ add                   0.512 ns      │ 0.755 ns      │ 0.514 ns      │ 0.518 ns      │ 100     │ 819200
╰─ fibonacci             0.3 ns        │ 1.2 ns        │ 0.5 µs        │ 0.6 ns        │ 100     │ 1
"""
NANOBENCH = """\
|               ns/op |                op/s |    err% |     total | benchmark
|--------------------:|--------------------:|--------:|----------:|:----------
|            1,050.50 |       95,238,095.24 |    0.5% |      0.01 | `compare exchange`
"""
MITATA = """\
runtime: node 20.1.0 (x64-linux)

benchmark                   avg (min … max) p75 / p99    (min … top 1%)
------------------------------------------- -------------------------------
fibonacci(10)                456.12 ns/iter 460.00 ns  █▂
"""
TINYBENCH = """\
┌─────────┬───────────┬─────────┬───────────────────┬──────────┬─────────┐
│ (index) │ Task Name │ ops/sec │ Average Time (ns) │ Margin   │ Samples │
├─────────┼───────────┼─────────┼───────────────────┼──────────┼─────────┤
│ 0       │ 'faster'  │ '41,621' │ 24025.7          │ '±0.5%'  │ 20811   │
"""


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (DIVAN, {"add": 0.514e-9, "fibonacci": 0.5e-6}),
        (NANOBENCH, {"compare exchange": 1050.5e-9}),
        (MITATA, {"fibonacci(10)": 456.12e-9}),
        (TINYBENCH, {"faster": 41621}),
    ],
)
def test_patterns_that_are_told_find_the_results(text: str, values: dict[str, float]) -> None:
    written = [Written("stdout", text.encode())]
    told = reader(written).partition('harness = "regex" reads it: ')[2]
    table = tomllib.loads(told.replace(", units = ", "\nunits = "))
    found = regex.parse(written, table["pattern"], table.get("units", {}), "s")
    read = {one.name: one.readings[0].value for one in found if isinstance(one, Reported)}
    assert read == pytest.approx(values)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Requests      [total, rate, throughput]         50, 51.03, 51.02\n", "vegeta report -type json"),
        ("│ Stat    │ 2.5% │ 50%  │ 97.5% │ 99%  │ Avg     │ Stdev   │ Max      │\n", "--json"),
        ("Summary:\n  Requests/sec:\t5\n  50% in 0.1 secs\n  [200]\t5 responses\n", 'harness = "load" reads that'),
        ("name,iterations,real_time,cpu_time,time_unit\n", "--benchmark_out={output}"),
        ('"Benchmark","Mode","Threads","Samples","Score"\n', "-rf json -rff {output}"),
        ('<?xml version="1.0"?>\n<testsuites><testsuite name="b"/></testsuites>', "-r xml"),
        ("     name          hz     min     max    mean     p75\n", "--outputJson {output}"),
        ("Name (time in ns)          Min         Max     Mean\n", 'harness = "pytest"'),
        ("fib: Mean +- std dev: 32.4 us +- 0.1 us\n", 'harness = "pyperf"'),
        ("        │   old.txt   │\n        │   sec/op    │   sec/op     vs base  │\n", 'harness = "go"'),
        ("  Instructions:      1734|1734   (No change)\n", 'metrics = ["instructions"]'),
        (json.dumps({"type": "bench", "name": "t", "median": 3, "deviation": 1}), 'harness = "libtest"'),
        (json.dumps({"reason": "benchmark-complete", "id": "x"}), 'harness = "criterion"'),
        (json.dumps({"type": "Point", "metric": "http_reqs", "data": {}}), "--summary-export {output}"),
        (json.dumps([{"name": "/", "num_requests": 3, "response_times": {}}]), "--csv {output}"),
    ],
)
def test_the_tool_is_named_with_what_reads_it(text: str, told: str) -> None:
    assert told in reader([Written("stdout", text.encode())])


def test_of_what_nobody_knows_nothing_is_said() -> None:
    assert reader([Written("stdout", b"all is well\n")]) == ""
