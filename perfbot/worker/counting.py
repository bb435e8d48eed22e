"""Counts what one call of a benchmark takes: instructions, bytes allocated or kept, objects, memory at its peak.

Nothing here depends on how fast or busy the machine is. So that a count repeats to the byte, the scheduler fixes the
hash seed and, where the system lets it, the layout of memory; the garbage collector is off meanwhile, since when it
runs depends on everything that the process did before.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import resource
import threading
import traceback
import tracemalloc
from typing import Any, Callable, Dict, Iterator, List, Optional

from .callgrind import Callgrind, Unreachable
from .channel import Token
from .clocks import SECONDS
from .forks import in_a_fork
from .timers import Single, Timer

ENOUGH = 4_000_000
"""Instructions to count, in as many calls as that takes. What perfbot's own loop adds to a call longer than half
of this, and counted alone, is some two thousand: less than 0.1 %."""

MOST_CALLS = 256

WARM_CALLS = 64
"""Calls before anything is counted, unless they are dear: CPython adapts its code to what it has met so far."""

BUILT, BUILT_BYTES, BUILT_SECONDS = 10, 64 * 1024 * 1024, 3.0
"""Results kept for the footprint of one; bytes and seconds after which no further one is made."""

ERROR_CHARACTERS = 6000

KIB = 1024


class Refused(Exception):
    """This metric says nothing about this benchmark; the text says why."""


class CallFailed(Exception):
    """The call failed in the copy of the process that it was counted in; the text is its traceback."""


def count(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Count one metric of a call.

    Args:
        order: ``metric``; ``once``: only the first call in a process tells; for instructions also ``out`` (see
            :class:`Callgrind`) and ``calls``: in how many calls to count, or 0 to find out.

    Returns:
        ``value`` (of one call of the timer's function) and ``calls``, or ``refused``: why there is none.
    """
    single: Optional[Single] = getattr(timer, "single", None)
    try:
        if order["metric"] == "instructions":
            return _instructions(timer, single, order)
        return _memory_metric(timer, single, order)
    except (Refused, Unreachable) as reason:
        return {"refused": str(reason)}


# Instructions ---------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def _callgrind(out: str) -> Callgrind:
    return Callgrind(out)


def _instructions(timer: Timer, single: Optional[Single], order: Dict[str, Any]) -> Dict[str, Any]:
    callgrind = _callgrind(order["out"])
    with _quiet():
        if order["once"]:
            if single is None:
                raise Refused("it times itself, and may be called once only")
            with _counting(callgrind):
                return {"value": _bracketed(callgrind, single, 1), "calls": 1}
        with _no_children():
            timer(1)
        with _counting(callgrind):
            one = callgrind.count(lambda: timer(1))
            calls = order["calls"] or _calls(one)
            return {"value": _each(callgrind, timer, single, one, calls), "calls": calls}


def _each(callgrind: Callgrind, timer: Timer, single: Optional[Single], one: int, calls: int) -> float:
    """Instructions of one call out of many.

    Args:
        one: of a single call, together with what perfbot does around it.
        calls: in how many to count. Long calls are counted alone, if nothing is prepared around them.
    """
    bracketed = single is not None and getattr(timer, "bracketed", False)
    if calls == 1 and single is not None and not bracketed:
        return one
    if calls > 1:
        timer(min(WARM_CALLS, 4 * calls))
    if single is not None and bracketed:
        return _bracketed(callgrind, single, calls)
    few = callgrind.count(lambda: timer(2)) if calls > 1 else one
    more = callgrind.count(lambda: timer(2 + calls if calls > 1 else 2))
    return (more - few) / calls


