"""Benchmarks that a change takes out by its own configuration: they are gone, as if it had removed their source.

Suites, ``only`` and ``skip`` are read from head, so that a change can bring its benchmarks along. What they leave out
and the target branch's configuration measures is told, and gates like any other benchmark that is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfbot.measure.discovering import selector
from perfbot.model import TIME, Benchmark, Comparison
from perfbot.pipeline.job import Job, Request
from perfbot.pipeline.select import named
from perfbot.reasons import LeftOutByConfiguration

ALL = "*"
"""Stands for the benchmarks of a suite that is not there, and cannot be listed any more."""


def vanished(job: Job, request: Request, left_out: Sequence[Benchmark]) -> tuple[Comparison, ...]:
    """What the target branch's configuration would have measured.

    Args:
        left_out: benchmarks that were found, and that nobody asked to measure.
    """
    if request.shard is not None and request.shard.index != 1:
        return ()  # the first part speaks for all
    if request.given:
        return ()  # nobody asked for the suites
    gone = [*_left_out(job, left_out), *_missing(job, request)]
    wanted = selector(request.only)
    return tuple(
        Comparison(one, TIME, status="removed", reasons=(LeftOutByConfiguration(),), failed_side="head")
        for one in gone
        if one.name == ALL or wanted(one.full_name)
    )


def _left_out(job: Job, benchmarks: Sequence[Benchmark]) -> Iterator[Benchmark]:
    expected = {suite.name: suite for suite in job.expected}
    ours = {suite.name: suite for suite in job.suites}
    for one in benchmarks:
        suite = expected.get(one.suite)
        if suite and suite.wants(one.name) and not ours[one.suite].wants(one.name):
            yield one


def _missing(job: Job, request: Request) -> Iterator[Benchmark]:
    ours = {suite.name: suite for suite in job.config.suites}
    for suite in job.expected:
        if request.suites and suite.name not in request.suites:
            continue
        if suite.name not in ours or ours[suite.name].harness != suite.harness:
            yield Benchmark(suite.name, ALL)
            continue
        there = set(named(ours[suite.name]))
        yield from (Benchmark(suite.name, name) for name in named(suite) if name not in there and suite.wants(name))
