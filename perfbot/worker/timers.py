"""Timers: ``timer(loops) -> Times``, nanoseconds for ``loops`` calls of one benchmark.

Everything a harness knows how to measure is turned into one of these; the turn-taking in :mod:`turns` knows no more.
What a call returns is freed inside the timed part. Some know more: ``single(begin, end)`` makes one call, and tells
right before it and, while its result is alive, right after it. ``warm(loops)`` makes calls that are not for timing, and
keeps a result for whoever wants one; ``keeping()`` times a single call without freeing its result, which is kept.
"""

from __future__ import annotations

from functools import partial
from itertools import repeat
from time import perf_counter_ns, process_time_ns, thread_time_ns
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from .stopwatch import NOTHING, Times, idle, reading, times

Timer = Callable[[int], Times]
Mark = Callable[[], Any]
Single = Callable[[Mark, Mark], None]


class Calls:
    """A plain call, as tightly looped as Python allows.

    Args:
        wanted: somebody asks for what a call returned, afterwards.

    Attributes:
        results: the value that a call returned which was not freed in its time, or empty.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Optional[Dict[str, Any]] = None,
        wanted: bool = False,
    ) -> None:
        self._function = partial(function, *args, **kwargs) if kwargs else function
        self._args = () if kwargs else tuple(args)
        self._wanted = wanted
        self.results: List[Any] = []

    def __call__(self, loops: int) -> Times:
        return self._many_with_arguments(loops) if self._args else self._many(loops)

    def result(self) -> Any:
        """What the function returns; called once more where no call's result was kept."""
        return self.results[0] if self.results else self._function(*self._args)

    def single(self, begin: Mark, end: Mark) -> None:
        """One call between two marks."""
        function, args = self._function, self._args
        self.results.clear()
        begin()
        result = function(*args)
        end()
        self.results.append(result)

    def warm(self, loops: int) -> Times:
        """Calls that are thrown away; the first one ever leaves its result."""
        if not self._wanted or self.results:
            return self(loops)
        first = self.keeping()
        return first.plus(self(loops - 1)) if loops > 1 else first

    def keeping(self) -> Times:
        """One call whose result is kept, and not freed in its time."""
        function, args = self._function, self._args
        self.results.clear()
        before = reading()
        cpu, thread, wall = process_time_ns(), thread_time_ns(), perf_counter_ns()
        result = function(*args)
        wall, thread, cpu = perf_counter_ns() - wall, thread_time_ns() - thread, process_time_ns() - cpu
        taken = times(wall, cpu, thread, before, reading())
        if self._wanted:
            self.results.append(result)
        return taken

    def free(self) -> Times:
        """Free the result that was kept."""
        return freeing(self.results)

    def _many(self, loops: int) -> Times:
        function, again, before = self._function, repeat(None, loops), reading()
        cpu, thread, wall = process_time_ns(), thread_time_ns(), perf_counter_ns()
        for _ in again:
            function()
        wall, thread, cpu = perf_counter_ns() - wall, thread_time_ns() - thread, process_time_ns() - cpu
        return times(wall, cpu, thread, before, reading())

    def _many_with_arguments(self, loops: int) -> Times:
        function, args, again, before = self._function, self._args, repeat(None, loops), reading()
        cpu, thread, wall = process_time_ns(), thread_time_ns(), perf_counter_ns()
        for _ in again:
            function(*args)
        wall, thread, cpu = perf_counter_ns() - wall, thread_time_ns() - thread, process_time_ns() - cpu
        return times(wall, cpu, thread, before, reading())


def freeing(results: List[Any]) -> Times:
    """Empty a list, where nobody else holds what is in it."""
    before = reading()
    cpu, thread, wall = process_time_ns(), thread_time_ns(), perf_counter_ns()
    results.clear()
    wall, thread, cpu = perf_counter_ns() - wall, thread_time_ns() - thread, process_time_ns() - cpu
    return times(wall, cpu, thread, before, reading())


