"""Small working trees, written from texts."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def plant(tmp_path) -> Callable[..., Path]:
    """``plant({"folder/file.py": "text"})`` writes files into a fresh folder and returns it."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), "utf-8")
        return tmp_path

    return write
