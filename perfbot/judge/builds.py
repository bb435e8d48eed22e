"""What code layout does to a benchmark, where both sides were built several times. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from perfbot.model import Result, Round
from perfbot.reasons import MovesWithLayout
from perfbot.stats.rounds import Floats
from perfbot.stats.special import f_tail

SURE = 0.01
"""Probability of saying that builds differ where they do not."""

FEWEST_LEFT = 4
"""Rounds beyond the numbers that are estimated: fewer do not tell noise from builds."""


@dataclass(frozen=True, slots=True)
class LayoutEffect:
    """How the change depends on the builds that are compared: log ratios of the pairs that differ least and most."""

    low: float
    high: float
    builds: int

    @property
    def unsure(self) -> float:
        """How far the mean over so few builds may be from that over all."""
        return (self.high - self.low) / 2 / math.sqrt(self.builds)


def layout_effect(ratios: Floats, builds: Sequence[tuple[int, int]]) -> LayoutEffect | None:
    """What the builds do; None where rounds of one pair of builds differ as much as those of several.

    Each build of head and of base is taken to cost its own share more or less, whichever it meets.

    Args:
        ratios: log(head/base) of each round.
        builds: numbers of base's and head's build in each round.
    """
    kinds = [sorted(set(side)) for side in zip(*builds, strict=True)]
    estimated = sum(len(one) - 1 for one in kinds)
    left = len(ratios) - 1 - estimated
    if not estimated or left < FEWEST_LEFT:
        return None
    met = [np.equal.outer(side, kind) for side, kind in zip(zip(*builds, strict=True), kinds, strict=True)]
    shares = np.hstack([np.ones((len(ratios), 1)), *met]).astype(float)
    found = np.linalg.lstsq(shares, ratios, rcond=None)[0]
    fitted = shares @ found
    within = float(np.square(ratios - fitted).sum()) / left
    between = float(np.square(fitted - fitted.mean()).sum()) / estimated
    if not _differ(between, within, estimated, left):
        return None
    parts = np.split(found[1:], [len(kinds[0])])
    low, high = (found[0] + sum(choose(part) for part in parts) for choose in (np.min, np.max))
    return LayoutEffect(float(low), float(high), max(map(len, kinds)))


def _differ(between: float, within: float, estimated: int, left: int) -> bool:
    return within == 0 < between or (within > 0 and f_tail(estimated, left, between / within) < SURE)


def built(rounds: Sequence[Round]) -> bool:
    """Whether there were several builds."""
    return any(one.builds != (0, 0) for one in rounds)


def moved(result: Result, ratios: Floats) -> Result:
    """The result, with the spread between builds in its interval; undecided where the builds decide its direction."""
    effect = layout_effect(ratios, [one.builds for one in result.raw])
    if effect is None:
        return result
    low, high = math.expm1(effect.low), math.expm1(effect.high)
    interval = result.interval and (min(low, result.interval[0]), max(high, result.interval[1]))
    direction_open = result.verdict in ("regressed", "improved") and low <= 0 <= high
    too_wide = result.verdict == "unchanged" and effect.unsure > math.log1p(result.threshold or 0.0)
    return replace(
        result,
        verdict="inconclusive" if direction_open or too_wide else result.verdict,
        interval=interval,
        reasons=(*result.reasons, MovesWithLayout(low, high, effect.builds)),
    )
