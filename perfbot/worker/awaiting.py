"""Coroutines: awaited to their end, on an event loop of their own, so that what is timed is their work.

Calling a coroutine function does nothing but make a coroutine; a time of that is a time of nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Coroutine
from types import AsyncGeneratorType, BuiltinFunctionType, FunctionType
from typing import Any, Awaitable, Callable

MAKES_COROUTINE = 0x80
"""Flag of the code of ``async def``: ``inspect.CO_COROUTINE``."""

MAKE_NONE = (type(None), BuiltinFunctionType, type(vars(FunctionType)["__call__"]))
"""Kinds of callables that cannot be told to make coroutines."""

Run = Callable[[Any], Any]
"""Runs a coroutine to its end and returns what it returns."""


class NothingRan(Exception):
    """What was called did not do its work yet; the text says what it would have needed."""


class Loop:
    """An event loop that is made when it is needed, and closed with this object."""

    def __init__(self) -> None:
        self._loop: Any = None

    def __call__(self, coroutine: Any) -> Any:
        """Run a coroutine to its end, also while another loop of this thread stands still in its caller."""
        import asyncio  # here, for only suites with coroutines need it
        from asyncio import events

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        outer = events._get_running_loop()
        events._set_running_loop(None)
        try:
            return self._loop.run_until_complete(coroutine)
        finally:
            events._set_running_loop(outer)

    def __del__(self) -> None:
        if self._loop is not None and not self._loop.is_running():
            self._loop.close()


def is_coroutine_function(function: Any) -> bool:
    """Whether calling it makes a coroutine, as far as that shows without a call."""
    while isinstance(function, functools.partial):
        function = function.func
    of_class = vars(type(function)).get("__call__")
    return _makes_coroutines(function) or _makes_coroutines(of_class)


def _makes_coroutines(function: Any) -> bool:
    """``inspect.iscoroutinefunction``; that module takes as long to import as half an interpreter takes to start."""
    if isinstance(function, MAKE_NONE):
        return False
    if type(function) is FunctionType and not vars(function):
        return bool(function.__code__.co_flags & MAKES_COROUTINE)
    import inspect

    return inspect.iscoroutinefunction(function)


def is_coroutine(result: Any) -> bool:
    """Whether a call has made a coroutine instead of doing its work.

    Raises:
        NothingRan: it has made an asynchronous generator, which only whoever asks for its values could run.
    """
    if isinstance(result, AsyncGeneratorType):
        raise NothingRan(
            "it returns an asynchronous generator, of which nothing has run: measure what iterates over it"
        )
    return isinstance(result, Coroutine)


def finished(result: Any) -> Any:
    """What a call returned, or, where that is a coroutine, what it returns in the end."""
    return Loop()(result) if is_coroutine(result) else result


def in_running_loop() -> bool:
    """Whether this is called from inside of a running event loop: by a coroutine."""
    from asyncio import events

    return events._get_running_loop() is not None


def done(result: Any) -> Awaitable[Any]:
    """A result for somebody who awaits it."""
    import asyncio

    future = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future
