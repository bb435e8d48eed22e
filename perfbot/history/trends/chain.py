"""The chain of ratios: how far a benchmark moved since a release, whatever machines measured it.

Every run of the branch compared two commits side by side; where one run's base is the run before's head, the
ratios multiply to the whole way. A machine twice as fast changes values, not ratios. Where a link was not
measured, values of one class of machine bridge it, with their far larger error; where there are none, the chain
starts anew after the gap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from perfbot.history.records import Release, Since
from perfbot.history.trends.levels import Levels
from perfbot.history.trends.steps import REACH_95


def since_release(seen: Levels, releases: Sequence[Release]) -> Since | None:
    """The chain from the newest release that has links after it, or from the first node; None without links."""
    for release in reversed(releases):
        start = _place(seen, release)
        if start is not None and start < len(seen.nodes) - 1:
            return chain(seen, start, release.name)
    return chain(seen, 0, "") if len(seen.nodes) > 1 else None


def chain(seen: Levels, start: int, name: str) -> Since | None:
    """The chain from node ``start`` to the last; None when its last link is missing and cannot be bridged."""
    link, variance, bridged = _bridged(seen)
    gaps = [index for index in range(start + 1, len(link)) if not np.isfinite(link[index])]
    first = gaps[-1] if gaps else start
    if first >= len(link) - 1:
        return None
    part = slice(first + 1, len(link))
    total, error = float(link[part].sum()), math.sqrt(float(variance[part].sum()))
    node = seen.nodes[first]
    return Since(
        name="" if gaps else name,
        commit=node.head,
        moment=node.started,
        change=math.expm1(total),
        interval=(math.expm1(total - REACH_95 * error), math.expm1(total + REACH_95 * error)),
        links=len(link) - 1 - first,
        missing=int(bridged[part].sum()),
        broken=bool(gaps),
    )


def _bridged(seen: Levels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    link, variance = seen.link.copy(), seen.link_error**2
    missing = ~np.isfinite(link)
    same = np.zeros(len(link), dtype=bool)
    same[1:] = (seen.machine[1:] == seen.machine[:-1]) & np.isfinite(np.diff(seen.y))
    bridged = missing & same
    steps = np.concatenate(([0.0], np.diff(seen.y)))
    link[bridged] = steps[bridged]
    variance[bridged] = 2 * seen.sigma[bridged] ** 2
    return link, variance, bridged


def _place(seen: Levels, release: Release) -> int | None:
    """The node of a release: its commit, or the last one measured before it was made."""
    for index, node in enumerate(seen.nodes):
        if node.head == release.commit:
            return index
    earlier = [index for index, node in enumerate(seen.nodes) if node.started <= release.moment]
    return earlier[-1] if earlier else None


def path(seen: Levels) -> tuple[float, ...]:
    """The level of each node against the first, as a factor: ratios where measured, else values, else flat."""
    link, _, _ = _bridged(seen)
    steps = np.where(np.isfinite(link), link, 0.0)
    if len(steps):
        steps[0] = 0.0
    return tuple(float(factor) for factor in np.exp(np.cumsum(steps)))
