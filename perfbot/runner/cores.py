"""Which processors this process may use, and binding others to some of them."""

from __future__ import annotations

import os
from collections.abc import Iterable


def allowed_cores() -> tuple[int, ...]:
    """The processors this process may run on, or nothing where the system does not say."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def pin_process(pid: int, cores: Iterable[int]) -> bool:
    """Bind a process with all of its threads to some cores; False where the system refuses."""
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - names are wanted, not paths
            os.sched_setaffinity(int(thread), set(cores))
    except (OSError, AttributeError):
        return False
    return True
