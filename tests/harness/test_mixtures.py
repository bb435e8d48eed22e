"""Any mixture of sound, odd and broken results: each sound one exactly once, and a reason for each other one.

Every format is written here by hand, and the values that have to come out are computed here, without the units' table.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfbot.measure.processes.tools import Unreadable, Written
from tests.tool_outputs import PARSERS, results, sound

Kind = Literal["sound", "odd", "broken"]
Expected = dict[str, tuple[float, str, str]]


@dataclass(frozen=True)
class Entry:
    """One result that a tool may write; ``which`` chooses among the ways in which it can be odd."""

    name: str
    kind: Kind
    value: int
    which: int


@dataclass(frozen=True)
class Format:
    """How a tool writes results.

    Attributes:
        write: entries, as a whole output.
        expected: what a sound one of this value is, by metric.
        called: what it is called.
    """

    write: Callable[[Sequence[Entry]], list[Written]]
    expected: Callable[[int], Expected]
    called: Callable[[str], str] = str


def text(lines: Sequence[str]) -> list[Written]:
    """Lines of an output."""
    return [Written("f", "".join(f"{line}\n" for line in lines).encode())]


def document(value: object) -> list[Written]:
    """A JSON document; what is no number is written as C++ does."""
    return [Written("f", json.dumps(value).replace('"-nan"', "-nan").encode())]


def choose(entry: Entry, ways: Sequence[Any]) -> Any:
    """One of the ways to be odd."""
    return ways[entry.which % len(ways)]


def go(entries: Sequence[Entry]) -> list[Written]:
    """Go's own format, with what it prints around it."""
    lines = ["goos: linux", "pkg: example.org/m/p"]
    for one in entries:
        name = f"BenchmarkX{one.name}"
        odd = choose(one, ["NaN ns/op", "+Inf ns/op", "1.2.3 ns/op", "5 ns/op 7", "1e999 ns/op"])
        good = f"{name} \t 100\t {one.value} ns/op\t {one.value} B/op\t {one.value} rows/s"
        lines.append({"sound": good, "odd": f"{name} \t 100\t {odd}", "broken": f"--- FAIL: {name}"}[one.kind])
    return text([*lines, "PASS", "ok  \texample.org/m/p\t1.2s"])


def google_benchmark(entries: Sequence[Entry]) -> list[Written]:
    """Google Benchmark's JSON."""
    found: list[Any] = []
    for one in entries:
        times = {"real_time": one.value, "cpu_time": one.value, "time_unit": "us"}
        run = {"name": f"x{one.name}", "run_name": f"x{one.name}", "run_type": "iteration", **times}
        odd = [
            {"cpu_time": "-nan", "real_time": "-nan"},
            {"time_unit": "fortnights"},
            {"real_time": None},
            {"name": ""},
        ]
        more = {"sound": {"items_per_second": one.value}, "odd": choose(one, odd),
                "broken": {"error_occurred": True, "error_message": "no"}}  # fmt: skip
        found.append({**run, **more[one.kind]})
    return document({"context": {}, "benchmarks": found})


def catch2(entries: Sequence[Entry]) -> list[Written]:
    """Catch2's XML."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<Catch2TestRun name="p">', '<TestCase name="case">']
    for one in entries:
        odd = choose(one, ['<mean value="nan"/>', '<mean value="fast"/>', "", "<mean/>"])
        inner = {"sound": f'<mean value="{one.value}"/>', "odd": odd, "broken": '<failed message="no"/>'}[one.kind]
        lines.append(f'<BenchmarkResults name="x{one.name}">{inner}</BenchmarkResults>')
    return text([*lines, "</TestCase>", "</Catch2TestRun>"])


def criterion(entries: Sequence[Entry]) -> list[Written]:
    """criterion's files."""
    found = []
    for one in entries:
        folder = f"target/criterion/{one.name}/new"
        ways = ['{"median": {"point_estimate": NaN}}', "{}", "{", '{"median": 5}']
        good = json.dumps({"median": {"point_estimate": one.value}})
        found.append(Written(f"{folder}/benchmark.json", json.dumps({"full_id": f"x{one.name}"}).encode()))
        if one.kind != "broken":  # it never came to an end
            estimates = good if one.kind == "sound" else choose(one, ways)
            found.append(Written(f"{folder}/estimates.json", estimates.encode()))
    return found


