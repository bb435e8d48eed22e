"""Chained ratios: how far a benchmark moved since a release, whatever machines measured it.

Every run of the branch compared two commits side by side; where one run's base is the run before's head, the
ratios multiply to the whole change. A machine twice as fast changes values, not ratios. Where a link was not
measured, the levels on both of its sides bridge it: the change point that was found there, or none. Two single
values would do that far worse, and many such bridges would wander. Where no class of machine has values on both
sides, the chain starts anew after the gap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from perfbot.history.records import Chain, Level, LinkKind, Release, Since, Step
from perfbot.history.trends.levels import Floats, Levels
from perfbot.history.trends.steps import REACH_95, Course

LARGEST_LOG = 600.0
"""Of a factor: beyond, floating point ends."""


def since_release(seen: Levels, found: Course | None, releases: Sequence[Release]) -> Since | None:
    """The chain from the newest release that has links after it, or from the first node; None without links."""
    for release in reversed(releases):
        start = _place(seen, release)
        if start is not None and start < len(seen.nodes) - 1:
            return chain(seen, found, start, release.name)
    return chain(seen, found, 0, "") if len(seen.nodes) > 1 else None


def chain(seen: Levels, found: Course | None, start: int, name: str) -> Since | None:
    """The chain from node ``start`` to the last; None when its last link is missing and cannot be bridged."""
    links = _bridged(seen, found)
    gaps = [index for index in range(start + 1, len(links.size)) if links.kind[index] == "broken"]
    first = gaps[-1] if gaps else start
    if first >= len(links.size) - 1:
        return None
    part = slice(first + 1, len(links.size))
    total, error = float(links.size[part].sum()), math.sqrt(float(links.variance[part].sum()))
    node = seen.nodes[first]
    return Since(
        name="" if gaps else name,
        commit=node.head,
        moment=node.started,
        change=math.expm1(bounded(total)),
        interval=(math.expm1(bounded(total - REACH_95 * error)), math.expm1(bounded(total + REACH_95 * error))),
        links=len(links.size) - 1 - first,
        missing=links.kind[part].count("bridged"),
        broken=bool(gaps),
    )


def path(seen: Levels, found: Course | None) -> tuple[Level, ...]:
    """The level of each node against the first: by ratios where measured, else by the levels on both sides.

    After a gap that nothing bridges the level is as before it, and its uncertainty begins anew.
    """
    links = _bridged(seen, found)
    chain: list[Level] = []
    total = variance = 0.0
    for node, size, more, kind in zip(seen.nodes, links.size, links.variance, links.kind, strict=True):
        total, variance = (total, 0.0) if kind == "broken" else (total + float(size), variance + float(more))
        reach = REACH_95 * math.sqrt(variance)
        level, low, high = (math.exp(bounded(log)) for log in (total, total - reach, total + reach))
        chain.append(Level(node, level, low, high, kind))
    return tuple(chain)


def chain_of(seen: Levels, found: Course | None) -> Chain:
    """What :func:`path` says, as numbers to keep."""
    links = _bridged(seen, found)
    breaks = [index for index, kind in enumerate(links.kind) if kind == "broken"]
    variance = np.where(np.isfinite(links.variance), links.variance, 0.0)
    variance[breaks] = 0.0
    summed = np.cumsum(variance)
    for index in breaks:
        summed[index:] -= summed[index]
    logs = np.clip(np.cumsum(links.size), -LARGEST_LOG, LARGEST_LOG)
    runs = tuple(node.run for node in seen.nodes)
    return Chain(runs, tuple(logs.tolist()), tuple(summed.tolist()), tuple(breaks))


@dataclass(frozen=True, slots=True)
class _Links:
    """Each node's link to the one before it: log ratio, its variance, and where it comes from."""

    size: Floats
    variance: Floats
    kind: tuple[LinkKind, ...]


def _bridged(seen: Levels, found: Course | None) -> _Links:
    size, variance = seen.link.copy(), seen.link_error**2
    kind: list[LinkKind] = ["measured"] * len(size)
    steps = {step.index: step for step in found.steps} if found else {}
    for index in np.flatnonzero(~np.isfinite(size)).tolist():
        size[index], variance[index], kind[index] = _bridge(seen, found, steps, index)
    if len(size):
        size[0], variance[0], kind[0] = 0.0, 0.0, "measured"
    return _Links(size, variance, tuple(kind))


def _bridge(seen: Levels, found: Course | None, steps: Mapping[int, Step], index: int) -> tuple[float, float, LinkKind]:
    """A link that was not measured, from the values on both sides of it up to the next change points."""
    if index in steps:
        low, high = (_log(end) for end in steps[index].interval)
        return _log(steps[index].change), ((high - low) / (2 * REACH_95)) ** 2, "bridged"
    before = max((at for at in steps if at < index), default=0)
    after = min((at for at in steps if at > index), default=len(seen.nodes))
    information = _information(seen, before, index, after)
    if not information:
        return 0.0, 0.0, "broken"
    return _slope(found, index, len(seen.nodes)), 1 / information, "bridged"


def bounded(log: float) -> float:
    """So that factors stay finite and above zero, whatever a history holds."""
    return min(max(log, -LARGEST_LOG), LARGEST_LOG)


def _log(change: float) -> float:
    return bounded(math.log1p(change)) if change > -1 else -LARGEST_LOG


def _slope(found: Course | None, index: int, nodes: int) -> float:
    """What a drift does in one link, where there is one."""
    drift = found.drift if found else None
    if drift is None or index <= nodes - drift.points:
        return 0.0
    return _log(drift.change) / (drift.points - 1)


def _information(seen: Levels, before: int, index: int, after: int) -> float:
    """What is known of the difference of two levels, 1/variance, each class of machine compared with itself."""
    known = np.isfinite(seen.y)
    total = 0.0
    for number in np.unique(seen.machine[before:after]):
        mine = (seen.machine == number) & known
        left, right = int(mine[before:index].sum()), int(mine[index:after].sum())
        if left and right:
            total += 1 / (float(seen.sigma[seen.machine == number][0]) ** 2 * (1 / left + 1 / right))
    return total


def _place(seen: Levels, release: Release) -> int | None:
    """The node of a release: its commit, or the last one measured before it was made."""
    for index, node in enumerate(seen.nodes):
        if node.head == release.commit:
            return index
    earlier = [index for index, node in enumerate(seen.nodes) if node.started <= release.moment]
    return earlier[-1] if earlier else None
