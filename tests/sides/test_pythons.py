"""Which interpreter a version means, on machines with version managers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perfbot.sides.pythons import asked_of_uv, find_python


def program(path: Path) -> str:
    """A program that can be started."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return os.fspath(path)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A home with a folder of programs."""
    return {"HOME": os.fspath(tmp_path), "PATH": f"{tmp_path}/.pyenv/shims:{tmp_path}/bin"}


def test_a_program_on_path_is_taken(tmp_path: Path, environ: dict[str, str]) -> None:
    program(tmp_path / ".pyenv/versions/3.12.1/bin/python")
    here = program(tmp_path / "bin/python3.12")
    assert find_python("3.12", environ) == here
    assert asked_of_uv("3.12", environ) == "3.12"


def test_of_a_shim_the_newest_version_that_is_installed(tmp_path: Path, environ: dict[str, str]) -> None:
    shim = program(tmp_path / ".pyenv/shims/python3.12")
    for version in ("3.12.9", "3.12.10", "3.12.11t", "3.120.1", "3.13.0"):
        program(tmp_path / f".pyenv/versions/{version}/bin/python")
    assert find_python("3.12", environ) == f"{tmp_path}/.pyenv/versions/3.12.10/bin/python"
    assert find_python("3.12.9", environ) == f"{tmp_path}/.pyenv/versions/3.12.9/bin/python"
    assert find_python("3.14", environ) is None
    asked = (asked_of_uv(version, environ) for version in ("3.12", "3.12.9", "3.14"))
    assert [*asked] == [f"{tmp_path}/.pyenv/versions/3.12.10/bin/python", "3.12.9", "3.14"]
    other = {**environ, "PYENV_ROOT": f"{tmp_path}/elsewhere"}
    assert find_python("3.12", other) == shim
    newer = program(tmp_path / ".local/share/mise/installs/python/3.12.12/bin/python")
    assert find_python("3.12", environ) == newer
