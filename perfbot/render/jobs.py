"""The table that a comment of several jobs begins with: benchmarks that block merging, by job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from perfbot.render.comment_rows import together
from perfbot.render.escape import code, prose
from perfbot.units import format_change
from perfbot.words import counted

MOST_ROWS = 20
State = Literal["blocks", "passes", "measuring"]
_SIGNS = {"blocks": "🔴 blocks", "passes": "⚪ passes", "measuring": "⏳ measuring"}


@dataclass(frozen=True, slots=True)
class JobVerdict:
    """What one job said last; ``failing``: benchmark → change (a fraction) of those that fail the gate."""

    name: str
    state: State
    failing: Mapping[str, float] = field(default_factory=dict)


def jobs_table(jobs: Sequence[JobVerdict]) -> str:
    """A heading, and a row for each benchmark that blocks anywhere, the worst first; empty for a single job."""
    if len(jobs) < 2:
        return ""
    blocking = [job for job in jobs if job.state == "blocks"]
    names = {name for job in blocking for name in job.failing}
    worst = sorted(names, key=lambda name: (-max(abs(job.failing.get(name, 0.0)) for job in blocking), name))
    head = ["Benchmark", *(prose(job.name) or "(no name)" for job in jobs)]
    rows = [["**all**", *(_SIGNS[job.state] for job in jobs)]]
    rows += [[code(name), *(_cell(job, name) for job in jobs)] for name in worst[:MOST_ROWS]]
    lines = [_title(jobs, blocking), "", _line(head), _line([":--"] * len(head)), *map(_line, rows)]
    if more := len(worst) - MOST_ROWS:
        lines += ["", f"… and {counted(more, 'benchmark')} more, below."] if more > 0 else []
    return "\n".join(lines)


def _title(jobs: Sequence[JobVerdict], blocking: Sequence[JobVerdict]) -> str:
    if blocking:
        verb = "blocks" if len(blocking) == 1 else "block"
        return f"### 🔴 perfbot: {len(blocking)} of {counted(len(jobs), 'job')} {verb} merging"
    waiting = [job for job in jobs if job.state == "measuring"]
    if waiting:
        return f"### ⏳ perfbot: {len(waiting)} of {counted(len(jobs), 'job')} to come, none blocks merging so far"
    return f"### ⚪ perfbot: none of {counted(len(jobs), 'job')} blocks merging"


def _cell(job: JobVerdict, name: str) -> str:
    change = job.failing.get(name) if job.state == "blocks" else None
    return "·" if change is None else f"🔴 {together(format_change(change))}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