def libtest(entries: Sequence[Entry]) -> list[Written]:
    """libtest's lines."""
    lines = ["running tests"]
    for one in entries:
        odd = choose(one, ["fast", "NaN ns/iter (+/- 1)", "1.2.3 ns/iter (+/- 1)"])
        good = f"bench: {one.value:>12,} ns/iter (+/- 1) = {one.value} MB/s"
        lines.append(f"test x{one.name} ... " + {"sound": good, "odd": f"bench: {odd}", "broken": "FAILED"}[one.kind])
    return text([*lines, "test result: ok. 0 passed"])


def jmh(entries: Sequence[Entry]) -> list[Written]:
    """JMH's array; what failed is not in it, so that a broken one is odd, too."""
    found: list[Any] = []
    for one in entries:
        metric: Any = {"score": one.value, "scoreUnit": "ops/us"}
        ways = [{"score": "NaN", "scoreUnit": "us/op"}, {"score": 5, "scoreUnit": "knots"}, {}, 5, {"score": 5}]
        primary = metric if one.kind == "sound" else choose(one, ways)
        found.append({"benchmark": f"a.b.C.x{one.name}", "mode": "thrpt", "primaryMetric": primary})
    return document(found)


def benchmarkdotnet(entries: Sequence[Entry]) -> list[Written]:
    """BenchmarkDotNet's JSON."""
    found: list[Any] = []
    for one in entries:
        ways = [{"Median": "NaN"}, {}, 5, {"Median": None}]
        statistics = {"sound": {"Median": one.value}, "odd": choose(one, ways), "broken": None}[one.kind]
        memory = {"BytesAllocatedPerOperation": one.value} if one.kind == "sound" else None
        found.append({"FullName": f"x{one.name}", "Statistics": statistics, "Memory": memory})
    return document({"Benchmarks": found})


def vitest(entries: Sequence[Entry]) -> list[Written]:
    """vitest's JSON."""
    found: list[Any] = []
    for one in entries:
        ways = [{"median": "fast"}, {"median": True}, {"median": [1]}]
        more = {"sound": {"median": one.value, "hz": one.value}, "odd": choose(one, ways), "broken": {}}[one.kind]
        found.append({"name": f"x{one.name}", **more})
    return document({"files": [{"groups": [{"fullName": "g", "benchmarks": found}]}]})


def benchmarkjs(entries: Sequence[Entry]) -> list[Written]:
    """benchmark.js's lines; an error is printed as one that no result can be told from."""
    lines = ["begin"]
    for one in entries:
        odd = choose(
            one, ["x NaN ops/sec ±0.00% (0 runs sampled)", "x 0 ops/sec ±1% (5 runs sampled)", "x 5 ops/sec ±"]
        )
        good = f"x {one.value:,} ops/sec ±1.00% (90 runs sampled)"
        lines.append(f"x{one.name} {good if one.kind == 'sound' else odd}")
    return text([*lines, "Fastest is x"])


def hyperfine(entries: Sequence[Entry]) -> list[Written]:
    """hyperfine's JSON."""
    found: list[Any] = []
    for one in entries:
        ways = [{"median": None}, {"median": "NaN"}, {}, {"median": [1]}]
        more = {"median": one.value, "user": one.value, "system": 0} if one.kind == "sound" else choose(one, ways)
        found.append({"command": f"x{one.name}", **more})
    return document({"results": found})


def k6(entries: Sequence[Entry]) -> list[Written]:
    """k6's summary."""
    found: dict[str, Any] = {"vus": {"value": 2, "min": 2, "max": 2}}
    for one in entries:
        ways: list[Any] = [{"med": "NaN"}, {"p(95)": None, "med": True}, 5, {"count": 1, "rate": "fast"}]
        good = {"type": "trend", "contains": "time", "values": {"med": one.value, "p(95)": one.value}}
        found[f"x{one.name}"] = good if one.kind == "sound" else choose(one, ways)
    return document({"metrics": found})


