"""Outputs of tools that no parser is for, or that hold no results: what they are, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from perfbot.harness.json_tree import Node, documents
from perfbot.harness.text import characters
from perfbot.measure.processes.tools import Parse, Reported, Written

TEXTS: tuple[tuple[str, str, str, str], ...] = (
    (r"^Benchmark\s+Time\s+CPU\s+Iterations", "Google Benchmark", "--benchmark_out={output}", "google_benchmark"),
    (r"^Benchmark\s+(?:\(\w+\)\s+)*Mode\s+Cnt\s+Score", "JMH", "-rf json -rff {output}", "jmh"),
    (r"^benchmark name\s+samples\s+iterations", "Catch2", "-r xml", "catch2"),
    (r"^\s*Time \((?:mean|abs) [±≡] ?σ?\):", "hyperfine", "--export-json {output}", "hyperfine"),
    (r"^.*time:\s+\[[\d.]+ \S+ [\d.]+ \S+ [\d.]+ \S+\]", "criterion", "", "criterion"),
    (r"^\s*http_req_duration\.*:", "k6", "--summary-export {output}", "k6"),
    (r"^\| +Method +\|", "BenchmarkDotNet", "--exporters fulljson", "benchmarkdotnet"),
    (r"^\s*name\s+hz\s+min\s+max\s+mean", "vitest", "--outputJson {output}", "vitest"),
    (r"^Name \(time in \w+\) +Min ", "pytest-benchmark", "", "pytest"),
    (r"^\S.*: Mean \+- std dev: ", "pyperf", "", "pyperf"),
    (r"^ *│ +sec/op +│|^name +(?:old )?time/op", "benchstat", "those of `go test -bench` itself", "go"),
)
"""What tools print for people: how it is known, the tool, the option for results that can be read, their harness."""

TABLES: tuple[tuple[str, str, str, str], ...] = (
    (r"^name,iterations,real_time,cpu_time", "Google Benchmark", "--benchmark_out={output}", "google_benchmark"),
    (r'^"?Benchmark"?,"?Mode"?,"?Threads"?,', "JMH", "-rf json -rff {output}", "jmh"),
    (r"^command,mean,stddev,median,user,system", "hyperfine", "--export-json {output}", "hyperfine"),
    (r"<testsuites?[ >]", "JUnit", "Catch2's: -r xml", "catch2"),
    (r"^response-time,DNS\+dialup,", "hey", "without -o csv", "load"),
    (r"^\s*\│? ?(?:Stat|Latency) +│.*│", "autocannon", "--json", "load"),
    (r"^Requests +\[total, rate(?:, throughput)?\]", "vegeta", "vegeta report -type json", "load"),
    (r"^Statistics +Avg +Stdev +Max", "bombardier", "-l -p result -o json", "load"),
)
"""Other formats of tools that can write one that is read."""

BY_REGEX = 'harness = "regex" reads it: pattern = '

PRINTED: tuple[tuple[str, str, str], ...] = (
    (
        r"fastest +│ slowest +│ median",
        "divan",
        BY_REGEX + r"'(?P<name>[\w:]+) +[\d.]+ \S+ +│ [\d.]+ \S+ +│ (?P<time>[\d.]+) (?P<unit>\S+)'",
    ),
    (
        r"^\| +[nu]s/\w+ \|",
        "nanobench",
        BY_REGEX + r"""'^\| +(?P<time>[\d,.]+) \|.*\| `(?P<name>.+)`', units = { time = "ns" }""",
    ),
    (
        r"^benchmark +(?:time \(avg\)|avg \(min … max\))",
        "mitata",
        BY_REGEX + r"'^(?P<name>\S.*?) +(?P<time>[\d.,]+) (?P<unit>.?s)/iter'",
    ),
    (
        r"^\s*(?:│|\|) \(index\) +(?:│|\|) (?:Task [Nn]ame|name) ",
        "tinybench (console.table)",
        BY_REGEX + r"""'│ \d+ +│ .(?P<name>.+?). +│ .?(?P<throughput>[\d,.]+)', units = { throughput = "ops/s" }""",
    ),
    (
        r"^ +Instructions: +[\d,]+\|",
        "iai-callgrind",
        'harness = "command" counts the instructions of a program itself: metrics = ["instructions"]',
    ),
)
"""What no harness reads, and what to write instead."""


def recognised(written: Sequence[Written], parsers: Mapping[str, Parse]) -> str:
    """What was written, and which harness reads it; empty where nobody can say."""
    for top in documents(written):
        if isinstance(top, Node) and (found := next((says for is_it, says in JSONS if is_it(top)), "")):
            return found
    for name, parse in parsers.items():
        if any(isinstance(one, Reported) and _sound(one) for one in parse(written)):
            return f'harness = "{name}" reads that'
    return _by_text("\n".join(characters(one.data) for one in written))


def _by_text(text: str) -> str:
    """What people read, or a table."""
    for mark, tool, option, name in TEXTS:
        if re.search(mark, text, re.MULTILINE):
            more = f" ({option})" if option else ""
            return f'that is what {tool} prints for people; harness = "{name}" reads its results{more}'
    for mark, tool, option, name in TABLES:
        if re.search(mark, text, re.MULTILINE):
            return f'that is a format of {tool} that is not read; harness = "{name}" reads another one ({option})'
    for mark, tool, instead in PRINTED:
        if re.search(mark, text, re.MULTILINE):
            return f"that is what {tool} prints for people; {instead}"
    return ""


def _sound(one: Reported) -> bool:
    return not one.trouble and any(not reading.trouble for reading in one.readings)


def _has(top: Node, *keys: str) -> bool:
    return isinstance(top.value, dict) and all(key in top.value for key in keys)


def _has_all(entries: list[object], *keys: str) -> bool:
    return bool(entries) and all(isinstance(one, dict) and all(key in one for key in keys) for one in entries)


def _first(top: Node) -> dict[str, object]:
    entries = top.value.get("benchmarks")
    return entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}


JSONS: tuple[tuple[Callable[[Node], bool], str], ...] = (
    (
        lambda top: _has(top, "machine_info", "benchmarks") or (_has(top, "benchmarks") and "stats" in _first(top)),
        'that is pytest-benchmark\'s JSON; harness = "pytest" runs such tests itself, without the plugin',
    ),
    (
        lambda top: _has(top, "benchmarks", "version") and "runs" in _first(top),
        'that is pyperf\'s JSON; harness = "pyperf" runs such scripts itself',
    ),
    (
        lambda top: _has(top, "results", "commit_hash", "env_name"),
        'that is one of asv\'s results; harness = "asv" runs such suites itself',
    ),
    (
        lambda top: _has(top, "type", "event") or (_has(top, "type", "median", "deviation")),
        'that is libtest\'s JSON; harness = "libtest" reads its lines (without --format json)',
    ),
    (
        lambda top: _has(top, "reason") and str(top.value["reason"]).startswith(("benchmark-", "group-")),
        'those are cargo-criterion\'s messages; harness = "criterion" reads the files below target/criterion',
    ),
    (
        lambda top: _has(top, "type", "metric", "data"),
        'that is k6\'s --out json; harness = "k6" reads its summary (--summary-export {output})',
    ),
    (
        lambda top: isinstance(top.value, list) and _has_all(top.value, "num_requests", "response_times"),
        'that is locust\'s --json; harness = "locust" reads its tables (--csv {output})',
    ),
)  # fmt: skip
