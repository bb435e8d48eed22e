"""Which harness runs which kind of suite."""

from __future__ import annotations

from typing import Any

from perfbot.config import SuiteBase
from perfbot.errors import ConfigError
from perfbot.harness.asv import AsvHarness
from perfbot.harness.base import Harness
from perfbot.harness.command import CommandHarness
from perfbot.harness.pyperf import PyperfHarness
from perfbot.harness.pytest import PytestHarness
from perfbot.harness.python import PythonHarness

HARNESSES: dict[str, Harness] = {
    "pytest": PytestHarness(),
    "pyperf": PyperfHarness(),
    "asv": AsvHarness(),
    "python": PythonHarness(),
    "command": CommandHarness(),
}


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
