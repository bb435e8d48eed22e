"""Timers: ``timer(loops) -> (wall, cpu)``, nanoseconds for ``loops`` calls of one benchmark.

Everything a harness knows how to measure is turned into one of these; the turn-taking in :mod:`turns` knows no more.
CPU time is that of the whole process with all of its threads. Those that know what a single call is also have
``single(begin, end)``: make one call, and tell right before it and, while its result is alive, right after it.
"""

from __future__ import annotations

from functools import partial
from itertools import repeat
from time import perf_counter_ns, process_time_ns
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

Times = Tuple[int, int]
Timer = Callable[[int], Times]
Mark = Callable[[], Any]
Single = Callable[[Mark, Mark], None]


class Calls:
    """A plain call, as tightly looped as Python allows; remembers what a single call returned.

    Attributes:
        results: the last value returned by a batch of one call, or empty.
    """

    def __init__(
        self, function: Callable[..., Any], args: Sequence[Any] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> None:
        self._function = partial(function, *args, **kwargs) if kwargs else function
        self._args = () if kwargs else tuple(args)
        self.results: List[Any] = []

    def __call__(self, loops: int) -> Times:
        if loops == 1:
            return self._single()
        return self._many_with_arguments(loops) if self._args else self._many(loops)

    def result(self) -> Any:
        """What the function returns; called once more where no single call was timed."""
        return self.results[0] if self.results else self._function(*self._args)

    def single(self, begin: Mark, end: Mark) -> None:
        """One call between two marks."""
        function, args = self._function, self._args
        self.results.clear()
        begin()
        result = function(*args)
        end()
        self.results.append(result)

    def _single(self) -> Times:
        function, args = self._function, self._args
        self.results.clear()
        cpu, wall = process_time_ns(), perf_counter_ns()
        result = function(*args)
        times = perf_counter_ns() - wall, process_time_ns() - cpu
        self.results.append(result)
        return times

    def _many(self, loops: int) -> Times:
        function, again = self._function, repeat(None, loops)
        cpu, wall = process_time_ns(), perf_counter_ns()
        for _ in again:
            function()
        return perf_counter_ns() - wall, process_time_ns() - cpu

    def _many_with_arguments(self, loops: int) -> Times:
        function, args, again = self._function, self._args, repeat(None, loops)
        cpu, wall = process_time_ns(), perf_counter_ns()
        for _ in again:
            function(*args)
        return perf_counter_ns() - wall, process_time_ns() - cpu


class WithSetup:
    """Calls that each need fresh arguments: only the call is timed, not ``prepare`` and ``clean`` around it.

    Attributes:
        bracketed: what its calls take shows between the marks of single calls alone.
        results: the value that the last call returned, or empty.
    """

    bracketed = True

    def __init__(
        self,
        function: Callable[..., Any],
        prepare: Callable[[], Tuple[Sequence[Any], Dict[str, Any]]],
        clean: Optional[Callable[..., Any]] = None,
        iterations: int = 1,
    ) -> None:
        self._function = function
        self._prepare = prepare
        self._clean = clean
        self._iterations = iterations
        self.results: List[Any] = []

    def __call__(self, loops: int) -> Times:
        function, iterations, result = self._function, self._iterations, None
        wall_total = cpu_total = 0
        for _ in range(loops):
            args, kwargs = self._prepare()
            cpu, wall = process_time_ns(), perf_counter_ns()
            for _ in range(iterations):
                result = function(*args, **kwargs)
            wall_total += perf_counter_ns() - wall
            cpu_total += process_time_ns() - cpu
            self.results[:] = [result]
            if self._clean is not None:
                self._clean(*args, **kwargs)
        return wall_total, cpu_total

    def single(self, begin: Mark, end: Mark) -> None:
        """The calls of one preparation between two marks; the last one's result is alive at the second."""
        function, result = self._function, None
        self.results.clear()
        args, kwargs = self._prepare()
        begin()
        for _ in range(self._iterations):
            result = function(*args, **kwargs)
        end()
        self.results.append(result)
        if self._clean is not None:
            self._clean(*args, **kwargs)

    def result(self) -> Any:
        """What the function returned; called once where it was not yet."""
        if not self.results:
            self(1)
        return self.results[0]


SLICE_NS = 10_000_000
"""What is shorter is as a rule interrupted as a whole or not at all: the kernel gives the core away for some ms."""

WAITING_SHARE = 0.05
"""Of a call; what is off the core for less of it, without standing in the queue for one, does not wait for anything."""


def self_timed(function: Callable[..., float], args: Sequence[Any] = ()) -> Timer:
    """A function that times itself: given the loops, it returns seconds (pyperf's ``bench_time_func``).

    Its CPU time is taken to be the same share of its time as of the whole call with whatever it does not time. Not so
    where it is short: what the call lost to others then fell on what is timed, or on what is not, and a share of it
    would make undisturbed times look shorter than any can be. It is left as it is, and disturbed ones are longer.
    """

    def timer(loops: int) -> Times:
        before = queued()
        cpu, wall = process_time_ns(), perf_counter_ns()
        seconds = function(loops, *args)
        wall, cpu = perf_counter_ns() - wall, process_time_ns() - cpu
        after = queued()
        waited = wall - cpu - ((after or 0) - (before or 0))
        own = round(seconds * 1e9)
        share = round(own * cpu / max(wall, 1))
        return own, max(own, share) if own < SLICE_NS and waited < WAITING_SHARE * wall else share

    return timer


def queued() -> Optional[int]:
    """Nanoseconds that this thread has spent able to run, but without a core."""
    try:
        with open("/proc/thread-self/schedstat") as file:
            return int(file.read().split()[1])
    except (OSError, IndexError, ValueError):
        return None
