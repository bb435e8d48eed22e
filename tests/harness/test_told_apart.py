"""Results of one name are told apart, or refused with their places; units and directions are what the tool says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perfbot.harness import go
from perfbot.measure.processes.naming import named, naming
from perfbot.measure.processes.tools import Reported, Written
from tests.tool_outputs import PARSERS, captured, results, sound, troubles


def times(tool: str, name: str, metric: str = "time") -> dict[str, float]:
    """A metric's value by benchmark."""
    return {
        called: one[metric][0] for called, one in sound(results(tool, captured(tool, name))).items() if metric in one
    }


def text(tool: str, written: str, where: str = "f") -> dict[str, Reported]:
    """The results in a text, by name."""
    return results(tool, [Written(where, written.encode())])


def test_go_packages_of_one_last_element() -> None:
    assert times("go", "packages-same-last-element.txt") == {
        "client/util.Parse-2": pytest.approx(100e-9),
        "server/util.Parse-2": pytest.approx(900e-9),
    }


def test_go_lists_of_processors() -> None:
    found = {"p.Parallel/read": 4000e-9, "p.Parallel/read-2": 2000e-9, "p.Parallel/read-4": 1000e-9}
    assert times("go", "cpu-list.txt") == pytest.approx(found)


def test_go_lists_of_processors_with_their_usual_number() -> None:
    """The number that is left out of names stays where another has the name without it."""
    parsed = [one for one in go.parse(captured("go", "cpu-list.txt"), "2") if isinstance(one, Reported)]
    assert list(named(parsed, naming(parsed))) == ["p.Parallel/read", "p.Parallel/read-2", "p.Parallel/read-4"]


def test_go_units_without_a_slash() -> None:
    found = sound(results("go", captured("go", "first-unit-without-slash.txt")))
    assert found == {
        "gc.Pause-4": {
            "p50-ns": (pytest.approx(8300e-9), "s", "lower"),
            "p90-ns": (pytest.approx(15200e-9), "s", "lower"),
            "p99-ns": (pytest.approx(41000e-9), "s", "lower"),
        },
        "gc.Size-4": {"total-bytes": (1204224, "B", "lower")},
        "gc.Plain-4": {"time": (pytest.approx(1050e-9), "s", "lower")},
    }


def test_go_odd_names() -> None:
    values = {'v2.A/xµ=1/(a,b)/"q"-2': 100e-9, "v2._Under-2": 1e-3, "v2.-2": 5e-9}
    assert times("go", "odd-names.txt") == pytest.approx(values)


def test_go_runs_of_one_benchmark_are_joined_by_their_median() -> None:
    lines = "".join(f"BenchmarkX-2 \t 10\t {value} ns/op\n" for value in (5, 90, 7))
    (one,) = sound(text("go", f"pkg: m/p\n{lines}PASS\n")).values()
    assert one["time"][0] == pytest.approx(7e-9)


def test_go_programs_that_do_not_say_their_package_are_not_joined() -> None:
    found = text("go", "BenchmarkX \t 10\t 5 ns/op\nPASS\nBenchmarkX \t 10\t 50 ns/op\nPASS\n")
    assert found["X"].trouble.startswith("reported more than once under this name: f, line 1 and f, line 3")


def test_jmh_modes() -> None:
    found = sound(results("jmh", captured("jmh", "all-modes.json")))
    assert found == {
        "Sort.quick [thrpt]": {"throughput": (pytest.approx(2e6), "1/s", "higher")},
        "Sort.quick [avgt]": {"time": (pytest.approx(0.5e-6), "s", "lower")},
        "Sort.quick [sample]": {"time": (pytest.approx(0.7e-6), "s", "lower")},
        "Sort.quick [ss]": {"time": (pytest.approx(90e-6), "s", "lower")},
    }


def jmh(benchmark: str, **more: Any) -> dict[str, Any]:
    """An entry of JMH's array."""
    metric = {"score": 1.0, "scoreUnit": "us/op"}
    return {"benchmark": benchmark, "mode": "avgt", "threads": 1, "primaryMetric": metric, **more}


def test_jmh_classes_of_one_name_in_two_packages_and_threads() -> None:
    entries = [jmh("org.a.x.Sort.quick"), jmh("org.b.x.Sort.quick"), jmh("org.b.x.Sort.quick", threads=8)]
    assert set(text("jmh", json.dumps(entries))) == {
        "a.x.Sort.quick [1 threads]", "b.x.Sort.quick [1 threads]", "b.x.Sort.quick [8 threads]",
    }  # fmt: skip


