"""What each step towards a quieter measurement is worth on the machine at hand.

Two processes run the same code, so that every difference is noise. Each schedule is repeated in rounds of fresh
processes, the schedules in random order within each repetition; what is printed is the standard error of log(head/base)
that ten seconds of wall time would leave, in percent, start-up included. Half of the figure takes four times as long.

    python -m evidence.steps [--rounds 20] [--neighbours 0] [--seed 0]

``--neighbours N`` starts N processes that keep a core busy each.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

VALUES = 200
"""Values of each side in a round."""
LOOPS = 4
"""Calls in a value: about half a millisecond in all."""

WORKER = f"""
import json, sys, time
data = {{str(i): [i, str(i), i / 7] for i in range(40)}}
def value():
    json.loads(json.dumps(data))
    start = time.perf_counter_ns()
    for _ in range({LOOPS}):
        json.loads(json.dumps(data))
    return time.perf_counter_ns() - start
print("ready", flush=True)
for line in sys.stdin:
    print(*[value() for _ in range(int(line))], flush=True)
"""
"""One call is discarded before each value: the first after a switch is cold."""


@dataclass(frozen=True)
class Schedule:
    """How the two sides share the machine: cores for base and head (None: anywhere), and values in a turn."""

    name: str
    turn: int
    cores: tuple[int | None, int | None] = (None, None)


class Worker:
    """A process that times values on request."""

    def __init__(self, core: int | None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})
        self.process.stdout.readline()

    def values(self, count: int) -> list[int]:
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return [int(word) for word in self.process.stdout.readline().split()]

    def close(self) -> None:
        self.process.communicate()


def one_round(schedule: Schedule, rng: random.Random) -> float:
    """log(head/base) of one pair of fresh processes."""
    workers = [Worker(core) for core in schedule.cores]
    values: list[list[int]] = [[], []]
    for _ in range(VALUES // schedule.turn):
        first = rng.randrange(2)
        for side in (first, 1 - first):
            values[side] += workers[side].values(schedule.turn)
    for worker in workers:
        worker.close()
    return statistics.median(math.log(head / base) for base, head in zip(*values, strict=True))


def schedules(cores: list[int], rng: random.Random) -> list[Schedule]:
    one = rng.choice(cores)
    found = [
        Schedule("all of one side, then all of the other", VALUES),
        Schedule("in turns of 20 values", 20),
        Schedule("in turns of 1 value", 1),
        Schedule("in turns of 1 value, both on one core", 1, (one, one)),
    ]
    if len(cores) > 1:
        found.insert(3, Schedule("in turns of 1 value, each on a core of its own", 1, tuple(rng.sample(cores, 2))))
    return found


@contextlib.contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Processes that keep a core busy each while the block runs."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: sum(range(10**5))"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def measure(rounds: int, rng: random.Random, clock: Callable[[], float] = time.perf_counter) -> dict[str, float]:
    """Standard error per ten seconds of each schedule, in percent."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for _ in range(rounds):
        todo = schedules(sorted(os.sched_getaffinity(0)), rng)
        for schedule in rng.sample(todo, len(todo)):
            start = clock()
            d = one_round(schedule, rng)
            estimates, seconds = found.setdefault(schedule.name, ([], []))
            estimates.append(d)
            seconds.append(clock() - start)
    return {
        name: 100 * statistics.stdev(estimates) / math.sqrt(10 / statistics.mean(seconds))
        for name, (estimates, seconds) in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--neighbours", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    load = os.getloadavg()[0]
    with neighbours(args.neighbours):
        found = measure(args.rounds, random.Random(args.seed))
    print(f"load {load:.1f} before, {args.neighbours} neighbours, {args.rounds} rounds")
    for name, error in sorted(found.items(), key=lambda item: -item[1]):
        print(f"{error:6.2f} %  {name}")


if __name__ == "__main__":
    main()
