"""Timers: ``timer(loops) -> (wall, cpu)``, nanoseconds for ``loops`` calls of one benchmark.

Everything a harness knows how to measure is turned into one of these; the turn-taking in :mod:`turns` knows no more.
CPU time is that of the whole process with all of its threads.
"""

from __future__ import annotations

from functools import partial
from itertools import repeat
from time import perf_counter_ns, process_time_ns
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

Times = Tuple[int, int]
Timer = Callable[[int], Times]


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


def with_setup(
    function: Callable[..., Any],
    prepare: Callable[[], Tuple[Sequence[Any], Dict[str, Any]]],
    clean: Optional[Callable[..., Any]] = None,
    iterations: int = 1,
) -> Timer:
    """Calls that each need fresh arguments: only the call is timed, not ``prepare`` and ``clean`` around it."""

    def timer(loops: int) -> Times:
        wall_total = cpu_total = 0
        for _ in range(loops):
            args, kwargs = prepare()
            cpu, wall = process_time_ns(), perf_counter_ns()
            for _ in range(iterations):
                function(*args, **kwargs)
            wall_total += perf_counter_ns() - wall
            cpu_total += process_time_ns() - cpu
            if clean is not None:
                clean(*args, **kwargs)
        return wall_total, cpu_total

    return timer


def self_timed(function: Callable[..., float], args: Sequence[Any] = ()) -> Timer:
    """A function that times itself: given the loops, it returns seconds (pyperf's ``bench_time_func``).

    Its CPU time is taken to be the same share of its time as of the whole call with whatever it does not time.
    """

    def timer(loops: int) -> Times:
        cpu, wall = process_time_ns(), perf_counter_ns()
        seconds = function(loops, *args)
        wall, cpu = perf_counter_ns() - wall, process_time_ns() - cpu
        own = round(seconds * 1e9)
        return own, round(own * cpu / max(wall, 1))

    return timer
