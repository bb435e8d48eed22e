"""The payload of the event that started the job, read from the file that GitHub names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfbot.errors import UsageError


def read_event(environ: Mapping[str, str], file: Path | None = None) -> dict[str, Any]:
    """The event's payload: of ``file``, else at GITHUB_EVENT_PATH, else empty.

    Raises:
        UsageError: the file is not there or not a JSON object.
    """
    path = file or (Path(environ["GITHUB_EVENT_PATH"]) if environ.get("GITHUB_EVENT_PATH") else None)
    if path is None or (file is None and not path.is_file()):
        return {}
    try:
        event = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise UsageError(f"{path}: is not JSON: {why}") from error
    if not isinstance(event, dict):
        raise UsageError(f"{path}: expected a JSON object, the event's payload")
    return event


LARGEST = 2**63 - 1
"""Of what forges number: they keep it in 64 bits."""


def number_in(value: object) -> int:
    """A number of a variable or a payload; 0 for what is none, or none that a forge gives."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < len(str(LARGEST)):
        return int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= LARGEST else 0  # type: ignore[operator, return-value]
