"""Benchmarks of other languages, recognised by file name and text; named to the user, not configured."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LARGEST_TEXT = 500_000
"""Bytes; benchmarks are not written in larger files."""


@dataclass(frozen=True, slots=True)
class Tool:
    """How to recognise a tool's benchmarks: files by name, then one match of ``mark`` for each."""

    name: str
    harness: str
    files: re.Pattern[str]
    mark: re.Pattern[str]
    sign: re.Pattern[str] = re.compile("")
    """What the file must hold besides, to tell tools with the same marks apart."""


TOOLS = (
    Tool("Go", "go", re.compile(r".*_test\.go"), re.compile(r"^func Benchmark\w*\(\w+ \*testing\.B\)", re.MULTILINE)),
    Tool(
        "criterion",
        "criterion",
        re.compile(r".*\.rs"),
        re.compile(r"\.(?:bench_function|bench_with_input)\("),
        re.compile(r"\bcriterion"),
    ),
    Tool("Rust's libtest", "libtest", re.compile(r".*\.rs"), re.compile(r"^\s*#\[bench\]", re.MULTILINE)),
    Tool(
        "Google Benchmark",
        "google_benchmark",
        re.compile(r".*\.(?:cc|cpp|cxx)"),
        re.compile(r"^[ \t]*(?:BENCHMARK(?!_MAIN\b)\w*|(?:::)?(?:benchmark::)?RegisterBenchmark)\(", re.MULTILINE),
        re.compile(r"benchmark/benchmark\.h"),
    ),
    Tool(
        "Catch2",
        "catch2",
        re.compile(r".*\.(?:cc|cpp|cxx)"),
        re.compile(r"^\s*BENCHMARK(?:_ADVANCED)?\(", re.MULTILINE),
        re.compile(r"^\s*#\s*include\s*[<\"][^>\"]*catch", re.MULTILINE),
    ),
    Tool("JMH", "jmh", re.compile(r".*\.(?:java|kt|scala)"), re.compile(r"@Benchmark\b"), re.compile(r"openjdk\.jmh")),
    Tool(
        "BenchmarkDotNet",
        "benchmarkdotnet",
        re.compile(r".*\.cs"),
        re.compile(r"\[Benchmark\b"),
        re.compile(r"BenchmarkDotNet"),
    ),
    Tool(
        "vitest",
        "vitest",
        re.compile(r".*\.bench(?:mark)?\.[cm]?[jt]sx?"),
        re.compile(r"\bbench\("),
        re.compile(r"vitest"),
    ),
    Tool(
        "benchmark.js",
        "benchmarkjs",
        re.compile(r".*\.[cm]?[jt]s"),
        re.compile(r"\.add\("),
        re.compile(r"(?:require\(|from )['\"]benchmark['\"]"),
    ),
)


@dataclass(frozen=True, slots=True)
class Foreign:
    """Benchmarks of one tool: how many, and the first file, relative to the repository."""

    tool: str
    harness: str
    benchmarks: int
    file: str


def foreign_benchmarks(files: Iterable[Path], root: Path) -> tuple[Foreign, ...]:
    """What other tools' benchmarks there are, in the order of :data:`TOOLS`."""
    found: dict[str, Foreign] = {}
    for path in files:
        for tool in TOOLS:
            if count := count_in(tool, path):
                first = found.get(tool.name, Foreign(tool.name, tool.harness, 0, path.relative_to(root).as_posix()))
                found[tool.name] = Foreign(tool.name, tool.harness, first.benchmarks + count, first.file)
    return tuple(found[tool.name] for tool in TOOLS if tool.name in found)


def count_in(tool: Tool, path: Path) -> int:
    """How many of a tool's benchmarks a file holds."""
    text = _text(path) if tool.files.fullmatch(path.name) else ""
    return len(tool.mark.findall(text)) if text and tool.sign.search(text) else 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size <= LARGEST_TEXT else ""
    except OSError:
        return ""
