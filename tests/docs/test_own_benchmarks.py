"""perfbot's own suite: what CI measures of itself can be collected, all of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_file_of_the_suite_is_collected() -> None:
    """A name that has moved in perfbot would cost a file, and with it most of what CI measures."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "benchmarks/", "--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    collected = set(re.findall(r"^benchmarks/(test_\w+\.py)::", ran.stdout, re.MULTILINE))
    assert collected == {file.name for file in (ROOT / "benchmarks").glob("test_*.py")}
