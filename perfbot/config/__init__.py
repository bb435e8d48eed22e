"""The configuration: perfbot.toml, or [tool.perfbot] in pyproject.toml.

Importing this package imports pydantic; the command line does so only in the verbs that read a configuration.
"""

from perfbot.config.document import Config
from perfbot.config.limits import METRICS, parse_budget, unit_of
from perfbot.config.load import check_paths, find, load, parse
from perfbot.config.sections import Gate, Publish, Run
from perfbot.config.suites import (
    HARNESSES,
    AsvSuite,
    CallableSuite,
    CommandSuite,
    PyperfSuite,
    PytestSuite,
    PythonSuite,
    Suite,
    SuiteBase,
)

__all__ = [
    "HARNESSES",
    "METRICS",
    "AsvSuite",
    "CallableSuite",
    "CommandSuite",
    "Config",
    "Gate",
    "Publish",
    "PyperfSuite",
    "PytestSuite",
    "PythonSuite",
    "Run",
    "Suite",
    "SuiteBase",
    "check_paths",
    "find",
    "load",
    "parse",
    "parse_budget",
    "unit_of",
]  # fmt: skip
