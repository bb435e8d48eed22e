"""What is shown, to the letter; ``python -m tests.render.regenerate`` writes these files again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.render.regenerate import GOLDEN, golden_files

FILES = list(golden_files())


@pytest.mark.parametrize(("path", "make"), FILES, ids=[f"{path.parent.name}/{path.stem}" for path, _ in FILES])
def test_golden_file_is_current(path: Path, make: Callable[[], str]) -> None:
    assert make() == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    kinds = {path.parent for path, _ in FILES}
    assert {path for kind in kinds for path in kind.iterdir()} == {path for path, _ in FILES}
    assert all(kind.parent == GOLDEN for kind in kinds)
