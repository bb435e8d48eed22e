"""How the same results look under other terminals, locales and shells: right values, or a reason; never others."""

from __future__ import annotations

import json

import pytest

from perfbot.measure.processes.tools import Written
from perfbot.units import meaning
from tests.tool_outputs import results, sound, unreadable

GO = "BenchmarkX-8\t100\t12 ns/op\n"
JSONS = [json.dumps({"benchmarks": [{"name": name, "value": 3, "unit": "ms"}]}) for name in "ab"]
EVENT = json.dumps({"Action": "output", "Package": "p", "Output": GO}) + "\n"
WRK = "Running 2s test @ http://h/a\n     50%   {}\nRequests/sec:  {}\n"

READ = {
    "go, in colours": ("go", f"\x1b[32m{GO[:12]}\x1b[0m{GO[12:]}", {"X-8": 12e-9}),
    "go, behind progress": ("go", f"compiling 50%\r{GO}", {"X-8": 12e-9}),
    "go, two files with marks in one": (
        "go",
        f"\ufeffpkg: a\n{GO}PASS\n\ufeffpkg: b\n{GO}",
        {"a.X-8": 12e-9, "b.X-8": 12e-9},
    ),
    "go -json, behind what go itself says": ("go", f"go: downloading x v1.2.3\n{EVENT}", {"p.X-8": 12e-9}),
    "go, behind what has no line end": (
        "go",
        "BenchmarkX-8 \thello9 100\t 12.0 ns/op\t 5 B/op\nBenchmarkY-8 \tread 7\t3 files\n 100\t 7 ns/op\n",
        {"X-8": 12e-9, "Y-8": 7e-9},
    ),
    "libtest, a crate and its benchmark of one name": (
        "libtest",
        (
            "     Running unittests src/lib.rs (target/release/deps/p-0123456789abcdef)\n"
            "test t ... bench:  7 ns/iter (+/- 5)\ntest u ... bench:  6 ns/iter (+/- 5)\n"
            "     Running benches/p.rs (target/release/deps/p-fedcba9876543210)\n"
            "test t ... bench:  8 ns/iter (+/- 5)\n"
        ),
        {"src/lib.rs: p::t": 7e-9, "u": 6e-9, "benches/p.rs: p::t": 8e-9},
    ),
    "libtest, in colours": (
        "libtest",
        "\x1b[1m\x1b[32m     Running\x1b[0m benches/{0}.rs (target/release/deps/{0}-0123456789abcdef)\n"
        "test t ... bench:  7 ns/iter (+/- 5)\n".format("x")
        + "\x1b[1m\x1b[32m     Running\x1b[0m benches/y.rs (target/release/deps/y-0123456789abcdef)\n"
        "test t ... bench:  8 ns/iter (+/- 5)\n",
        {"x::t": 7e-9, "y::t": 8e-9},
    ),
    "libtest, of what prints itself": ("libtest", "test t ... hello\nyou\nbench:   7 ns/iter (+/- 1)\n", {"t": 7e-9}),
    "libtest, of what prints no line end": ("libtest", "test t ... hello bench:   7 ns/iter (+/- 1)\n", {"t": 7e-9}),
    "libtest, Greek microseconds": ("libtest", "test t ... bench:   7 μs/iter (+/- 1)\n", {"t": 7e-6}),
    "benchmark.js, in colours": (
        "benchmarkjs",
        "\x1b[32ma x 1,250 ops/sec ±0.5% (7 runs sampled)\x1b[39m\n",
        {"a": 8e-4},
    ),
    "json, in colours": ("json", f"\x1b[32m{JSONS[0]}\x1b[0m\n", {"a": 3e-3}),
    "json, two files with marks in one": ("json", f"\ufeff{JSONS[0]}\n\ufeff{JSONS[1]}", {"a": 3e-3, "b": 3e-3}),
    "json, two with marks in one line": ("json", f"\ufeff{JSONS[0]}\ufeff{JSONS[1]}", {"a": 3e-3, "b": 3e-3}),
    "json, a result a line": (
        "json",
        '{"name": "a", "value": 3, "unit": "ms"}\n{"name": "b", "values": [3], "unit": "ms"}\n',
        {"a": 3e-3, "b": 3e-3},
    ),
    "json, behind lines of a log": ("json", f'{{"level": "info", "msg": "x"}}\n{JSONS[0]}\n', {"a": 3e-3}),
}


@pytest.mark.parametrize("case", READ)
def test_read_all_the_same(case: str) -> None:
    tool, text, expected = READ[case]
    written = [Written("f", text.encode())]
    found = {name: one["time"][0] for name, one in sound(results(tool, written)).items()}
    assert found == pytest.approx(expected)
    assert set(results(tool, written)) == set(expected)


