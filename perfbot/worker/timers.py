"""Timers: ``timer(loops) -> Times``, nanoseconds for ``loops`` calls of one benchmark.

Everything a harness knows how to measure is turned into one of these; the turn-taking in :mod:`turns` knows no more.
What a call returns is freed inside the timed part. Some know more: ``single(begin, end)`` makes one call, and tells
right before it and, while its result is alive, right after it. ``warm(loops)`` makes calls that are not for timing, and
keeps a result for whoever wants one; ``keeping()`` times a single call without freeing its result, which is kept.
"""

from __future__ import annotations

from functools import partial
from itertools import repeat
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from .awaiting import Loop, NothingRan, Run, is_coroutine, is_coroutine_function
from .clocks import CLOCKS
from .stopwatch import NOTHING, Times, idle, reading, times

Timer = Callable[[int], Times]
Mark = Callable[[], Any]
Single = Callable[[Mark, Mark], None]


class Calls:
    """A plain call, as tightly looped as Python allows.

    A call that makes a coroutine is awaited to its end; making and starting the loop that runs it is not timed.

    Args:
        wanted: somebody asks for what a call returned, afterwards.
        run: runs coroutines, in place of a loop of their own.

    Attributes:
        results: the value that a call returned which was not freed in its time, or empty.
        awaits: whether calls make coroutines.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Optional[Dict[str, Any]] = None,
        wanted: bool = False,
        run: Optional[Run] = None,
    ) -> None:
        self._function = partial(function, *args, **kwargs) if kwargs else function
        self._args = () if kwargs else tuple(args)
        self._wanted = wanted
        self._run = run or Loop()
        self.awaits = is_coroutine_function(function)
        self._known = self.awaits
        self.results: List[Any] = []

    def __call__(self, loops: int) -> Times:
        if not self._known:
            first = self._first()
            if loops == 1:
                return first
        if self.awaits:
            return self._run(awaited(self._function, self._args, {}, loops))  # type: ignore[no-any-return]
        return self._many_with_arguments(loops) if self._args else self._many(loops)

    @property
    def bracketed(self) -> bool:
        """Whether what a call takes shows between marks alone: starting a loop is no part of it."""
        return self.awaits

    def result(self) -> Any:
        """What the function returns; called once more where no call's result was kept."""
        if self.results:
            return self.results[0]
        return self._run(self._function(*self._args)) if self.awaits else self._function(*self._args)

    def single(self, begin: Mark, end: Mark) -> None:
        """One call between two marks."""
        if self.awaits:
            self._run(awaited_between(begin, end, self._function, self._args, {}, 1, self.results))
            return
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
        self.results.clear()
        if self.awaits:
            kept = self.results if self._wanted else []
            return self._run(awaited(self._function, self._args, {}, 1, kept))  # type: ignore[no-any-return]
        results: List[Any] = []
        taken = self._called(results)
        if not self._known and self._is_awaited(results):
            return self.keeping()
        if self._wanted:
            self.results += results
        return taken

    def _first(self) -> Times:
        """One call, which shows whether it has to be awaited."""
        results: List[Any] = []
        taken = self._called(results)
        return self(1) if self._is_awaited(results) else taken.plus(freeing(results))

    def _is_awaited(self, results: List[Any]) -> bool:
        self.awaits, self._known = is_coroutine(results[0]), True
        if self.awaits:
            results.pop().close()  # nothing of it has run
        return self.awaits

    def _called(self, results: List[Any]) -> Times:
        function, args = self._function, self._args
        before = reading()
        wall_ns, cpu_ns, thread_ns = CLOCKS
        cpu, thread, wall = cpu_ns(), thread_ns(), wall_ns()
        result = function(*args)
        wall, thread, cpu = wall_ns() - wall, thread_ns() - thread, cpu_ns() - cpu
        taken = times(wall, cpu, thread, before, reading())
        results.append(result)
        return taken

    def free(self) -> Times:
        """Free the result that was kept."""
        return freeing(self.results)

    def _many(self, loops: int) -> Times:
        function, again, before = self._function, repeat(None, loops), reading()
        wall_ns, cpu_ns, thread_ns = CLOCKS
        cpu, thread, wall = cpu_ns(), thread_ns(), wall_ns()
        for _ in again:
            function()
        wall, thread, cpu = wall_ns() - wall, thread_ns() - thread, cpu_ns() - cpu
        return times(wall, cpu, thread, before, reading())

    def _many_with_arguments(self, loops: int) -> Times:
        function, args, again, before = self._function, self._args, repeat(None, loops), reading()
        wall_ns, cpu_ns, thread_ns = CLOCKS
        cpu, thread, wall = cpu_ns(), thread_ns(), wall_ns()
        for _ in again:
            function(*args)
        wall, thread, cpu = wall_ns() - wall, thread_ns() - thread, cpu_ns() - cpu
        return times(wall, cpu, thread, before, reading())


def freeing(results: List[Any]) -> Times:
    """Empty a list, where nobody else holds what is in it."""
    before = reading()
    wall_ns, cpu_ns, thread_ns = CLOCKS
    cpu, thread, wall = cpu_ns(), thread_ns(), wall_ns()
    results.clear()
    wall, thread, cpu = wall_ns() - wall, thread_ns() - thread, cpu_ns() - cpu
    return times(wall, cpu, thread, before, reading())


