"""``[[suite]]``: one class for each harness, and the union that the key ``harness`` chooses from.

To add one: a class with ``harness: Literal["its name"]``, the keys it needs, the metrics it can measure, and a
place in :data:`Suite`. Everything else (errors, schema, documentation of keys) follows from the class.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, StrictInt, field_validator

from perfbot.config.asv import read_asv
from perfbot.config.fields import Duration, Line, NameGlob, RepositoryPath, SuiteName, Table, no_entries
from perfbot.config.record import Record

IN_PROCESS = ("time", "instructions", "memory", "allocated", "objects")
"""Metrics of a Python callable."""
OF_PROCESS = ("time", "cpu", "memory", "instructions")
"""Metrics of a whole command."""

CALLS_PYTHON = re.compile(r"(?:^|[\s;&|(/])(?:python[0-9.]*|pip[0-9.]*|uv|uvx|pipx|poetry|pdm|hatch)(?=\s|$)")
"""Command lines that need an interpreter of their own, lest they use or change the user's."""


class SuiteBase(Record):
    """What every suite has, whichever harness runs it."""

    measurable: ClassVar[tuple[str, ...]] = ()
    """Metrics that the harness can measure; empty: whatever the tool or the user names."""

    name: SuiteName
    """Stands before the slash in ``suite/benchmark``; unique."""

    harness: str
    """Which tool's benchmarks these are."""

    paths: tuple[RepositoryPath, ...] = ()
    """Files, folders or globs of the benchmarks, relative to the repository."""

    directory: RepositoryPath = "."
    """Working folder of set-up and benchmarks, relative to the repository."""

    setup: tuple[Line, ...] | None = None
    """Command lines run once a side, in its own environment; by default what the harness needs."""

    files: Literal["head", "each"] = "head"
    """Whose benchmark files run: head's on both sides, or each side's own."""

    env: Table = Field(default_factory=no_entries)
    """Variables that set-up and benchmarks see; nothing else of the environment reaches them."""

    python: Line | None = None
    """Version ("3.12") or path of the interpreter for both sides; by default the one that runs perfbot."""

    timeout: Duration = 120.0
    """Limit for a single call or process."""

    setup_timeout: Duration = 1200.0
    """Limit for each set-up command."""

    metrics: tuple[Line, ...] = Field(default=("time",), min_length=1)
    """What to measure."""

    only: tuple[NameGlob, ...] = ()
    """Patterns for benchmark names (without the suite); nothing else runs."""

    skip: tuple[NameGlob, ...] = ()
    """Patterns for benchmark names that do not run."""

    @field_validator("metrics")
    @classmethod
    def _metrics_measurable(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        for metric in metrics:
            if cls.measurable and metric not in cls.measurable:
                raise ValueError(f'found "{metric}", expected some of {", ".join(cls.measurable)}')
        if len(set(metrics)) < len(metrics):
            raise ValueError("names a metric twice")
        return metrics

    @property
    def needs_python(self) -> bool:
        """Whether each side needs a Python environment of its own."""
        return self.python is not None or any(map(CALLS_PYTHON.search, self.setup or ()))

    def wants(self, benchmark: str) -> bool:
        """Whether ``only`` and ``skip`` let a benchmark of this suite (its name without the suite) run."""
        chosen = not self.only or _matches(benchmark, self.only)
        return chosen and not _matches(benchmark, self.skip)

    def setup_for(self, tree: Path) -> tuple[str, ...]:
        """The set-up of a checkout at ``tree``: as configured, else ``pip install .`` where that can work."""
        if self.setup is not None:
            return self.setup
        return ("pip install .",) if self.needs_python and installable(tree / self.directory) else ()

    def benchmark_paths(self, tree: Path) -> tuple[str, ...]:
        """Paths of files and folders that hold this suite's benchmarks in the checkout at ``tree``, globs expanded."""
        found = {str(path.relative_to(tree)) for pattern in self.paths for path in expand(pattern, tree)}
        return tuple(sorted(found))

    def unmatched_paths(self, tree: Path) -> tuple[str, ...]:
        """Those of ``paths`` that match nothing in the checkout at ``tree``."""
        return tuple(pattern for pattern in self.paths if not any(expand(pattern, tree)))


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
    """Plain Python callables, called without arguments."""

    harness: Literal["python"]
    functions: Table = Field(min_length=1, examples=[{"parse": "package.module:callable"}])
    """A table { name = "package.module:callable" }."""

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

    @property
    def needs_python(self) -> bool:
        """When a version is asked for, or any of its command lines calls Python or one of its installers."""
        lines = (*self.commands.values(), self.prepare or "")
        return super().needs_python or any(map(CALLS_PYTHON.search, lines))


Suite = PytestSuite | PyperfSuite | AsvSuite | CallableSuite | CommandSuite
AnySuite = Annotated[Suite, Field(discriminator="harness")]

HARNESSES: dict[str, type[SuiteBase]] = {
    get_args(kind.model_fields["harness"].annotation)[0]: kind for kind in get_args(Suite)
}
"""The class for each value of ``harness``, in the order of :data:`Suite`."""


def installable(folder: Path) -> bool:
    """Whether ``pip install`` has something to build there: a pyproject.toml of a package, or setup.py."""
    if (folder / "setup.py").is_file() or (folder / "setup.cfg").is_file():
        return True
    try:
        tables = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return "project" in tables or "build-system" in tables


def expand(pattern: str, tree: Path) -> Iterator[Path]:
    """What a path or glob means in a checkout; a plain path that is not there means nothing."""
    if re.search(r"[*?[]", pattern):
        yield from sorted(tree.glob(pattern))
    elif (path := tree / pattern).exists():
        yield path


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(name == pattern or fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
