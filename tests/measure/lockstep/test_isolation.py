"""Each side runs its own code, on any Python from 3.8 on."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from pathlib import Path

import pytest

import perfbot.worker
from perfbot.model import SIDES
from tests.environments import environment, site_packages
from tests.workers import Sides, take

WORKER = Path(perfbot.worker.__file__).parent

LOG = (
    'import os\n\ndef log(text):\n    with open(os.environ["LOG"], "a") as file:\n        file.write(text + "\\n")\n\n'
)


def interpreters() -> list[str]:
    """One interpreter of each version from 3.8 on that this machine has."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    for minor in range(8, 20):
        name = f"python3.{minor}"
        installed = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/{name}"))
        program = str(installed[-1]) if installed else shutil.which(name)
        if program and ".pyenv/shims" not in program:
            found.setdefault(f"3.{minor}", program)
    return list(found.values())


@pytest.mark.parametrize("file", sorted(WORKER.glob("*.py")), ids=lambda file: file.name)
def test_the_worker_is_written_for_python_3_8(file: Path) -> None:
    if file.name != "launcher.py":  # runs with perfbot's own interpreter
        ast.parse(file.read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("python", interpreters())
def test_the_worker_runs_on(python: str, tmp_path: Path) -> None:
    sides = Sides(tmp_path, Path(python))
    sides.write({"shop.py": LOG + "import sys\nlog(sys.version.split()[0])\ndef work():\n    sum(range(100))\n"})
    taken = take(sides.suite('harness = "python"\nfunctions = { work = "shop:work" }'))
    (only,) = taken.rounds("work")
    assert len(only.base) == len(only.head) > 1
    assert set(sides.logged()) == {sides.logged()[0]}


def test_neither_side_sees_the_others_code_nor_the_checkouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sides = Sides(tmp_path, Path(sys.executable))
    text = LOG + "WHERE = {!r}\ndef work():\n    sum(range(100))\nlog(WHERE + ' ' + os.path.dirname(__file__))\n"
    for side in SIDES:
        sides.write({"shop.py": text.format(side)}, sides=[side])
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "shop.py").write_text(text.format("mine"))
    monkeypatch.chdir(mine)
    monkeypatch.setenv("PYTHONPATH", str(mine))
    take(sides.suite('harness = "python"\nfunctions = { work = "shop:work" }'))
    assert set(sides.logged()) == {f"{side} {sides.tree(side)}" for side in SIDES}


FLAT = "from flat.generated import VALUE\ndef work():\n    sum(range(100))\n"
USES_FLAT = LOG + "import flat\nlog(os.path.dirname(flat.__file__))\n"
CALLS_FLAT = "def test_flat(benchmark):\n    benchmark(flat.work)\n"
WAYS = {
    "python": (
        {"uses_flat.py": USES_FLAT + "def run():\n    flat.work()\n"},
        'harness = "python"\nfunctions = { flat = "uses_flat:run" }',
    ),
    "pytest": (
        {"benchmarks/test_flat.py": USES_FLAT + CALLS_FLAT, "conftest.py": "import flat\n"},
        'harness = "pytest"\npaths = ["benchmarks/"]',
    ),
    "pytest, one file": (
        {"test_flat.py": USES_FLAT + CALLS_FLAT, "conftest.py": ""},
        'harness = "pytest"\npaths = ["test_flat.py"]',
    ),
    "pyperf": (
        {"bench_flat.py": USES_FLAT + "import pyperf\npyperf.Runner().bench_func('flat', flat.work)\n"},
        'harness = "pyperf"\npaths = ["bench_flat.py"]',
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_installed_goes_before_what_lies_in_a_flat_checkout(tmp_path: Path, way: str) -> None:
    python = environment(tmp_path / "env", "pytest", "pyperf")
    installed = site_packages(tmp_path / "env") / "flat"
    installed.mkdir()
    (installed / "__init__.py").write_text(FLAT)
    (installed / "generated.py").write_text("VALUE = 1\n")
    sides = Sides(tmp_path, python)
    files, suite = WAYS[way]
    sides.write({"flat/__init__.py": FLAT, **files})
    taken = take(sides.suite(suite))
    assert taken.failures() == {}
    assert len(taken.measured()) == 1, taken.discovery.problems
    assert set(sides.logged()) == {os.fspath(installed)}


def test_a_project_named_perfbot_is_measured_as_itself(tmp_path: Path) -> None:
    sides = Sides(tmp_path, environment(tmp_path / "env"))
    package = {"perfbot/__init__.py": "", "perfbot/worker/__init__.py": "", "perfbot/process.py": LOG}
    own = "from perfbot.process import log\nlog(__file__)\ndef work():\n    sum(range(100))\n"
    sides.write({**package, "perfbot/benchmarks.py": own, "session.py": "raise AssertionError('shadowed')\n"})
    taken = take(sides.suite('harness = "python"\nfunctions = { own = "perfbot.benchmarks:work" }'))
    assert taken.measured() == {"own"}
    assert set(sides.logged()) == {f"{sides.tree(side)}/perfbot/benchmarks.py" for side in SIDES}
