"""Which harness runs which kind of suite."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perfbot.config import SuiteBase
from perfbot.errors import ConfigError
from perfbot.harness.base import Harness
from perfbot.harness.foreign import recognised
from perfbot.measure.processes.tools import Parse, Written


class _Registry(Mapping[str, Harness]):
    """Harnesses by name. Each is loaded when it is asked for: a run needs one or two of two dozen."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._loaded: dict[str, Harness] = {}

    def __getitem__(self, name: str) -> Harness:
        if name not in self._loaded:
            module, _, called = self._places[name].partition(":")
            found = getattr(importlib.import_module(f"perfbot.harness.{module}"), called)
            self._loaded[name] = found() if isinstance(found, type) else found
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


HARNESSES = _Registry(
    {
        "pytest": "pytest:PytestHarness",
        "pyperf": "pyperf:PyperfHarness",
        "asv": "asv:AsvHarness",
        "python": "python:PythonHarness",
        "command": "command:CommandHarness",
        "http": "http:HttpHarness",
        "go": "go:GO",
        "google_benchmark": "google_benchmark:GOOGLE_BENCHMARK",
        "catch2": "catch2:CATCH2",
        "criterion": "criterion:CRITERION",
        "libtest": "libtest:LIBTEST",
        "jmh": "jmh:JMH",
        "benchmarkdotnet": "benchmarkdotnet:BENCHMARKDOTNET",
        "vitest": "vitest:VITEST",
        "benchmarkjs": "benchmarkjs:BENCHMARKJS",
        "hyperfine": "hyperfine:HYPERFINE",
        "k6": "k6:K6",
        "locust": "locust:LOCUST",
        "wrk": "wrk:WRK",
        "load": "load:LOAD",
        "json": "json_results:JSON",
        "regex": "regex:RegexHarness",
        "size": "size:SizeHarness",
        "build": "build:BuildHarness",
    }
)
"""In the order in which ``perfbot harnesses`` lists them."""


def about(harness: Harness) -> str:
    """One line about a harness: the first of its module."""
    module = parse.__module__ if (parse := _parse(harness)) else type(harness).__module__
    return (sys.modules[module].__doc__ or "").splitlines()[0].replace("``", "`")


def reader(written: Sequence[Written]) -> str:
    """What a tool wrote, and the harness that reads it, for hints; empty when nobody can say."""
    parsers = {name: parse for name, harness in HARNESSES.items() if (parse := _parse(harness))}
    return recognised(written, parsers)


def _parse(harness: Harness) -> Parse | None:
    """What reads a tool's results; None where a harness runs no tool."""
    from perfbot.harness.tool import ToolHarness  # noqa: PLC0415 - most runs have none

    return harness.parse if isinstance(harness, ToolHarness) else None


def harness_for(suite: SuiteBase | Any) -> Harness:
    """The harness that a suite names.

    Raises:
        ConfigError: nothing can run it.
    """
    try:
        return HARNESSES[suite.harness]
    except KeyError:
        known = ", ".join(sorted(HARNESSES))
        raise ConfigError(
            f'[[suite]] "{suite.name}": harness "{suite.harness}" cannot be run; expected one of {known}',
            hint="Type `perfbot harnesses` for an example of each.",
        ) from None
