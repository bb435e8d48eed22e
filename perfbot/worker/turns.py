"""What a worker does while the conductor holds it inside a benchmark.

``probe`` finds out how long a call takes, ``turns`` alternates with the other side's worker call by call (they hand a
token to each other; the conductor only says how often), ``together`` runs at the same time as the other side on the
same core. Answers carry every value as nanoseconds of wall and CPU time, when each turn began, and the
wall time that was thrown away.
"""

from __future__ import annotations

import gc
from resource import RUSAGE_SELF, getrusage
from time import perf_counter_ns
from typing import Any, Callable, Dict, List

from .channel import Token
from .timers import Timer

YOUNG = 1
"""Garbage of the benchmark before is collected; a full collection of what pytest keeps alive costs as much as a round
of values."""

PROBE_CALLS = 1 << 24
"""No probe makes more calls than this, however short they are."""


def probe(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Time calls in growing numbers until one batch lasts ``at_least`` ns.

    Returns:
        ``first`` (ns of the first, cold call), ``loops`` and ``wall``, ``cpu`` (ns) of the last batch, and
        ``voluntary``: how often the process gave up its core by itself, which tells waiting from being preempted.
    """
    gc.collect(YOUNG)
    before = getrusage(RUSAGE_SELF).ru_nvcsw
    wall, cpu = timer(1)
    first, loops = wall, 1
    while wall < order["at_least"] and loops < PROBE_CALLS:
        grown = loops * 2 if wall <= 0 else int(loops * min(10.0, 1.2 * order["at_least"] / wall)) + 1
        loops = max(loops + 1, grown)
        wall, cpu = timer(loops)
    if loops == 1 and first < order["again_below"]:
        wall, cpu = timer(1)
    voluntary = getrusage(RUSAGE_SELF).ru_nvcsw - before
    return {"first": first, "loops": loops, "wall": wall, "cpu": cpu, "voluntary": voluntary}


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
        began.append(perf_counter_ns())
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
    began = perf_counter_ns()
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
}
