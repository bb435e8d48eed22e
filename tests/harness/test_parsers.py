"""Captured outputs of tools give the right values; what cannot be read says why and costs nothing else."""

from __future__ import annotations

import pytest

from perfbot.harness import go
from perfbot.measure.processes.tools import Reading, Reported, Written
from perfbot.model import Metric
from tests.tool_outputs import PARSERS, captured, results, sound, troubles


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
        ("json", "normal.json", "parse", "hits", 92.5, "%"),
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
    found = sound(results(tool, captured(tool, name)))[benchmark][metric]
    assert found[:2] == (pytest.approx(value), unit)


@pytest.mark.parametrize(
    ("tool", "name", "broken"),
    [
        ("go", "failed.txt", "words.Fails"),
        ("google_benchmark", "failed.json", "BM_fails"),
        ("catch2", "failed.xml", "work/throws"),
        ("libtest", "failed.txt", "bad"),
        ("benchmarkdotnet", "failed.json", "Bench.Broken.Throws"),
        ("vitest", "failed.json", "bench/work.bench.mjs > work > small"),
        ("locust", "failed_stats.csv", "GET /missing"),
        ("wrk", "failed.txt", "/missing"),
    ],
)
def test_a_benchmark_that_failed_is_said_and_costs_no_other(tool: str, name: str, broken: str) -> None:
    found = results(tool, captured(tool, name))
    assert [called for called, one in found.items() if one.failed] == [broken]
    assert found[broken].trouble
    assert not found[broken].readings


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
    assert PARSERS[tool](captured(tool, name)) == []


@pytest.mark.parametrize(
    ("tool", "name", "message"),
    [
        ("google_benchmark", "empty.json", "empty.json: found '', expected JSON"),
        ("jmh", "failed.json", "failed.json[0] primaryMetric score: found 'NaN', expected a finite number"),
        ("json", "failed.json", "failed.json benchmarks[0] value: found 'fast', expected a finite number"),
        ("wrk", "failed.txt", "failed.txt, line 12: Non-2xx or 3xx responses: 44"),
    ],
)
def test_what_cannot_be_read_names_file_place_and_expectation(tool: str, name: str, message: str) -> None:
    assert message in troubles(tool, captured(tool, name))


