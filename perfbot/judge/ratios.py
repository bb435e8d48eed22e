"""What the rounds of a comparison say about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from perfbot.model import (
    TIME,
    Round,
)
from perfbot.stats.evidence import Evidence, evidence_of
from perfbot.stats.rounds import Floats, side_means, side_medians


def ratios_of(rounds: Sequence[Round], unit: str) -> list[float]:
    """The rounds' log ratios of what is typical."""
    ratios: list[float] = evidence_of_rounds(rounds, unit).typical.tolist()
    return ratios


def evidence_of_rounds(rounds: Sequence[Round], unit: str, sides: Floats | None = None) -> Evidence:
    """What rounds say; values of time tell how long they took to measure.

    Args:
        sides: each round's median of base and of head, where they are known already.
    """
    sides = sides_of(rounds) if sides is None else sides
    lasted = sides[:, 0] * [one.loops for one in rounds] if unit == TIME.unit else None
    return evidence_of(
        [one.base for one in rounds], [one.head for one in rounds], None if lasted is None else lasted.tolist()
    )


def sides_of(rounds: Sequence[Round]) -> Floats:
    """Medians of base and head, [round, side]."""
    return side_medians([one.base for one in rounds], [one.head for one in rounds])


def means_of(rounds: Sequence[Round]) -> Floats:
    """Means of base and head, [round, side]."""
    return side_means([one.base for one in rounds], [one.head for one in rounds])
