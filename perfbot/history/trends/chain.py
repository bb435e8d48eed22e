"""Chained ratios: how far a benchmark moved since a release, whatever machines measured it.

Every run of the branch compared two commits side by side; where one run's base is the run before's head, the
ratios multiply to the whole way. A machine twice as fast changes values, not ratios. Where a link was not
measured, the levels on both of its sides bridge it: the change point that was found there, or none. Two single
values would do that far worse, and many such bridges would wander. Where no class of machine has values on both
sides, the chain starts anew after the gap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfbot.history.records import LinkKind, Point, Release, Since, Step, Way
from perfbot.history.trends.levels import Floats, Levels
from perfbot.history.trends.steps import REACH_95, StepsAndDrift

LARGEST_LOG = 600.0
"""Of a factor: beyond, floating point ends."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A commit from which a chain may start.

    Attributes:
        name: of the release it is; empty where it is the first commit, or follows a gap that nothing bridges
            (``broken``).
        index: how many commits of the series come before it.
        log, variance, bridged: level against the first, its variance since the last gap, and links bridged so far.
    """

    name: str
    commit: str
    moment: str
    index: int
    log: float
    variance: float
    bridged: int
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """What is final of a series: all before the first commit of its window, in as little room as goes on with.

    Attributes:
        index: how many commits; ``log``, ``variance``, ``bridged``: at the window's first, and ``link``: to it.
        start: where a chain starts that starts before the window.
        steps: the change points up to the window's first commit.
        parts: sums of levels (factors) and how many, part by part, for a thumbnail.
    """

    index: int = 0
    log: float = 0.0
    variance: float = 0.0
    bridged: int = 0
    link: LinkKind = "measured"
    start: Mark | None = None
    steps: tuple[Step, ...] = ()
    parts: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """The levels of a window's commits, going on from what is closed.

    Attributes:
        logs, variances: level against the series' first, and its variance since the last gap.
        bridged: how many links were bridged up to each.
        breaks: indices (of the window) whose link to the one before nothing bridges.
    """

    nodes: tuple[Point, ...]
    first: int
    logs: Floats
    variances: Floats
    bridged: NDArray[np.intp]
    breaks: tuple[int, ...]
    kinds: tuple[LinkKind, ...]

    def mark(self, index: int, name: str = "", *, broken: bool = False) -> Mark:
        """A commit of the window as a start."""
        node = self.nodes[index]
        log, variance, bridged = float(self.logs[index]), float(self.variances[index]), int(self.bridged[index])
        return Mark(name, node.head, node.started, self.first + index, log, variance, bridged, broken)

    def way(self, end: int) -> Way:
        """The window's first commits, as numbers to keep."""
        breaks = tuple(at for at in self.breaks if at < end)
        runs = tuple(node.run for node in self.nodes[:end])
        logs = np.clip(self.logs[:end], -LARGEST_LOG, LARGEST_LOG)
        return Way(runs, tuple(logs.tolist()), tuple(self.variances[:end].tolist()), breaks)


def chained(seen: Levels, found: StepsAndDrift | None, closed: Closed) -> Chain:
    """Joins the links of a window: by ratios where measured, else by the levels on both sides.

    After a gap that nothing bridges the level is as before it, and its uncertainty begins anew.
    """
    links = _bridged(seen, found)
    breaks = [index for index, kind in enumerate(links.kind) if kind == "broken"]
    variance = np.where(np.isfinite(links.variance), links.variance, 0.0)
    variance[breaks] = 0.0
    summed = closed.variance + np.cumsum(variance)
    for index in breaks:
        summed[index:] -= summed[index]
    bridged = closed.bridged + np.cumsum([kind == "bridged" for kind in links.kind], dtype=np.intp)
    if closed.link == "broken":
        breaks.insert(0, 0)
    logs = closed.log + np.cumsum(links.size)
    kinds = (closed.link, *links.kind[1:]) if links.kind else ()
    return Chain(seen.nodes, closed.index, logs, summed, bridged, tuple(breaks), kinds)


def since_release(chain: Chain, closed: Closed, releases: Sequence[Release]) -> Since | None:
    """The chain from the newest release that has links after it, or from the first commit; None without links."""
    last = len(chain.nodes) - 1
    if last < 0 or chain.first + last < 1:
        return None
    start = start_of(chain, closed, releases, last - 1, last)
    links = chain.first + last - start.index
    if links < 1:
        return None
    total = float(chain.logs[last]) - start.log
    error = math.sqrt(max(float(chain.variances[last]) - start.variance, 0.0))
    return Since(
        name=start.name,
        commit=start.commit,
        moment=start.moment,
        change=math.expm1(bounded(total)),
        interval=(math.expm1(bounded(total - REACH_95 * error)), math.expm1(bounded(total + REACH_95 * error))),
        links=links,
        missing=int(chain.bridged[last]) - start.bridged,
        broken=start.broken,
    )


def start_of(chain: Chain, closed: Closed, releases: Sequence[Release], last: int, last_gap: int) -> Mark:
    """Where a chain starts: at the newest release up to an index of the window, or after a later gap up to another."""
    start = closed.start or chain.mark(0)
    for release in reversed(releases):
        if release.name == start.name:
            break
        place = _place(chain.nodes, release)
        if place is not None and place <= last:
            start = chain.mark(place, release.name)
            break
    gaps = [at for at in chain.breaks if at <= last_gap and chain.first + at > start.index]
    return chain.mark(gaps[-1], broken=True) if gaps else start


@dataclass(frozen=True, slots=True)
class _Links:
    """Each node's link to the one before it: log ratio, its variance, and where it comes from."""

    size: Floats
    variance: Floats
    kind: tuple[LinkKind, ...]


def _bridged(seen: Levels, found: StepsAndDrift | None) -> _Links:
    size, variance = seen.link.copy(), seen.link_error**2
    kind: list[LinkKind] = ["measured"] * len(size)
    steps = {step.index: step for step in found.steps} if found else {}
    for index in np.flatnonzero(~np.isfinite(size)).tolist():
        size[index], variance[index], kind[index] = _bridge(seen, found, steps, index)
    if len(size):
        size[0], variance[0], kind[0] = 0.0, 0.0, "measured"
    return _Links(size, variance, tuple(kind))


def _bridge(
    seen: Levels, found: StepsAndDrift | None, steps: Mapping[int, Step], index: int
) -> tuple[float, float, LinkKind]:
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


def _slope(found: StepsAndDrift | None, index: int, nodes: int) -> float:
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


def _place(nodes: Sequence[Point], release: Release) -> int | None:
    """The node of a release: its commit, or the last one measured before it was made."""
    for index, node in enumerate(nodes):
        if node.head == release.commit:
            return index
    return next((index for index in range(len(nodes) - 1, -1, -1) if nodes[index].started <= release.moment), None)
