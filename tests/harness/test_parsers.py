"""Parsers of tools' outputs: captured ones give the right values, damaged ones an error or right values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfbot.errors import MeasureError
from perfbot.harness import (
    benchmarkdotnet,
    benchmarkjs,
    catch2,
    criterion,
    go,
    google_benchmark,
    hyperfine,
    jmh,
    json_results,
    k6,
    libtest,
    locust,
    regex,
    vitest,
    wrk,
)
from perfbot.measure.processes.tools import Broken, Parse, Reading, Written
from perfbot.model import Metric

CAPTURED = Path(__file__).parent.parent / "captured"

PATTERN = r"(?P<name>\w+): (?P<time>[\d.]+) ms, (?P<nodes>[\d,]+) nodes"


def parse_regex(written: Sequence[Written]) -> Sequence[Reading | Broken]:
    """The regex parser as a suite would configure it."""
    return regex.parse(written, PATTERN, {"time": "ms"}, "s")


PARSERS: dict[str, Parse] = {
    "go": go.parse,
    "google_benchmark": google_benchmark.parse,
    "catch2": catch2.parse,
    "criterion": criterion.parse,
    "libtest": libtest.parse,
    "jmh": jmh.parse,
    "benchmarkdotnet": benchmarkdotnet.parse,
    "vitest": vitest.parse,
    "benchmarkjs": benchmarkjs.parse,
    "hyperfine": hyperfine.parse,
    "k6": k6.parse,
    "locust": locust.parse,
    "wrk": wrk.parse,
    "json": json_results.parse,
    "regex": parse_regex,
}


def captured(tool: str, name: str) -> list[Written]:
    """A captured output: a file, or all files of a folder."""
    path = CAPTURED / tool / name
    files = sorted(inner for inner in path.rglob("*") if inner.is_file()) if path.is_dir() else [path]
    return [Written(str(file.relative_to(CAPTURED / tool)), file.read_bytes()) for file in files]


def read(tool: str, name: str) -> dict[str, dict[str, tuple[float, str]]]:
    """Value and unit by benchmark and metric; those of a benchmark that is broken are missing."""
    found: dict[str, dict[str, tuple[float, str]]] = {}
    for one in PARSERS[tool](captured(tool, name)):
        metrics = found.setdefault(one.name, {})
        if isinstance(one, Reading):
            metrics.setdefault(one.metric.name, (pytest.approx(one.value), one.metric.unit))
    return found


@pytest.mark.parametrize(
    ("tool", "name", "benchmark", "metric", "value", "unit"),
    [
        ("go", "normal.txt", "words.Count/size-1000", "time", 29857e-9, "s"),
        ("go", "normal.txt", "words.Count/size-10", "throughput", 150.87e6, "B/s"),
        ("go", "normal.txt", "words.Alloc", "allocated", 112, "B"),
        ("go", "normal.txt", "words.Alloc", "allocations", 1, "1"),
        ("go", "normal.txt", "words.Sum", "widgets/op", 7, "widgets/op"),
        ("go", "failed.txt", "words.Talks-2", "time", 0.4358e-9, "s"),
        ("google_benchmark", "normal.json", "BM_work/100", "cpu", 9.954793932520303e-08, "s"),
        ("google_benchmark", "normal.json", "BM_work/5000", "throughput", 752568235.7291073, "1/s"),
        ("google_benchmark", "normal.json", "BM_work/5000", "depth", 3, "1"),
        ("google_benchmark", "aggregates.json", "BM_work/5000", "time", 1.7391215189991633e-05, "s"),
        ("google_benchmark", "repetitions.json", "BM_work/100", "time", 4.3907022321251426e-07, "s"),
        ("catch2", "normal.xml", "work/deep/large & <odd>", "time", 4819.33e-9, "s"),
        ("catch2", "analysed.xml", "work/small", "time", 123.388e-9, "s"),
        ("criterion", "normal", "parse/large", "time", 2042.25e-9, "s"),
        ("criterion", "normal", "plain", "time", 15.5e-9, "s"),
        ("libtest", "normal.txt", "deep::small", "time", 3_705.73e-9, "s"),
        ("libtest", "normal.txt", "bytes", "time", 1_001_464.18e-9, "s"),
        ("libtest", "failed.txt", "good", "time", 3_681.70e-9, "s"),
        ("libtest", "older.txt", "parse::tests::bench_large", "time", 1_234_567e-9, "s"),
        ("libtest", "older.txt", "parse::tests::bench_large", "throughput", 88e6, "B/s"),
        ("libtest", "older.txt", "parse::tests::bench_small", "time", 321.45e-9, "s"),
        ("jmh", "normal.json", "ParserBenchmark.parse(size=100, kind=deep)", "time", 12.345e-6, "s"),
        ("jmh", "normal.json", "ParserBenchmark.parse(size=100, kind=deep)", "gc.alloc.rate.norm", 1024, "B"),
        ("jmh", "normal.json", "ParserBenchmark.throughput", "throughput", 2500, "1/s"),
        ("benchmarkdotnet", "normal.json", "Bench.ParserBenchmarks.Parse(Size: 100)", "time", 1500.4e-9, "s"),
        ("benchmarkdotnet", "normal.json", "Bench.ParserBenchmarks.Parse(Size: 100)", "allocated", 424, "B"),
        ("vitest", "normal.json", "bench/work.bench.mjs > work > large", "time", 7.422799999994822e-05, "s"),
        ("vitest", "normal.json", "bench/work.bench.mjs > work > small", "throughput", 248419.74661186195, "1/s"),
        ("benchmarkjs", "normal.txt", "work#large x 2", "throughput", 5005, "1/s"),
        ("benchmarkjs", "normal.txt", "work small", "time", 1 / 356388, "s"),
        ("hyperfine", "failed.json", "false", "time", 0.0035001140000000003, "s"),
        ("hyperfine", "failed.json", "false", "cpu", 0.0011925, "s"),
        ("k6", "normal.json", "http_req_duration", "latency_p95", 8.25e-3, "s"),
        ("k6", "normal.json", "http_req_duration", "latency_p50", 3.9e-3, "s"),
        ("k6", "normal.json", "http_reqs", "throughput", 411.3, "1/s"),
        ("k6", "normal.json", "items_found", "value_p90", 7, "1"),
        ("k6", "handle-summary.json", "waiting", "latency_p99.9", 9e-3, "s"),
        ("locust", "normal_stats.csv", "POST /items,%20all", "latency_p99.9", 40e-3, "s"),
        ("wrk", "normal.txt", "/search?q=1", "latency_p50", 358e-6, "s"),
        ("wrk", "normal.txt", "/search?q=1", "latency_p90", 2.13e-3, "s"),
        ("wrk", "normal.txt", "/search?q=1", "throughput", 4352.77, "1/s"),
        ("wrk", "no-latency.txt", "/", "throughput", 45.28, "1/s"),
        ("json", "normal.json", "parse", "time", 12.5e-3, "s"),
        ("json", "normal.json", "parse", "hits", 91, "%"),
        ("json", "normal.json", "load", "throughput", 5000, "1/s"),
        ("json", "bencher.json", "parse", "time", 88e-9, "s"),
        ("json", "bencher.json", "benchmarks", "size", 4096, "B"),
        ("json", "bencher.json", "benchmarks", "screws", 7, "1"),
        ("json", "printed.txt", "a", "time", 1, "s"),
        ("regex", "normal.txt", "parse", "time", 12.5e-3, "s"),
        ("regex", "normal.txt", "parse", "nodes", 1200, "1"),
        ("regex", "normal.txt", "print", "time", 0.75e-3, "s"),
    ],
)
def test_captured_values(tool: str, name: str, benchmark: str, metric: str, value: float, unit: str) -> None:
    assert read(tool, name)[benchmark][metric] == (value, unit)


@pytest.mark.parametrize(
    ("tool", "name", "broken"),
    [
        ("google_benchmark", "failed.json", "BM_fails"),
        ("catch2", "failed.xml", "work/throws"),
        ("libtest", "failed.txt", "bad"),
        ("benchmarkdotnet", "failed.json", "Bench.Broken.Throws"),
        ("vitest", "failed.json", "bench/work.bench.mjs > work > small"),
        ("locust", "failed_stats.csv", "GET /missing"),
    ],
)
def test_a_benchmark_that_failed_is_said_and_costs_no_other(tool: str, name: str, broken: str) -> None:
    readings = PARSERS[tool](captured(tool, name))
    assert [one.name for one in readings if isinstance(one, Broken)] == [broken]
    assert broken not in {one.name for one in readings if isinstance(one, Reading)}


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("go", "empty.txt"), ("catch2", "empty.xml"), ("libtest", "empty.txt"), ("jmh", "empty.json"),
        ("benchmarkdotnet", "empty.json"), ("vitest", "empty.json"), ("benchmarkjs", "empty.txt"),
        ("hyperfine", "empty.json"), ("k6", "empty.json"), ("locust", "empty_stats.csv"), ("wrk", "empty.txt"),
        ("json", "empty.json"),
    ],
)  # fmt: skip
def test_nothing_measured_gives_nothing(tool: str, name: str) -> None:
    assert read(tool, name) == {}


@pytest.mark.parametrize(
    ("tool", "name", "message"),
    [
        ("google_benchmark", "empty.json", "empty.json: found '', expected JSON"),
        ("jmh", "failed.json", "failed.json[0] primaryMetric score: found 'NaN', expected a finite number"),
        ("json", "failed.json", "failed.json benchmarks[0] value: found 'fast', expected a finite number"),
        ("wrk", "failed.txt", "failed.txt, line 12: found 'Non-2xx or 3xx responses: 44', expected requests that"),
    ],
)
def test_what_cannot_be_read_names_file_place_and_expectation(tool: str, name: str, message: str) -> None:
    with pytest.raises(MeasureError, match=re.escape(message)):
        PARSERS[tool](captured(tool, name))


@pytest.mark.parametrize(
    ("tool", "text", "message"),
    [
        ("go", "BenchmarkX-2 10 5 ns/op 7\n", "line 1: found '5 ns/op 7', expected pairs of a value and a unit"),
        ("go", "BenchmarkX 10 .5.5 ns/op\n", "line 1: found '.5.5', expected a number"),
        (
            "libtest",
            "a\ntest x ... bench: fast\n",
            "line 2: found 'test x ... bench: fast', expected test NAME ... bench",
        ),
        ("benchmarkjs", "x x 5 ops/sec\n", "expected NAME x 1,234 ops/sec"),
        ("benchmarkjs", "x x 0 ops/sec ±1% (5 runs sampled)\n", "expected a rate above zero"),
        ("criterion", "{}", "f/estimates.json: found 'no benchmark.json beside it'"),
        ("catch2", "BENCHMARK", "expected XML (run it with -r xml)"),
        ("catch2", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>', "found 'a document type'"),
        ("catch2", '<?xml version="1.0"?><x>', "expected well-formed XML"),
        ("jmh", '[{"benchmark": "a.b", "primaryMetric": {"score": 1, "scoreUnit": "m/op/x"}}]', 'such as "us/op"'),
        ("locust", "Type,Name\nGET,/\n", "line 1: found 'Type,Name', expected the column Failure Count"),
        ("json", '{"benchmarks": [{"name": "a", "value": 1, "speed": 2}]}', "found 'speed', expected some of better"),
        ("json", '{"benchmarks": [{"name": "a", "value": 1, "better": "more"}]}', "expected lower or higher"),
        ("json", '{"a": {"latency": {"value": true}}}', "a latency value: found 'True', expected a finite number"),
        ("json", '{"a": {"latency": {"value": 1e999}}}', "expected a finite number"),
        ("json", '{"benchmarks": [{"name": "a"', "line 1"),
        ("json", "[" * 100_000, "expected JSON of a sensible depth and size"),
        ("vitest", '{"files": {}}', "f files: found '{}', expected an array"),
        ("wrk", "Running 1s test @ http://a/b\n     50%  9.00us\n", "found '/b without an end', expected Requests/sec"),
        ("wrk", "Running 1s test @ http://a/b\n     50%  9.00xs\n", "found 'xs', expected a unit of time"),
        ("hyperfine", '{"results": [{"command": "", "median": 1}]}', "expected a text"),
        ("hyperfine", '{"results": [{"command": "a"}]}', 'found "[\'command\']", expected the key "median"'),
    ],
)
def test_complaints(tool: str, text: str, message: str) -> None:
    where = "f/estimates.json" if tool == "criterion" else "f_stats.csv" if tool == "locust" else "f"
    if tool == "criterion":
        text = '{"median": {"point_estimate": 1}}'
    with pytest.raises(MeasureError) as raised:
        PARSERS[tool]([Written(where, text.encode())])
    assert message in raised.value.message


def test_json_that_is_no_utf_8_names_the_byte() -> None:
    with pytest.raises(MeasureError, match=r"f, byte 2: found .* expected UTF-8"):
        json_results.parse([Written("f", b'{"\xff": 1}')])


def test_bytes_that_are_no_utf_8_do_not_disturb_lines_beside_them() -> None:
    assert go.parse([Written("f", b"\xff\xfe noise\nBenchmarkX \t 10\t 5 ns/op\n")]) == [
        Reading("X", Metric("time", "s"), pytest.approx(5e-9))
    ]


EVERY_CAPTURED = [
    (tool, str(path.relative_to(CAPTURED / tool)))
    for tool in PARSERS
    for path in sorted((CAPTURED / tool).rglob("*"))
    if path.is_file()
]


def sane(readings: Sequence[Reading | Broken]) -> None:
    """What any result must be."""
    for one in readings:
        assert one.name
        if isinstance(one, Reading):
            assert math.isfinite(one.value)
            assert one.metric.unit


def survives(parse: Parse, written: list[Written]) -> None:
    """Right values, or an error that names the file."""
    try:
        readings = parse(written)
    except MeasureError as error:
        said = error.message
    else:
        said = written[0].where
        sane(readings)
    assert written[0].where in said


@given(
    st.sampled_from(EVERY_CAPTURED),
    st.integers(0, 20_000),
    st.integers(0, 20_000),
    st.binary(max_size=40),
    st.sampled_from(["cut", "drop", "insert", "swap lines", "repeat"]),
)
@settings(max_examples=250, deadline=None)
def test_damaged_outputs(which: tuple[str, str], first: int, second: int, noise: bytes, how: str) -> None:
    tool, name = which
    (one,) = captured(tool, name)
    damage: dict[str, Callable[[bytes], bytes]] = {
        "cut": lambda data: data[: first % (len(data) + 1)],
        "drop": lambda data: (
            data[: min(a := first % (len(data) + 1), b := second % (len(data) + 1))] + data[max(a, b) :]
        ),
        "insert": lambda data: data[: (at := first % (len(data) + 1))] + noise + data[at:],
        "swap lines": lambda data: swapped(data.split(b"\n"), first, second),
        "repeat": lambda data: data + noise + data,
    }
    survives(PARSERS[tool], [Written(one.where, damage[how](one.data))])


@given(st.sampled_from([one for one in EVERY_CAPTURED if one[0] != "regex"]), st.integers(0, 20_000))
@settings(max_examples=150, deadline=None)
def test_what_is_cut_off_never_gives_another_number(which: tuple[str, str], at: int) -> None:
    tool, name = which
    (one,) = captured(tool, name)
    try:
        whole = set(PARSERS[tool]([one]))
        cut = set(PARSERS[tool]([Written(one.where, one.data[: at % (len(one.data) + 1)])]))
    except MeasureError:
        return
    assert cut <= whole


def swapped(lines: list[bytes], first: int, second: int) -> bytes:
    """Two lines in each other's place."""
    a, b = first % len(lines), second % len(lines)
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


