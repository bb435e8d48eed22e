"""Why a benchmark of a live worker failed, in words."""

from __future__ import annotations

from collections.abc import Iterator

from perfbot.measure.link import WorkerLost
from perfbot.measure.session import Failed
from perfbot.model import SIDES

OUTPUT_LINES = 15
"""How much of a failing process's output is shown."""


def joined(failures: list[Failed]) -> Iterator[Failed]:
    """One failure a benchmark: of one side, or of both with head's reason."""
    if len(failures) == len(SIDES):
        worst = min(failures, key=lambda failure: (failure.skipped, failure.side == "base"))
        yield Failed(worst.name, "both", worst.reason, worst.skipped)
    else:
        yield from failures


def reason_of(lost: WorkerLost) -> str:
    """Why a worker was lost, with the end of what it printed."""
    return "\n".join(part for part in (lost.reason, tail(lost.output)) if part)


def tail(output: str) -> str:
    """The end of an output."""
    return "\n".join(output.strip().splitlines()[-OUTPUT_LINES:])


def concerns(where: str, file: str) -> bool:
    """Whether a problem's place (a collector's node id) is the file that a benchmark lies in, or a folder of it."""
    place = where.partition("::")[0]
    return bool(place and file) and f"/{file}".startswith((f"/{place}", f"/{file[: -len(place)]}{place}"))


def last_line(text: str) -> str:
    """The last line that holds anything: of a traceback, what was raised."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
