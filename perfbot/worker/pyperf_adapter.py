"""pyperf scripts, run as they are, with a ``Runner`` that hands its task functions to the turn-taking.

A script is executed once to list its benchmarks and once for every batch; only the ones asked for are entered.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import subprocess
import sys
from itertools import repeat, takewhile
from textwrap import indent
from typing import Any, Callable, Dict, List, Optional

import pyperf

from .clocks import SECONDS
from .session import Session, error_text
from .timers import Calls, Timer, self_timed

Make = Callable[[], Timer]
"""Prepares a benchmark that is going to be measured."""


class _State:
    enter: Callable[[str, Make, int], None]


state = _State()


class Runner(pyperf.Runner):  # type: ignore[misc]
    """pyperf's Runner: its options, none of its processes, warm-ups or statistics."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        type(self)._created.clear()
        super().__init__(*args, **kwargs)

    def parse_args(self, args: Optional[List[str]] = None) -> Any:
        if self.args is None or args is not None:  # type: ignore[has-type]
            self.args = self.argparser.parse_args(args)
        return self.args

    def bench_func(self, name: str, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        state.enter(name, lambda: Calls(func, args), kwargs.get("inner_loops") or 1)

    def bench_time_func(self, name: str, time_func: Callable[..., float], *args: Any, **kwargs: Any) -> None:
        state.enter(name, lambda: self_timed(time_func, args), kwargs.get("inner_loops") or 1)

    def bench_async_func(self, name: str, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        factory = kwargs.get("loop_factory") or asyncio.new_event_loop
        timed = self_timed(lambda loops: _run_awaiting(factory, func, args, loops))
        state.enter(name, lambda: timed, kwargs.get("inner_loops") or 1)

    def timeit(self, name: str, stmt: Any = None, setup: Any = "pass", teardown: Any = "pass", **kwargs: Any) -> None:
        duplicate = kwargs.get("duplicate") or 1
        statements = (name if stmt is None else stmt, setup, teardown)
        make = lambda: _statement_timer(*statements, duplicate, kwargs.get("globals"))  # noqa: E731 - made when entered
        state.enter(name, make, (kwargs.get("inner_loops") or 1) * duplicate)

    def bench_command(self, name: str, command: List[str]) -> None:
        state.enter(name, lambda: Calls(subprocess.check_call, (command,), {"stdout": subprocess.DEVNULL}), 1)


STATEMENTS = """\
def timed(loops):
{setup}
    _started = _clock()
    for _ in _repeat(None, loops):
{stmt}
    _seconds = _clock() - _started
{teardown}
    return _seconds
"""


def _statement_timer(stmt: Any, setup: Any, teardown: Any, duplicate: int, names: Optional[Dict[str, Any]]) -> Timer:
    """Statements as text, lines of text or callables, in one function that times itself, as pyperf's ``timeit``."""
    scope: Dict[str, Any] = {**(names or {}), "_clock": SECONDS[0], "_repeat": repeat}
    texts: Dict[str, str] = {}
    for part, statement, depth in (("stmt", stmt, 8), ("setup", setup, 4), ("teardown", teardown, 4)):
        if callable(statement):
            scope["_" + part] = statement
            text = "_" + part + "()"
        else:
            text = statement if isinstance(statement, str) else "\n".join(statement)
        texts[part] = indent(text, " " * depth)
    texts["stmt"] = "\n".join([texts["stmt"]] * duplicate)
    exec(STATEMENTS.format(**texts), scope)
    return self_timed(scope["timed"])


def _run_awaiting(factory: Callable[[], Any], func: Callable[..., Any], args: Any, loops: int) -> float:
    """Seconds for awaiting ``func(*args)`` ``loops`` times; making and closing the loop is not timed."""

    async def main() -> float:
        (clock,) = SECONDS
        started = clock()
        for _ in repeat(None, loops):
            await func(*args)
        return clock() - started

    loop = factory()
    try:
        return float(loop.run_until_complete(main()))
    finally:
        loop.close()


class Adapter:
    """Executes scripts; what ``Runner`` does with a benchmark depends on whether it lists or runs."""

    def __init__(self, options: Dict[str, Any]) -> None:
        self._scripts: List[str] = options["paths"]
        self._args: List[str] = options.get("args", [])
        pyperf.Runner = Runner

    def start(self, session: Session) -> None:
        session.serve(self)

    def collect(self, session: Session) -> None:
        for script in self._scripts:
            seen: List[str] = []

            def note(name: str, _make: Make, _inner: int, script: str = script, seen: List[str] = seen) -> None:
                if name in seen:
                    session.problem(script, "two benchmarks are named " + name + "; the first is measured", "note")
                else:
                    seen.append(name)
                    session.found(script + "::" + name, script)

            state.enter = note
            try:
                self._execute(script)
            except (Exception, SystemExit) as error:
                if not (isinstance(error, SystemExit) and error.code in (None, 0)):
                    session.problem(script, error_text(error))

    def run(self, session: Session, names: List[str]) -> None:
        """Enter them in this order: a script is executed again where it declares them in another."""
        rest = list(names)
        while rest:
            script = next((one for one in self._scripts if rest[0].startswith(one + "::")), "")
            prefix = script + "::"
            wanted = list(takewhile(lambda name, prefix=prefix: name.startswith(prefix), rest)) or rest[:1]  # type: ignore[misc]
            del rest[: self._run_script(session, script, wanted)]

    def _run_script(self, session: Session, script: str, wanted: List[str]) -> int:
        """Execute a script once, and enter what it declares in the order that is wanted; how many that were."""
        entered: List[str] = []

        def enter(name: str, make: Make, inner: int) -> None:
            full = script + "::" + name
            if wanted[len(entered) : len(entered) + 1] == [full]:
                entered.append(full)
                session.attempt(full, lambda: _hold(session, full, make, inner))

        state.enter = enter
        ending = ""
        try:
            self._execute(script)
        except (Exception, SystemExit) as error:
            if not (isinstance(error, SystemExit) and error.code in (None, 0)):
                ending = error_text(error)
        if not entered:
            session.done(wanted[0], error=ending or "the script ended without declaring it")
        return max(1, len(entered))

    def _execute(self, script: str) -> None:
        path, argv = list(sys.path), list(sys.argv)
        sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
        sys.argv[:] = [script, *self._args]
        try:
            runpy.run_path(script, run_name="__main__")
        finally:
            sys.path[:], sys.argv[:] = path, argv


def _hold(session: Session, name: str, make: Make, inner: int) -> None:
    session.hold(name, make(), inner=inner)
