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
)
"""What tools print for people: how it is known, the tool, the option for results that can be read, their harness."""


def recognised(written: Sequence[Written], parsers: Mapping[str, Parse]) -> str:
    """What was written, and which harness reads it; empty where nobody can say."""
    for top in documents(written):
        if isinstance(top, Node) and (found := next((says for is_it, says in JSONS if is_it(top)), "")):
            return found
    for name, parse in parsers.items():
        if any(isinstance(one, Reported) and _sound(one) for one in parse(written)):
            return f'harness = "{name}" reads that'
    text = "\n".join(characters(one.data) for one in written)
    printed = next((one[1:] for one in TEXTS if re.search(one[0], text, re.MULTILINE)), None)
    if printed is None:
        return ""
    tool, option, harness = printed
    return f'that is what {tool} prints for people; harness = "{harness}" reads its results{option and f" ({option})"}'


def _sound(one: Reported) -> bool:
    return not one.trouble and any(not reading.trouble for reading in one.readings)


def _has(top: Node, *keys: str) -> bool:
    return isinstance(top.value, dict) and all(key in top.value for key in keys)


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
)  # fmt: skip