def test_jmh_groups_and_profilers_have_directions_of_their_own() -> None:
    secondary = {
        "get": {"score": 3.0, "scoreUnit": "ops/us"},
        "·gc.alloc.rate": {"score": 5.0, "scoreUnit": "MB/sec"},
        "gc.alloc.rate.norm": {"score": 24.0, "scoreUnit": "B/op"},
        "·stack": {"score": "NaN", "scoreUnit": "---"},
    }
    (one,) = text("jmh", json.dumps([jmh("a.b.C.d", secondaryMetrics=secondary)])).values()
    values = {r.metric.name: (r.value, r.metric.unit, r.metric.better) for r in one.readings if not r.trouble}
    assert values == {
        "time": (pytest.approx(1e-6), "s", "lower"),
        "get": (pytest.approx(3e6), "1/s", "higher"),
        "gc.alloc.rate": (pytest.approx(5e6), "B/s", "unknown"),
        "gc.alloc.rate.norm": (24.0, "B", "lower"),
    }
    assert [r.metric.name for r in one.readings if r.trouble] == ["stack"]


def test_a_score_that_is_no_number_costs_itself() -> None:
    assert times("jmh", "nan.json") == {"A.ok": pytest.approx(1e-6)}
    assert troubles("jmh", captured("jmh", "nan.json")) == [
        "nan.json[1] primaryMetric score: found 'NaN', expected a finite number"
    ]


def test_benchmarkdotnet_jobs() -> None:
    name = "Example.Bench.Parse(N: 10)"
    assert times("benchmarkdotnet", "three-jobs.json") == pytest.approx(
        {f"{name} [.NET 6.0]": 2e-6, f"{name} [.NET 8.0]": 1e-6, f"{name} [.NET Framework 4.8]": 9e-6}
    )
    allocated = times("benchmarkdotnet", "three-jobs.json", "allocated")
    assert list(allocated.values()) == [128, 64, 256]


def test_benchmarkdotnet_jobs_without_a_name_are_told_apart_by_their_settings() -> None:
    def one(job: str, settings: str) -> dict[str, Any]:
        return {"FullName": "N.T.M", "DisplayInfo": f"T.M: {job}({settings}) [X=1]", "Statistics": {"Median": 1}}

    entries = [one("Job-ABCDEF", "Runtime=.NET 6.0"), one("Job-GHIJKL", "Runtime=.NET 8.0")]
    found = text("benchmarkdotnet", json.dumps({"Benchmarks": entries}))
    assert list(found) == ["N.T.M [Runtime=.NET 6.0]", "N.T.M [Runtime=.NET 8.0]"]


def test_google_benchmark_aggregates_beside_plain_results() -> None:
    found = {"BM_Plain/8": 9e-9, "BM_Repeated/repeats:5": 19e-6}
    assert times("google_benchmark", "mixed-aggregates.json", "cpu") == pytest.approx(found)


def test_google_benchmark_fits_are_no_benchmarks() -> None:
    assert times("google_benchmark", "complexity-2017.json") == pytest.approx({"BM_Sort/8": 10e-9, "BM_Sort/64": 80e-9})


def test_google_benchmark_errors_and_counters() -> None:
    found = results("google_benchmark", captured("google_benchmark", "errors-counters.json"))
    assert sound(found)["BM_Ok/threads:4"] == {
        "time": (pytest.approx(10e-3), "s", "lower"),
        "cpu": (pytest.approx(40e-3), "s", "lower"),
        "bytes_per_second": (1e9, "B/s", "higher"),
        "throughput": (2e6, "1/s", "higher"),
        "hit_rate": (0.9, "1", "unknown"),
        "Errors": (0, "1", "unknown"),
    }
    assert sound(found)["BM_Nan"].keys() == {"time", "cpu"}, "a counter that is no number costs itself"
    assert (found["BM_Err"].trouble, found["BM_Err"].failed) == ("no device", True)
    assert (found["BM_Skip"].trouble, found["BM_Skip"].failed) == ("skipped: not here", False)


def google(name: str, time: object, **more: Any) -> dict[str, Any]:
    """A run of Google Benchmark."""
    return {"name": name, "run_name": name, "run_type": "iteration", "real_time": time, "cpu_time": time,
            "time_unit": "ns", **more}  # fmt: skip


