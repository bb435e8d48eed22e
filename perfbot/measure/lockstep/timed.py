"""What rounds of live workers measure of time: the mean cost, processor time, quantiles of single calls. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from perfbot.measure.lockstep.plan import Speed, ValuePlan
from perfbot.model import TIME, Metric, Round

CPU = Metric("cpu", "s")

QUANTILES = {Metric("time_p95", "s"): 0.95, Metric("time_p99", "s"): 0.99}
"""Of the costs of single calls; with what timing each adds, half a microsecond."""

TIMED = {metric.name: metric for metric in (TIME, CPU, *QUANTILES)}

BEYOND = 4
"""Calls of a round that lie beyond a quantile: with fewer it is nearly the largest."""

CALLS_SECONDS = 2.0
"""For the calls of one side in a round; but as many as the quantile takes at least."""

TURNS = 8


def timed_metrics(names: Iterable[str]) -> tuple[Metric, ...]:
    """Those of some metrics that rounds measure."""
    return tuple(TIMED[name] for name in names if name in TIMED)


def single_calls(metrics: Sequence[Metric], speed: Speed, *, pinned: bool) -> ValuePlan | None:
    """As many single calls as quantiles take; None where none is wanted."""
    wanted = [1 / (1 - QUANTILES[metric]) for metric in metrics if metric in QUANTILES]
    if not wanted:
        return None
    slower = max(speed.wall, speed.other.wall if speed.other else 0.0)
    calls = round(max(wanted) * min(BEYOND, max(1.0, CALLS_SECONDS / slower / max(wanted))))
    turn = max(1, calls // TURNS)
    return ValuePlan("turns", 1, 1, turn * math.ceil(calls / turn), pinned, drawn_every=1 << 20, turn=turn, jitter=2)


def quantiles(taken: Round, metrics: Iterable[Metric]) -> Iterator[tuple[Metric, Round]]:
    """A round of each quantile: one value a side."""
    for metric in metrics:
        if metric in QUANTILES:
            base, head = (float(np.quantile(side, QUANTILES[metric])) for side in (taken.base, taken.head))
            yield metric, replace(taken, base=(base,), head=(head,), waited=None)
