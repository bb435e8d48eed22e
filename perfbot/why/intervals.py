"""What rounds say together: means with intervals, for many functions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from perfbot.stats.special import student_quantile
from perfbot.why.blame import Floats

CONFIDENCE = 0.99
"""That every interval of a benchmark holds: one explanation in a hundred may blame a function that did nothing."""

FEWEST = 4
"""Rounds, of which nothing is said with fewer."""


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

    @property
    def proven(self) -> npt.NDArray[np.bool_]:
        """Those that surely are not zero."""
        return (np.abs(self.mean) > self.half) & (self.half > 0)


def means_of(
    values: Floats, least: Floats | float = 0.0, *, besides: Floats | float = 0.0, family: int | None = None
) -> Means:
    """Student's intervals over rounds, each at its share of the error (Bonferroni).

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
    spread = np.maximum(values.std(axis=0, ddof=1) if rounds > 1 else np.inf, least)
    constant = student_quantile(max(1, rounds - 1), (1 - CONFIDENCE) / (2 * family))
    return Means(mean, constant * np.sqrt(spread**2 / rounds + np.square(besides)), family)