def test_google_benchmark_programs_families_and_repetitions() -> None:
    first = {"context": {"executable": "build/a/bench"}, "benchmarks": [google("BM", 1)]}
    second = {"context": {"executable": "build/b/bench"}, "benchmarks": [google("BM", 5)]}
    assert list(text("google_benchmark", json.dumps(first) + "\nsome words\n" + json.dumps(second))) == [
        "a/bench: BM", "b/bench: BM",
    ]  # fmt: skip
    families = [google("BM", 1, family_index=0), google("BM", 9, family_index=3)]
    (one,) = text("google_benchmark", json.dumps({"benchmarks": families})).values()
    assert one.trouble.startswith("reported more than once under this name: f benchmarks[0] and f benchmarks[1]")
    repeated = [google("BM", value, family_index=0, repetition_index=n) for n, value in enumerate((1, 9, 2))]
    (one,) = text("google_benchmark", json.dumps({"benchmarks": repeated})).values()
    assert one.readings[0].value == pytest.approx(2e-9)


def test_words_that_are_no_json_numbers() -> None:
    broken = json.dumps({"benchmarks": [google("BM", 1, ratio=0), google("BM2", 2)]}).replace(
        '"ratio": 0', '"ratio": -nan'
    )
    found = sound(text("google_benchmark", broken))
    assert set(found) == {"BM", "BM2"}
    assert "ratio" not in found["BM"]


def test_hyperfine_parameters() -> None:
    found = {"compress (level=1)": 1.0, "compress (level=9)": 9.0, "one run": 2.0}
    assert times("hyperfine", "named-parameters.json") == found


def test_k6_counters() -> None:
    found = sound(results("k6", captured("k6", "counters.json")))
    assert found == {
        "dropped_iterations": {"throughput": (9.0, "1/s", "lower")},
        "data_received": {"throughput": (409600, "B/s", "unknown")},
        "failed_logins": {"throughput": (1.2, "1/s", "unknown")},
        "http_reqs": {"throughput": (50, "1/s", "higher")},
        "http_req_failed": {"rate": (0.02, "1", "lower")},
        "checks": {"rate": (0.98, "1", "higher")},
        "http_req_duration": {
            "latency_p50": (pytest.approx(20e-3), "s", "lower"),
            "latency_p90": (pytest.approx(40e-3), "s", "lower"),
            "latency_p95": (pytest.approx(50e-3), "s", "lower"),
            "latency_p99.9": (pytest.approx(80e-3), "s", "lower"),
        },
    }


def test_benchmarkjs_passes_over_other_lines() -> None:
    assert times("benchmarkjs", "summary-line.txt", "throughput") == {"a": 1000.0, "b": 500.0}
    assert troubles("benchmarkjs", captured("benchmarkjs", "summary-line.txt")) == []


def test_libtest_units() -> None:
    assert times("libtest", "other-units.txt") == pytest.approx({"parse::large": 1.5e-3, "parse::small": 150e-9})


def test_libtest_programs() -> None:
    def program(name: str, value: int) -> str:
        running = f"     Running benches/{name}.rs (target/release/deps/{name}-0123456789abcdef)\n"
        return f"{running}\nrunning 1 test\ntest small ... bench:  {value} ns/iter (+/- 1)\n"

    found = sound(text("libtest", program("parse", 10) + program("print", 100)))
    assert {name: one["time"][0] for name, one in found.items()} == pytest.approx(
        {"parse::small": 10e-9, "print::small": 100e-9}
    )
    (one,) = text("libtest", program("parse", 10) + program("parse", 100)).values()
    assert "f, line 4 and f, line 8" in one.trouble


def test_locust_quotes() -> None:
    found = results("locust", captured("locust", "quotes_stats.csv"))
    assert sound(found)["GET /a,b?x=1"]["latency_p95"] == (pytest.approx(17e-3), "s", "lower")
    assert list(sound(found)) == ["GET /a,b?x=1"]
    assert (found["GET /none"].trouble, found["GET /none"].failed) == ("nothing was requested", False)


def test_custom_arrays() -> None:
    assert sound(results("json", captured("json", "custom-smaller-is-better.json"))) == {
        "cpu load": {"value": (50, "Percent", "unknown")},
        "memory": {"value": (100e6, "B", "unknown")},
    }