@pytest.mark.parametrize(
    ("tool", "text", "message"),
    [
        ("go", "BenchmarkX-2 10 5 ns/op 7\n", "line 1: found '5 ns/op 7', expected pairs of a value and a unit"),
        ("go", "BenchmarkX 10 .5.5 ns/op\n", "line 1: found '.5.5', expected a number"),
        ("go", "BenchmarkX 10 NaN ns/op\n", "line 1: found 'NaN', expected a number"),
        ("go", "BenchmarkX 10 -5 ns/op\n", "line 1: found -5.0, expected nothing below 0 of a s"),
        ("go", "BenchmarkX 10 5 ns/op", "the output ends in this line, without its end"),
        ("libtest", "a\ntest x ... bench: fast\n", "line 2: found 'fast', expected test NAME ... bench"),
        ("benchmarkjs", "x x 5 ops/sec ±?\n", "expected NAME x 1,234 ops/sec"),
        ("benchmarkjs", "x x 0 ops/sec ±1% (5 runs sampled)\n", "a rate above zero"),
        ("benchmarkjs", "x x NaN ops/sec ±1% (5 runs sampled)\n", "line 1: found 'NaN', expected a number"),
        ("criterion", '{"median": {"point_estimate": 1}}', "found 'no benchmark.json beside it'"),
        ("catch2", "BENCHMARK", "expected XML (run it with -r xml)"),
        ("catch2", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>', "found a document type"),
        ("catch2", '<?xml version="1.0"?><x>', "expected well-formed XML"),
        ("jmh", '[{"benchmark": "a.b", "primaryMetric": {"score": 1, "scoreUnit": "knots"}}]', 'such as "us/op"'),
        ("jmh", '{"benchmark": "a.b"}', "expected the array that JMH writes"),
        ("locust", "Type,Name\nGET,/\n", "line 1: found 'Type,Name', expected the column Failure Count"),
        ("json", '{"benchmarks": [{"name": "a", "value": 1, "speed": 2}]}', "found 'speed', expected some of better"),
        ("json", '{"benchmarks": [{"name": "a", "value": 1, "better": "more"}]}', "expected lower or higher"),
        ("json", '{"a": {"latency": {"value": true}}}', "a latency value: found 'True', expected a finite number"),
        ("json", '{"a": {"latency": {"value": 1e999}}}', "expected a finite number"),
        ("json", '{"a": {"x": {"value": 1}, "x": {"value": 2}}}', "found 'the key more than once'"),
        ("json", '{"benchmarks": [{"name": "a"', "line 1"),
        ("json", "[" * 100_000, "expected JSON of a sensible depth and size"),
        ("vitest", '{"files": {}}', "f files: found '{}', expected an array"),
        ("wrk", "Running 1s test @ http://a/b\n     50%  9.00us\n", "it has no end, expected Requests/sec"),
        (
            "wrk",
            "Running 1s test @ http://a/b\n     50%  9.00xs\nRequests/sec: 5\n",
            "found 'xs', expected a unit of time",
        ),
        ("hyperfine", '{"results": [{"command": "", "median": 1}]}', "expected a text"),
        ("hyperfine", '{"results": [{"command": "a"}]}', 'found "[\'command\']", expected the key "median"'),
        ("regex", "a: 1.5 ms, many nodes\n", "line 1: found 'many', expected a number"),
    ],
)
def test_complaints(tool: str, text: str, message: str) -> None:
    where = "f/estimates.json" if tool == "criterion" else "f_stats.csv" if tool == "locust" else "f"
    assert any(message in trouble for trouble in troubles(tool, [Written(where, text.encode())]))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_texts_of_other_encodings_are_read(encoding: str) -> None:
    text = "pkg: x/p\nBenchmarkCaf\u00e9 \t 10\t 5 ns/op\n"
    assert sound(results("go", [Written("f", text.encode(encoding))])) == {
        "p.Caf\u00e9": {"time": (pytest.approx(5e-9), "s", "lower")}
    }
    document = '{"benchmarks": [{"name": "caf\u00e9", "value": 1, "unit": "s"}]}'
    assert list(sound(results("json", [Written("f", document.encode(encoding))]))) == ["caf\u00e9"]


def test_bytes_of_no_encoding_do_not_disturb_lines_beside_them() -> None:
    data = b"a\xff\xfe noise\nBenchmarkX \t 10\t 5 ns/op\n"
    (one,) = go.parse([Written("f", data)])
    assert isinstance(one, Reported)
    assert one.readings == (Reading(Metric("time", "s"), pytest.approx(5e-9)),)


def test_go_in_json_is_read_by_package() -> None:
    def event(package: str, output: str) -> str:
        return f'{{"Action":"output","Package":"{package}","Output":"{output}\\n"}}\n'

    text = (
        '{"Action":"start","Package":"m/a"}\n'
        + event("m/a", "pkg: m/a")
        + event("m/b", "pkg: m/b")
        + event("m/b", "BenchmarkX-2 \\t 10\\t 7 ns/op")
        + event("m/a", "BenchmarkX-2 \\t 10\\t 5 ns/op")
        + event("m/a", "PASS")
    )
    found = sound(results("go", [Written("f", text.encode())]))
    assert {name: one["time"][0] for name, one in found.items()} == {
        "a.X-2": pytest.approx(5e-9),
        "b.X-2": pytest.approx(7e-9),
    }


def test_go_result_lines_after_what_a_benchmark_printed() -> None:
    text = "pkg: x/p\nBenchmarkA-2 \t3 little words\nBenchmarkB-2 \t 10\t 5 ns/op\n      20\t      6 ns/op\n"
    assert sound(results("go", [Written("f", text.encode())])) == {
        "p.B-2": {"time": (pytest.approx(5e-9), "s", "lower")}
    }, "the last line belongs to nothing: B has its result"


def test_a_go_filter_matches_each_level() -> None:
    assert go.pattern("Count/size-1.5") == r"^BenchmarkCount$/^size\-1\.5$"
    assert go.pattern("Sum") == "^BenchmarkSum$"


def test_what_a_tool_calls_it_is_kept_for_its_filter() -> None:
    found = results("go", captured("go", "packages-same-last-element.txt"))
    assert {one.selector for one in found.values()} == {"Parse-2"}
    assert results("jmh", captured("jmh", "nan.json"))["A.ok"].selector == "org.example.A.ok"
