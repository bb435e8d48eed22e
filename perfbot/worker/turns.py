"""What a worker does while the scheduler holds it inside a benchmark.

``probe`` finds out how long a call takes, ``turns`` alternates with the other side's worker call by call (they hand a
token to each other; the scheduler only says how often), ``together`` runs at the same time as the other side on the
same core. Answers carry every value as nanoseconds of wall and CPU time, when each turn began, and the
wall time that was thrown away. ``count`` measures what does not take time into account; see :mod:`counting`.
"""

from __future__ import annotations

import gc
from operator import itemgetter
from typing import Any, Callable, Dict, List

from . import counting
from .channel import Token
from .clocks import NANOSECONDS
from .timers import Timer, queued

YOUNG = 1
"""Garbage of the benchmark before is collected; a full collection of what pytest keeps alive costs as much as a round
of values."""

PROBE_CALLS = 1 << 24
"""No probe makes more calls than this, however short they are."""


def probe(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Time calls in growing numbers until one batch lasts ``at_least`` ns.

    A batch below ``again_below`` ns is timed twice and the shorter one believed: whatever comes in between (a cold
    start, another program that takes the core) makes calls look longer than they are.

    Returns:
        ``first`` (ns of the first, cold call), ``loops`` and ``wall``, ``cpu`` (ns) of the last batch, and of that
        batch ``queued``: ns in which it could have run, but others had the core; None where the system does not tell.
    """
    gc.collect(YOUNG)
    loops, best = 1, batch(timer, 1)
    first = best["wall"]
    while True:
        if best["wall"] < order["again_below"]:
            best = min(best, batch(timer, loops), key=itemgetter("wall"))
        if best["wall"] >= order["at_least"] or loops >= PROBE_CALLS:
            return {"first": first, "loops": loops, **best}
        wanted = 1.2 * order["at_least"] / max(best["wall"], 1)
        loops = max(loops + 1, int(loops * min(10.0, wanted)) + 1)
        best = batch(timer, loops)


def batch(timer: Timer, loops: int) -> Dict[str, Any]:
    """Time ``loops`` calls, and how long they stood in the queue for a core meanwhile."""
    before = queued()
    wall, cpu = timer(loops)
    after = queued()
    waited = after - before if after is not None and before is not None else None
    return {"wall": wall, "cpu": cpu, "queued": waited}


def turns(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Take turns: ``counts[i]`` values of ``loops`` calls each in turn i, after ``discard`` calls that are thrown away.

    The side with ``first`` begins; the token goes over after every turn, but not after the last one of both sides
    (``hand_over_last`` is false there).
    """
    loops, discard, counts = order["loops"], order["discard"], order["counts"]
    walls: List[int] = []
    cpus: List[int] = []
    began: List[int] = []
    discarded = 0
    last = len(counts) - 1
    gc.collect(YOUNG)
    for turn, count in enumerate(counts):
        if turn or not order["first"]:
            token.take()
        began.append(NANOSECONDS[0]())
        discarded += timer(discard)[0] if discard else 0
        for _ in range(count):
            wall, cpu = timer(loops)
            walls.append(wall)
            cpus.append(cpu)
        if turn < last or order["hand_over_last"]:
            token.give()
    return {"walls": walls, "cpus": cpus, "began": began, "discarded": discarded}


def together(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Run ``counts[0]`` values of ``loops`` calls at the same time as the other side, after ``discard`` calls."""
    walls: List[int] = []
    cpus: List[int] = []
    gc.collect(YOUNG)
    token.give()
    token.take()
    began = NANOSECONDS[0]()
    discarded = timer(order["discard"])[0] if order["discard"] else 0
    for _ in range(order["counts"][0]):
        wall, cpu = timer(order["loops"])
        walls.append(wall)
        cpus.append(cpu)
    return {"walls": walls, "cpus": cpus, "began": [began], "discarded": discarded}


ORDERS: Dict[str, Callable[[Timer, Token, Dict[str, Any]], Dict[str, Any]]] = {
    "probe": probe,
    "turns": turns,
    "together": together,
    "count": counting.count,
}
