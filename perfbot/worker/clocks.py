"""The clocks that perfbot reads: its own, whatever code under test makes of those in the module ``time``.

freezegun puts frozen clocks in the place of the real ones wherever a module has one under a name of its own. A tuple is
no such name: what measures takes its clocks from here, each time anew.
"""

from __future__ import annotations

import time

CLOCKS = (time.perf_counter_ns, time.process_time_ns, time.thread_time_ns)
"""Nanoseconds: of wall time, of CPU time of this process with all of its threads, of CPU time of the calling thread."""

SECONDS = (time.perf_counter,)
"""Wall time as pyperf reads it."""
