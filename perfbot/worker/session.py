"""A worker's life: list benchmarks, enter those it is told to, hold inside each while turns are taken, quit.

Messages to the scheduler: ``listed`` (benchmarks, problems), ``running`` (a batch begins), ``ready`` (held inside a
benchmark), ``answer`` (to an order), ``done`` (left it; with an error if it failed), ``end`` (none left of this
batch), ``fatal``.
"""

from __future__ import annotations

import _thread
import faulthandler
import gc
import importlib
import os
import signal
import sys
import threading
from typing import Any, Callable, Dict, List, Optional, Tuple

from .awaiting import NothingRan
from .channel import Channel, Gone, Token
from .forks import end_like, in_a_fork
from .paths import prefer_installed
from .reaching import follow, reach
from .timers import Timer
from .turns import ORDERS
from .waiting import wait

ABANDONED = 99
"""Exit code of a worker that ended because the other side's worker, or the scheduler, is gone."""

ERROR_CHARACTERS = 6000
"""How much of a traceback is sent, from its end."""


class Skipped(Exception):
    """The benchmark asked not to be run here."""


class Told(Exception):
    """What the suite's own tool says about a failure: where in this package that was noticed tells nobody anything."""


class CannotStart(Told):
    """That tool gave up."""


def error_text(error: BaseException) -> str:
    """The end of a traceback, without this package's own frames where that leaves any."""
    frames = error.__traceback__
    while frames is not None and os.path.dirname(frames.tb_frame.f_code.co_filename) == os.path.dirname(__file__):
        frames = frames.tb_next
    if isinstance(error, Told):
        return str(error)[-ERROR_CHARACTERS:]
    try:
        import traceback  # here, for most processes have nothing to tell
    except Exception:  # after such errors as "too many open files" nothing can be imported any more
        return f"{type(error).__name__}: {error}"[-ERROR_CHARACTERS:]
    return "".join(traceback.format_exception(type(error), error, frames or error.__traceback__))[-ERROR_CHARACTERS:]


