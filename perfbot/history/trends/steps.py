"""Where a series steps, and whether it drifts instead.

Greedy: the clearest step splits the range, then each part is looked at again, until nothing is clear. A step
is clear when so large a statistic would be seen anywhere in a range without one with probability below
``ALPHA``. Each step is then placed again between its neighbours. A range that one straight ramp explains better
than steps, counting what each step costs, is a drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from perfbot.history.records import Drift, Step
from perfbot.history.trends.levels import Floats, Levels

ALPHA = 0.001
"""Probability of any false step in a series that has none."""

SMALLEST_STEP = 0.005
SMALLEST_DRIFT = 0.01
"""Fractions. Smaller ones are not worth anybody's reading, however clear."""

SHORTEST_PART = 20
"""Nodes of the shortest part of a range that is looked at by itself."""

NORMAL = NormalDist()
REACH_95 = NORMAL.inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class StepsAndDrift:
    """What became of a series: its steps, and a drift since the last of them."""

    steps: tuple[Step, ...]
    drift: Drift | None


@dataclass(frozen=True, slots=True)
class _Split:
    """A step's place and size (log), and how much is known about it (1/variance)."""

    index: int
    size: float
    information: float

    @property
    def statistic(self) -> float:
        return self.size * math.sqrt(self.information)


def steps_and_drift(seen: Levels) -> StepsAndDrift:
    """The steps and the drift of a series of at least two nodes."""
    end = len(seen.nodes)
    splits = _placed_again(seen, _split(seen, 0, end))
    for start in (0, *(split.index for split in splits)):
        slope = _slope(seen, start, end)
        later = [split for split in splits if split.index > start]
        if slope is not None and _explains(slope, later, _best(seen, start, end), end - start):
            earlier = tuple(split for split in splits if split.index <= start)
            return StepsAndDrift(_steps(seen, earlier), _drift(seen, start, end, slope))
    return StepsAndDrift(_steps(seen, splits), None)


def bound(candidates: int) -> float:
    """The statistic that any of so many independent looks exceeds with probability ``ALPHA``."""
    return -NORMAL.inv_cdf(ALPHA / 2 / max(candidates, 1))


def _split(seen: Levels, start: int, end: int) -> tuple[_Split, ...]:
    best = _clearest(seen, start, end)
    if best is None:
        return ()
    return (*_split(seen, start, best.index), best, *_split(seen, best.index, end))


