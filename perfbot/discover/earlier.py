"""What watched a project's performance until now: recognised in its CI files, so that `init` can name the way over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

LARGEST_TEXT = 500_000
"""Bytes; CI files are smaller."""

CI_FILES = (
    ".gitlab-ci.yml",
    ".gitlab/*.yml",
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    "noxfile.py",
    "tox.ini",
)

TOOLS = {
    "github-action-benchmark": re.compile(r"(?:benchmark-action|rhysd)/github-action-benchmark@"),
    "pytest-benchmark": re.compile(r"--benchmark-(?:compare|save|autosave)\b"),
    "asv": re.compile(r"\basv (?:continuous|compare|run)\b"),
    "codspeed": re.compile(r"CodSpeedHQ/|\bcodspeed run\b"),
    "bencher": re.compile(r"bencherdev/bencher@|\bbencher run\b"),
}
"""By the page of the documentation on how to come from it."""


def earlier(root: Path) -> Iterator[tuple[str, str]]:
    """Tools that a repository's CI files call, each once, with the first file that does, relative to ``root``."""
    told = set()
    for path in chain.from_iterable(sorted(root.glob(pattern)) for pattern in CI_FILES):
        if not path.is_file() or path.stat().st_size > LARGEST_TEXT:
            continue
        text = path.read_text("utf-8", "replace")
        for tool, mark in TOOLS.items():
            if tool not in told and mark.search(text):
                told.add(tool)
                yield tool, path.relative_to(root).as_posix()
