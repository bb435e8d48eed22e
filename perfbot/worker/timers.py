"""Timers: ``timer(loops) -> (wall, cpu)``, nanoseconds for ``loops`` calls of one benchmark.

Everything a harness knows how to measure is turned into one of these; the turn-taking in :mod:`turns` knows no more.
CPU time is that of the whole process with all of its threads. Those that know what a single call is also have
``single(begin, end)``: make one call, and tell right before it and, while its result is alive, right after it.
"""

from __future__ import annotations

from functools import partial
from itertools import repeat
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from .awaiting import Loop, Run, is_coroutine, is_coroutine_function
from .clocks import NANOSECONDS

Times = Tuple[int, int]
Timer = Callable[[int], Times]
Mark = Callable[[], Any]
Single = Callable[[Mark, Mark], None]


class Calls:
    """A plain call, as tightly looped as Python allows; remembers what a single call returned.

    A call that makes a coroutine is awaited to its end; making and starting the loop that runs it is not timed.

    Attributes:
        results: the last value returned by a batch of one call, or empty.
        awaits: whether calls make coroutines, which are awaited.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Optional[Dict[str, Any]] = None,
        run: Optional[Run] = None,
    ) -> None:
        """``run``: runs coroutines, in place of a loop of their own."""
        self._function = partial(function, *args, **kwargs) if kwargs else function
        self._args = () if kwargs else tuple(args)
        self._run = run or Loop()
        self.awaits = is_coroutine_function(function)
        self._known = self.awaits
        self.results: List[Any] = []

    def __call__(self, loops: int) -> Times:
        if not self._known and loops > 1:
            self._single()  # what it returns shows whether it has to be awaited
        if self.awaits:
            return self._run(self._awaited(loops))  # type: ignore[no-any-return]
        if loops == 1:
            return self._single()
        return self._many_with_arguments(loops) if self._args else self._many(loops)

    @property
    def bracketed(self) -> bool:
        """Whether what a call takes shows between marks alone: starting a loop is no part of it."""
        return self.awaits

    def result(self) -> Any:
        """What the function returns; called once more where no single call was timed."""
        if not self.results:
            self(1)
        return self.results[0]

    def single(self, begin: Mark, end: Mark) -> None:
        """One call between two marks."""
        if self.awaits:
            self._run(self._awaited_between(begin, end))
            return
        function, args = self._function, self._args
        self.results.clear()
        begin()
        result = function(*args)
        end()
        self.results.append(result)

    def _single(self) -> Times:
        function, args = self._function, self._args
        wall_clock, cpu_clock = NANOSECONDS
        self.results.clear()
        cpu, wall = cpu_clock(), wall_clock()
        result = function(*args)
        times = wall_clock() - wall, cpu_clock() - cpu
        if not self._known:
            self.awaits, self._known = is_coroutine(result), True
            if self.awaits:
                result.close()  # nothing of it has run
                return self(1)
        self.results.append(result)
        return times

    def _many(self, loops: int) -> Times:
        function, again = self._function, repeat(None, loops)
        wall_clock, cpu_clock = NANOSECONDS
        cpu, wall = cpu_clock(), wall_clock()
        for _ in again:
            function()
        return wall_clock() - wall, cpu_clock() - cpu

    def _many_with_arguments(self, loops: int) -> Times:
        function, args, again = self._function, self._args, repeat(None, loops)
        wall_clock, cpu_clock = NANOSECONDS
        cpu, wall = cpu_clock(), wall_clock()
        for _ in again:
            function(*args)
        return wall_clock() - wall, cpu_clock() - cpu

    async def _awaited(self, loops: int) -> Times:
        function, args, again = self._function, self._args, repeat(None, loops)
        wall_clock, cpu_clock = NANOSECONDS
        result = None
        self.results.clear()
        cpu, wall = cpu_clock(), wall_clock()
        for _ in again:
            result = await function(*args)
        times = wall_clock() - wall, cpu_clock() - cpu
        self.results.append(result)
        return times

    async def _awaited_between(self, begin: Mark, end: Mark) -> None:
        function, args = self._function, self._args
        self.results.clear()
        begin()
        result = await function(*args)
        end()
        self.results.append(result)


class WithSetup:
    """Calls that each need fresh arguments: only the call is timed, not ``prepare`` and ``clean`` around it.

    Attributes:
        bracketed: what its calls take shows between the marks of single calls alone.
        results: the value that the last call returned, or empty.
        awaits: whether calls make coroutines, which are awaited.
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
        self._run = Loop()
        self.awaits = is_coroutine_function(function)
        self.results: List[Any] = []

    def __call__(self, loops: int) -> Times:
        wall_total = cpu_total = 0
        for _ in range(loops):
            args, kwargs = self._prepare()
            wall, cpu = self._run(self._awaited(args, kwargs)) if self.awaits else self._called(args, kwargs)
            wall_total += wall
            cpu_total += cpu
            if self._clean is not None:
                self._clean(*args, **kwargs)
        return wall_total, cpu_total

    def _called(self, args: Sequence[Any], kwargs: Dict[str, Any]) -> Times:
        function, again = self._function, repeat(None, self._iterations)
        result: Any = None
        wall_clock, cpu_clock = NANOSECONDS
        cpu, wall = cpu_clock(), wall_clock()
        for _ in again:
            result = function(*args, **kwargs)
        times = wall_clock() - wall, cpu_clock() - cpu
        if is_coroutine(result):
            result.close()  # nothing of it has run
            self.awaits = True
            return self._run(self._awaited(args, kwargs))  # type: ignore[no-any-return]
        self.results[:] = [result]
        return times

    async def _awaited(self, args: Sequence[Any], kwargs: Dict[str, Any]) -> Times:
        function, again, result = self._function, repeat(None, self._iterations), None
        wall_clock, cpu_clock = NANOSECONDS
        cpu, wall = cpu_clock(), wall_clock()
        for _ in again:
            result = await function(*args, **kwargs)
        times = wall_clock() - wall, cpu_clock() - cpu
        self.results[:] = [result]
        return times

    def single(self, begin: Mark, end: Mark) -> None:
        """The calls of one preparation between two marks; the last one's result is alive at the second."""
        self.results.clear()
        args, kwargs = self._prepare()
        if self.awaits:
            self._run(self._awaited_between(begin, end, args, kwargs))
        else:
            self._called_between(begin, end, args, kwargs)
        if self._clean is not None:
            self._clean(*args, **kwargs)

    def _called_between(self, begin: Mark, end: Mark, args: Sequence[Any], kwargs: Dict[str, Any]) -> None:
        function, result = self._function, None
        begin()
        for _ in range(self._iterations):
            result = function(*args, **kwargs)
        end()
        self.results.append(result)

    async def _awaited_between(self, begin: Mark, end: Mark, args: Sequence[Any], kwargs: Dict[str, Any]) -> None:
        function, result = self._function, None
        begin()
        for _ in range(self._iterations):
            result = await function(*args, **kwargs)
        end()
        self.results.append(result)

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
        wall_clock, cpu_clock = NANOSECONDS
        cpu, wall = cpu_clock(), wall_clock()
        seconds = function(loops, *args)
        wall, cpu = wall_clock() - wall, cpu_clock() - cpu
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
