"""What common rounds say about the levels of commits, and between which of them there is a step.

A value of a round is the level of its commit, plus what the round is like, plus what its process is like. Least squares
find the levels whichever commits met in a round. All ways in which the commits can fall into runs of one level are then
weighed against each other. This guides the search and proves nothing: the spread is estimated, noise has shapes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

USUAL_SPREAD = 0.004
USUAL_ROUNDS = 3
"""What is believed of a process's spread before any round, and how many values that belief is worth."""

CLIPPED_AT = 2.5
"""Values further than so many spreads from where they belong count as if they lay there."""

MOST_SUBSETS = 400
"""Ways in which steps can lie that are weighed; with more gaps, fewer steps at once are considered."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of commits, logs, up to a constant.

    Attributes:
        commits: in the order of the line.
        values: their levels, shape [commit].
        covariance: of these, but for the constant, shape [commit, commit].
        freedom: values that the spread was estimated from.
        spread: of a process.
    """

    commits: tuple[int, ...]
    values: Floats
    covariance: Floats
    freedom: float
    spread: float


def levels_of(rounds: Sequence[Mapping[int, float]]) -> Levels:
    """The levels of all commits that were measured.

    Args:
        rounds: log values of each round, by commit; at least two each.
    """
    commits = tuple(sorted({commit for taken in rounds for commit in taken}))
    place = {commit: index for index, commit in enumerate(commits)}
    met = np.zeros((len(rounds), len(commits)))
    values = np.zeros((len(rounds), len(commits)))
    for row, taken in enumerate(rounds):
        for commit, value in taken.items():
            met[row, place[commit]], values[row, place[commit]] = 1.0, value
    counts = met.sum(axis=1, keepdims=True)
    precision = np.diag(met.sum(axis=0)) - met.T @ (met / counts)
    inverse = np.linalg.pinv(precision, rcond=1e-9, hermitian=True)
    freedom = float(met.sum() - len(rounds)) - (len(commits) - 1)
    drawn_in, spread = _without_outliers(values, met, inverse, freedom)
    found: Floats = inverse @ _centred(drawn_in, met).sum(axis=0)
    return Levels(commits, found, spread**2 * inverse, freedom + USUAL_ROUNDS, spread)


def _centred(values: Floats, met: Floats) -> Floats:
    centred: Floats = (values - (values * met).sum(axis=1, keepdims=True) / met.sum(axis=1, keepdims=True)) * met
    return centred


def _without_outliers(values: Floats, met: Floats, inverse: Floats, freedom: float) -> tuple[Floats, float]:
    """Values drawn in to where they can belong (Huber's pseudo-values), and the spread of a process."""
    spread = USUAL_SPREAD
    for _ in range(3):
        centred = _centred(values, met)
        fitted = _centred(np.broadcast_to(inverse @ centred.sum(axis=0), met.shape), met)
        strays = centred - fitted
        squares = float((strays**2).sum()) + USUAL_ROUNDS * USUAL_SPREAD**2
        spread = math.sqrt(squares / (max(freedom, 0.0) + USUAL_ROUNDS))
        scale = max(min(spread, 2.2 * _middle(strays[met > 0])), USUAL_SPREAD / 4)
        values = np.subtract(values, np.sign(strays) * np.maximum(np.abs(strays) - CLIPPED_AT * scale, 0.0) * met)
    return values, spread


def _middle(strays: Floats) -> float:
    return float(np.median(np.abs(strays))) if len(strays) else 0.0


@dataclass(frozen=True, slots=True)
class Steps:
    """Between which neighbours there are steps.

    Attributes:
        probability: of a step in each open gap.
        likeliest: the gaps with a step in the likeliest of all ways, known ones included.
        sizes: of these steps, logs.
    """

    probability: Mapping[int, float]
    likeliest: tuple[int, ...]
    sizes: Mapping[int, float]


def steps_of(
    levels: Levels,
    open_gaps: Sequence[int],
    known: Sequence[int],
    *,
    cost: Mapping[int, float],
    slack: float,
    least: float,
) -> Steps:
    """Weigh all ways in which steps can lie in some gaps.

    Args:
        open_gaps: gaps that may have a step; gap i lies between the i-th and the next of the commits.
        known: gaps that have one.
        cost: of a step in a gap, minus the log of its odds before anything was measured.
        slack: levels of commits without a step between them may differ by this, a log.
        least: what counts as a step, a log: smaller ones are as unlikely as the rounds let them be that large.
    """
    size = len(levels.commits)
    around = levels.covariance + max(slack, 1e-6) ** 2 * np.eye(size)
    whitening: Floats = np.linalg.inv(np.linalg.cholesky(around))
    target: Floats = whitening @ levels.values
    weighed = [(way, _score(way, whitening, target, levels, cost, least)) for way in _ways(open_gaps, known)]
    best, top = max(weighed, key=lambda one: one[1])
    weights = [(way, math.exp(score - top)) for way, score in weighed]
    total = sum(weight for _, weight in weights)
    chance = {gap: sum(weight for way, weight in weights if gap in way) / total for gap in open_gaps}
    means = _means(best, whitening, target, size)
    sizes = {gap: float(means[index + 1] - means[index]) for index, gap in enumerate(best)}
    return Steps(chance, best, sizes)


def _ways(open_gaps: Sequence[int], known: Sequence[int]) -> Iterator[tuple[int, ...]]:
    seen = 0
    for count in range(len(open_gaps) + 1):
        seen += math.comb(len(open_gaps), count)
        if count > 1 and seen > MOST_SUBSETS:
            return
        for chosen in combinations(open_gaps, count):
            yield tuple(sorted((*known, *chosen)))


def _groups(way: Sequence[int], size: int) -> Floats:
    """Which run of one level each commit belongs to, [commit, run]."""
    run = np.searchsorted(np.asarray(way), np.arange(size), side="left")
    return np.equal.outer(run, np.arange(len(way) + 1)).astype(float)


def _means(way: Sequence[int], whitening: Floats, target: Floats, size: int) -> Floats:
    runs = whitening @ _groups(way, size)
    return np.asarray(np.linalg.solve(runs.T @ runs, runs.T @ target), dtype=float)


def _score(
    way: Sequence[int], whitening: Floats, target: Floats, levels: Levels, cost: Mapping[int, float], least: float
) -> float:
    """Log of its likelihood (Student's t, for the spread is estimated) and odds."""
    size = len(levels.commits)
    runs = whitening @ _groups(way, size)
    around = np.linalg.inv(runs.T @ runs)
    found = around @ (runs.T @ target)
    misfit = float(((target - runs @ found) ** 2).sum())
    if way:
        sizes = np.diff(found)
        variances = np.diag(around)[1:] + np.diag(around)[:-1] - 2 * np.diag(around, 1)
        misfit += float((np.maximum(least - np.abs(sizes), 0.0) ** 2 / variances).sum())
    odds = sum(cost.get(gap, 0.0) for gap in way)
    return -(levels.freedom + size) / 2 * math.log1p(misfit / levels.freedom) - odds
