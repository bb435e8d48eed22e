"""What a stretch of calls costs: wall time, CPU time, and the time that a user waits for it.

A user waits as long as the wall clock says, less the time in which the calling thread could have run but other programs
had the core. The kernel counts that for each thread. It gives the core away above all where a system call ends, as
the readings of these counters are: so a reading that took too long is made again, and what a stretch spent off the core
is taken between two undisturbed readings around it, while what it spent on the core is taken right at its ends.

Off the core and not in the queue for one it may also have been without a wish of its own: a virtual machine is stopped,
a container has used up its share. Whoever waits for something gives the core away, and the kernel counts how often.
"""

from __future__ import annotations

import os
import resource
from threading import get_ident
from typing import Dict, NamedTuple, Optional

from .clocks import CLOCKS

CLEAN_NS = 15_000
"""A reading takes 2 to 4 microseconds, and much longer where the core was given away meanwhile."""

TRIES = 8
"""Readings after which a disturbed one is taken as it is."""


class Times(NamedTuple):
    """Nanoseconds of some calls.

    Attributes:
        wall: by the clock on the wall.
        cpu: of the whole process with all of its threads.
        cost: what a user waits, without the time that other programs had the core (threads of its own are none); 0
            where the system does not tell.
    """

    wall: int
    cpu: int
    cost: int

    def plus(self, other: "Times") -> "Times":
        """Of both stretches."""
        return Times(self.wall + other.wall, self.cpu + other.cpu, self.cost + other.cost)


NOTHING = Times(0, 0, 0)


class Reading(NamedTuple):
    """Counters of the calling thread at one moment.

    Attributes:
        queued: nanoseconds in the queue for a core; None where the system does not tell.
        waits: how often it gave the core away to wait for something; −1 where the system does not tell.
    """

    wall: int
    thread: int
    queued: Optional[int]
    waits: int = -1


_files: Dict[int, Optional[int]] = {}


def _file() -> Optional[int]:
    """The counters of the calling thread, open; None where there are none."""
    thread = get_ident()
    if thread not in _files:
        try:
            _files[thread] = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            _files[thread] = None
    return _files[thread]


def queued() -> Optional[int]:
    """Nanoseconds that this thread has spent able to run, but without a core."""
    file = _file()
    try:
        return None if file is None else int(os.pread(file, 80, 0).split()[1])
    except (OSError, IndexError, ValueError):
        return None


def waits() -> int:
    """How often this thread gave the core away; −1 where the system does not tell of threads."""
    who = getattr(resource, "RUSAGE_THREAD", None)
    return -1 if who is None else int(resource.getrusage(who).ru_nvcsw)


def reading() -> Reading:
    """The counters, read without a disturbance in between."""
    wall_ns, _, thread_ns = CLOCKS
    gave = waits()
    for _ in range(TRIES):
        began = wall_ns()
        waited, thread, wall = queued(), thread_ns(), wall_ns()
        if wall - began < CLEAN_NS:
            break
    return Reading(wall, thread, waited, gave)


def times(wall: int, cpu: int, thread: int, before: Reading, after: Reading) -> Times:
    """What a stretch cost that lies between two readings.

    Args:
        wall, cpu, thread: of the stretch itself; ``thread`` is the calling thread's CPU time.
    """
    if after.queued is None:
        return Times(wall, cpu, 0)
    # A thread that is woken on the core where another one of its process computes queues for that one.
    for_own = min(after.queued - (before.queued or 0), max(0, cpu - thread))
    return Times(wall, cpu, min(max(1, wall), max(1, thread + idle(before, after) + for_own)))


def idle(before: Reading, after: Reading) -> int:
    """Nanoseconds between two readings in which the thread neither ran nor could have, for it waited for something."""
    if after.waits == before.waits >= 0:
        return 0
    waited = (after.queued or 0) - (before.queued or 0)
    return after.wall - before.wall - (after.thread - before.thread) - waited
