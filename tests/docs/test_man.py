"""The man page is what the parser says, and comes with the wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from perfbot.cli.main import VERBS

ROOT = Path(__file__).parents[2]
MAKE = ROOT / "docs" / "man" / "make.py"
PAGE = MAKE.with_name("perfbot.1")


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_man", MAKE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_parser_says(make: ModuleType) -> None:
    assert PAGE.read_text("utf-8") == make.page(), "python docs/man/make.py"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_it_with_all_its_options(make: ModuleType, verb: str) -> None:
    own = PAGE.read_text("utf-8").partition(f".SS perfbot {verb}\n")[2].partition("\n.S")[0]
    assert f"\\fBperfbot {verb}\\fR" in own
    for action in make.parser_of(verb)._actions:
        for name in set(action.option_strings) - {"-h", "--help"}:
            assert f"\\fB{make.text(name)}\\fR" in own, name


def test_the_environment_that_it_names_is_read(make: ModuleType) -> None:
    sources = "".join(file.read_text("utf-8") for file in (ROOT / "perfbot").rglob("*.py"))
    assert [name for name in make.ENVIRONMENT if f'"{name}"' not in sources] == []


@pytest.mark.parametrize(
    ("plain", "shown"),
    [(".hidden", "\\&.hidden"), ("a\\b", "a\\eb"), ("--base", "\\-\\-base"), ("it's `x`", "it\\(aqs \\(gax\\(ga")],
)
def test_no_word_is_taken_for_a_request_of_troff(make: ModuleType, plain: str, shown: str) -> None:
    assert make.text(plain) == shown


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not here")
def test_troff_has_nothing_to_warn_of() -> None:
    argv = ["groff", "-man", "-Tutf8", "-Kutf8", "-ww", "-rLL=200n", os.fspath(PAGE)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "perfbot - compares the benchmarks of two commits" in " ".join(done.stdout.split())


def test_the_wheel_brings_it(tmp_path: Path) -> None:
    build = f"from hatchling.build import build_wheel; print(build_wheel({os.fspath(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", build], cwd=ROOT, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(tmp_path / done.stdout.split()[-1]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".data/data/share/man/man1/perfbot.1"))
        assert wheel.read(name) == PAGE.read_bytes()
