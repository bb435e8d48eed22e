"""Which harness runs which kind of suite."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from perfbot.config import SuiteBase
from perfbot.errors import ConfigError
from perfbot.harness.asv import AsvHarness
from perfbot.harness.base import Harness
from perfbot.harness.benchmarkdotnet import BENCHMARKDOTNET
from perfbot.harness.benchmarkjs import BENCHMARKJS
from perfbot.harness.build import BuildHarness
from perfbot.harness.catch2 import CATCH2
from perfbot.harness.command import CommandHarness
from perfbot.harness.criterion import CRITERION
from perfbot.harness.foreign import recognised
from perfbot.harness.go import GO
from perfbot.harness.google_benchmark import GOOGLE_BENCHMARK
from perfbot.harness.http import HttpHarness
from perfbot.harness.hyperfine import HYPERFINE
from perfbot.harness.jmh import JMH
from perfbot.harness.json_results import JSON
from perfbot.harness.k6 import K6
from perfbot.harness.libtest import LIBTEST
from perfbot.harness.load import LOAD
from perfbot.harness.locust import LOCUST
from perfbot.harness.pyperf import PyperfHarness
from perfbot.harness.pytest import PytestHarness
from perfbot.harness.python import PythonHarness
from perfbot.harness.regex import RegexHarness
from perfbot.harness.size import SizeHarness
from perfbot.harness.tool import ToolHarness
from perfbot.harness.vitest import VITEST
from perfbot.harness.wrk import WRK
from perfbot.measure.processes.tools import Written

HARNESSES: dict[str, Harness] = {
    "pytest": PytestHarness(),
    "pyperf": PyperfHarness(),
    "asv": AsvHarness(),
    "python": PythonHarness(),
    "command": CommandHarness(),
    "http": HttpHarness(),
    "go": GO,
    "google_benchmark": GOOGLE_BENCHMARK,
    "catch2": CATCH2,
    "criterion": CRITERION,
    "libtest": LIBTEST,
    "jmh": JMH,
    "benchmarkdotnet": BENCHMARKDOTNET,
    "vitest": VITEST,
    "benchmarkjs": BENCHMARKJS,
    "hyperfine": HYPERFINE,
    "k6": K6,
    "locust": LOCUST,
    "wrk": WRK,
    "load": LOAD,
    "json": JSON,
    "regex": RegexHarness(),
    "size": SizeHarness(),
    "build": BuildHarness(),
}
"""In the order in which ``perfbot harnesses`` lists them."""


def about(harness: Harness) -> str:
    """One line about a harness: the first of its module."""
    module = harness.parse.__module__ if isinstance(harness, ToolHarness) else type(harness).__module__
    return (sys.modules[module].__doc__ or "").splitlines()[0].replace("``", "`")


def reader(written: Sequence[Written]) -> str:
    """What a tool wrote, and the harness that reads it, for hints; empty when nobody can say."""
    parsers = {name: harness.parse for name, harness in HARNESSES.items() if isinstance(harness, ToolHarness)}
    return recognised(written, parsers)


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
