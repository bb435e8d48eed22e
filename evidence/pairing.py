"""Fresh pairs of perfbot's own workers that call plain functions, for scripts that try other schedules on them."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from perfbot.measure.lockstep.link import WorkerSpec
from perfbot.measure.lockstep.pair import Messages, Pair, speed_of
from perfbot.measure.lockstep.plan import Speed, turn_counts
from perfbot.model import SIDES, Side
from perfbot.process import scrubbed_environment
from perfbot.runner.address_space import Layout

HERE = Path(__file__).parent

SLICE_CALLS: Mapping[str, tuple[int, int]] = {"x86_64": (314, 315), "aarch64": (274, 275)}
"""Numbers of ``sched_setattr`` and ``sched_getattr``, by machine."""

ATTRIBUTES = struct.Struct("IIQiIQQQII")
"""``struct sched_attr``: size, policy, flags, nice, priority, runtime, deadline, period, two utilisation clamps."""

TIMEOUT = 120.0
"""Seconds a single call may take."""

Floats = NDArray[np.float64]


def specs(functions: Mapping[Side, Mapping[str, str]]) -> dict[Side, WorkerSpec]:
    """Workers of this interpreter that call ``{"name": "module:attribute"}`` of this folder, each side its own."""
    env = scrubbed_environment(os.environ, HERE)
    return {
        side: WorkerSpec(side, Path(sys.executable), HERE, env, "python", {"functions": functions[side], "own": []})
        for side in SIDES
    }


def visits(workers: Mapping[Side, WorkerSpec], names: Sequence[str], random: Random) -> Iterator[tuple[FreePair, str]]:
    """One fresh pair, held inside each of ``names`` in turn."""
    seed = random.randrange(1, 2**32)
    with closing(FreePair(workers, hash_seed=seed, timeout=TIMEOUT, layout=Layout(seed))) as pair:
        pair.enter_all(list(names))
        for name in names:
            for side, message in pair.arrivals().items():
                if message["event"] != "ready":
                    raise SystemExit(f"{name}, {side}: {message['error']}")
            yield pair, name
            pair.leave(SIDES)


class FreePair(Pair):
    """A pair that also takes turns longer than a run's."""

    def speed(self, side: Side = "base") -> Speed:
        """How long a call takes, found out as a run does."""
        return speed_of(self, side, once=False)

    def slices(self, wanted: float) -> bool:
        """Ask the kernel to let each worker compute so many seconds before the other one gets the core; 0: its own.

        Returns:
            Whether it will; Linux does from 6.12 on.
        """
        obeyed = [set_slice(link.child.pid, round(wanted * 1e9)) for link in self.links.values()]
        return all(obeyed)

    def long_turns(self, loops: int, discard: int, count: int, turns: int, first: Side, predicted: float) -> Messages:
        """Turns of ``count`` values in the order of a run's single ones.

        Args:
            turns: of each side, before neighbouring ones are joined; even.
            predicted: seconds that it should take.
        """
        second: Side = "head" if first == "base" else "base"
        for side, counts in zip((first, second), turn_counts(turns), strict=True):
            self.links[side].send(
                op="turns",
                loops=loops,
                discards=[discard] * len(counts),
                counts=[count * each for each in counts],
                first=side == first,
                hand_over_last=side == second,
                draw=loops + turns,
                drawn_every=len(counts),
            )
        return self._receive(SIDES, TIMEOUT + 5 * predicted, "answer")


def set_slice(pid: int, wanted: int) -> bool:
    """Set the slice of a process, in nanoseconds, 0 for the kernel's own; False where the kernel has none to set."""
    if platform.system() != "Linux" or platform.machine() not in SLICE_CALLS:
        return False
    set_call, get_call = SLICE_CALLS[platform.machine()]
    system = ctypes.CDLL(None)
    nice = os.getpriority(os.PRIO_PROCESS, pid)
    asked = ATTRIBUTES.pack(ATTRIBUTES.size, 0, 0, nice, 0, wanted, 0, 0, 0, 0)
    if system.syscall(set_call, pid, ctypes.create_string_buffer(asked), 0):
        return False
    answer = ctypes.create_string_buffer(ATTRIBUTES.size)
    if system.syscall(get_call, pid, answer, ATTRIBUTES.size, 0):
        return False
    return not wanted or ATTRIBUTES.unpack(answer.raw[: ATTRIBUTES.size])[5] == wanted


def seconds(answers: Messages, clock: str, calls: int) -> Floats:
    """Values in seconds a call, [side, value]."""
    return np.array([answers[side][f"{clock}s"] for side in SIDES], dtype=float).clip(1) / 1e9 / calls


def milliseconds(call: float) -> str:
    """A length, to two digits."""
    return f"{call * 1e3:.0f} ms" if call >= 0.0095 else f"{call * 1e3:.2g} ms"
