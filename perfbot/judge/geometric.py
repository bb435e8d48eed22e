"""One number for a suite: the geometric mean of its changes, with an interval from rounds that benchmarks share. Pure.

Benchmarks of one round share their processes and what the machine was like, so they are no independent witnesses. What
a round says about the mean of them all is one value, and the values of rounds are. Each benchmark counts with as many
of its first rounds as all have: those that are decided soon, and stop, lend no more weight to what made them stop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Literal

import numpy as np

from perfbot.judge.confirmation import is_over
from perfbot.judge.ratios import evidence_of_rounds
from perfbot.model import TIME, Control, Policy, Result, Round
from perfbot.overall import GeometricMean
from perfbot.stats.means import mean_ratios
from perfbot.stats.rounds import Floats
from perfbot.stats.sequential import FIRST_LOOK
from perfbot.stats.special import student_quantile

FEWEST = 2
"""Benchmarks that have a mean."""

UNLIKE = 4.0
"""Standard errors by which the mean cost differs from what is typical, where it counts in place of that."""


WIDEST = math.log(100)
"""Of an interval's farther end, a log ratio."""

ROUNDING = 1e-9
"""Log ratios this close are equal."""


def geometric_means(
    results: Sequence[Result], policy: Policy, control: Control | None = None
) -> tuple[GeometricMean, ...]:
    """Of each suite's times, and of each file in it where there are several; most benchmarks first.

    What has no six rounds that explored, or values without a ratio, is not in it, nor what head added or rewrote.

    Args:
        control: base against itself; where it moved, no mean fails.
    """
    if control is not None and control.disturbed:
        policy = replace(policy, suite_threshold=None)
    timed = [one for one in results if one.metric == TIME.name and not (one.new or one.rewritten)]
    suites = {suite: list(of) for suite, of in groupby(sorted(timed, key=_suite), key=_suite)}
    alpha = policy.alpha / max(1, len(suites))
    return tuple(mean for suite, of in suites.items() for mean in _of_suite(suite, of, policy, alpha))


def _suite(result: Result) -> str:
    return result.suite


def _of_suite(suite: str, results: Sequence[Result], policy: Policy, alpha: float) -> Iterator[GeometricMean]:
    whole = _mean(suite, "", results, policy, alpha)
    if whole is None:
        return
    yield whole
    files = {file: [one for one in results if one.file == file] for file in sorted({one.file for one in results})}
    if len(files) > 1:
        parts = (_mean(suite, file, of, policy, alpha) for file, of in files.items() if file)
        yield from sorted((one for one in parts if one is not None), key=lambda one: -one.benchmarks)


def _mean(suite: str, file: str, results: Sequence[Result], policy: Policy, alpha: float) -> GeometricMean | None:
    told = [(one, rounds) for one in results if (rounds := _exploring(one))]
    if len(told) < FEWEST:
        return None
    count = min(len(rounds) for _, rounds in told)
    ratio, error = mean_of([rounds[:count] for _, rounds in told])
    reach = error * student_quantile(count - 1, alpha / 2)
    if abs(ratio) + reach > WIDEST:
        return None  # tells nothing but that rounds differ
    change, interval = math.expm1(ratio), (math.expm1(ratio - reach), math.expm1(ratio + reach))
    return GeometricMean(
        suite, file, len(told), len(results), change, interval, 1 - alpha, count, _gate(file, change, interval, policy)
    )


def _gate(file: str, change: float, interval: tuple[float, float], policy: Policy) -> Literal["pass", "fail"]:
    limit = policy.suite_threshold
    fails = limit is not None and not file and interval[0] > 0 and is_over(change, limit)
    return "fail" if fails else "pass"


def _exploring(result: Result) -> tuple[Round, ...]:
    """The rounds that may count; none where they are too few, or have no ratio."""
    rounds = tuple(one for one in result.raw if not one.confirming)
    usable = len(rounds) >= FIRST_LOOK and all(
        0 < value < math.inf for one in rounds for side in (one.base, one.head) for value in side
    )
    return rounds if usable and result.verdict != "failed" else ()


def mean_of(benchmarks: Sequence[Sequence[Round]]) -> tuple[float, float]:
    """Log of the geometric mean of the benchmarks' changes, and its standard error.

    Args:
        benchmarks: equally many rounds of each; those with the same index were measured together.
    """
    ratios = _ratios(benchmarks)
    strays = (ratios - ratios.mean(axis=1, keepdims=True)) / ratios.size
    shared: dict[int, float] = {}
    for rounds, row in zip(benchmarks, strays, strict=True):
        for one, stray in zip(rounds, row.tolist(), strict=True):
            shared[one.index] = shared.get(one.index, 0.0) + stray
    count = ratios.shape[1]
    squares = sum(stray**2 for stray in shared.values())
    return float(ratios.mean()), math.sqrt(squares * count / (count - 1))


def _ratios(benchmarks: Sequence[Sequence[Round]]) -> Floats:
    """Log ratios [benchmark, round] of what is typical; of the means, where calls differ by more than a shift."""
    shape = len(benchmarks), len(benchmarks[0])
    evidence = evidence_of_rounds([one for rounds in benchmarks for one in rounds], TIME.unit)
    typical = evidence.typical.reshape(shape)
    if evidence.base is None or evidence.head is None:
        return typical
    base, head = evidence.base.reshape(shape), evidence.head.reshape(shape)
    means = mean_ratios(base, head, typical, [shape[1]])
    unlike = np.abs(means.ratio - typical.mean(axis=1, keepdims=True)) > UNLIKE * means.excess_error + ROUNDING
    strays = head / head.mean(axis=1, keepdims=True) - base / base.mean(axis=1, keepdims=True)
    chosen: Floats = np.where(unlike, means.ratio + strays, typical)
    return chosen
