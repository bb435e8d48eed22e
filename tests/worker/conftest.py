"""Environments with and without the plugins that suites were written for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.environments import environment
from tests.workers import Sides

PLUGINS = ("pytest-benchmark", "pytest-codspeed", "pytest-xdist", "pytest-timeout")


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with pytest and pyperf, and no plugin."""
    return environment(tmp_path_factory.mktemp("bare") / "env", "pytest", "pyperf")


@pytest.fixture(scope="session")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with pytest and the plugins that perfbot takes the place of, or keeps away."""
    return environment(tmp_path_factory.mktemp("plugged") / "env", "pytest", "pyperf", *PLUGINS)


@pytest.fixture
def sides(tmp_path: Path, bare: Path) -> Sides:
    """Two empty checkouts."""
    return Sides(tmp_path, bare)
