"""Where memory lies when a benchmark is measured: drawn anew, so that an accident of it becomes spread and no bias.

How a process allocates depends on everything that it did before: how far the heap has grown, which holes it has, what
lies in free lists, how soon the garbage collector runs next. All processes of one side do the same before a benchmark,
and so share such an accident, which another doc string or import on the other side is enough to move.
"""

from __future__ import annotations

import gc
from typing import Any, List

YOUNG = 1
"""Garbage of the benchmark before is collected; a full collection of what pytest keeps alive costs as much as a round
of values."""

LARGE = 31 << 20
"""Bytes. Once a process has freed a block of this size, glibc gives no freed memory back to the system that comes in
smaller blocks (``man 3 mallopt``, M_MMAP_THRESHOLD): the state that long-lived processes come to. Before it does, a few
hundred bytes decide whether the end of the heap is given back and got again, page by page, in every single call."""

MOST_BLOCKS, MOST_BYTES = 25, 100_000
MOST_OBJECTS = 3000

FREE_LISTS = 90
"""Objects of each kind that CPython keeps for the next ones are 20 to 100."""

_large: List[bool] = []


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
