"""Expressions of the workflows end where they seem to: a number sign ends a plain scalar, and no linter minds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / "docs/examples/github").glob("*.yml")), ROOT / "action.yml"]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for member in value.values():
            yield from texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_one_that_begins_ends(file: Path) -> None:
    found = list(texts(yaml.safe_load(file.read_text())))
    assert sum(text.count("${{") for text in found) == file.read_text().count("${{")
    for text in found:
        assert text.count("${{") == text.count("}}"), text
        assert text.count("'") % 2 == 0 or "${{" not in text, text
