"""What happened when, for those who doubt the order: JSON lines, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TextIO

Trace = Callable[..., None]


def no_trace(**event: Any) -> None:
    """Forget it."""


def trace_to(file: TextIO) -> Trace:
    """One JSON object a line, written as it happens."""

    def write(**event: Any) -> None:
        file.write(json.dumps(event, separators=(",", ":")) + "\n")

    return write