def locust(entries: Sequence[Entry]) -> list[Written]:
    """locust's table."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["Type", "Name", "Request Count", "Failure Count", "Requests/s", "50%"])
    for one in entries:
        ways = [[5, 0, "fast", "N/A"], [0, 0, 0, 0], [5, "", 5, 5], [5, 0, "nan", "nan"]]
        values = {"sound": [9, 0, one.value, one.value], "odd": choose(one, ways), "broken": [9, 9, 5, 5]}[one.kind]
        rows.writerow(["GET", f"/{one.name}", *values])
    rows.writerow(["", "Aggregated", 9, 0, 1, 1])
    return [Written("f_stats.csv", out.getvalue().encode())]


def wrk(entries: Sequence[Entry]) -> list[Written]:
    """wrk's output, a test after the other."""
    lines = []
    for one in entries:
        odd = choose(one, [["     50%  1.00xs", "Requests/sec: fast"], ["Requests/sec: nan"], ["     50%  1.00ms"]])
        good = [f"     50%  {one.value}.00ms", f"Requests/sec: {one.value}"]
        broken = ["  Non-2xx or 3xx responses: 44", "Requests/sec: 5"]
        lines += [f"Running 1s test @ http://h/{one.name}", "  1 threads and 2 connections"]
        lines += {"sound": good, "odd": odd, "broken": broken}[one.kind]
    return text(lines)


def load(entries: Sequence[Entry]) -> list[Written]:
    """autocannon's JSON, a document after the other."""
    found = []
    for one in entries:
        ways: list[Any] = [
            {},
            {"requests": {"average": None}, "latency": {"p50": "N/A"}},
            {"requests": 5},
            {"2xx": 0, "errors": 7},
        ]
        good = {"requests": {"average": one.value}, "latency": {"p50": one.value}}
        more = {"sound": good, "odd": choose(one, ways), "broken": {**good, "2xx": 0, "5xx": 9}}[one.kind]
        found.append(json.dumps({"url": f"http://h:1/{one.name}", "connections": 2, "2xx": 9, "errors": 0, **more}))
    return text(found)


def own_json(entries: Sequence[Entry]) -> list[Written]:
    """perfbot's own format."""
    found: list[Any] = []
    for one in entries:
        ways = [{"value": "fast"}, {}, {"values": []}, {"value": 1, "better": "more"}, {"value": 1, "speed": 3}]
        more = {"value": one.value, "unit": "ms"} if one.kind == "sound" else choose(one, ways)
        found.append({"name": f"x{one.name}", **more})
    return document({"benchmarks": found})


def regex(entries: Sequence[Entry]) -> list[Written]:
    """Lines that the pattern of these tests finds."""
    lines = ["begin"]
    for one in entries:
        odd = choose(one, ["fast ms, many nodes", "1.2.3 ms, nan nodes"])
        lines.append(f"x{one.name}: {f'{one.value} ms, {one.value} nodes' if one.kind == 'sound' else odd}")
    return text(lines)


NO_ERRORS: Expected = {"error_rate": (0, "1", "lower")}