def test_lines_of_a_log_are_told_of() -> None:
    _, text, _ = READ["json, behind lines of a log"]
    assert "found 'level, msg'" in unreadable("json", [Written("f", text.encode())])[0]


DECIMAL_COMMAS = {
    "go": "BenchmarkX\t100\t1,5 ns/op\n",
    "libtest": "test t ... bench:  12,5 ns/iter (+/- 5)\n",
    "benchmarkjs": "a x 12,5 ops/sec ±0,56% (78 runs sampled)\n",
    "wrk": WRK.format("1,00ms", "12,5"),
    "catch2": '<?xml version="1.0"?><Catch2TestRun name="p"><TestCase name="t"><BenchmarkResults name="b">'
    '<mean value="1,5"/></BenchmarkResults></TestCase></Catch2TestRun>',
}


@pytest.mark.parametrize("tool", DECIMAL_COMMAS)
def test_a_decimal_comma_is_no_thousand(tool: str) -> None:
    written = [Written("f", DECIMAL_COMMAS[tool].encode())]
    (one,) = results(tool, written).values()
    assert one.trouble or all("1,00" in r.trouble or "1,5" in r.trouble or "2,5" in r.trouble for r in one.readings)


def test_a_quantile_that_is_no_number_says_so() -> None:
    (one,) = results("wrk", [Written("f", WRK.format("-nanus", "12").encode())]).values()
    assert [reading.metric.name for reading in one.readings if reading.trouble] == ["latency_p50"]


def test_every_quantile_of_wrk2_and_every_rate_of_k6_is_there() -> None:
    text = WRK.replace("     50%   {}", "100.000%   2.50ms\n 99.999%   1.25ms").format("7")
    (one,) = sound(results("wrk", [Written("f", text.encode())])).values()
    assert {name: value for name, (value, _, _) in one.items()} == pytest.approx(
        {"throughput": 7.0, "latency_p100": 0.0025, "latency_p99.999": 0.00125, "error_rate": 0.0}
    )
    summary = {"metrics": {"own": {"type": "rate", "contains": "default", "values": {"rate": 0.25}}}}
    (one,) = sound(results("k6", [Written("f", json.dumps(summary).encode())])).values()
    assert one == {"rate": (0.25, "1", "unknown")}


@pytest.mark.parametrize(
    ("unit", "base", "scale", "better"),
    [
        ("requests-per-second", "1/s", 1.0, "higher"),
        ("MB-per-sec", "B/s", 1e6, "higher"),
        ("bytes_per_second", "B/s", 1.0, "higher"),
        ("rows per minute", "1/s", 1 / 60, "higher"),
        ("per-second", "1/s", 1.0, "higher"),
        ("ns-per-op", "s", 1e-9, "lower"),
        ("errors-per-second", "errors-per-second", 1.0, "unknown"),
        ("ops-sec", "ops-sec", 1.0, "unknown"),
        ("MB-sec", "MB-sec", 1.0, "unknown"),
        ("fps-min", "fps-min", 1.0, "unknown"),
        ("p99-latency-ms", "s", 1e-3, "lower"),
        ("p99_ms", "s", 1e-3, "lower"),
        ("wait-sec", "s", 1.0, "lower"),
        ("min/op", "s", 60.0, "lower"),
    ],
)
def test_units_in_words(unit: str, base: str, scale: float, better: str) -> None:
    means = meaning(unit)
    assert (means.unit, means.better) == (base, better)
    assert means.scale == pytest.approx(scale)


def test_a_go_benchmark_that_began_and_did_not_end_has_failed() -> None:
    text = (
        "pkg: p\nBenchmark\ttime\nBenchmarkA-8 \t 5\t 12 ns/op\nBenchmarkB-8 \tsays\n"
        "BenchmarkC-8 \t--- SKIP: BenchmarkC-8\n"
        "BenchmarkA-8 \tis done\nBenchmarkD-8 \tpanic: no\n\ngoroutine 1 [running]:\nFAIL\tp\t0.1s\n"
    )
    found = results("go", [Written("f", text.encode())])
    assert set(sound(found)) == {"p.A-8"}
    unended = "it began, and no result followed"
    assert {name: (one.trouble, one.failed) for name, one in found.items() if one.trouble} == {
        "p.B-8": (unended, True),
        "p.C-8": ("it asked to be skipped", False),
        "p.D-8": (unended, True),
    }


