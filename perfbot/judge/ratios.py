"""What the rounds of a comparison say about it, as log ratios. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from perfbot.model import (
    TIME,
    Round,
)
from perfbot.stats.rounds import Floats, round_ratios, side_medians


def ratios_of(rounds: Sequence[Round], unit: str, sides: Floats | None = None) -> list[float]:
    """The rounds' log ratios; values of time tell how long they took to measure.

    Args:
        sides: each round's median of base and of head, where they are known already.
    """
    sides = sides_of(rounds) if sides is None else sides
    lasted = sides[:, 0] * [one.loops for one in rounds] if unit == TIME.unit else None
    ratios: list[float] = round_ratios(
        [one.base for one in rounds], [one.head for one in rounds], None if lasted is None else lasted.tolist()
    ).tolist()
    return ratios


def sides_of(rounds: Sequence[Round]) -> Floats:
    """Medians of base and head, [round, side]."""
    return side_medians([one.base for one in rounds], [one.head for one in rounds])
