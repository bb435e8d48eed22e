"""JSON lines, written as things happen, so that a kill loses nothing; a script that is started again goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def append(path: Path, record: dict[str, Any]) -> None:
    """Add a line, on its own even where the one before was cut off."""
    cut = path.exists() and path.stat().st_size > 0 and path.read_bytes()[-1:] != b"\n"
    with path.open("a") as file:
        file.write("\n" * cut + json.dumps(record, separators=(",", ":")) + "\n")


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """Lines so far; one that was cut off by a kill is none. Nothing where there is no file."""
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            say(f"{path}: left out a line that was cut off")
        else:
            yield record


def say(text: str) -> None:
    """Progress, and what went wrong."""
    print(text, file=sys.stderr, flush=True)


def ended(main: Callable[[], int]) -> int:
    """The exit code of a script, that of an interruption included."""
    try:
        return main()
    except KeyboardInterrupt:
        say("interrupted: what was measured is kept; the same command goes on")
        return 130
