"""What rounds say together: means with intervals, for many functions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from perfbot.stats.special import digamma, polygamma, student_quantile
from perfbot.why.blame import Floats

CONFIDENCE = 0.99
"""That every interval of a benchmark holds: one explanation in a hundred may blame a function that did nothing."""

FEWEST = 4
"""Rounds, of which nothing is said with fewer."""

ENOUGH = 5
"""Functions whose spreads tell what spreads are like here."""

MOST_PRIOR = 15.0
"""Degrees of freedom that the other functions may add: that all spreads are alike is never quite true."""


AROUND = 0.1
"""Of a part: what a function costs is not the same by the time that is spent in it and by what the whole takes less
without it, for it leaves caches and predictors to others in another state. Where a loop of 28 % was taken out of a
call, the call took 31 % less."""


@dataclass(frozen=True, slots=True)
class Means:
    """Of some quantities over rounds, shape [quantity].

    Attributes:
        half: half the width of each interval; all of them hold together with :data:`CONFIDENCE`.
        family: how many quantities that allows for.
    """

    mean: Floats
    half: Floats
    family: int
    known: npt.NDArray[np.bool_]
    """Of which anything is known of how they spread."""

    @property
    def proven(self) -> npt.NDArray[np.bool_]:
        """Those that surely are not zero."""
        return (np.abs(self.mean) > self.half) & self.known


def means_of(
    values: Floats, least: Floats | float = 0.0, *, besides: Floats | float = 0.0, family: int | None = None
) -> Means:
    """Student's intervals over rounds, each at its share of the error (Bonferroni).

    A few rounds know a spread badly. How far functions spread beyond what counting samples explains is alike, within
    limits that their spreads themselves show: each borrows from all others (moderated t, Smyth 2004).

    Args:
        values: shape [round, quantity].
        least: standard error of a round at the least, by what is known of how it was counted: rounds in which a rare
            function was never met agree with each other by chance.
        besides: standard error of the means that rounds do not show, for all of them share it.
        family: how many quantities share the error; by default those that are not zero in all rounds.
    """
    rounds = len(values)
    mean = values.mean(axis=0)
    if family is None:
        family = max(1, int(np.count_nonzero(np.any(values != 0, axis=0))))
    floor = np.square(np.broadcast_to(np.asarray(least, dtype=float), mean.shape))
    variance = values.var(axis=0, ddof=1)
    prior, weight = _prior(variance, floor, rounds - 1)
    moderated = (weight * prior * floor + (rounds - 1) * variance) / (weight + rounds - 1)
    known = np.where(floor > 0, np.maximum(moderated, floor), variance)
    vague = AROUND * np.abs(mean)
    constant = student_quantile(rounds - 1 + weight, (1 - CONFIDENCE) / (2 * family))
    error = np.sqrt(known / rounds + np.square(besides))
    return Means(mean, constant * error + vague, family, error > 0)


def _prior(variance: Floats, floor: Floats, freedom: int) -> tuple[float, float]:
    """What variances are like as multiples of the floor's, and how many degrees of freedom that is worth.

    By moments of the log (Smyth 2004, section 6.2).
    """
    telling = (floor > 0) & (variance > floor / 10)
    if np.count_nonzero(telling) < ENOUGH:
        return 1.0, 0.0
    logs = np.log(variance[telling] / floor[telling]) - digamma(freedom / 2) + np.log(freedom / 2)
    beyond = float(logs.var(ddof=1)) - polygamma(1, freedom / 2)
    weight = MOST_PRIOR if beyond <= 0 else min(MOST_PRIOR, 2 * _inverse_trigamma(beyond))
    centre = float(np.exp(logs.mean() + digamma(weight / 2) - np.log(weight / 2)))
    return max(1.0, centre), weight


def _inverse_trigamma(value: float) -> float:
    """The x with trigamma(x) = value, by Newton's method on 1/trigamma, which is convex (Smyth 2004, appendix)."""
    found = 0.5 + 1 / value
    for _ in range(50):
        trigamma = polygamma(1, found)
        step = trigamma * (1 - trigamma / value) / polygamma(2, found)
        found += step
        if abs(step) < 1e-8 * found:
            break
    return found