FORMATS: dict[str, Format] = {
    "go": Format(
        go,
        lambda v: {"time": (v * 1e-9, "s", "lower"), "allocated": (v, "B", "lower"), "rows/s": (v, "1/s", "higher")},
        lambda name: f"p.X{name}",
    ),
    "google_benchmark": Format(
        google_benchmark,
        lambda v: {
            "time": (v * 1e-6, "s", "lower"),
            "cpu": (v * 1e-6, "s", "lower"),
            "throughput": (v, "1/s", "higher"),
        },
        "x{}".format,
    ),
    "catch2": Format(catch2, lambda v: {"time": (v * 1e-9, "s", "lower")}, "case/x{}".format),
    "criterion": Format(criterion, lambda v: {"time": (v * 1e-9, "s", "lower")}, "x{}".format),
    "libtest": Format(
        libtest,
        lambda v: {"time": (v * 1e-9, "s", "lower"), "throughput": (v * 1e6, "B/s", "higher")},
        "x{}".format,
    ),
    "jmh": Format(jmh, lambda v: {"throughput": (v * 1e6, "1/s", "higher")}, "C.x{}".format),
    "benchmarkdotnet": Format(
        benchmarkdotnet, lambda v: {"time": (v * 1e-9, "s", "lower"), "allocated": (v, "B", "lower")}, "x{}".format
    ),
    "vitest": Format(
        vitest, lambda v: {"time": (v * 1e-3, "s", "lower"), "throughput": (v, "1/s", "higher")}, "g > x{}".format
    ),
    "benchmarkjs": Format(
        benchmarkjs, lambda v: {"time": (1 / v, "s", "lower"), "throughput": (v, "1/s", "higher")}, "x{}".format
    ),
    "hyperfine": Format(hyperfine, lambda v: {"time": (v, "s", "lower"), "cpu": (v, "s", "lower")}, "x{}".format),
    "k6": Format(
        k6,
        lambda v: {"latency_p50": (v * 1e-3, "s", "lower"), "latency_p95": (v * 1e-3, "s", "lower")},
        "x{}".format,
    ),
    "locust": Format(
        locust,
        lambda v: {"throughput": (v, "1/s", "higher"), "latency_p50": (v * 1e-3, "s", "lower"), **NO_ERRORS},
        "GET /{}".format,
    ),
    "wrk": Format(
        wrk,
        lambda v: {"throughput": (v, "1/s", "higher"), "latency_p50": (v * 1e-3, "s", "lower"), **NO_ERRORS},
        "/{}".format,
    ),
    "load": Format(
        load,
        lambda v: {"throughput": (v, "1/s", "higher"), "latency_p50": (v * 1e-3, "s", "lower"), **NO_ERRORS},
        "/{}".format,
    ),
    "json": Format(own_json, lambda v: {"time": (v * 1e-3, "s", "lower")}, "x{}".format),
    "regex": Format(regex, lambda v: {"time": (v * 1e-3, "s", "lower"), "nodes": (v, "1", "unknown")}, "x{}".format),
}

ENTRIES = st.lists(
    st.builds(
        Entry,
        st.from_regex(r"[a-z][a-zA-Z0-9_=é]{0,12}", fullmatch=True),
        st.sampled_from(["sound", "sound", "odd", "broken"]),
        st.integers(1, 999_999),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.name,
)


def test_every_format_is_there() -> None:
    assert set(FORMATS) == set(PARSERS)


@pytest.mark.parametrize("tool", FORMATS)
@given(ENTRIES)
@settings(max_examples=25, deadline=None)
def test_each_sound_result_comes_once_and_each_other_one_with_a_reason(tool: str, entries: list[Entry]) -> None:
    layout = FORMATS[tool]
    written = layout.write(entries)
    good = {layout.called(one.name): layout.expected(one.value) for one in entries if one.kind == "sound"}
    found = sound(results(tool, written))
    assert found.keys() == good.keys()
    for name, values in good.items():
        assert found[name].keys() == values.keys()
        for metric, (value, unit, better) in values.items():
            assert found[name][metric] == (pytest.approx(value), unit, better)
    parsed = PARSERS[tool](written)
    told = [one for one in parsed if isinstance(one, Unreadable) or not any(not r.trouble for r in one.readings)]
    reasons = [
        one.reason if isinstance(one, Unreadable) else one.trouble or next(reading.trouble for reading in one.readings)
        for one in told
    ]
    assert len(told) == sum(one.kind != "sound" for one in entries)
    assert all(reasons)


@given(ENTRIES, st.integers(1, 5))
@settings(max_examples=15, deadline=None)
def test_the_order_of_results_changes_no_name(entries: list[Entry], turn: int) -> None:
    for tool, layout in FORMATS.items():
        turned = entries[turn % len(entries) :] + entries[: turn % len(entries)]
        assert sound(results(tool, layout.write(entries))) == sound(results(tool, layout.write(turned)))
