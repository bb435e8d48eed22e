"""Which functions of some files run: while the process starts and a benchmark is set up, and in one call of it.

Python's profiler hook, on from the first moment, tells every function that begins, a module's own code too. A process
that does this is used for nothing else. What children of it run is not seen; that it had some is.
"""

from __future__ import annotations

import gc
import sys
import threading
from types import CodeType
from typing import Any, Dict, List, Set, Tuple

from .channel import Token
from .timers import Timer

LEAVING = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.spawn", "os.system")
"""Audit events of a process that has work done elsewhere."""


class _Seen:
    def __init__(self) -> None:
        self.codes: Set[CodeType] = set()
        self.left = False

    def event(self, frame: Any, event: str, arg: Any) -> None:
        if event == "call":
            self.codes.add(frame.f_code)

    def audit(self, event: str, args: Any) -> None:
        if event in LEAVING:
            self.left = True


_seen = _Seen()


def follow() -> None:
    """Begin; what runs from now on is seen, in threads that are started later, too."""
    sys.addaudithook(_seen.audit)
    threading.setprofile(_seen.event)
    sys.setprofile(_seen.event)


def reach(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Run one call.

    Args:
        order: ``files``: ends of the paths of files that are asked about.

    Returns:
        ``before`` and ``call``: [file, first line, name] of the functions that ran since the last time, and in the
        call; ``left``: whether any of it had children.
    """
    files = tuple("/" + name for name in order["files"])
    sys.setprofile(_seen.event)  # a suite's own tools may have put theirs in its place
    before, _seen.codes = _seen.codes, set()
    single = getattr(timer, "single", None)
    if single is not None:
        single(_nothing, _nothing)
    else:
        timer(1)
    gc.collect()  # finalisers of what it left in a circle run in some later call, and are a part of what calls cost
    call, _seen.codes = _seen.codes, set()
    return {"before": _told(before, files), "call": _told(call, files), "left": _seen.left}


def _nothing() -> None: ...


def _told(codes: Set[CodeType], files: Tuple[str, ...]) -> List[List[Any]]:
    """Those of some files. ``str.endswith`` takes a tuple."""
    return [[code.co_filename, code.co_firstlineno, code.co_name] for code in codes if code.co_filename.endswith(files)]
