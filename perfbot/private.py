"""A process that holds a token closes itself: to others of the same user, and to the disk.

A process of the same user may read another's ``/proc/PID/environ`` and memory, and a crash may leave both in a core
file. Linux lets a process refuse that. What it starts is open again from its ``exec`` on.
"""

from __future__ import annotations

import contextlib
import ctypes

PR_SET_DUMPABLE = 4
"""From ``linux/prctl.h``."""


def close() -> None:
    """From now on nobody but root reads this process, and it leaves no core; where the system cannot, nothing."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
