"""Second readers of tools' outputs: short, naive, and written from the tools' own documentation, to differ with.

Each takes one document and gives ``(name as written, kind of value, value in s, B, 1/s or B/s)``, once for each value
that stands there. They know no odd inputs, no options and nothing of perfbot's readers.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

Value = tuple[str, str, float]


def go(text: str) -> Iterator[Value]:
    """https://go.dev/design/14313-benchmark-format: name, iterations, then pairs of value and unit."""
    package = ""
    kinds = {"ns/op": ("time", 1e-9), "B/op": ("allocated", 1), "allocs/op": ("allocations", 1), "MB/s": ("rate", 1e6)}
    for line in text.splitlines():
        if line.startswith("pkg:"):
            package = line.split(":", 1)[1].strip()
        fields = line.split()
        if len(fields) < 4 or not re.match(r"Benchmark([^a-z]|$)", fields[0]) or not fields[1].isdigit():
            continue
        for number, unit in zip(fields[2::2], fields[3::2], strict=False):
            if unit in kinds:
                yield f"{package} {fields[0]}", kinds[unit][0], float(number) * kinds[unit][1]


def google_benchmark(text: str) -> Iterator[Value]:
    """https://github.com/google/benchmark/blob/main/docs/user_guide.md#output-formats"""
    units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}
    runs = json.loads(text)["benchmarks"]
    plain = [one for one in runs if one.get("run_type", "iteration") == "iteration" and not one.get("error_occurred")]
    chosen = plain or [one for one in runs if one.get("aggregate_name") == "median"]
    for one in chosen:
        for field, kind in (("real_time", "time"), ("cpu_time", "cpu")):
            yield one.get("run_name", one["name"]), kind, one[field] * units[one["time_unit"]]


def jmh(text: str) -> Iterator[Value]:
    """https://github.com/openjdk/jmh: score and unit, ``ops/s`` for throughput, ``us/op`` for time."""
    times = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60}
    for one in json.loads(text):
        metric = one["primaryMetric"]
        name = f"{one['benchmark']} {json.dumps(one.get('params', {}))} {one['mode']}"
        over, under = metric["scoreUnit"].split("/")
        if over == "ops":
            yield name, "rate", metric["score"] / times[under]
        else:
            yield name, "time", metric["score"] * times[over]


def libtest(text: str) -> Iterator[Value]:
    """``test NAME ... bench: 1,234.5 ns/iter (+/- 6) = 7 MB/s``"""
    times = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1}
    target = ""
    for line in text.splitlines():
        if found := re.match(r"\s*Running (?:unittests )?(\S+)", line):
            target = found[1]
        found = re.match(r"test (.+?)\s+\.\.\. bench:\s+([\d,.]+) (\w+)/iter", line)
        if found:
            yield f"{target} {found[1]}", "time", float(found[2].replace(",", "")) * times[found[3]]


def benchmarkdotnet(text: str) -> Iterator[Value]:
    """https://benchmarkdotnet.org/articles/configs/exporters.html: nanoseconds."""
    for one in json.loads(text)["Benchmarks"]:
        if one.get("Statistics"):
            yield one.get("FullName") or one["MethodTitle"], "time", one["Statistics"]["Median"] * 1e-9


def hyperfine(text: str) -> Iterator[Value]:
    """``--export-json``: seconds."""
    for one in json.loads(text)["results"]:
        yield one["command"], "time", one["median"]
        yield one["command"], "cpu", one["user"] + one["system"]


def benchmarkjs(text: str) -> Iterator[Value]:
    """``NAME x 1,234 ops/sec ±1.2% (90 runs sampled)``"""
    for line in text.splitlines():
        if found := re.match(r"(.+) x ([\d,.]+) ops/sec", line):
            yield found[1], "rate", float(found[2].replace(",", ""))


def vitest(text: str) -> Iterator[Value]:
    """``--outputJson``: milliseconds, and calls a second."""
    for file in json.loads(text)["files"]:
        for group in file["groups"]:
            for one in group["benchmarks"]:
                yield f"{group['fullName']} > {one['name']}", "rate", one["hz"]


def catch2(text: str) -> Iterator[Value]:
    """``--reporter xml``: nanoseconds."""
    for case in ET.fromstring(text).iter("TestCase"):  # noqa: S314 - our own files
        for one in case.iter("BenchmarkResults"):
            mean = one.find("mean")
            if mean is not None and one.find("failed") is None:
                yield f"{case.get('name')} {one.get('name')}", "time", float(mean.get("value", "nan")) * 1e-9


def k6(text: str) -> Iterator[Value]:
    """``--summary-export``: milliseconds."""
    for name, one in json.loads(text)["metrics"].items():
        values = one.get("values", one)
        if one.get("contains", "time") == "time" and name.startswith("http_req_") and "p(95)" in values:
            yield name, "p95", values["p(95)"] * 1e-3


def locust(text: str) -> Iterator[Value]:
    """``--csv``: milliseconds."""
    for row in csv.DictReader(io.StringIO(text)):
        if row.get("Name") and row["Name"] != "Aggregated" and row.get("95%", "N/A") != "N/A":
            yield f"{row['Type']} {row['Name']}", "p95", float(row["95%"]) * 1e-3


def wrk(text: str) -> Iterator[Value]:
    """``Requests/sec:  1234.56``"""
    for found in re.finditer(r"^Requests/sec:\s+([\d.]+)$", text, re.MULTILINE):
        yield "", "rate", float(found[1])


def load(text: str) -> Iterator[Value]:
    """ab's ``Requests per second: 12.3 [#/sec] (mean)``, autocannon's ``requests.average``."""
    if text.startswith("{"):
        yield "", "rate", json.loads(text)["requests"]["average"]
    for found in re.finditer(r"^Requests per second: +([\d.]+)", text, re.MULTILINE):
        yield "", "rate", float(found[1])
