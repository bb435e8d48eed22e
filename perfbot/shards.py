"""Splitting one change's benchmarks over several runners, and putting the reports together again."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from perfbot.errors import ReportError, UsageError
from perfbot.model import Problem, Report, Result, Shard


def parse_shard(text: str) -> Shard:
    """``2/4`` as a shard.

    Raises:
        UsageError: it is not I/N with 1 ≤ I ≤ N.
    """
    index, _, count = text.partition("/")
    if index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count):
        return Shard(int(index), int(count))
    raise UsageError(f'--shard: found "{text}", expected I/N with I from 1 to N, such as 2/4')


def split(names: Sequence[str], seconds: Mapping[str, float], count: int) -> tuple[tuple[str, ...], ...]:
    """Share benchmarks out so that the shards take about equally long.

    The same names and seconds give the same shares in every job, in whatever order they come. Benchmarks of
    which nothing is known count as the average one.

    Args:
        names: unique.
        seconds: expected, by name.
        count: of shards.
    """
    known = [seconds[name] for name in names if name in seconds]
    average = sum(known) / len(known) if known else 1.0
    weights = {name: seconds.get(name, average) for name in names}
    order = sorted(weights, key=lambda name: (-weights[name], hashlib.sha256(name.encode()).digest()))
    shares: list[list[str]] = [[] for _ in range(count)]
    loads = [0.0] * count
    for name in order:
        lightest = loads.index(min(loads))
        shares[lightest].append(name)
        loads[lightest] += weights[name]
    return tuple(tuple(share) for share in shares)


def fingerprint(seconds: Mapping[str, float]) -> str:
    """Names the times that a split rests on, so that shards of different splits are never put together."""
    return hashlib.sha256(json.dumps(sorted(seconds.items())).encode()).hexdigest()[:16]


def part(shard: Shard, seconds: Mapping[str, float]) -> Callable[[Collection[str]], Collection[str]]:
    """Which of a run's benchmarks fall to a shard.

    By calibrated times where the shard names them (``split``); otherwise by a hash of each name, which needs nothing
    that shards would have to agree on.
    """
    if not shard.split:
        return lambda names: [n for n in names if zlib.crc32(n.encode()) % shard.count == shard.index - 1]
    return lambda names: split(tuple(names), seconds, shard.count)[shard.index - 1]


def merge(reports: Sequence[Report]) -> Report:
    """One report of one change out of its shards. A missing one is a fatal problem, never a pass.

    The result has no shard, and is to be judged again.

    Raises:
        ReportError: they are not shards of one run.
    """
    first = reports[0]
    if first.shard is None:
        raise ReportError("A report that is no shard cannot be put together with others.")
    by_index = _by_index(reports, first.shard.count)
    missing = [index for index in range(1, first.shard.count + 1) if index not in by_index]
    present = [by_index[index] for index in sorted(by_index)]
    return replace(
        present[0],
        results=_disjoint(present),
        problems=(*_problems(present), *(_missing(index, first.shard.count) for index in missing)),
        seconds=max(r.seconds for r in present),
        control=max((r.control for r in present if r.control), key=lambda c: c.disturbed, default=None),
        complete=all(r.complete for r in present) and not missing,
        started=min(r.started for r in present),
        explanations=tuple(one for r in present for one in r.explanations),
        differences=tuple(dict.fromkeys(one for r in present for one in r.differences)),
        shard=None,
    )


def _by_index(reports: Sequence[Report], count: int) -> dict[int, Report]:
    first, found = reports[0], dict[int, Report]()
    assert first.shard is not None  # noqa: S101 - the caller looked
    for report in reports:
        if report.shard is None or report.shard.count != count:
            raise ReportError(f"The reports do not agree on how many shards there are ({count} at first).")
        if report.shard.split != first.shard.split:  # some benchmarks would be in no shard, and nobody would miss them
            raise ReportError(
                "The shards were split by different calibrations, so some benchmarks may be in none.",
                hint="Give every job the same file with --calibration, or none of them any.",
            )
        if not 1 <= report.shard.index <= count:
            raise ReportError(f"There is no shard {report.shard.index} of {count}.")
        same = (report.change.base, report.change.head) == (first.change.base, first.change.head)
        if not same or report.family != first.family:
            raise ReportError("The reports are of different changes or suites, not shards of one run.")
        if report.shard.index in found:
            raise ReportError(f"Shard {report.shard.index} of {count} is there twice.")
        found[report.shard.index] = report
    return found


def _disjoint(reports: Sequence[Report]) -> tuple[Result, ...]:
    found: dict[tuple[str, str], Result] = {}
    for report in reports:
        for result in report.results:
            if found.setdefault((result.full_name, result.metric), result) is not result:
                raise ReportError(f"{result.full_name} ({result.metric}) is in two shards.")
    return tuple(found.values())


def _problems(reports: Sequence[Report]) -> tuple[Problem, ...]:
    """Of every shard, once: what one suite's set-up says is often the same on each runner."""
    return tuple(dict.fromkeys(problem for report in reports for problem in report.problems))


def _missing(index: int, count: int) -> Problem:
    return Problem(f"shard {index} of {count}", "No report arrived: its job failed, or has not ended.")