def test_entries_of_one_name_are_one_benchmark_unless_a_metric_comes_twice() -> None:
    entries = [{"name": "a", "value": 1, "unit": "s"}, {"name": "a", "metric": "hits", "value": 5, "unit": "%"}]
    assert sound(text("json", json.dumps({"benchmarks": entries})))["a"].keys() == {"time", "hits"}
    twice = text("json", json.dumps({"benchmarks": [*entries, {"name": "a", "value": 10, "unit": "s"}]}))
    assert "f benchmarks[0] and f benchmarks[1] (1 more)" in twice["a"].trouble


def test_a_second_document_is_read_too() -> None:
    def document(name: str) -> str:
        return json.dumps({"benchmarks": [{"name": name, "value": 1, "unit": "s"}]}, indent=1)

    for between in ("\n", "", "\n[note] and now\n"):
        assert set(text("json", f"hello\n{document('a')}{between}{document('b')}\nbye\n")) == {"a", "b"}


CATCH = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Catch2TestRun name="{program}">\n <TestCase name="work">\n'
    '  <Section name="x">\n{results}  </Section>\n </TestCase>\n</Catch2TestRun>\n'
)
RESULT = '   <BenchmarkResults name="{name}"><mean value="{value}"/></BenchmarkResults>\n'


def catch(program: str, *values: tuple[str, str]) -> str:
    """What Catch2 writes."""
    lines = "".join(RESULT.format(name=name, value=value) for name, value in values)
    return CATCH.format(program=program, results=lines)


def test_catch2_generators_are_refused_with_their_lines() -> None:
    (one,) = text("catch2", catch("p", ("sort", "10"), ("sort", "100"))).values()
    assert one.trouble.startswith("reported more than once under this name: f, line 5 and f, line 6")


def test_catch2_programs_and_a_document_that_breaks_off() -> None:
    both = catch("a", ("sort", "10")) + catch("b", ("sort", "20"))
    assert list(text("catch2", both)) == ["a: work/x/sort", "b: work/x/sort"]
    whole = catch("a", ("sort", "10"), ("find", "20"))
    cut = whole[: whole.index("find")]
    assert list(sound(text("catch2", cut))) == ["work/x/sort"]
    assert any("expected well-formed XML" in trouble for trouble in troubles("catch2", [Written("f", cut.encode())]))


def test_vitest_benchmarks_of_one_name_are_refused() -> None:
    one = {"name": "x", "median": 1.0, "hz": 1000.0}
    document = {"files": [{"groups": [{"fullName": "a > b", "benchmarks": [one, {**one, "median": 9.0}]}]}]}
    (refused,) = text("vitest", json.dumps(document)).values()
    assert "f files[0] groups[0] benchmarks[0] and f files[0] groups[0] benchmarks[1]" in refused.trouble


def test_wrk_paths_on_two_hosts_and_with_two_sizes() -> None:
    def run(url: str, connections: int, rate: int) -> str:
        size = f"  1 threads and {connections} connections\n"
        return f"Running 1s test @ {url}\n{size}     50%  1.00ms\nRequests/sec: {rate}\n"

    hosts = text("wrk", run("http://a/x", 4, 10) + run("http://b/x", 4, 20))
    assert list(hosts) == ["/x @ a", "/x @ b"]
    sizes = text("wrk", run("http://a/x", 4, 10) + run("http://a/x", 8, 20))
    assert list(sizes) == ["/x [1 threads, 4 connections]", "/x [1 threads, 8 connections]"]
    assert [one.readings[0].value for one in sizes.values()] == [10, 20]


def test_names_in_latin_1_stay_two() -> None:
    data = "BenchmarkCaf\xe9 \t 10\t 5 ns/op\nBenchmarkCaf\xea \t 10\t 50 ns/op\n".encode("latin-1")
    assert set(results("go", [Written("f", data)])) == {"Caf\xe9", "Caf\xea"}


def test_regex_matches_of_one_name_are_refused_with_their_lines() -> None:
    found = text("regex", "a: 1 ms, 2 nodes\nb: 1 ms, 2 nodes\na: 10 ms, 2 nodes\n")
    assert "f, line 1 and f, line 3" in found["a"].trouble
    assert set(sound(found)) == {"b"}


def test_criterion_directories_of_one_name_are_refused() -> None:
    name, estimates = b'{"full_id": "a/b"}', b'{"median": {"point_estimate": 5}}'
    written = [
        Written(f"target/criterion/{folder}/new/{file}", data)
        for folder in ("x", "y")
        for file, data in (("benchmark.json", name), ("estimates.json", estimates))
    ]
    (one,) = results("criterion", written).values()
    assert "target/criterion/x/new/estimates.json and target/criterion/y/new/estimates.json" in one.trouble


