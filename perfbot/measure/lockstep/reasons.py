"""What is said about benchmarks of live workers: why one failed, and what a reader should know."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from perfbot.measure.lockstep.link import BOOT, WorkerLost
from perfbot.measure.lockstep.plan import FEWEST_CALLS, Speed
from perfbot.measure.session import Failed, Outcome
from perfbot.model import SIDES, Problem, Side
from perfbot.reasons import (
    Failure,
    GaveUp,
    HeadsVersion,
    Note,
    Said,
    TakesTooLong,
    Threaded,
    Unpinned,
    Waits,
)
from perfbot.reasons.words import clause, text

OUTPUT_LINES = 15
"""How much of a failing process's output is shown."""


def too_long(limit: float) -> TakesTooLong:
    """Why a call that takes longer than ``limit`` seconds is not measured."""
    return TakesTooLong(limit, FEWEST_CALLS)


def joined(failures: list[Failed]) -> Iterator[Failed]:
    """One failure a benchmark: of one side, or of both with head's reason; skipping counts where nothing fails."""
    failed = [one for one in failures if not one.skipped] or failures
    if len(failed) == len(SIDES):
        worst = min(failed, key=lambda failure: failure.side == "base")
        yield replace(worst, side="both")
    else:
        yield from failed


def ended_as(name: str, side: Side, message: Mapping[str, Any]) -> Failed:
    """What a worker says about a benchmark that ended with an error, or by leaving itself out."""
    skipped = not message["error"]
    return Failed(name, side, (Said(message["error"] or message["skipped"]),), skipped, left_out=skipped)


def is_suspect(outcome: Outcome) -> TypeGuard[Failed]:
    """Whether a failure or skip on both sides may be head's doing, where both ran head's version of the benchmark."""
    return isinstance(outcome, Failed) and outcome.side == "both" and (outcome.left_out or not outcome.skipped)


def is_one_sided(outcome: Outcome) -> TypeGuard[Failed]:
    """Whether a benchmark fails on one side alone, as all of it."""
    return isinstance(outcome, Failed) and outcome.side != "both" and outcome.metric is None


def blamed(failed: Failed) -> Failed:
    """A failure on both sides for which head answers: both ran its version of the benchmark."""
    return replace(failed, side="head", reasons=(HeadsVersion(failed.left_out), *failed.reasons))


def reasons_of(lost: WorkerLost) -> tuple[Failure, ...]:
    """Why a worker was lost, with the end of what it printed; in a stack, frames of the worker itself tell nothing."""
    own = f'  File "{BOOT.parent}{os.sep}'
    printed = tail("\n".join(line for line in lost.output.splitlines() if not line.startswith(own)))
    return (lost.reason, *((Said(printed),) if printed else ()))


def told_as(reasons: Iterable[Failure]) -> str:
    """Reasons within the message of an error, or of another record that holds sentences."""
    return text(reasons)


def start_failure(lost: WorkerLost) -> str:
    """Why a worker did not even start, in one line, for the message of an error."""
    why = (raised(lost.output) or last_line(lost.output)) if lost.reason == GaveUp() else ""
    return f"{clause(lost.reason)}: {why}" if why else clause(lost.reason)


def tail(output: str) -> str:
    """The end of an output."""
    return "\n".join(output.strip().splitlines()[-OUTPUT_LINES:])


def concerns(where: str, file: str) -> bool:
    """Whether a problem's place (a collector's node id) is the file that a benchmark lies in, or a folder of it."""
    place = where.partition("::")[0]
    return bool(place and file) and f"/{file}".startswith((f"/{place}", f"/{file[: -len(place)]}{place}"))


def last_line(text: str) -> str:
    """The last line that holds anything: of a traceback, what was raised. With advice where a module is missing."""
    found = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    return advised(re.sub(r"^E\s+", "", found.strip()))


def raised(output: str) -> str:
    """What pytest says was raised, in output that goes on after it; empty where it says nothing."""
    return next((last_line(line) for line in reversed(output.splitlines()) if line.startswith("E  ")), "")


def advised(reason: str) -> str:
    """A reason, and what to do where a module could not be found."""
    missing = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", reason)
    return f"{reason} (if a package brings {missing[1]}, `setup` must install it)" if missing else reason


def merged(problems: Mapping[Side, Sequence[Mapping[str, str]]], suite: str) -> list[Problem]:
    """What could not be collected; what is the same on both sides is said once, with head's output."""
    told: dict[tuple[str, str], dict[Side, str]] = {}
    for side in SIDES:
        for item in problems[side]:
            told.setdefault((item["where"], last_line(item["message"])), {})[side] = item["message"]
    return [
        Problem(f"suite {suite}, {' and '.join(outputs)}: {where}", message, list(outputs.values())[-1], fatal=False)
        for (where, message), outputs in told.items()
    ]


def notes_of(speed: Speed, *, pinned: bool) -> tuple[Note, ...]:
    """What a reader should know about how a benchmark was measured."""
    if speed.threaded:
        return (Threaded(),)
    notes = (Waits(),) if speed.waits else ()
    return notes if pinned else (*notes, Unpinned())
