"""What freeing a call's result took, where somebody asked for the result: it shows only when the benchmark is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perfbot.measure.lockstep.messages import Message
from perfbot.measure.session import Measured, Outcome
from perfbot.model import SIDES, Side

CLOCKS = ("wall", "cpu", "cost")
"""In the order in which a worker tells what freeing took."""


def with_freed(outcome: Outcome, ready: dict[Side, Message], done: dict[Side, Message]) -> Outcome:
    """A round with what freeing took added to the last value of each side that tells it.

    Args:
        ready, done: what both workers said when they were held in the benchmark, and when they had left it.
    """
    if not isinstance(outcome, Measured) or outcome.round.clock not in CLOCKS:
        return outcome
    at, taken = CLOCKS.index(outcome.round.clock), outcome.round
    base, head = (
        _longer(getattr(taken, side), done[side].get("freed") or (), at, ready[side]["inner"]) for side in SIDES
    )
    return replace(outcome, round=replace(taken, base=base, head=head))


def _longer(values: Sequence[float], freed: Sequence[int], at: int, inner: int) -> tuple[float, ...]:
    last = values[-1] + (freed[at] / inner / 1e9 if freed else 0.0)
    return (*values[:-1], last)
