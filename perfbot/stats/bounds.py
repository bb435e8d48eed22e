"""Critical values for looking repeatedly: the exact distribution of a Brownian motion seen at a few times.

The sum of n independent rounds behaves as a Brownian motion at time n. Its density is carried from look to look
by numerical integration (Armitage, McPherson & Rowe 1969; Jennison & Turnbull 2000, chapter 19), cut off at the
bounds of each look; what is cut off is the probability of stopping there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from perfbot.stats.special import normal_tail

Floats = NDArray[np.float64]

NODES_PER_STEP = 1.2
"""Integration nodes per standard deviation of the step between two looks: 1e-9 in the bounds."""

FAR = 9.0
"""Standard deviations after which a side without a bound is cut off."""


@lru_cache(maxsize=128)
def _legendre(count: int) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


def _nodes(lower: float, upper: float, step: float) -> tuple[Floats, Floats]:
    """Gauss–Legendre nodes and weights between two bounds, dense enough for steps of sd ``step``."""
    count = 16 * (2 + int(NODES_PER_STEP * (upper - lower) / step / 16))
    nodes, weights = _legendre(count)
    half = (upper - lower) / 2
    return lower + half * (nodes + 1), half * weights


def exit_probabilities(looks: tuple[int, ...], lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """Probabilities of leaving first below or above, at each look, for a Brownian motion without drift.

    Args:
        looks: increasing times (numbers of rounds).
        lower, upper: bounds of the *sum* at each look, shape [looks]; may be infinite.

    Returns:
        Two arrays of shape [looks].
    """
    below, above, _, _ = _carried(looks, lower, upper)
    return below, above


def _carried(looks: tuple[int, ...], lower: Floats, upper: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """What left at each look below and above; and where the rest is after the last one: points and their masses."""
    reach = FAR * np.sqrt(np.asarray(looks, dtype=float))
    lower, upper = np.maximum(lower, -reach), np.minimum(upper, reach)
    below, above = np.zeros(len(looks)), np.zeros(len(looks))
    points, mass, now = np.zeros(1), np.ones(1), 0
    for index, look in enumerate(looks):
        step = float(np.sqrt(look - now))
        below[index] = mass @ normal_tail((points - lower[index]) / step)
        above[index] = mass @ normal_tail((upper[index] - points) / step)
        there, weights = _nodes(float(lower[index]), float(upper[index]), step)
        kernel = np.exp(-0.5 * ((there[:, None] - points) / step) ** 2) / (step * np.sqrt(2 * np.pi))
        points, mass, now = there, weights * (kernel @ mass), look
    return below, above, points, mass


@lru_cache(maxsize=512)
def constant_bound(looks: tuple[int, ...], alpha: float, sides: int) -> float:
    """The z that a Brownian motion exceeds at any of ``looks`` with probability ``alpha`` (Pocock 1977).

    ``sides`` is 2 for leaving in either direction, 1 for leaving upwards.
    """

    def excess(z: float) -> float:
        below, above = exit_probabilities(looks, *_sums(looks, z, sides))
        return math.log((above.sum() + (below.sum() if sides == 2 else 0.0)) / alpha)

    return _root(excess, alpha, sides)


@lru_cache(maxsize=4096)
def last_bound(looks: tuple[int, ...], last: int, z: float, alpha: float, sides: int) -> float:
    """The z for one unplanned last look that spends what is left of ``alpha``.

    Args:
        looks: the looks already taken, all at bound ``z``, all before ``last``.
        last: rounds at the last look.
    """
    spent, points, mass = _before(looks, z, sides)
    step, root = math.sqrt(last - (looks[-1] if looks else 0)), math.sqrt(last)

    def excess(bound: float) -> float:
        upper = min(bound, FAR) * root
        total = spent + mass @ normal_tail((upper - points) / step)
        total += mass @ normal_tail((points + upper) / step) if sides == 2 else 0.0
        return math.log(total / alpha)

    return _root(excess, alpha, sides)


@lru_cache(maxsize=512)
def _before(looks: tuple[int, ...], z: float, sides: int) -> tuple[float, Floats, Floats]:
    """The probability that looks at bound ``z`` spend, and where the rest is after them: no last look changes that."""
    below, above, points, mass = _carried(looks, *_sums(looks, z, sides))
    return float(above.sum() + (below.sum() if sides == 2 else 0.0)), points, mass


def _sums(looks: tuple[int, ...], z: float, sides: int) -> tuple[Floats, Floats]:
    """The bounds of the sum at each look."""
    upper = z * np.sqrt(np.asarray(looks, dtype=float))
    return -upper if sides == 2 else np.full(len(looks), -np.inf), upper


def _root(excess: Callable[[float], float], alpha: float, sides: int) -> float:
    """The z at which nothing is in excess; a single look would need the first guess, any further look needs more."""
    z = -NormalDist().inv_cdf(alpha / sides)
    return _secant(excess, z, z + 0.5)


def _secant(function: Callable[[float], float], first: float, second: float) -> float:
    """The root of a smooth, monotonous and nearly linear function, to 1e-9."""
    at_first, at_second = function(first), function(second)
    while abs(second - first) > 1e-9 and at_second != at_first:
        step = at_second * (second - first) / (at_second - at_first)
        first, at_first = second, at_second
        second -= step
        at_second = function(second)
    return second
