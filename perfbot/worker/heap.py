"""Where memory lies when a benchmark is measured: drawn anew, so that an accident of it becomes spread and no bias.

How a process allocates depends on everything that it did before: how far the heap has grown, which holes it has, what
lies in free lists, how soon the garbage collector runs next. All processes of one side do the same before a benchmark,
and so share such an accident, which another doc string or import on the other side is enough to move.
"""

from __future__ import annotations

import gc
import sys
from typing import Any, List

YOUNG = 1
"""The generation that is collected together with the youngest before memory is drawn."""

LEFT_BEHIND = 20_000
"""Blocks of memory that have come or gone since the last full collection of ours, from which on another one is worth
its time: a millisecond at least of what a call of this benchmark would have to collect for others."""

PENDING = 4
"""CPython collects everything once the new old objects are one in so many of all old ones (``gcmodule.c``)."""

GRAIN = 1000
"""In so many steps a full collection comes nearer."""

STEPS = 8
"""By one in so many of them, at most, each further benchmark of a process begins nearer than the one before: going back
takes a full collection, a third of a second where a suite holds a million objects."""

LARGE = 31 << 20
"""Bytes. Once a process has freed a block of this size, glibc gives no freed memory back to the system that comes in
smaller blocks (``man 3 mallopt``, M_MMAP_THRESHOLD): the state that long-lived processes come to. Before it does, a few
hundred bytes decide whether the end of the heap is given back and got again, page by page, in every single call."""

MOST_BLOCKS, MOST_BYTES = 25, 100_000
MOST_OBJECTS = 3000

FREE_LISTS = 90
"""Objects of each kind that CPython keeps for the next ones are 20 to 100."""

_large: List[bool] = []


class _Since:
    """What the last full collection of :func:`begin` left, and what has come since.

    Attributes:
        blocks, old: of memory, and objects of the oldest generation, that it left.
        collections: full ones there had been when a benchmark last began.
        drawn: how near to the next one that was, of :data:`GRAIN`; 0 just after one.
    """

    blocks = old = collections = drawn = 0

    def collect(self) -> None:
        """Everything, now."""
        gc.collect()
        self.blocks, self.old = sys.getallocatedblocks(), len(gc.get_objects(generation=2))
        self.collections, self.drawn = _full_collections(), 0

    def noticed(self) -> None:
        """What calls brought about is as good as one of ours."""
        if _full_collections() != self.collections:
            self.collections, self.drawn = _full_collections(), 0


_since = _Since()


def begin(seed: int) -> None:
    """Before a benchmark's values: collect what those before it left, and draw how far off a full collection is.

    A benchmark that leaves a graph of half a million objects would have some call of the next one take 50 ms to free
    it. And full collections of what is alive, which are a cost of the calls, come once in many rounds: where all
    processes began equally far from the next, none would see one, or all would.
    """
    if not hasattr(sys, "getallocatedblocks"):  # CPython alone has it, and these generations
        return
    if not _since.blocks or abs(sys.getallocatedblocks() - _since.blocks) > LEFT_BEHIND:
        _since.collect()
    _since.noticed()
    drawn = _Draws(seed).below(GRAIN)
    if _since.drawn:
        drawn = _since.drawn + drawn // STEPS
    if drawn >= GRAIN:
        _since.collect()
        drawn -= GRAIN
    _come_nearer(_since.drawn, drawn, _since.old)
    _since.drawn = drawn


def _full_collections() -> int:
    collections: int = gc.get_stats()[-1]["collections"]
    return collections


def _come_nearer(was: int, drawn: int, old: int) -> None:
    """Come from as near to a full collection as the last benchmark began, or from just after one, to ``drawn``.

    Two things have to come together for a full one, and both are as far off as each other. What was added for one of
    them stays added until it comes.
    """
    enabled = gc.isenabled()
    gc.disable()  # so many new objects would bring about the very collection that is to be so far off
    counts = 1 + max(gc.get_threshold()[2], 1)
    grown_old: List[Any] = [[] for _ in range(old // PENDING * (drawn - was) // GRAIN)]
    for _ in range(max(1, counts * drawn // GRAIN - counts * was // GRAIN)):
        gc.collect(YOUNG)
    del grown_old
    if enabled:
        gc.enable()


def draw(seed: int) -> List[Any]:
    """Move the heap, free lists and the garbage collector's counters by chance; what must be kept meanwhile."""
    if not _large:
        _large.append(bool(bytes(LARGE)))  # got and given back, and never touched: it costs no page
    gc.collect(YOUNG)
    drawn = _Draws(seed)
    held: List[Any] = [bytearray(drawn.below(MOST_BYTES)) for _ in range(drawn.below(MOST_BLOCKS))]
    sizes = [16 + drawn.below(480) for _ in range(16)]
    objects = [bytes(size) for _ in range(drawn.below(MOST_OBJECTS) // 16) for size in sizes]
    del objects[:: 2 + drawn.below(6)]
    held.append(objects)
    _fill_free_lists(drawn)
    threshold, second, _ = gc.get_threshold()
    for _ in range(drawn.below(max(second, 1))):
        gc.collect(0)
    held.append([[] for _ in range(drawn.below(max(min(threshold, 2000), 1)))])
    return held


def _fill_free_lists(drawn: "_Draws") -> None:
    """Make and drop objects of the kinds that CPython keeps lists of free ones of."""
    floats = [number + 0.5 for number in range(drawn.below(FREE_LISTS))]
    tuples = [(number,) * (1 + number % 8) for number in range(drawn.below(FREE_LISTS))]
    containers: List[Any] = [[number] if number % 2 else {number: number} for number in range(drawn.below(FREE_LISTS))]
    del floats, tuples, containers


class _Draws:
    """A small source of numbers (Knuth's MMIX): importing ``random`` takes longer than many a start-up."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, end: int) -> int:
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self._state >> 33) * end >> 31
