"""Load generators: what each says, after its own source; and what calls that fail do to it."""

from __future__ import annotations

import json

import pytest

from perfbot.measure.processes.tools import Reported, Written
from tests.tool_outputs import results, sound

HEY = """
Summary:
  Total:\t4.7705 secs
  Slowest:\t0.2202 secs
  Requests/sec:\t41.9247
\x20\x20
  Total data:\t2201 bytes

Latency distribution:
  50%% in 0.0442 secs
  99%% in 0.1971 secs

Details (average, fastest, slowest):
  DNS+dialup:\t0.0000 secs, 0.0000 secs, 0.0027 secs

Status code distribution:
  [200]\t196 responses
  [404]\t3 responses

Error distribution:
  [1]\tGet "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused
"""
OHA_TEXT = """Summary:
  Success rate:\t100.00%
  Total:\t1000.1 ms
  Requests/sec:\t400.5

Response time distribution:
  50.00% in 0.5000 ms
  99.90% in 12.0000 ms

Status code distribution:
  [200] 398 responses

Error distribution:
  [4] aborted due to deadline
"""
GHZ = """Summary:
  Count:\t200
  Requests/sec:\t1101.53

Latency distribution:
  50 % in 33.23 ms
  99% in 69.60 ms

Status code distribution:
  [OK]\t186 responses
  [Internal]\t14 responses

Error distribution:
  [8]\trpc error: code = Internal desc = Internal error.
  [6]\trpc error: code = Internal desc = Another.
"""
OHA = {
    "summary": {"successRate": 0.5, "requestsPerSec": 400.5},
    "latencyPercentiles": {"p50": 0.0005, "p99.9": 0.012, "p99.99": None},
    "statusCodeDistribution": {"200": 90, "301": 5, "503": 5},
    "errorDistribution": {"aborted due to deadline": 4},
}
VEGETA = {
    "latencies": {"total": 9, "mean": 2_000_000, "50th": 1_500_000, "99th": 6_000_000, "max": 7, "min": 1},
    "rate": 51.0, "throughput": 49.5, "success": 0.98, "status_codes": {"0": 1, "200": 98, "500": 1}, "errors": ["x"],
}  # fmt: skip
BOMBARDIER = {
    "spec": {"url": "http://h:1/a?b=c", "numberOfConnections": 2},
    "result": {
        "req1xx": 0, "req2xx": 97, "req3xx": 0, "req4xx": 0, "req5xx": 2, "others": 1,
        "timeTakenSeconds": 0.5,
        "latency": {"mean": 9.0, "percentiles": {"50": 250.0, "99": 1250.0}}, "rps": {"mean": 390.5, "max": 9000},
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("output", "name", "throughput", "quantiles", "errors"),
    [
        (HEY, "requests", 41.9247, {"latency_p50": 0.0442, "latency_p99": 0.1971}, 0.02),
        (OHA_TEXT, "requests", 400.5, {"latency_p50": 0.0005, "latency_p99.9": 0.012}, 0),
        (GHZ, "requests", 1101.53, {"latency_p99": 0.0696}, 0.07),
        (json.dumps(OHA), "requests", 400.5, {"latency_p50": 0.0005, "latency_p99.9": 0.012}, 0.05),
        (json.dumps(VEGETA), "requests", 49.5, {"latency_p50": 0.0015, "latency_p99": 0.006}, 0.02),
        (json.dumps(BOMBARDIER), "/a?b=c", 200, {"latency_p50": 0.00025, "latency_p99": 0.00125}, 0.03),
    ],
)
def test_what_each_says(output: str, name: str, throughput: float, quantiles: dict[str, float], errors: float) -> None:
    written = [Written("f", output.encode())]
    (values,) = sound(results("load", written)).values()
    assert list(results("load", written)) == [name]
    assert values["throughput"] == (throughput, "1/s", "higher")
    assert {key: value[0] for key, value in values.items() if key.startswith("latency")} == pytest.approx(quantiles)
    assert values["error_rate"] == (pytest.approx(errors), "1", "lower")
    assert results("load", written)[name].failing == pytest.approx(errors)


def test_lengths_that_differ_are_no_errors() -> None:
    text = (
        "Server Software:        nginx\nDocument Path:          /a\nComplete requests:      200\n"
        "Failed requests:        133\n   (Connect: 0, Receive: 1, Length: 131, Exceptions: 1)\n"
        "Requests per second:    1762.80 [#/sec] (mean)\n  50%      1\n 100%      5 (longest request)\n"
    )
    (one,) = results("load", [Written("f", text.encode())]).values()
    assert one.failing == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("Summary:\n  Requests/sec:\t5\n\nStatus code distribution:\n  [500]\t9 responses\n", "none of its requests"),
        ("Summary:\n  Requests/sec:\t5\n", "expected how many requests succeeded"),
        ("Summary:\n  Total:\t5 secs\n", "expected its requests a second"),
    ],
)
def test_what_says_nothing_says_why(output: str, reason: str) -> None:
    (one,) = results("load", [Written("f", output.encode())]).values()
    assert reason in one.trouble
    assert not one.readings


LOCUST = "Type,Name,Request Count,Failure Count,Requests/s,50%\nGET,/,{},{},5,7\n"
WRK = (
    "Running 1s test @ http://h/a\n     50%   44.03ms\n  {} requests in 1.00s, 5.78KB read\n"
    "  Socket errors: connect 0, read 0, write 0, timeout {}\n  Non-2xx or 3xx responses: {}\nRequests/sec:  43.96\n"
)


@pytest.mark.parametrize(
    ("tool", "text", "share"),
    [
        ("locust", LOCUST.format(1000, 3), 0.003),
        ("locust", LOCUST.format(1000, 1000), 1),
        ("wrk", WRK.format(1000, 1, 4), 0.005),
        ("wrk", WRK.format(1000, 0, 1000), 1),
    ],
)
def test_a_stray_failure_costs_no_benchmark(tool: str, text: str, share: float) -> None:
    where = "f_stats.csv" if tool == "locust" else "f"
    one: Reported
    (one,) = results(tool, [Written(where, text.encode())]).values()
    assert one.failed == (share == 1)
    assert bool(one.trouble) == (share == 1)
    if share < 1:
        assert one.failing == pytest.approx(share)
        assert {reading.metric.name for reading in one.readings} == {"latency_p50", "throughput", "error_rate"}


def test_go_says_in_the_line_of_its_name_that_a_benchmark_failed() -> None:
    text = "pkg: p\nBenchmarkA-2 \t--- FAIL: BenchmarkA-2\n    a_test.go:5: boom\nBenchmarkB-2 \t 5\t 12 ns/op\nFAIL\n"
    found = results("go", [Written("f", text.encode())])
    assert found["p.A-2"].failed
    assert not found["p.B-2"].trouble
