"""The three functions of probability that deciding needs, without a library of 140 MB (docs/adr/0018).

Each agrees with scipy's to 1e-11 of its value; the tests compare them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TINY = 1e-300
_EXACT = 1e-15


def normal_tail(values: Floats) -> Floats:
    """P(Z > values) of a standard normal Z."""
    flat = np.ravel(values) * math.sqrt(0.5)
    tails = np.fromiter(map(math.erfc, flat.tolist()), dtype=float, count=flat.size)
    return (tails / 2).reshape(np.shape(values))


def student_quantile(freedom: float, tail: float) -> float:
    """The t that Student's distribution exceeds with probability ``tail``, which is between 0 and 1/2.

    Args:
        freedom: degrees of freedom, above zero.
    """
    if not (freedom > 0 and 0 < tail <= 0.5):
        raise ValueError(f"a tail from 0 to 1/2, and degrees of freedom above 0, not {tail} and {freedom}")

    if tail == 0.5:
        return 0.0
    z = NormalDist().inv_cdf(1 - tail)
    t = z + (z**3 + z) / (4 * freedom)  # the first term of its expansion (Hill 1970); Newton's steps are in logarithms
    for _ in range(100):
        there = _student_tail(freedom, t)
        step = math.log(there / tail) * there / (t * _student_density(freedom, t))
        t *= math.exp(max(-1.0, min(1.0, step)))
        if abs(step) < 1e-13:
            break
    return t


def _student_density(freedom: float, t: float) -> float:
    log = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(math.pi * freedom) / 2
    return math.exp(log - (freedom + 1) / 2 * math.log1p(t * t / freedom))


def _student_tail(freedom: float, t: float) -> float:
    return beta_below(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2


def f_tail(between: float, within: float, ratio: float) -> float:
    """P(F > ratio) of Fisher's F with so many degrees of freedom above and below; infinite ratios have none."""
    if not math.isfinite(ratio):
        return 0.0
    return beta_below(within / 2, between / 2, within / (within + between * max(ratio, 0.0)))


def proportion_interval(count: int, total: int, confidence: float) -> tuple[float, float]:
    """The exact interval of a proportion (Clopper & Pearson 1934), where ``count`` of ``total`` were seen."""
    share = (1 - confidence) / 2
    low = 0.0 if count == 0 else _beta_quantile(count, total - count + 1, share)
    high = 1.0 if count == total else _beta_quantile(count + 1, total - count, 1 - share)
    return low, high


def _beta_quantile(a: float, b: float, probability: float) -> float:
    return _root(lambda x: probability - beta_below(a, b, x), 0.0, 1.0)


def beta_below(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function: P(B < x) of a beta distribution (Numerical Recipes, 6.4)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_below(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    ahead, behind = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = behind
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            behind = 1 / _away(1 + term * behind)
            ahead = _away(1 + term / ahead)
            value *= ahead * behind
        if abs(ahead * behind - 1) < _EXACT:
            break
    return value


def _away(value: float) -> float:
    """From zero, by which the next step divides."""
    return value if abs(value) > _TINY else _TINY


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a decreasing function is zero, between two bounds: the regula falsi of Illinois, with bisection."""
    at_low, at_high = function(low), function(high)
    for step in range(200):
        if high - low <= 4e-16 * max(abs(low), abs(high)):
            break
        middle = (low * at_high - high * at_low) / (at_high - at_low) if step % 3 else (low + high) / 2
        middle = min(max(middle, low), high)
        value = function(middle)
        if value == 0:
            return middle
        if value > 0:
            low, at_low = middle, value
        else:
            high, at_high = middle, value
    return (low + high) / 2
