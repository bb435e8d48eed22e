"""Two checkouts whose benchmarks run in this interpreter: nothing has to be installed for them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.workers import Sides


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    """Two empty checkouts."""
    return Sides(tmp_path, Path(sys.executable))
