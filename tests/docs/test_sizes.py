"""What one reads at a time stays short: functions of 50 lines, modules of 400, half of all functions of at most 7."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_MODULE, LONGEST_FUNCTION, USUAL_FUNCTION = 400, 50, 7


def functions(file: Path) -> dict[str, int]:
    """Lines of each function of a file."""
    found = ast.walk(ast.parse(file.read_text("utf-8")))
    return {
        f"{file.relative_to(ROOT)}:{one.lineno} {one.name}": (one.end_lineno or 0) - one.lineno + 1
        for one in found
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("folder", ["perfbot", "evidence", "benchmarks", "tests"])
def test_nothing_is_longer_than_one_reads(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    lines = {str(file.relative_to(ROOT)): file.read_text("utf-8").count("\n") for file in files}
    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}
    sizes = {name: size for file in files for name, size in functions(file).items()}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}
    assert median(sizes.values()) <= USUAL_FUNCTION
