"""What the worker may import: its own modules, the standard library, and the frameworks whose benchmarks it runs."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import perfbot.worker

FOLDER = Path(perfbot.worker.__file__).parent
FRAMEWORKS = {"pytest_adapter.py": {"pytest"}, "pyperf_adapter.py": {"pyperf"}}
"""Found in the measured environment, where their suites need them anyway."""


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name)
def test_the_worker_knows_the_standard_library_alone(file: Path) -> None:
    allowed = set(sys.stdlib_module_names) | FRAMEWORKS.get(file.name, set()) | {"_perfbot_worker"}
    assert set(imported(ast.parse(file.read_text("utf-8")))) <= allowed
