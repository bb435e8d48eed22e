"""What a worker does while the scheduler holds it inside a benchmark.

``probe`` finds out how long a call takes, ``turns`` alternates with the other side's worker call by call (they hand a
token to each other; the scheduler only says how often), ``together`` runs at the same time as the other side on the
same core. Answers carry every value as nanoseconds of wall time, CPU time and cost (see :mod:`stopwatch`), when each
turn began, the wall time that was thrown away, and what other threads computed while it was the other side's turn
(``aside``). What does not take time into account is in :mod:`counting`.
"""

from __future__ import annotations

import os
from operator import attrgetter
from typing import Any, Callable, Dict, List

from .channel import Token
from .clocks import CLOCKS
from .heap import begin, draw
from .launcher import ports_of
from .stopwatch import NOTHING, Times
from .timers import Timer

PROBE_CALLS = 1 << 24
"""No probe makes more calls than this, however short they are."""


def probe(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Time calls in growing numbers until one batch lasts ``at_least`` ns.

    A batch below ``again_below`` ns is timed twice and the shorter one believed: whatever comes in between (a cold
    start, another program that takes the core) makes calls look longer than they are.

    Returns:
        ``first`` (ns of the first, cold call), ``loops`` and ``wall``, ``cpu``, ``cost`` (ns) of the last batch, and
        ``ports`` on which this process and its children listen.
    """
    begin(0)
    loops, best = 1, warm(timer, 1)
    first = best.wall
    while True:
        if best.wall < order["again_below"]:
            best = min(best, timer(loops), key=attrgetter("wall"))
        if best.wall >= order["at_least"] or loops >= PROBE_CALLS:
            return {"first": first, "loops": loops, "ports": ports_of(os.getpid()), **best._asdict()}
        wanted = 1.2 * order["at_least"] / max(best.wall, 1)
        loops = max(loops + 1, int(loops * min(10.0, wanted)) + 1)
        best = timer(loops)


def warm(timer: Timer, loops: int) -> Times:
    """Calls that are not for timing; where somebody asks for what they return, one of them leaves it."""
    calls: Timer = getattr(timer, "warm", timer)
    return calls(loops)


class Taken:
    """Values taken in some turns."""

    def __init__(self, timer: Timer, order: Dict[str, Any]) -> None:
        self._timer = timer
        self._order = order
        self._left = sum(order["counts"])
        self._held: List[Any] = []
        self._values: List[Times] = []
        self._began: List[int] = []
        self._discarded = NOTHING
        self._kept = False
        self._aside = 0

    def draw(self, turn: int) -> None:
        """Draw where memory lies, if it is time to."""
        if turn == 0:
            begin(self._order["draw"])
        if turn % self._order["drawn_every"] == 0:
            self._held.clear()
            self._held = draw(self._order["draw"] + turn)

    def wait(self, token: Token) -> None:
        """Until it is this side's turn; what other threads compute meanwhile is no part of any value."""
        before = _others()
        token.take()
        self._aside += max(0, _others() - before)

    def turn(self, turn: int) -> None:
        """Take a turn's values, after calls that are thrown away."""
        loops, discard, count = self._order["loops"], self._order["discards"][turn], self._order["counts"][turn]
        keeping = None if discard or loops > 1 else getattr(self._timer, "keeping", None)
        self._began.append(CLOCKS[0]())
        if discard:
            self._discarded = self._discarded.plus(warm(self._timer, discard))
        for _ in range(count):
            self._left -= 1
            self._kept = keeping is not None and self._left == 0
            self._values.append(keeping() if keeping and self._kept else self._timer(loops))

    def answer(self) -> Dict[str, Any]:
        """Everything, as the scheduler wants it."""
        walls, cpus, costs = (list(values) for values in zip(*self._values))
        return {
            "walls": walls,
            "cpus": cpus,
            "costs": costs,
            "began": self._began,
            "discarded": self._discarded.wall,
            "kept": self._kept,
            "aside": self._aside,
        }


def _others() -> int:
    """CPU time of the threads beside this one (ns)."""
    return CLOCKS[1]() - CLOCKS[2]()


def turns(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Take turns: ``counts[i]`` values of ``loops`` calls each in turn i, after ``discards[i]`` that are thrown away.

    The side with ``first`` begins; the token goes over after every turn, but not after the last one of both sides
    (``hand_over_last`` is false there). Before every ``drawn_every``-th turn the place in memory is drawn. Where
    nothing is thrown away, the last call leaves its result to whoever asked for it.
    """
    counts, taken = order["counts"], Taken(timer, order)
    last = len(counts) - 1
    for turn in range(len(counts)):
        if turn or not order["first"]:
            taken.wait(token)
        taken.draw(turn)
        taken.turn(turn)
        if turn < last or order["hand_over_last"]:
            token.give()
    return taken.answer()


def together(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Run ``counts[0]`` values of ``loops`` calls at the same time as the other side, after ``discards[0]``."""
    taken = Taken(timer, order)
    taken.draw(0)
    token.give()
    token.take()
    taken.turn(0)
    return taken.answer()


ORDERS: Dict[str, Callable[[Timer, Token, Dict[str, Any]], Dict[str, Any]]] = {
    "probe": probe,
    "turns": turns,
    "together": together,
}
