"""How many rounds may be measured at the same time on this machine, as busy as it is."""

from __future__ import annotations

import os

import psutil

from perfbot.runner.cores import allowed_cores

LOOK_AROUND_SECONDS = 0.5
"""How long to watch what else runs on this machine before measuring."""


def free_cores() -> int:
    """As many as there are cores that nothing else keeps busy right now; may be none."""
    busy = float(psutil.cpu_percent(interval=LOOK_AROUND_SECONDS)) / 100 * (os.cpu_count() or 1)
    return len(allowed_cores()) - round(busy)
