"""What every ``[[suite]]`` has, whichever harness runs it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from perfbot.config.fields import Duration, Line, NameGlob, PathPattern, RepositoryPath, SuiteName, Table, no_entries
from perfbot.config.names import can_meet, matches
from perfbot.config.patterns import touches
from perfbot.config.record import Record

IN_PROCESS = ("time", "cpu", "time_p95", "time_p99", "instructions", "memory", "allocated", "footprint", "objects")
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

    when_changed: tuple[PathPattern, ...] = ()
    """Measure this suite only when the change touches one of these files (patterns as in .gitignore); none: always."""

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

    def concerned_by(self, changed: Iterable[str]) -> bool:
        """Whether a change of these files (relative to the repository) is to be measured by this suite."""
        return touches(self.when_changed, changed)

    def wants(self, benchmark: str) -> bool:
        """Whether ``only`` and ``skip`` let a benchmark of this suite (its name without the suite) run."""
        chosen = not self.only or _matches(benchmark, self.only)
        return chosen and not _matches(benchmark, self.skip)

    def may_want(self, benchmarks: str) -> bool:
        """The same for a pattern of names: whether any of them may run."""
        chosen = not self.only or any(can_meet(benchmarks, pattern) for pattern in self.only)
        return chosen and not _matches(benchmarks, self.skip)

    def lines_of(self, benchmark: str) -> tuple[str, ...]:
        """The command lines that a benchmark consists of; none where it is a function of a benchmark file."""
        return ()

    def setup_for(self, tree: Path) -> tuple[str, ...]:
        """The set-up of a checkout at ``tree``: as configured, else ``pip install .`` where that can work."""
        if self.setup is not None:
            return self.setup
        return ("pip install .",) if self.needs_python and installable(tree / self.directory) else ()

    def benchmark_paths(self, tree: Path) -> tuple[str, ...]:
        """Paths of files and folders that hold this suite's benchmarks in the checkout at ``tree``, globs expanded."""
        found = {str(path.relative_to(tree)) for pattern in self.paths for path in expand(pattern, tree)}
        return tuple(sorted(found))

    def relative_paths(self, tree: Path) -> tuple[str, ...]:
        """The same relative to the folder that the suite runs in."""
        cwd = tree / self.directory
        return tuple(os.path.relpath(tree / path, cwd) for path in self.benchmark_paths(tree))

    def unmatched_paths(self, tree: Path) -> tuple[str, ...]:
        """Those of ``paths`` that match nothing in the checkout at ``tree``."""
        return tuple(pattern for pattern in self.paths if not any(expand(pattern, tree)))


def installable(folder: Path) -> bool:
    """Whether ``pip install`` has something to build there: a pyproject.toml of a package, or setup.py."""
    if (folder / "setup.py").is_file() or (folder / "setup.cfg").is_file():
        return True
    try:
        tables = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return "project" in tables or "build-system" in tables


def expand(pattern: str, tree: Path) -> Iterator[Path]:
    """What a path or glob means in a checkout; a plain path that is not there means nothing."""
    if re.search(r"[*?[]", pattern):
        yield from sorted(tree.glob(pattern))
    elif (path := tree / pattern).exists():
        yield path


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(matches(name, pattern) for pattern in patterns)
