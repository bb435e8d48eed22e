"""Suites that no Python worker runs: servers, tools of other languages, sizes and builds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, StrictBool, StrictInt, field_validator

from perfbot.config.fields import Duration, Line, RepositoryPath, Table, no_entries
from perfbot.config.record import Record
from perfbot.config.suite_base import CALLS_PYTHON, SuiteBase


class ToolBase(SuiteBase):
    """A tool that measures by itself and reports values; a process a turn on each side."""

    command: Line
    """The command line that runs the tool; ``{filter}`` stands for what chooses a single benchmark, which then gets a
    process of its own, ``{output}`` for a file to write results to, ``{iterations}`` for how often to run the one
    benchmark that is chosen."""

    output: tuple[RepositoryPath, ...] = ()
    """Files that the tool writes its results to, where it is told neither ``{output}`` nor to print them."""

    exit_codes: tuple[StrictInt, ...] = Field(default=(0,), min_length=1)
    """Exit codes that mean success."""

    pin: StrictBool | None = None
    """Bind the tool's processes to one core: steadier, and wrong for benchmarks of several threads. By default what
    suits the tool."""

    builds: StrictInt = Field(default=1, ge=1, le=16)
    """Set-up runs so many times a side, each with another ``PERFBOT_BUILD_SALT``; rounds draw one of each side."""

    higher: tuple[Line, ...] = ()
    """Metrics that are better when higher, where the tool does not say so: a metric's name, or a glob of
    ``benchmark/metric``."""

    lower: tuple[Line, ...] = ()
    """Metrics that are better when lower, likewise. One that is in neither, and whose unit does not tell, is shown and
    fails nothing."""

    exact: tuple[Line, ...] = ()
    """Metrics that repeat exactly, where the tool does not say so."""

    @field_validator("command")
    @classmethod
    def _iterations_of_one(cls, command: str) -> str:
        if "{iterations}" in command and "{filter}" not in command:
            raise ValueError("found {iterations} without {filter}, expected both: they are of one benchmark a process")
        return command

    def lines_of(self, benchmark: str) -> tuple[str, ...]:
        """The one that runs them all."""
        return (self.command,)

    @property
    def pinned(self) -> bool:
        """As configured, or as suits the tool."""
        return self.pin if self.pin is not None else self.harness not in SEVERAL_CORES

    @property
    def needs_python(self) -> bool:
        """When a version is asked for, or the command line or set-up calls Python or one of its installers."""
        return super().needs_python or CALLS_PYTHON.search(self.command) is not None


SEVERAL_CORES = frozenset({"jmh", "benchmarkdotnet", "k6", "locust", "wrk", "load"})
"""Tools that compute in several threads beside what they measure."""


class ToolSuite(ToolBase):
    """A benchmark tool of any language, by the format of its results."""

    harness: Literal[
        "go", "google_benchmark", "catch2", "criterion", "libtest", "jmh", "benchmarkdotnet", "vitest", "benchmarkjs",
        "hyperfine", "k6", "locust", "wrk", "load", "json",
    ]  # fmt: skip


class RegexSuite(ToolBase):
    """Any program that prints its results as text."""

    harness: Literal["regex"]

    pattern: Line
    """Regular expression with one named group for each metric, and, where the text has them, the groups ``name`` and
    ``unit``; every match in every line counts."""

    units: Table = Field(default_factory=no_entries)
    """Unit of each metric, where the text does not name it: { time = "ms" }."""

    @field_validator("pattern")
    @classmethod
    def _has_groups(cls, pattern: str) -> str:
        try:
            groups = set(re.compile(pattern).groupindex)
        except re.error as error:
            raise ValueError(f'"{pattern}" is not a regular expression: {error}') from error
        if not groups - {"name", "unit"}:
            raise ValueError(f'"{pattern}" has no group for a value, such as (?P<time>[0-9.]+)')
        return pattern


class SizeSuite(SuiteBase):
    """Sizes of files and folders after set-up."""

    measurable = ("size",)

    harness: Literal["size"]
    sizes: Table = Field(min_length=1, examples=[{"wheel": "dist/*.whl"}])
    """A table { name = "file, folder or glob" }, relative to ``directory``."""

    metrics: tuple[Line, ...] = ("size",)


class BuildSuite(SuiteBase):
    """A build: how long it takes, and how large what it makes is."""

    measurable = ("time", "memory")

    harness: Literal["build"]
    command: Line
    """The command line that builds."""

    clean: Line | None = None
    """Command line before each build that undoes the last one, outside the measured time."""

    sizes: Table = Field(default_factory=no_entries)
    """What the build makes, as for ``size``: { name = "file, folder or glob" }."""

    @property
    def needs_python(self) -> bool:
        """When a version is asked for, or any of its command lines calls Python or one of its installers."""
        return super().needs_python or any(map(CALLS_PYTHON.search, (self.command, self.clean or "")))


class Exchange(Record):
    """One request of an HTTP suite."""

    name: Line
    """What people read."""

    path: Line = "/"
    """Path and query, beginning with a slash."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    """HTTP method."""

    body: str = ""
    """What is sent along."""

    headers: Table = Field(default_factory=no_entries)
    """More header lines, such as { Content-Type = "application/json" }."""

    status: StrictInt = Field(default=200, ge=100, le=599)
    """The status that answers must have."""

    @field_validator("path")
    @classmethod
    def _begins_with_slash(cls, path: str) -> str:
        if not re.fullmatch(r"/[!-~]*", path):
            raise ValueError(f'found "{path}", expected a path such as "/search?q=x", percent-encoded')
        return path

    @field_validator("headers")
    @classmethod
    def _plain_headers(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in headers.items():
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[ -~]*", value):
                raise ValueError(f'found {name} = "{value}", expected a header line of plain ASCII')
        return headers


class HttpSuite(SuiteBase):
    """A server: both sides' are up at once, and requests take turns between them."""

    measurable = ("latency_p50", "latency_p90", "latency_p95", "latency_p99", "throughput", "cpu")

    harness: Literal["http"]
    start: Line
    """Command line that starts the server; ``{port}`` stands for the port to listen on, at 127.0.0.1."""

    requests: tuple[Exchange, ...] = Field(min_length=1)
    """What to ask for; each is a benchmark."""

    ready: Line = "/"
    """Path that answers with a status below 400 once the server is ready."""

    start_timeout: Duration = 60.0
    """Limit for the server to become ready."""

    concurrency: StrictInt = Field(default=2, ge=1, le=256)
    """Connections that ask at the same time, each for one answer after the other."""

    turn: Duration = 0.1
    """How long one side is asked before it is the other's turn."""

    metrics: tuple[Line, ...] = ("latency_p50", "latency_p95", "throughput")

    @field_validator("requests")
    @classmethod
    def _names_differ(cls, requests: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
        names = [one.name for one in requests]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f'two requests are named "{name}"')
        return requests

    @field_validator("start")
    @classmethod
    def _takes_port(cls, line: str) -> str:
        if "{port}" not in line:
            raise ValueError(f'found "{line}", expected {{port}} in it: each side gets a port of its own')
        return line

    @property
    def needs_python(self) -> bool:
        """When a version is asked for, or its command line or set-up calls Python or one of its installers."""
        return super().needs_python or CALLS_PYTHON.search(self.start) is not None
