"""SIGINT and SIGTERM end a run in order: workers die, what was measured is kept, work trees go."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from perfbot.errors import INTERRUPTED, Interrupted
from perfbot.process import start_again, start_nothing

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_heard: list[int] = []


def exit_code(otherwise: int) -> int:
    """130 after Ctrl-C, as shells expect it; else the code that was meant."""
    return INTERRUPTED if signal.SIGINT in _heard else otherwise


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Turn the first signal into :class:`Interrupted`; a second one while cleaning up is not heard."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        _heard.append(number)
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        start_nothing()
        raise Interrupted(f"stopped by {signal.Signals(number).name}: what was measured until then is kept")

    _heard.clear()
    before = {number: signal.signal(number, interrupt) for number in SIGNALS}
    try:
        yield
    finally:
        start_again()
        for number, handler in before.items():
            signal.signal(number, handler)