def google(name: str, time: float, **more: object) -> dict[str, object]:
    """A run of Google Benchmark, in nanoseconds."""
    return {"name": name, "real_time": time, "cpu_time": time, "time_unit": "ns", **more}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([google("a", 2), google("a", 20)], {}),
        ([google("a", 2, repetitions=1), google("a", 20, repetitions=1)], {}),
        (
            [google("a", t, family_index=0, per_family_instance_index=n, repetitions=1) for n, t in ((0, 2), (1, 20))],
            {},
        ),
        ([google("a", 2, label="x"), google("a", 20, label="y")], {"a [x]": 2e-9, "a [y]": 20e-9}),
        ([google("a", t, repetitions=3, label=str(t)) for t in (2, 20, 4)], {"a": 4e-9}),
        ([*(google("a", t) for t in (2, 20, 4)), google("a_mean", 9), google("a_stddev", 8)], {"a": 4e-9}),
        ([google("a", t, repetition_index=n) for n, t in enumerate((2, 20, 4))], {"a": 4e-9}),
    ],
)
def test_only_runs_of_one_google_benchmark_are_joined(entries: list[object], expected: dict[str, float]) -> None:
    found = results("google_benchmark", [Written("f", json.dumps({"benchmarks": entries}).encode())])
    assert {name: one["time"][0] for name, one in sound(found).items()} == pytest.approx(expected)
    assert expected or found["a"].trouble.startswith("reported more than once under this name: f benchmarks[0] and")


def test_a_title_with_a_colon_hides_no_job() -> None:
    entries = [
        {
            "DisplayInfo": f"T.'a: b': Job-{job}(Runtime={of}) [N=1]",
            "FullName": "T.M(N: 1)",
            "Statistics": {"Median": 3},
        }
        for job, of in (("ABCDEF", ".NET 8.0"), ("GHIJKL", ".NET 9.0"))
    ]
    found = results("benchmarkdotnet", [Written("f", json.dumps({"Benchmarks": entries}).encode())])
    assert set(sound(found)) == {"T.M(N: 1) [Runtime=.NET 8.0]", "T.M(N: 1) [Runtime=.NET 9.0]"}


def test_of_several_exports_of_one_benchmarkdotnet_report_one_is_read() -> None:
    def export(name: str, median: float) -> Written:
        entry = {"FullName": "N.T.M", "Statistics": {"Median": median}}
        return Written(f"results/{name}.json", json.dumps({"Benchmarks": [entry]}).encode())

    several = [export("N.T-report-brief", 9), export("N.T-report-full-compressed", 8), export("N.T-report-full", 7)]
    for count in (3, 2, 1):
        (one,) = sound(results("benchmarkdotnet", several[:count])).values()
        assert one["time"][0] == pytest.approx((7 + 3 - count) * 1e-9)
    both = results("benchmarkdotnet", [export("N.T-report-full", 7), export("N.U-report", 8)])
    assert [one.trouble.partition(":")[0] for one in both.values()] == ["reported more than once under this name"]


def test_parts_of_k6s_metrics_are_of_their_kind() -> None:
    metrics = {
        "http_reqs{scenario:a}": {"count": 5, "rate": 2.5},
        "dropped_iterations{scenario:a}": {"count": 5, "rate": 2.5},
        "data_sent{scenario:a}": {"count": 5, "rate": 2.5},
        "http_req_failed{scenario:a}": {"passes": 1, "fails": 3, "value": 0.25},
        "http_req_duration{expected_response:true}": {"med": 5},
    }
    found = sound(results("k6", [Written("f", json.dumps({"metrics": metrics}).encode())]))
    assert [next(iter(one.values())) for one in found.values()] == [
        (2.5, "1/s", "higher"),
        (2.5, "1/s", "lower"),
        (2.5, "B/s", "unknown"),
        (0.25, "1", "lower"),
        (0.005, "s", "lower"),
    ]


def test_what_jmhs_profilers_add_has_a_direction_only_where_there_is_one() -> None:
    more = {
        "gc.churn.G1_Eden_Space": ("MB/sec", 5e6, "B/s", "unknown"),
        "·gc.alloc.rate": ("MB/sec", 5e6, "B/s", "unknown"),
        "gc.churn.G1_Eden_Space.norm": ("B/op", 5.0, "B", "lower"),
        "instructions:u": ("#/op", 5.0, "1", "lower"),
        "·gc.time": ("ms", 0.005, "s", "lower"),
        "IPC": ("insns/clk", 5.0, "insns/clk", "unknown"),
    }
    entry = {
        "benchmark": "p.C.m",
        "mode": "avgt",
        "primaryMetric": {"score": 2, "scoreUnit": "hr/op"},
        "secondaryMetrics": {name: {"score": 5, "scoreUnit": unit} for name, (unit, *_) in more.items()},
    }
    (one,) = sound(results("jmh", [Written("f", json.dumps([entry]).encode())])).values()
    assert one.pop("time") == (7200.0, "s", "lower")
    assert one == {name.removeprefix("·"): tuple(expected) for name, (_, *expected) in more.items()}
