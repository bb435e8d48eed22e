"""How whoever types a command watches it: live with keys in a terminal, lines in a log, nothing with ``--quiet``."""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfbot.render.progress import Progress


def add_watching_arguments(parser: argparse.ArgumentParser) -> None:
    """``-q`` and ``-v``; the same for every verb that measures."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("-q", "--quiet", action="store_true", help="no progress, only the result")
    how.add_argument("-v", "--verbose", action="store_true", help="all that set-up says, not a line a command")


@contextlib.contextmanager
def watched(*, quiet: bool = False, verbose: bool = False) -> Iterator[Progress]:
    """Progress on stderr, so that stdout stays the result; taken down in the end."""
    from perfbot.render.progress import Lines, Silent
    from perfbot.render.sections import sections_of

    with contextlib.ExitStack() as stack:
        progress: Progress
        if quiet:
            progress = Silent()
        elif sys.stderr.isatty() and not os.environ.get("CI"):  # some CIs give their jobs a terminal, and keep a log
            from perfbot.render.live import Live

            progress = Live(sys.stderr, verbose=verbose, keys=stack.enter_context(pressed_keys()))
        else:
            progress = Lines(sys.stderr, verbose=verbose, sections=sections_of(os.environ))
        stack.callback(progress.close)
        yield progress


@contextlib.contextmanager
def pressed_keys() -> Iterator[Callable[[], str] | None]:
    """Single keys of the terminal, without waiting and without showing them; None where there is no terminal to read,
    or it is another job's now. Ctrl-C stays what it is.
    """
    if not sys.stdin.isatty() or not _in_foreground():
        yield None
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSANOW)

    def pressed() -> str:
        if not _in_foreground() or not select.select([terminal], [], [], 0)[0]:
            return ""
        return os.read(terminal, 1).decode("ascii", "replace")

    try:
        yield pressed
    finally:
        if _in_foreground():
            termios.tcsetattr(terminal, termios.TCSANOW, before)


def _in_foreground() -> bool:
    """Whether the terminal's input belongs to this process: a read by another would stop it."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return False
