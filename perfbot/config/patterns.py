"""Patterns of files, as in .gitignore."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import pathspec


def touches(patterns: tuple[str, ...], changed: Iterable[str]) -> bool:
    """Whether a change of these files touches what some patterns mean; no patterns mean everything."""
    return not patterns or any(map(_compiled(patterns).match_file, changed))


@lru_cache(maxsize=64)
def _compiled(patterns: tuple[str, ...]) -> pathspec.PathSpec[pathspec.Pattern]:
    return pathspec.PathSpec.from_lines("gitignore", patterns)
