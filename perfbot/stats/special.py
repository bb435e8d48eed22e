"""The functions of probability that deciding needs, in the words of this package; scipy computes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def _scipy() -> Any:
    """``scipy.special``, loaded when something has to be decided: a quarter of a second that can pass meanwhile."""
    import scipy.special  # noqa: PLC0415

    return scipy.special


def normal_tail(values: Floats) -> Floats:
    """P(Z > values) of a standard normal Z."""
    tails: Floats = _scipy().ndtr(-np.asarray(values, dtype=float))
    return tails


def student_quantile(freedom: float, tail: float) -> float:
    """The t that Student's distribution exceeds with probability ``tail``, which is between 0 and 1/2.

    Args:
        freedom: degrees of freedom, above zero.
    """
    if not (freedom > 0 and 0 < tail <= 0.5):
        raise ValueError(f"a tail from 0 to 1/2, and degrees of freedom above 0, not {tail} and {freedom}")
    return -float(_scipy().stdtrit(freedom, tail))


def f_tail(between: float, within: float, ratio: float) -> float:
    """P(F > ratio) of Fisher's F with so many degrees of freedom above and below; infinite ratios have none."""
    return float(_scipy().fdtrc(between, within, max(ratio, 0.0))) if math.isfinite(ratio) else 0.0


def digamma(value: float) -> float:
    """The slope of the logarithm of the gamma function."""
    return float(_scipy().digamma(value))


def polygamma(order: int, value: float) -> float:
    """The derivative of that order of :func:`digamma`."""
    return float(_scipy().polygamma(order, value))


def proportion_interval(count: int, total: int, confidence: float) -> tuple[float, float]:
    """The exact interval of a proportion (Clopper & Pearson 1934), where ``count`` of ``total`` were seen."""
    share = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(_scipy().betaincinv(count, total - count + 1, share))
    high = 1.0 if count == total else float(_scipy().betaincinv(count + 1, total - count, 1 - share))
    return low, high
