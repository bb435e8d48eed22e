"""What each look at growing numbers of rounds says by itself. Pure arrays of many streams at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from perfbot.stats.evidence import Evidence
from perfbot.stats.location import Floats, estimates
from perfbot.stats.means import Means, mean_ratios

Codes = NDArray[np.int8]

OPEN, SAME, UP, DOWN = range(4)

LOOSE = 3.0
"""Thresholds within which the mean must surely lie where it does not decide. It strays up to ten times as far as the
typical ratio, and time goes with the square."""

ROUNDING = 1e-9
"""Log ratios this close are equal."""


class Region(NamedTuple):
    """Between which log ratios a change is asked to lie; infinite where an end is open."""

    low: float = -math.inf
    high: float = math.inf


class Critical(NamedTuple):
    """Critical t at each of some looks.

    Attributes:
        change: for a change of what is typical.
        mean: for a change of the mean.
        same: for the absence of a change, of what is typical.
        mean_same: the same, of the mean.
        along: for the mean to move in the direction of what is typical, at each look by itself: that something changed
            is sure by ``change``.
        likely: for where the mean lies, at each look by itself.
    """

    change: Floats
    mean: Floats
    same: Floats
    mean_same: Floats
    along: Floats
    likely: Floats

    def at(self, looks: slice | NDArray[np.int_] | list[int]) -> Critical:
        """Those of some looks."""
        return Critical(*(values[looks] for values in self))


TRIMMED = (True, False, True, False)
"""Which of the first four are of a trimmed mean."""


class Seen(NamedTuple):
    """What some looks find: estimates and their standard errors on the scale of log ratios, shape [..., looks]."""

    typical: Floats
    error: Floats
    means: Means | None = None

    def shifted(self, effect: float) -> Seen:
        """As if head were so much larger, a log ratio."""
        means = self.means and self.means._replace(ratio=self.means.ratio + effect)
        return Seen(self.typical + effect, self.error, means)


def seen(evidence: Evidence, looks: Sequence[int]) -> Seen:
    """What each of some looks finds in rounds [..., round]."""
    typical, error = estimates(evidence.typical, looks)
    if evidence.base is None or evidence.head is None:
        return Seen(typical, error)
    means = mean_ratios(evidence.base, evidence.head, evidence.typical, looks, evidence.weight)
    return Seen(typical, error, means)


class Classified(NamedTuple):
    """What each look says by itself: ``SAME``, ``UP``, ``DOWN`` or ``OPEN``, and whether the mean says it."""

    codes: Codes
    by_mean: NDArray[np.bool_]


def classify(found: Seen, critical: Critical, margin: float) -> Classified:
    """What each look says.

    Nothing changed where what is typical surely moved less than the margin, and the mean less than ``LOOSE`` of it,
    or less than one where it surely moved otherwise than what is typical. A change of what is typical counts where the
    mean is not seen to move otherwise, and has probably moved in the same direction.

    Args:
        margin: the smallest change that matters, as a log ratio.
    """
    typical, error, means = found
    surely = np.abs(typical) - critical.change * error
    same = np.abs(typical) + critical.same * error < margin
    codes = np.where(typical > 0, UP, DOWN)
    if means is None:
        codes = np.where(same, SAME, np.where(surely > 0, codes, OPEN))
        return Classified(codes.astype(np.int8), np.zeros(codes.shape, dtype=bool))
    excess = np.abs(means.ratio - typical)
    excess_reach = critical.mean_same * means.excess_error
    unlike = excess > critical.mean * means.excess_error + ROUNDING
    reach = critical.mean_same * means.error
    mean_same = np.abs(means.ratio) + reach < np.where(unlike, margin, LOOSE * margin)
    alike = excess <= excess_reach + ROUNDING
    known = excess + excess_reach < np.maximum(LOOSE * margin, np.abs(typical))
    mean_changed = np.abs(means.ratio) > critical.mean * means.error
    along = np.sign(typical) * means.ratio > critical.along * means.error
    by_typical = alike & (surely > 0) & along
    codes = np.where(by_typical, codes, np.where(mean_changed, np.where(means.ratio > 0, UP, DOWN), OPEN))
    codes = np.where(mean_same & (same | unlike), SAME, codes)
    told = np.where(codes == OPEN, ~(alike & known) | (same & ~mean_same), ~by_typical)
    return Classified(codes.astype(np.int8), np.where(codes == SAME, unlike, told))


def classify_region(found: Seen, critical: Critical, region: Region) -> Classified:
    """Whether a change surely lies in a region (``SAME``), above it (``UP``) or below (``DOWN``).

    Each end is what 0 is to :func:`classify`, at the same error probability; nothing is the same as an end.
    """
    low, high = (classify(found.shifted(-end), critical, 0.0) if math.isfinite(end) else None for end in region)
    nowhere = np.zeros(found.typical.shape, dtype=bool)
    below, above_low = (nowhere, ~nowhere) if low is None else (low.codes == DOWN, low.codes == UP)
    above, below_high = (nowhere, ~nowhere) if high is None else (high.codes == UP, high.codes == DOWN)
    codes = np.where(below, DOWN, np.where(above, UP, np.where(above_low & below_high, SAME, OPEN)))
    by_low, by_high = (nowhere if end is None else end.by_mean for end in (low, high))
    nearer_low = np.abs(found.typical - region.low) <= np.abs(found.typical - region.high)
    return Classified(codes.astype(np.int8), np.where(below | (~above & nearer_low), by_low, by_high))


def first_stop(codes: Codes) -> NDArray[np.intp]:
    """Index of the first look that is not ``OPEN``, or of the last look; shape [...] from [..., looks]."""
    stopped = codes != OPEN
    index: NDArray[np.intp] = np.where(stopped.any(axis=-1), stopped.argmax(axis=-1), codes.shape[-1] - 1)
    return index
