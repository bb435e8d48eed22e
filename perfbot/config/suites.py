"""``[[suite]]``: one class for each harness, and the union that the key ``harness`` chooses from.

To add one: a class with ``harness: Literal["its name"]``, the keys it needs, the metrics it can measure, and a
place in :data:`Suite`. Everything else (errors, schema, documentation of keys) follows from the class.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StrictInt, field_validator, model_validator

from perfbot.config.asv import read_asv
from perfbot.config.fields import Line, RepositoryPath, Table, no_entries
from perfbot.config.suite_base import CALLS_PYTHON, IN_PROCESS, OF_PROCESS, SuiteBase
from perfbot.config.tools import BuildSuite, HttpSuite, RegexSuite, SizeSuite, ToolSuite


class PythonSuite(SuiteBase):
    """A suite whose benchmarks are Python code, run by lock-step workers."""

    measurable = IN_PROCESS

    @property
    def needs_python(self) -> bool:
        """Always."""
        return True


class PytestSuite(PythonSuite):
    """Benchmarks written for pytest-benchmark or pytest-codspeed; neither plugin is needed."""

    harness: Literal["pytest"]

    paths: tuple[RepositoryPath, ...] = Field(min_length=1)
    """Files, folders or globs that hold the benchmarks, such as ["benchmarks/"]."""

    args: tuple[Line, ...] = ()
    """More arguments for pytest, such as ``-k "not slow"`` in two items; those in the project's own addopts
    that would disturb measuring are neutralised."""


class PyperfSuite(PythonSuite):
    """Scripts that use ``pyperf.Runner``; ``paths`` are the scripts."""

    harness: Literal["pyperf"]

    paths: tuple[RepositoryPath, ...] = Field(min_length=1)
    """The scripts, such as ["benchmarks/bench_*.py"]."""

    args: tuple[Line, ...] = ()
    """More arguments for each script."""


class AsvSuite(PythonSuite):
    """airspeed velocity's benchmarks; ``paths`` defaults to the ``benchmark_dir`` of its configuration."""

    harness: Literal["asv"]
    config: RepositoryPath = "asv.conf.json"
    """asv's own configuration file, relative to the repository."""

    def benchmark_paths(self, tree: Path) -> tuple[str, ...]:
        """As configured, else the folder that asv's file names; nothing where it cannot be read."""
        if self.paths:
            return super().benchmark_paths(tree)
        try:
            folder = read_asv(tree / self.config, tree).folder
        except (OSError, ValueError):
            return ()
        return (folder,) if (tree / folder).is_dir() else ()


class CallableSuite(PythonSuite):
    """Plain Python callables, called without arguments, and statements."""

    harness: Literal["python"]
    functions: Table = Field(default_factory=no_entries, examples=[{"parse": "package.module:callable"}])
    """A table { name = "package.module:callable" }."""

    statements: Table = Field(default_factory=no_entries, examples=[{"loads": "json.loads(DATA)"}])
    """A table { name = "a statement, or an expression" }, each measured as the body of a function."""

    preamble: str = ""
    """Python that runs once before the statements of a process, such as imports and data."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.functions or self.statements):
            raise ValueError("has neither functions nor statements; expected some in one of these tables")
        return self

    @field_validator("functions")
    @classmethod
    def _importable(cls, functions: Mapping[str, str]) -> Mapping[str, str]:
        for name, target in functions.items():
            if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*", target):
                raise ValueError(f'{name}: found "{target}", expected "package.module:callable"')
        return functions


class CommandSuite(SuiteBase):
    """Any command lines, run by ``/bin/sh`` and measured from outside."""

    measurable = OF_PROCESS

    harness: Literal["command"]
    commands: Table = Field(min_length=1, examples=[{"parse": "./build/parse data/large.json"}])
    """A table { name = "command line" }."""

    prepare: Line | None = None
    """Command line run before each measured one, outside the measured time."""

    exit_codes: tuple[StrictInt, ...] = Field(default=(0,), min_length=1)
    """Exit codes that mean success."""

    builds: StrictInt = Field(default=1, ge=1, le=16)
    """Set-up runs so many times a side, each with another ``PERFBOT_BUILD_SALT``; rounds draw one of each side."""

    def lines_of(self, benchmark: str) -> tuple[str, ...]:
        """Its own, and the one that goes before it."""
        return tuple(line for line in (self.commands.get(benchmark), self.prepare) if line)

    @property
    def needs_python(self) -> bool:
        """When a version is asked for, or any of its command lines calls Python or one of its installers."""
        lines = (*self.commands.values(), self.prepare or "")
        return super().needs_python or any(map(CALLS_PYTHON.search, lines))


Suite = (
    PytestSuite
    | PyperfSuite
    | AsvSuite
    | CallableSuite
    | CommandSuite
    | HttpSuite
    | ToolSuite
    | RegexSuite
    | SizeSuite
    | BuildSuite
)
AnySuite = Annotated[Suite, Field(discriminator="harness")]

HARNESSES: dict[str, type[SuiteBase]] = {
    name: kind for kind in get_args(Suite) for name in get_args(kind.model_fields["harness"].annotation)
}
"""The class for each value of ``harness``, in the order of :data:`Suite`."""

MEANT = {
    "go": ("golang", "go test", "gotest", "testing"),
    "google_benchmark": ("google", "gbench", "googlebenchmark", "cpp", "c++", "c"),
    "catch2": ("catch",),
    "criterion": ("rust", "cargo", "criterion.rs"),
    "libtest": ("cargo bench", "bencher format"),
    "jmh": ("java", "jvm", "kotlin", "scala"),
    "benchmarkdotnet": ("dotnet", ".net", "csharp", "c#", "bdn"),
    "vitest": ("tinybench", "typescript", "ts"),
    "benchmarkjs": ("benchmark.js", "node", "javascript", "js"),
    "pytest": ("pytest-benchmark", "pytest-codspeed", "codspeed", "unittest"),
    "asv": ("airspeed velocity", "airspeed-velocity"),
    "python": ("function", "functions", "timeit", "callable"),
    "command": ("shell", "sh", "cli", "script", "program"),
    "http": ("server", "api", "rest", "asgi", "wsgi"),
    "load": ("hey", "oha", "vegeta", "ab", "apachebench", "autocannon", "bombardier"),
    "json": ("bencher", "bmf", "custom"),
    "regex": ("text", "pattern"),
    "size": ("file", "files", "bundle"),
    "build": ("compile", "make"),
}
"""What else people call a harness."""


def harness_meant(name: str) -> str:
    """The harness that was probably meant by another name; empty when nothing is like it."""
    called = {alias: harness for harness, aliases in MEANT.items() for alias in aliases}
    known = called | {harness: harness for harness in HARNESSES}
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return known[close[0]] if close else ""
