"""How much memory objects take: of one object with all that it alone leads to, and of a whole process at its peak."""

from __future__ import annotations

import copy
import gc
import resource
import sys
import types
from typing import Any, List

SHARED = (
    type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.CodeType,
    types.FrameType,
)  # fmt: skip
"""Belong to the program, whoever refers to them."""

KIB = 1024


def size_of_another(value: Any) -> int:
    """Bytes that one more shallow copy of ``value`` takes: what asv's ``mem_`` benchmarks report."""
    return _reachable([value, copy.copy(value)]) - _reachable([value, value])


def _reachable(value: Any) -> int:
    """Bytes of everything that ``value`` leads to, each object once."""
    seen = {id(value)}
    waiting: List[Any] = [value]
    total = 0
    while waiting:
        one = waiting.pop()
        total += sys.getsizeof(one)
        for other in gc.get_referents(one):
            if id(other) not in seen and not isinstance(other, SHARED):
                seen.add(id(other))
                waiting.append(other)
    return total


def peak_memory() -> int:
    """Bytes that this process had in memory at its peak."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * KIB
