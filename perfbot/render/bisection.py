"""What a bisection found, for people and for programs. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from perfbot.bisect.records import Answer, Bisection, Commit, Found, Step
from perfbot.render.escape import clean
from perfbot.units import format_change, format_duration, format_interval, format_percentage
from perfbot.words import counted

SHORT = 9
"""Digits of a commit."""

SUBJECT = 72
LOST_SHOWN = 5


def as_text(found: Bisection) -> str:
    """For a terminal."""
    return "\n".join(line for line in _lines(found))


def _lines(found: Bisection) -> Iterator[str]:
    line = found.line
    first, last = line.commits[0], line.commits[-1]
    left_out = f" ({line.left_out} more change nothing that is measured)" if line.left_out else ""
    yield f"{counted(line.last, 'commit')} after {_id(first)}, up to {_id(last)}{left_out}"
    for note in line.notes:
        yield f"  {clean(note, 300)}"
    for one in found.found:
        yield ""
        yield from _benchmark(found, one)
    if found.lost:
        yield ""
        yield from _lost(found)
    for problem in found.problems:
        yield f"problem: {clean(problem, 300)}"
    yield ""
    yield f"{found.processes:,} processes in {format_duration(round(found.seconds))}"


def _benchmark(found: Bisection, one: Found) -> Iterator[str]:
    answer, name = one.answer, clean(one.name, 80)
    metric = "" if one.metric == "time" else f" {clean(one.metric, 30)}"
    yield f"{name}{metric}: {headline(found, one)}"
    for step in answer.steps:
        yield f"  {_step_line(found, step)}"
        yield from (f"    {line}" for line in _who(found, step))
    if answer.steps and (rest := _rest(answer)):
        yield f"  {rest}"


def headline(found: Bisection, one: Found) -> str:
    """What is known of a benchmark, in a line."""
    answer = one.answer
    total = "" if answer.change is None else format_change(answer.change)
    mean = ", on the mean" if answer.by_mean else ""
    match answer.kind:
        case "commit":
            many = counted(len(answer.steps), "commit")
            return (
                f"{total}{mean} in all; {many} did it" if len(answer.steps) > 1 else f"{total}{mean}: one commit did it"
            )
        case "range":
            return f"{total}{mean} in all; not narrowed to single commits{_because(answer)}"
        case "none":
            return f"base and head are alike{_looked_at(found, answer)}"
        case "spread":
            return f"{total}{mean} in all, and no single step matters: several commits have a small part"
        case "failed":
            return "base or head cannot be measured"
    return f"not known{_because(answer)}"


def _because(answer: Answer) -> str:
    if answer.why:
        return f": {answer.why}"
    return ": commits between cannot be measured" if answer.lost else ""


def _looked_at(found: Bisection, answer: Answer) -> str:
    between = [at for at in answer.measured if 0 < at < found.line.last]
    if len(between) == found.line.last - 1:
        return ", and so is every commit between them"
    return f"; {len(between)} of {found.line.last - 1} commits between them were looked at"


def _step_line(found: Bisection, step: Step) -> str:
    small = f", under the {format_percentage(found.threshold)} threshold" if abs(step.change) < found.threshold else ""
    size = f"{format_change(step.change)} {format_interval(*step.interval)}{small}"
    if step.single:
        fresh = f", confirmed by {step.agreeing} of {step.fresh} fresh rounds" if step.fresh else ""
        return f"{_id(found.line.commits[step.at])} {size} in {step.rounds} rounds{fresh}"
    return f"one of {counted(step.at - step.after, 'commit')} {size} in {step.rounds} rounds:"


def _who(found: Bisection, step: Step) -> Iterator[str]:
    commits = found.line.commits
    if not step.single:
        yield f"{_id(commits[step.after])}..{_id(commits[step.at])}"
        return
    commit = commits[step.at]
    yield f"{clean(commit.subject, SUBJECT)} ({clean(commit.author, 40)}, {commit.when[:10]})"
    for merge in found.merges:
        if merge.commit == commit.id:
            yield f"a merge of {counted(merge.count, 'commit')}; look into it: perfbot bisect {merge.spec}"


def _rest(answer: Answer) -> str:
    """Where the steps are not all of it, or take each other back."""
    if len(answer.steps) < 2 and answer.kind == "commit":
        return ""
    together = math.prod(1 + step.change for step in answer.steps) - 1
    back = any(step.change > 0 for step in answer.steps) and any(step.change < 0 for step in answer.steps)
    taken = "; some take back what others brought" if back else ""
    return f"together {format_change(together)}{taken}"


def _lost(found: Bisection) -> Iterator[str]:
    subjects = {commit.id: commit for commit in found.line.commits}
    for identity, why in found.lost[:LOST_SHOWN]:
        yield f"{_id(subjects[identity])} {clean(why, 200)}"
    if len(found.lost) > LOST_SHOWN:
        yield f"… and {len(found.lost) - LOST_SHOWN} more commits that cannot be measured"


def _id(commit: Commit) -> str:
    return commit.id[:SHORT]


def as_json(found: Bisection) -> dict[str, Any]:
    """``perfbot.bisect/1``: everything, commits by their ids."""
    line = found.line
    return {
        "schema": found.schema,
        "base": line.commits[0].id,
        "head": line.commits[-1].id,
        "commits": [_commit(commit) for commit in line.commits],
        "left_out": line.left_out,
        "notes": list(line.notes),
        "alpha": found.alpha,
        "threshold": found.threshold,
        "found": [_found(found, one) for one in found.found],
        "merges": [asdict(one) for one in found.merges],
        "lost": [{"commit": commit, "reason": why} for commit, why in found.lost],
        "problems": list(found.problems),
        "seconds": found.seconds,
        "processes": found.processes,
        "complete": found.complete,
    }


def _commit(commit: Commit) -> dict[str, Any]:
    return {"id": commit.id, "subject": commit.subject, "author": commit.author, "when": commit.when}


def _found(found: Bisection, one: Found) -> dict[str, Any]:
    answer, commits = one.answer, found.line.commits
    return {
        "name": one.name,
        "metric": one.metric,
        "better": one.better,
        "kind": answer.kind,
        "change": answer.change,
        "interval": _finite(answer.interval),
        "by_mean": answer.by_mean,
        "rounds": answer.rounds,
        "why": answer.why,
        "measured": [commits[at].id for at in answer.measured],
        "steps": [
            {
                "after": commits[step.after].id,
                "at": commits[step.at].id,
                "commits": step.at - step.after,
                "change": step.change,
                "interval": _finite(step.interval),
                "rounds": step.rounds,
                "fresh": step.fresh,
                "agreeing": step.agreeing,
            }
            for step in answer.steps
        ],
    }


def _finite(interval: Sequence[float] | None) -> list[float | None] | None:
    return None if interval is None else [end if math.isfinite(end) else None for end in interval]