async def awaited(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Dict[str, Any],
    loops: int,
    results: Optional[List[Any]] = None,
) -> Times:
    """Await ``loops`` calls. ``results``: where the last one's is left; by default it is freed in its time."""
    again, result, before = repeat(None, loops), None, reading()
    wall_ns, cpu_ns, thread_ns = CLOCKS
    cpu, thread, wall = cpu_ns(), thread_ns(), wall_ns()
    for _ in again:
        result = await function(*args, **kwargs)
    if results is None:
        result = None
    wall, thread, cpu = wall_ns() - wall, thread_ns() - thread, cpu_ns() - cpu
    taken = times(wall, cpu, thread, before, reading())
    if results is not None:
        results[:] = [result]
    return taken


def called_between(
    begin: Mark,
    end: Mark,
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Dict[str, Any],
    loops: int,
    results: List[Any],
) -> None:
    """Calls between two marks; the last one's result is alive at the second."""
    result = None
    results.clear()
    begin()
    for _ in range(loops):
        result = function(*args, **kwargs)
    end()
    results.append(result)


async def awaited_between(
    begin: Mark,
    end: Mark,
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Dict[str, Any],
    loops: int,
    results: List[Any],
) -> None:
    """Await calls between two marks; the last one's result is alive at the second."""
    result = None
    results.clear()
    begin()
    for _ in range(loops):
        result = await function(*args, **kwargs)
    end()
    results.append(result)


class WithSetup:
    """Calls that each need fresh arguments: only the call is timed, not ``prepare`` and ``clean`` around it.

    Attributes:
        bracketed: what its calls take shows between the marks of single calls alone.
        results: the value that a call returned which was not freed in its time, or empty.
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
        """Each call's result is freed in its time."""
        total = NOTHING
        for _ in range(loops):
            total = total.plus(self._one(self._calls, None))
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
        return self._one(self._kept_calls, self.results)

    def free(self) -> Times:
        """Free the result that was kept."""
        return freeing(self.results)

    def single(self, begin: Mark, end: Mark) -> None:
        """The calls of one preparation between two marks; the last one's result is alive at the second."""
        self.results.clear()
        args, kwargs = self._prepare()
        call = (begin, end, self._function, args, kwargs, self._iterations, self.results)
        if self.awaits:
            self._run(awaited_between(*call))
        else:
            called_between(*call)
        if self._clean is not None:
            self._clean(*args, **kwargs)

    def result(self) -> Any:
        """What the function returned; called once where it was not yet."""
        if not self.results:
            self.keeping()
        return self.results[0]

    def _one(
        self, calls: Callable[[Sequence[Any], Dict[str, Any]], Tuple[int, int, int]], results: Optional[List[Any]]
    ) -> Times:
        args, kwargs = self._prepare()
        if self.awaits:
            taken = self._run(awaited(self._function, args, kwargs, self._iterations, results))
        else:
            before = reading()
            wall, cpu, thread = calls(args, kwargs)
            taken = times(wall, cpu, thread, before, reading())
        if self._clean is not None:
            self._clean(*args, **kwargs)
        return taken  # type: ignore[no-any-return]

    def _calls(self, args: Sequence[Any], kwargs: Dict[str, Any]) -> Tuple[int, int, int]:
        function, again = self._function, repeat(None, self._iterations)
        wall_ns, cpu_ns, thread_ns = CLOCKS
        cpu, thread, wall = cpu_ns(), thread_ns(), wall_ns()
        for _ in again:
            function(*args, **kwargs)
        wall, thread, cpu = wall_ns() - wall, thread_ns() - thread, cpu_ns() - cpu
        return wall, cpu, thread

    def _kept_calls(self, args: Sequence[Any], kwargs: Dict[str, Any]) -> Tuple[int, int, int]:
        function, again, result = self._function, repeat(None, self._iterations), None
        wall_ns, cpu_ns, thread_ns = CLOCKS
        cpu, thread, wall = cpu_ns(), thread_ns(), wall_ns()
        for _ in again:
            result = function(*args, **kwargs)
        wall, thread, cpu = wall_ns() - wall, thread_ns() - thread, cpu_ns() - cpu
        if is_coroutine(result):
            raise NothingRan("it returns a coroutine, of which nothing has run: name the coroutine function itself")
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
        wall_ns, cpu_ns, thread_ns = CLOCKS
        cpu, thread, wall = cpu_ns(), thread_ns(), wall_ns()
        seconds = function(loops, *args)
        wall, thread, cpu = wall_ns() - wall, thread_ns() - thread, cpu_ns() - cpu
        after = reading()
        cost = times(wall, cpu, thread, before, after).cost
        own = round(seconds * 1e9)
        share = round(own * cpu / max(wall, 1))
        short = own < SLICE_NS and idle(before, after) < WAITING_SHARE * wall
        return Times(own, max(own, share) if short else share, cost and max(1, round(own * cost / max(wall, 1))))

    return timer
