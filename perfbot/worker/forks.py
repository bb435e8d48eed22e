"""Copies of this process that do one thing, say what came of it and end, so that this one stays as it is."""

from __future__ import annotations

import json
import os
import signal
import warnings
from typing import Any, Callable, Dict, NoReturn, Union


def in_a_fork(perform: Callable[[], Dict[str, Any]]) -> Union[Dict[str, Any], int]:
    """What ``perform`` returned in a copy of this process (JSON), or the status that it ended with instead.

    There must be no other thread: the copy would not have it, but whatever locks it holds.
    """
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads that native libraries keep waiting
        pid = os.fork()
    if pid == 0:
        try:
            os.close(ours)
            answer = json.dumps(perform())
            with os.fdopen(theirs, "w") as stream:
                stream.write(answer)
            os._exit(0)
        finally:
            os._exit(1)  # what went wrong must not go on in the place of the process that it is a copy of
    os.close(theirs)
    with os.fdopen(ours) as stream:
        text = stream.read()
    status = os.waitpid(pid, 0)[1]
    answered: Dict[str, Any] = json.loads(text) if text else {}
    return answered if text else status


def end_like(status: int) -> NoReturn:
    """End as a copy did whose end is this process's, too."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))
