"""What a report says of itself; with as few imports as can be, since a process is started for each."""

from __future__ import annotations

import dataclasses
from typing import Any

from perfbot import report
from perfbot.history.store.documents import fingerprint
from perfbot.service.purpose import About

MAX_BYTES = 64 * 1024 * 1024
"""Of a report."""


def check(body: bytes) -> dict[str, Any]:
    """The fields of an :class:`About`.

    Raises:
        ReportError: it cannot be read.
    """
    found = report.loads(body, "the report", MAX_BYTES)
    change = found.change
    return dataclasses.asdict(About(change.project, change.merge_request, change.head, fingerprint(found)))
