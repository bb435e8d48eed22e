"""Where the spread of a benchmark's rounds comes from: its values, or its processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import fmean, median

from perfbot.measure.lockstep.plan import FEWEST_PAIRS
from perfbot.model import Round
from perfbot.stats.rounds import round_ratio

FEWEST_ROUNDS = 3
"""Fewer do not show how much rounds differ."""

LEAST_BETWEEN = 0.2
"""Of the variance of rounds, processes are never taken to cause less than this share: few rounds show it badly."""

UNEVEN = 1.1
"""Mean of a side's values, in medians, from which on some of them are slow."""

SIGMA = 1.4826
"""Standard deviations in a median absolute deviation (Gaussian)."""


@dataclass(slots=True)
class Spread:
    """What the rounds of one benchmark so far say about their noise. Changes nothing but how many pairs follow."""

    _ratios: list[float] = field(default_factory=list)
    _halves: list[float] = field(default_factory=list)
    _pairs: list[int] = field(default_factory=list)
    _uneven: int = 0

    def add(self, taken: Round) -> None:
        """Take in one round of short calls that took turns.

        Its pairs are split so that each half has turns of both orders; by how far the halves differ, values of one
        pair of processes scatter.
        """
        pairs = len(taken.base)
        if pairs < FEWEST_PAIRS:
            return
        self._uneven += any(fmean(side) > UNEVEN * median(side) for side in (taken.base, taken.head))
        seconds = median(taken.base) * taken.loops
        first, second = (
            round_ratio([taken.base[at] for at in half], [taken.head[at] for at in half], value_seconds=seconds)
            for half in ([at for at in range(pairs) if (at % 4 < 2) is early] for early in (True, False))
        )
        self._ratios.append(round_ratio(taken.base, taken.head, value_seconds=seconds))
        self._halves.append((second - first) * pairs**0.5 / 2)
        self._pairs.append(pairs)

    @property
    def uneven(self) -> bool:
        """Whether slow values were seen among usual ones, more than once."""
        return self._uneven > 1

    @property
    def within(self) -> float | None:
        """The variance of a single pair, in that between pairs of processes; None while too little is known."""
        if len(self._ratios) < FEWEST_ROUNDS:
            return None
        middle = median(self._ratios)
        single = (SIGMA * median(map(abs, self._halves))) ** 2
        total = (SIGMA * median(abs(ratio - middle) for ratio in self._ratios)) ** 2
        between = max(total - single / fmean(self._pairs), LEAST_BETWEEN * total)
        return single / between if between > 0 else None
