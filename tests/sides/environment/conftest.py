"""A flat-layout project that builds without the network, and a home with nothing in it."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from perfbot.model import Change
from perfbot.process import run, scrubbed_environment
from perfbot.sides.checkout import Checkout, checkouts
from perfbot.sides.environment import Environment, prepare
from tests.repositories import Repository

BACKEND = '''
"""The smallest build backend: one package, no dependencies."""
import os, zipfile

FILES = {
    "flat-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: flat\\nVersion: 1\\n",
    "flat-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}

def _wheel(folder, files):
    with zipfile.ZipFile(os.path.join(folder, "flat-1-py3-none-any.whl"), "w") as wheel:
        for name, text in {**FILES, **files}.items():
            wheel.writestr(name, text)
        wheel.writestr("flat-1.dist-info/RECORD", "".join(f"{n},,\\n" for n in [*FILES, *files]))
    return "flat-1-py3-none-any.whl"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {"flat/__init__.py": open("flat/__init__.py").read()})

def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {"flat.pth": os.getcwd()})

def get_requires_for_build_wheel(config_settings=None):
    return []

get_requires_for_build_editable = get_requires_for_build_wheel
'''

PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["building"]
[project]
name = "flat"
version = "1"
"""


@dataclass
class Sides:
    """Both sides of a change, and how to make and use their environments."""

    repository: Repository
    base: Checkout
    head: Checkout
    environ: dict[str, str]
    told: list[str]

    def prepare(self, checkout: Checkout, *setup: str, **options: object) -> Environment:
        """The side's environment, by default with Python and within a minute."""
        defaults: dict[str, object] = {"python": None, "needs_python": True, "timeout": 60.0}
        return prepare(checkout, setup=setup, on_line=self.told.append, environ=self.environ, **{**defaults, **options})  # type: ignore[arg-type]

    def evaluate(self, environment: Environment, folder: Path, expression: str) -> str:
        """What an expression gives in a side's environment, started in a folder."""
        assert environment.python is not None
        variables = scrubbed_environment(self.environ, environment.home, environment.variables)
        code = f"import flat, os, sys; print({expression})"
        done = run([str(environment.python), "-c", code], cwd=folder, env=variables, timeout=30)
        assert done.ok, done.output
        return done.output.strip()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The outer environment: no network, one wheel to be found, uv, and an empty home."""
    home = tmp_path / "person"
    home.mkdir()
    wheels = tmp_path / "wheels"
    a_wheel(wheels, "helper")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "UV_OFFLINE": "1"}


@pytest.fixture
def sides(tmp_path: Path, environ: dict[str, str]) -> Iterator[Sides]:
    """``flat.VALUE`` is base, head, and, uncommitted in the person's own checkout, mine."""
    repository = Repository(tmp_path / "project")
    files = {"pyproject.toml": PROJECT, "building/backend.py": BACKEND}
    base = repository.commit({**files, "flat/__init__.py": "VALUE = 'base'\n"})
    head = repository.commit({"flat/__init__.py": "VALUE = 'head'\n"})
    repository.write({"flat/__init__.py": "VALUE = 'mine'\n"})
    with checkouts(repository.path, Change(base, head), cache=tmp_path / "cache") as pair:
        yield Sides(repository, *pair, environ, [])


def a_wheel(folder: Path, name: str) -> None:
    """A wheel with one empty module."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_digest(text)},{len(text)}\n" for path, text in files.items())
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(path, text)


def _digest(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"
