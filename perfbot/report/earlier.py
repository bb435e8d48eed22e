"""Reports of version 1, in which reasons and notes were sentences."""

from __future__ import annotations

from typing import Any

SCHEMA = "perfbot.report/1"


def upgraded(data: bytes) -> bytes:
    """A report of version 1 as one of version 2; what its results say is what a program said.

    What is not as it should be stays so, for the reader of version 2 to refuse by its place.
    """
    from pydantic_core import from_json, to_json  # noqa: PLC0415 - only where such a report is read

    report = from_json(data)
    results = report.get("results")
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict):
            _upgrade(result)
    return to_json({**report, "schema": "perfbot.report/2"}, inf_nan_mode="constants")


def _upgrade(result: dict[str, Any]) -> None:
    reason, notes = result.pop("reason", ""), result.get("notes", [])
    result["reasons"] = [_said(reason)] if reason else []
    if isinstance(notes, list):
        result["notes"] = [_said(note) for note in notes if note]


def _said(text: object) -> dict[str, object]:
    return {"kind": "said", "text": text}
