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
    files: re.Pattern[str]
    mark: re.Pattern[str]
    sign: re.Pattern[str] = re.compile("")
    """What the file must hold besides, to tell tools with the same marks apart."""


TOOLS = (
    Tool("Go", re.compile(r".*_test\.go"), re.compile(r"^func Benchmark\w*\(\w+ \*testing\.B\)", re.MULTILINE)),
    Tool(
        "criterion",
        re.compile(r".*\.rs"),
        re.compile(r"\.(?:bench_function|bench_with_input)\("),
        re.compile(r"\bcriterion"),
    ),
    Tool("Rust's libtest", re.compile(r".*\.rs"), re.compile(r"^\s*#\[bench\]", re.MULTILINE)),
    Tool(
        "Google Benchmark",
        re.compile(r".*\.(?:cc|cpp|cxx)"),
        re.compile(r"^BENCHMARK\w*\(", re.MULTILINE),
        re.compile(r"benchmark/benchmark\.h"),
    ),
    Tool(
        "Catch2",
        re.compile(r".*\.(?:cc|cpp|cxx)"),
        re.compile(r"^\s*BENCHMARK(?:_ADVANCED)?\(", re.MULTILINE),
        re.compile(r"catch"),
    ),
    Tool("JMH", re.compile(r".*\.(?:java|kt|scala)"), re.compile(r"@Benchmark\b"), re.compile(r"openjdk\.jmh")),
    Tool("BenchmarkDotNet", re.compile(r".*\.cs"), re.compile(r"\[Benchmark\b"), re.compile(r"BenchmarkDotNet")),
    Tool("vitest", re.compile(r".*\.bench\.[cm]?[jt]sx?"), re.compile(r"\bbench\("), re.compile(r"vitest")),
    Tool(
        "benchmark.js",
        re.compile(r".*\.[cm]?[jt]s"),
        re.compile(r"\.add\("),
        re.compile(r"(?:require\(|from )['\"]benchmark['\"]"),
    ),
)


@dataclass(frozen=True, slots=True)
class Foreign:
    """Benchmarks of one tool: how many, and the first file, relative to the repository."""

    tool: str
    benchmarks: int
    file: str


def foreign_benchmarks(files: Iterable[Path], root: Path) -> tuple[Foreign, ...]:
    """What other tools' benchmarks there are, in the order of :data:`TOOLS`."""
    found: dict[str, Foreign] = {}
    for path in files:
        tools = [tool for tool in TOOLS if tool.files.fullmatch(path.name)]
        text = _text(path) if tools else ""
        for tool in tools:
            if (count := len(tool.mark.findall(text))) and tool.sign.search(text):
                first = found.get(tool.name, Foreign(tool.name, 0, path.relative_to(root).as_posix()))
                found[tool.name] = Foreign(tool.name, first.benchmarks + count, first.file)
    return tuple(found[tool.name] for tool in TOOLS if tool.name in found)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size <= LARGEST_TEXT else ""
    except OSError:
        return ""
