"""What the worker may import: its own modules, the standard library, and the frameworks whose benchmarks it runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import perfbot.worker
from perfbot.worker.session import error_text

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


DEAR = {
    "ast",
    "asyncio",
    "ctypes",
    "importlib.abc",
    "inspect",
    "linecache",
    "pathlib",
    "tempfile",
    "traceback",
    "unittest",
}
"""What takes as long to import as an interpreter takes to start, or a good part of that."""

START = """\
import sys, types
package = types.ModuleType("_perfbot_worker")
package.__path__ = [sys.argv[1]]
sys.modules["_perfbot_worker"] = package
import _perfbot_worker.python
print(*sorted(sys.modules))
"""


def test_each_round_starts_two_workers_so_a_worker_starts_with_little() -> None:
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", START, FOLDER], capture_output=True, text=True, check=True)
    assert "_perfbot_worker.timers" in ran.stdout.split()
    assert DEAR & set(ran.stdout.split()) == set()


def test_what_is_left_of_an_error_where_nothing_can_be_imported_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "traceback", None)
    assert error_text(OSError(24, "Too many open files")) == "OSError: [Errno 24] Too many open files"