class WithSetup:
    """Calls that each need fresh arguments: only the call is timed, not ``prepare`` and ``clean`` around it.

    Attributes:
        bracketed: what its calls take shows between the marks of single calls alone.
        results: the value that a call returned which was not freed in its time, or empty.
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
        """Each call's result is freed in its time."""
        total = NOTHING
        for _ in range(loops):
            total = total.plus(self._one(self._calls))
        return total

    def warm(self, loops: int) -> Times:
        """Calls that are thrown away; the first one ever leaves its result."""
        if self.results:
            return self(loops)
        first = self.keeping()
        return first.plus(self(loops - 1)) if loops > 1 else first

    def keeping(self) -> Times:
        """The calls of one preparation; the last one's result is kept, and not freed in its time."""
        self.results.clear()
        return self._one(self._kept_calls)

    def free(self) -> Times:
        """Free the result that was kept."""
        return freeing(self.results)

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
            self.keeping()
        return self.results[0]

    def _one(self, calls: Callable[[Sequence[Any], Dict[str, Any]], Tuple[int, int, int]]) -> Times:
        args, kwargs = self._prepare()
        before = reading()
        wall, cpu, thread = calls(args, kwargs)
        taken = times(wall, cpu, thread, before, reading())
        if self._clean is not None:
            self._clean(*args, **kwargs)
        return taken

    def _calls(self, args: Sequence[Any], kwargs: Dict[str, Any]) -> Tuple[int, int, int]:
        function, again = self._function, repeat(None, self._iterations)
        cpu, thread, wall = process_time_ns(), thread_time_ns(), perf_counter_ns()
        for _ in again:
            function(*args, **kwargs)
        wall, thread, cpu = perf_counter_ns() - wall, thread_time_ns() - thread, process_time_ns() - cpu
        return wall, cpu, thread

    def _kept_calls(self, args: Sequence[Any], kwargs: Dict[str, Any]) -> Tuple[int, int, int]:
        function, again, result = self._function, repeat(None, self._iterations), None
        cpu, thread, wall = process_time_ns(), thread_time_ns(), perf_counter_ns()
        for _ in again:
            result = function(*args, **kwargs)
        wall, thread, cpu = perf_counter_ns() - wall, thread_time_ns() - thread, process_time_ns() - cpu
        self.results.append(result)
        return wall, cpu, thread


SLICE_NS = 10_000_000
"""What is shorter is as a rule interrupted as a whole or not at all: the kernel gives the core away for some ms."""

WAITING_SHARE = 0.05
"""Of a call; what is off the core for less of it, without standing in the queue for one, does not wait for anything."""


def self_timed(function: Callable[..., float], args: Sequence[Any] = ()) -> Timer:
    """A function that times itself: given the loops, it returns seconds (pyperf's ``bench_time_func``).

    Its CPU time is taken to be the same share of its time as of the whole call with whatever it does not time. Not so
    where it is short: what the call lost to others then fell on what is timed, or on what is not, and a share of it
    would make undisturbed times look shorter than any can be. It is left as it is, and disturbed ones are longer.
    What it cost, on the mean, loses that share in every case.
    """

    def timer(loops: int) -> Times:
        before = reading()
        cpu, thread, wall = process_time_ns(), thread_time_ns(), perf_counter_ns()
        seconds = function(loops, *args)
        wall, thread, cpu = perf_counter_ns() - wall, thread_time_ns() - thread, process_time_ns() - cpu
        after = reading()
        cost = times(wall, cpu, thread, before, after).cost
        own = round(seconds * 1e9)
        share = round(own * cpu / max(wall, 1))
        short = own < SLICE_NS and idle(before, after) < WAITING_SHARE * wall
        return Times(own, max(own, share) if short else share, cost and max(1, round(own * cost / max(wall, 1))))

    return timer