@given(st.sampled_from(sorted(PARSERS)), st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@settings(max_examples=150, deadline=None)
def test_rubbish(tool: str, data: bytes) -> None:
    survives(PARSERS[tool], [Written("f_stats.csv", data)])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["json", "jmh", "vitest", "k6", "hyperfine", "google_benchmark", "benchmarkdotnet"]), VALUES)
@settings(max_examples=150, deadline=None)
def test_other_json(tool: str, value: object) -> None:
    import json

    keys = {"vitest": "files", "k6": "metrics", "hyperfine": "results", "benchmarkdotnet": "Benchmarks"}
    document = value if tool in ("json", "jmh") else {keys.get(tool, "benchmarks"): value}
    survives(PARSERS[tool], [Written("f", json.dumps(document).encode())])


LINES = st.lists(
    st.tuples(
        st.from_regex(r"[A-Za-z][A-Za-z0-9_/=:.]{0,20}", fullmatch=True).filter(lambda name: name[0].isalpha()),
        st.floats(1e-3, 1e12),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda pair: pair[0],
)


@given(LINES)
@settings(max_examples=80, deadline=None)
def test_go_in_any_order_gives_the_same(pairs: list[tuple[str, float]]) -> None:
    def written(order: list[tuple[str, float]]) -> list[Written]:
        text = "".join(f"Benchmark{name} \t 100\t {value!r} ns/op\n" for name, value in order)
        return [Written("f", text.encode())]

    forwards = {one.name: one.value for one in go.parse(written(pairs))}
    assert forwards == {name: pytest.approx(value * 1e-9) for name, value in pairs}
    assert forwards == {one.name: one.value for one in go.parse(written(pairs[::-1]))}


def test_a_go_filter_matches_each_level() -> None:
    assert go.pattern("words.Count/size-1.5") == r"^BenchmarkCount$/^size\-1\.5$"
    assert go.pattern("Sum") == "^BenchmarkSum$"