class Session:
    """What an adapter sees of the scheduler.

    An adapter is a class made from the options, with ``start(session)`` (call :meth:`serve` when ready),
    ``collect(session)`` (call :meth:`found` for each benchmark and :meth:`problem` for what could not be read) and
    ``run(session, names)`` (enter each of ``names`` in this order, calling :meth:`hold` inside and :meth:`done`
    after). What takes time before the first of them belongs to the start: into ``prepare(names)``, where there is one.
    """

    def __init__(self, options: Dict[str, Any], channel: Optional[Channel] = None) -> None:
        self.options = options
        self._channel = channel or Channel(*options["control"])
        self._token = Token(options["turn"])
        self._home = os.getcwd()
        self._benchmarks: List[Dict[str, Any]] = []
        self._problems: List[Dict[str, str]] = []
        self._kept: Any = None
        self.held: Optional[str] = None
        self._counting = False
        self._raised: Optional[BaseException] = None

    def found(
        self, name: str, file: str = "", line: int = 0, metric: Optional[Dict[str, str]] = None, timeout: float = 0.0
    ) -> None:
        """Report a benchmark; ``file`` relative to the checkout.

        Args:
            metric: name, unit and rule of what it reports by itself; None where its calls are timed.
            timeout: seconds that it asks for a single call; 0 where it does not say.
        """
        self._benchmarks.append({"name": name, "file": file, "line": line, "metric": metric, "timeout": timeout})

    def problem(self, where: str, message: str, kind: str = "error") -> None:
        """Report something that was not collected; the rest goes on.

        Args:
            kind: ``error``, ``skipped`` where the suite itself leaves it out, ``note`` where nothing is lost.
        """
        self._problems.append({"where": where, "message": message[-ERROR_CHARACTERS:], "kind": kind})

    def hold(self, name: str, timer: Timer, once: bool = False, inner: int = 1) -> List[float]:
        """Stay inside a benchmark and obey orders until told to leave.

        Args:
            once: only the first call in a process is worth timing.
            inner: how many times a call of the timer's function does what the benchmark measures.

        Returns:
            Seconds a call, for each value that was timed.
        """
        self.held = name
        self._channel.send(event="ready", name=name, once=once, inner=inner)
        seconds: List[float] = []
        while True:
            order = self._channel.receive()
            if order["op"] == "leave":
                return seconds
            try:
                answer = _order(order["op"])(timer, self._token, order)
            except BaseException as error:
                self._raised = error
                raise
            self._kept = timer if answer.get("kept") else None
            seconds.extend(wall / order["loops"] / inner / 1e9 for wall in answer.get("walls", ()))
            self._channel.send(event="answer", name=name, **answer)

    def done(self, name: str, error: str = "", skipped: str = "", value: Optional[float] = None) -> None:
        """Report that a benchmark was left, with the value of one that is not timed; put the working folder back.

        By now nobody asks for the result that a timed call left: what freeing it takes belongs to that call.
        """
        os.chdir(self._home)
        held, self.held = self.held == name, None
        error, skipped = self._what_it_hid(error, skipped)
        freed, self._kept = list(self._kept.free()) if self._kept is not None else [], None
        self._channel.send(event="done", name=name, error=error, skipped=skipped, held=held, value=value, freed=freed)

    def _what_it_hid(self, error: str, skipped: str) -> Tuple[str, str]:
        """How a benchmark ended, where it went on after the call that is measured had raised something."""
        raised, self._raised = self._raised, None
        if isinstance(raised, NothingRan):
            return "", str(raised)
        if raised is not None and not error and not skipped:
            error = "the call that is measured raised this, and the benchmark went on:\n" + error_text(raised)
        return error, skipped

    @property
    def counting(self) -> bool:
        """Whether memory or objects are counted: what a benchmark leaves behind would show in those after it."""
        return self._counting and threading.active_count() == 1

    def apart(self, run: Callable[[], Tuple[str, str]]) -> Tuple[str, str]:
        """Run what holds a benchmark in a copy of this process, which obeys orders instead and leaves nothing behind.

        Args:
            run: returns the benchmark's error and why it was skipped, empty where there is nothing to say.
        """

        def copy() -> Dict[str, Any]:
            self._channel.adopt()
            error, skipped = self._what_it_hid(*run())
            return {"error": error[-ERROR_CHARACTERS:], "skipped": skipped, "held": self.held}

        answer = in_a_fork(copy)
        if isinstance(answer, int):
            end_like(answer)
        self.held = answer["held"]
        return answer["error"], answer["skipped"]

    def attempt(self, name: str, enter: Callable[[], Optional[float]]) -> None:
        """Enter a benchmark and report how it ended; an exception costs this benchmark alone.

        Args:
            enter: returns the value of a benchmark that is not timed.
        """
        try:
            value = enter()
        except Gone:
            raise
        except Skipped as reason:
            self.done(name, skipped=str(reason))
        except (Exception, SystemExit) as error:
            self.done(name, error=error_text(error))
        else:
            self.done(name, value=value)

    def serve(self, adapter: Any) -> None:
        """Obey until ``quit``."""
        while True:
            order = self._channel.receive()
            if order["op"] == "list":
                adapter.collect(self)
                self._channel.send(event="listed", benchmarks=self._benchmarks, problems=self._problems)
            elif order["op"] == "run":
                self._counting = order.get("counting", False)
                if hasattr(adapter, "prepare"):
                    adapter.prepare(order["names"])
                self._channel.send(event="running")
                adapter.run(self, order["names"])
                self._channel.send(event="end")
            else:
                return

    def fatal(self, error: BaseException) -> None:
        """Report that this worker cannot go on."""
        self._channel.send(event="fatal", error=error_text(error))


def _order(name: str) -> Callable[[Timer, Token, Dict[str, Any]], Dict[str, Any]]:
    """What obeys an order. What counts or explains takes long to import, and few processes do."""
    if name in ORDERS:
        return ORDERS[name]
    if name == "reach":
        return reach
    if name == "count":
        from .counting import count

        return count
    from .explaining import EXPLAINING

    return EXPLAINING[name]


def set_aside() -> None:
    """Take what pytest and this package are made of, out of the garbage collector's sight.

    A full collection would look at all of them, now and then, in the middle of a call: ten times as much as most
    suites' own objects. What one call in a hundred takes as long for as thousands do has no mean that a few rounds
    could tell. Nothing of the project is loaded yet: its own objects, and what collecting them takes, are its cost.
    """
    if hasattr(gc, "freeze"):  # CPython alone has it
        gc.collect()
        gc.freeze()
    gc.enable()  # it was off while all of that was loaded: each collection would have found that it is still in use


def serve(options: Dict[str, Any]) -> None:
    """Run a worker to its end; never returns."""
    # The draw of a layout raises the limit from which threads would take theirs.
    _thread.stack_size(options["thread_stack"])
    faulthandler.enable()
    # Where a benchmark hangs: the scheduler asks before it kills.
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    channel = Channel(*options["control"])
    if "waits" in options:
        try:
            options = wait(options, channel)
        except Gone:
            os._exit(ABANDONED)
    session = Session(options, channel)
    if options.get("follow"):
        follow()
    prefer_installed(os.getcwd(), options["own"])
    try:
        adapter = importlib.import_module("." + options["adapter"], __package__).Adapter(options)
        set_aside()
        adapter.start(session)
    except Gone:
        os._exit(ABANDONED)
    except (Exception, SystemExit) as error:
        sys.stderr.write(error_text(error))
        session.fatal(error)
    sys.stdout.flush()
    os._exit(0)