def _calls(instructions: int) -> int:
    """In how many calls to count, for calls of about so many instructions: a power of two."""
    wanted = min(MOST_CALLS, ENOUGH // max(instructions, 1))
    return 1 << max(0, wanted.bit_length() - 1)


@contextlib.contextmanager
def _counting(callgrind: Callgrind) -> Iterator[None]:
    callgrind.start()
    try:
        yield
    finally:
        callgrind.stop()


def _bracketed(callgrind: Callgrind, single: Single, calls: int) -> float:
    """Instructions between the beginning and the end of calls that each need preparing, without the brackets' own."""

    def all_calls() -> None:
        callgrind.toggle()
        for _ in range(calls):
            single(callgrind.toggle, callgrind.toggle)
        callgrind.toggle()

    def none() -> None:
        callgrind.toggle()
        for _ in range(calls):
            callgrind.toggle()
            callgrind.toggle()
        callgrind.toggle()

    with _no_children():
        return (callgrind.count(all_calls) - callgrind.count(none)) / calls


# Memory ---------------------------------------------------------------------------------------------------------


def _memory_metric(timer: Timer, single: Optional[Single], order: Dict[str, Any]) -> Dict[str, Any]:
    if single is None:
        raise Refused("it times itself: a single call of it cannot be told apart")
    if order["once"] and threading.active_count() > 1:
        raise Refused("it may be called once only, and has threads, with which a process cannot be copied")
    if order["metric"] == "footprint":
        measure = functools.partial(_footprint, single, order["once"], getattr(timer, "results", []))
    else:
        measure = functools.partial(COUNTS[order["metric"]], single, order["once"])
    return {"value": float(_aside(measure)), "calls": 1}


def _allocated(single: Single, once: bool) -> int:
    """Most bytes that Python's allocators held at a time for what the call made."""
    peaks = []

    def end() -> None:
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    _after_another(single, once)
    with _no_children():
        single(tracemalloc.start, end)
    return peaks[-1]


def _objects(single: Single, once: bool) -> int:
    """Objects known to the garbage collector that are there after the call, while its result lives, and not before."""
    counts = []

    def note() -> None:
        counts.append(len(gc.get_objects()))

    _after_another(single, once)
    with _no_children():
        single(note, note)
    return counts[-1] - counts[-2]


def _footprint(single: Single, once: bool, results: List[Any]) -> int:
    """Bytes that what a call returns keeps in memory: of several results, all alive, the mean.

    A first result lives meanwhile and is not counted: what results share is not made anew for each.

    Args:
        results: where ``single`` leaves the value that its call returned.
    """
    _after_another(single, once)
    built = 0
    first = list(results)
    kept = [None] * (1 if once else BUILT)  # its own memory is there before anything is traced
    results.clear()
    with _no_children():
        (clock,) = SECONDS
        until = clock() + BUILT_SECONDS
        tracemalloc.start()
        while built < len(kept) and (not built or (_traced() < BUILT_BYTES and clock() < until)):
            single(_nothing, _nothing)
            kept[built] = results.pop()
            built += 1
        gc.collect()
        size = _traced()
        tracemalloc.stop()
    del first
    return round(size / built)


def _traced() -> int:
    return tracemalloc.get_traced_memory()[0]


def _memory(single: Single, once: bool) -> int:
    """Bytes of the process that were in memory at the peak of the call."""
    peaks = []
    _after_another(single, once)
    with _no_children():
        single(_forget_peak, lambda: peaks.append(_peak()))
    return peaks[-1]


COUNTS: Dict[str, Callable[[Single, bool], int]] = {"allocated": _allocated, "objects": _objects, "memory": _memory}


def _after_another(single: Single, once: bool) -> None:
    """Whatever the first call alone makes (caches, imports) is made; garbage of the past is gone."""
    if not once:
        single(_nothing, _nothing)
    gc.collect()


def _nothing() -> None: ...


def _forget_peak() -> None:
    """From now on the peak is that of what comes (``man 5 proc``, clear_refs)."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError as error:
        raise Refused("this system does not let the peak of memory be reset (/proc/self/clear_refs)") from error


def _peak() -> int:
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * KIB
    raise Refused("this system does not tell the peak of memory (VmHWM)")


# Surroundings ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the garbage collector."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _no_children() -> Iterator[None]:
    """Refuse what runs in other processes, which nobody counts here."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
    yield
    if resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt != before:
        raise Refused("it starts other processes, which are not counted")


def _aside(measure: Callable[[], int]) -> int:
    """Measure in a copy of this process, so that this one stays as it is for the next metric and benchmark.

    A process with threads cannot be copied, and measures itself.
    """
    if threading.active_count() > 1:
        with _quiet():
            return measure()
    answer = in_a_fork(lambda: _answer(measure))
    if isinstance(answer, int):
        raise CallFailed(f"its process ended with status {answer}")
    if "refused" in answer:
        raise Refused(answer["refused"])
    if "error" in answer:
        raise CallFailed(answer["error"])
    return int(answer["value"])


def _answer(measure: Callable[[], int]) -> Dict[str, Any]:
    """In the copy: measure, and say what came of it."""
    try:
        gc.disable()  # what is garbage by now goes right before the call
        return {"value": measure()}
    except Refused as reason:
        return {"refused": str(reason)}
    except BaseException:
        return {"error": traceback.format_exc()[-ERROR_CHARACTERS:]}
