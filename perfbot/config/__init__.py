"""The configuration: perfbot.toml, or [tool.perfbot] in pyproject.toml.

Importing this package imports pydantic; the command line does so only in the verbs that read a configuration.
"""

from perfbot.config.document import Config
from perfbot.config.limits import METRICS, parse_budget, unit_of
from perfbot.config.load import check_paths, find, load, parse
from perfbot.config.sections import Gate, Publish, RunSettings
from perfbot.config.suite_base import SuiteBase
from perfbot.config.suites import (
    HARNESSES,
    AsvSuite,
    CallableSuite,
    CommandSuite,
    PyperfSuite,
    PytestSuite,
    PythonSuite,
    Suite,
)
from perfbot.config.tools import BuildSuite, Exchange, HttpSuite, RegexSuite, SizeSuite, ToolBase

__all__ = [
    "HARNESSES",
    "METRICS",
    "AsvSuite",
    "BuildSuite",
    "CallableSuite",
    "CommandSuite",
    "Config",
    "Exchange",
    "Gate",
    "HttpSuite",
    "Publish",
    "PyperfSuite",
    "PytestSuite",
    "PythonSuite",
    "RegexSuite",
    "RunSettings",
    "SizeSuite",
    "Suite",
    "SuiteBase",
    "ToolBase",
    "check_paths",
    "find",
    "load",
    "parse",
    "parse_budget",
    "unit_of",
]  # fmt: skip