def _clearest(seen: Levels, start: int, end: int) -> _Split | None:
    """The clearest step of a range; where none is clear, of its halves and quarters.

    A step that was taken back later shows in a part of the range, not in the whole.
    """
    parts = [(start, end)]
    length = end - start
    while (length := length // 2) >= SHORTEST_PART:
        parts += [(at, min(at + length, end)) for at in range(start, end - length // 2, length // 2)]
    candidates = 0
    for first, last in parts:
        candidates += last - first - 1
        best = _best(seen, first, last)
        if best is not None and abs(best.statistic) >= bound(candidates):
            return best
    return None


def _placed_again(seen: Levels, splits: tuple[_Split, ...]) -> tuple[_Split, ...]:
    """Each step put where it is clearest between its neighbours; those no longer clear or large are dropped."""
    edges = [0, *(split.index for split in splits), len(seen.nodes)]
    found: list[_Split] = []
    while len(edges) > 2:
        at = len(found) + 1
        best = _best(seen, edges[at - 1], edges[at + 1])
        smallest = 0.0 if seen.exact else math.log1p(SMALLEST_STEP)
        clear = best is not None and abs(best.statistic) >= bound(edges[at + 1] - edges[at - 1] - 1)
        if best is not None and clear and abs(best.size) >= smallest:
            edges[at] = best.index
            found.append(best)
        else:
            del edges[at]
        if len(found) == len(edges) - 2:
            break
    return tuple(found)


def _best(seen: Levels, start: int, end: int) -> _Split | None:
    """The clearest step within a range: all later values against all earlier ones, joined with its link."""
    if end - start < 2:
        return None
    size, information = _shifts(seen, start, end)
    weighted = size * information + seen.pulled[start + 1 : end]
    information = information + seen.weight[start + 1 : end]
    if len(seen.summed):
        at = int(np.argmax(np.abs(weighted) / np.sqrt(information)))
    else:
        known = information > 0
        at = int(np.argmax(np.where(known, np.abs(weighted) / np.sqrt(np.where(known, information, 1)), 0.0)))
        if not known[at]:
            return None
    return _Split(start + 1 + at, float(weighted[at] / information[at]), float(information[at]))


def _shifts(seen: Levels, start: int, end: int) -> tuple[Floats, Floats]:
    """For each place of a step: by how much values shift there, and the information in that.

    Each class of machine is compared with itself; a class seen on one side only says nothing.
    """
    if len(seen.summed):
        return _shifts_of_one_class(seen, start, end)
    y, machine = seen.y[start:end], seen.machine[start:end]
    weighted = np.zeros(len(y) - 1)
    total = np.zeros(len(y) - 1)
    for number in np.unique(machine):
        mine = (machine == number) & np.isfinite(y)
        count = np.cumsum(mine)
        summed = np.cumsum(np.where(mine, y, 0.0))
        left, right = count[:-1], count[-1] - count[:-1]
        both = (left > 0) & (right > 0)
        n_left, n_right = np.where(both, left, 1), np.where(both, right, 1)
        shift = (summed[-1] - summed[:-1]) / n_right - summed[:-1] / n_left
        variance = float(seen.sigma[start:end][mine][0] ** 2 if mine.any() else 1) * (1 / n_left + 1 / n_right)
        information = np.where(both, 1 / variance, 0.0)
        weighted += np.where(both, shift, 0.0) * information
        total += information
    return weighted / np.where(total > 0, total, 1), total


def _shifts_of_one_class(seen: Levels, start: int, end: int) -> tuple[Floats, Floats]:
    """:func:`_shifts` where one class of machine measured everything, as is usual: a fifth of the work."""
    count = end - start
    left = COUNTS[1:count]
    right = count - left
    before = seen.summed[start + 1 : end] - seen.summed[start]
    shift = (seen.summed[end] - seen.summed[start] - before) / right - before / left
    return shift, left * right * (1 / (count * float(seen.sigma[start]) ** 2))


COUNTS = np.arange(1024, dtype=np.float64)
"""More than a window has nodes."""


def _slope(seen: Levels, start: int, end: int) -> _Split | None:
    """Log change a node over a range, as if it were steady; None where nothing is known."""
    weighted = information = 0.0
    place = np.arange(start, end, dtype=np.float64)
    for number in np.unique(seen.machine[start:end]):
        mine = (seen.machine[start:end] == number) & np.isfinite(seen.y[start:end])
        if mine.sum() < 3:
            continue
        centred = place[mine] - place[mine].mean()
        weight = float(seen.sigma[start:end][mine][0]) ** -2
        weighted += float((centred * seen.y[start:end][mine]).sum()) * weight
        information += float((centred**2).sum()) * weight
    error = seen.link_error[start + 1 : end]
    measured = np.isfinite(error)
    weight_of_links = 1 / error[measured] ** 2
    weighted += float((seen.link[start + 1 : end][measured] * weight_of_links).sum())
    information += float(weight_of_links.sum())
    return _Split(start, weighted / information, information) if information > 0 else None


def _explains(slope: _Split, splits: list[_Split], best: _Split | None, nodes: int) -> bool:
    """Whether a ramp is clear, clearer than any one step, and explains more than the steps found.

    Each step pays for its place: by the square of the statistic that chance alone would reach.
    """
    gain = slope.statistic**2 - bound(1) ** 2
    steps = sum(split.statistic**2 - bound(nodes - 1) ** 2 for split in splits)
    large = abs(slope.size) * (nodes - 1) >= math.log1p(SMALLEST_DRIFT)
    clearest = best is None or abs(slope.statistic) > abs(best.statistic)
    return nodes > 5 and large and gain > 0 and gain > steps and (clearest or len(splits) > 1)


def _drift(seen: Levels, start: int, end: int, slope: _Split) -> Drift:
    links = end - start - 1
    low, high = _interval(slope, links)
    first, last = seen.nodes[start], seen.nodes[end - 1]
    return Drift(first.head, last.head, first.started, math.expm1(slope.size * links), (low, high), end - start)


def _steps(seen: Levels, splits: tuple[_Split, ...]) -> tuple[Step, ...]:
    found = []
    for split in splits:
        before, node = seen.nodes[split.index - 1], seen.nodes[split.index]
        chance = 2 * NORMAL.cdf(-abs(split.statistic)) * (len(seen.nodes) - 1)
        found.append(
            Step(split.index, before.head, node.head, node.started, math.expm1(split.size),
                 _interval(split, 1), min(1.0, chance))
        )  # fmt: skip
    return tuple(found)


def _interval(split: _Split, times: int) -> tuple[float, float]:
    reach = REACH_95 / math.sqrt(split.information)
    return math.expm1((split.size - reach) * times), math.expm1((split.size + reach) * times)