def test_vitest_groups_of_one_name_are_told_apart_by_their_files() -> None:
    groups = [{"fullName": "g", "benchmarks": [{"name": "x", "median": value}]} for value in (1, 10)]
    sides = zip("ab", groups, strict=True)
    files = [{"filepath": f"/work/{side}/x.bench.ts", "groups": [one]} for side, one in sides]
    found = {name: one["time"][0] for name, one in sound(text("vitest", json.dumps({"files": files}))).items()}
    assert found == pytest.approx({"a/x.bench.ts: g > x": 1e-3, "b/x.bench.ts: g > x": 10e-3})


def test_benchmarkdotnet_parameters_that_the_name_does_not_hold() -> None:
    one = {"Type": "C", "Method": "A", "Statistics": {"Median": 1}}
    both = [{**one, "Parameters": f"N={n}"} for n in (1, 2)]
    found = sound(text("benchmarkdotnet", json.dumps({"Benchmarks": both})))
    assert list(found) == ["C.A [N=1]", "C.A [N=2]"]


def test_wrk2s_second_distribution_is_of_other_latencies() -> None:
    lines = "Running 1s test @ http://h/x\n 50.000%    1.05ms\n 50.000%  500.00us\nRequests/sec: 9\n"
    assert sound(text("wrk", lines))["/x"]["latency_p50"][0] == pytest.approx(1.05e-3)


def test_criterion_numbers_directories_of_one_name() -> None:
    """As it does for two benchmarks of one name in one program; a name that ends so itself is no second one."""
    written = [
        Written(f"target/criterion/{folder}/new/{file}", json.dumps(data).encode())
        for folder, name, value in (("a b", "a/b", 5), ("a b_2", "a/b", 50), ("c_2", "c_2", 7))
        for file, data in (
            ("benchmark.json", {"full_id": name, "directory_name": folder}),
            ("estimates.json", {"median": {"point_estimate": value}}),
        )
    ]
    found = {name: one["time"][0] for name, one in sound(results("criterion", written)).items()}
    assert found == pytest.approx({"a/b": 5e-9, "a/b [2]": 50e-9, "c_2": 7e-9})


@pytest.mark.parametrize(
    ("unit", "value", "base", "scaled", "better"),
    [
        ("ops/sec", 5, "1/s", 5, "higher"), ("rows/second", 7, "1/s", 7, "higher"), ("ops/us", 2, "1/s", 2e6, "higher"),
        ("MiB/s", 1, "B/s", 1048576, "higher"), ("Melem/s", 3, "1/s", 3e6, "higher"), ("ns/op", 4, "s", 4e-9, "lower"),
        ("us/iter", 4, "s", 4e-6, "lower"), ("p99-µs", 4, "s", 4e-6, "lower"), ("heap-KiB", 2, "B", 2048, "lower"),
        ("allocs/op", 3, "1", 3, "lower"), ("errors/s", 9, "errors/s", 9, "unknown"), ("%", 9, "%", 9, "unknown"),
        ("widgets/op", 9, "widgets/op", 9, "unknown"), ("points", 9, "points", 9, "unknown"),
    ],
)  # fmt: skip
def test_one_unit_means_one_thing_in_every_reader(
    unit: str, value: float, base: str, scaled: float, better: str
) -> None:
    line = f"BenchmarkX 10 {value} {unit}\n"
    entry = {"name": "X", "value": value, "unit": unit, "metric": "m"}
    own = {"benchmarks": [entry]}
    secondary = jmh("a.b.C.d", secondaryMetrics={"m": {"score": value, "scoreUnit": unit}})
    outputs = {"go": line, "json": json.dumps(own), "jmh": json.dumps([secondary])}
    for tool, output in outputs.items():
        (one,) = text(tool, output).values()
        last = one.readings[-1]
        assert (last.value, last.metric.unit, last.metric.better) == (pytest.approx(scaled), base, better), tool


def test_every_parser_is_tried_here() -> None:
    assert set(PARSERS) == {
        "go", "google_benchmark", "catch2", "criterion", "libtest", "jmh", "benchmarkdotnet", "vitest", "benchmarkjs",
        "hyperfine", "k6", "locust", "wrk", "load", "json", "regex",
    }  # fmt: skip
