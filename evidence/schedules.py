"""Which way of taking values repeats best, by how long a call is: the table of docs/adr/0002.

    python -m evidence.schedules --output schedules.jsonl         # some fifteen minutes
    python -m evidence.schedules --quick

Base against base, in fresh pairs of processes that each measure every benchmark in every way, in random order:

- *turns*: short turns in ABBA order as shipped (values of half a millisecond, one call a value from 1 ms on), compared
  by wall and by CPU time;
- *at once, one*: both sides at once on one core, a single value of 50 ms;
- *at once*: both sides at once as shipped: values of 25 ms, as many as fit into 0.2 s;
- *at once, long slices*: the same, the kernel asked to change sides every 25 ms only (Linux 6.12 and later).

Computing in several threads is measured by turns and at once, on one core and wherever the system likes. The spread is
that of the rule's estimate for a single round (its standard error by the root of the rounds), in percent; in brackets
it is multiplied by the root of the seconds that a round takes: what equal time makes of it, and what should be small.
Bold is the best at equal time, a star what a run would do.
"""

from __future__ import annotations

import argparse
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np

from evidence import everyday
from evidence.ledger import append, ended, entries, say
from evidence.pairing import FreePair, milliseconds, seconds, specs, visits
from evidence.variants import LARGE, repeated
from perfbot.measure.lockstep.pair import drawn
from perfbot.measure.lockstep.plan import TOGETHER_ROUND_SECONDS, TOGETHER_VALUE_SECONDS, Speed, ValuePlan, plan_values
from perfbot.model import SIDES
from perfbot.runner.cores import allowed_cores
from perfbot.stats.location import estimates
from perfbot.stats.rounds import round_ratio

ONE_VALUE_SECONDS = 0.05
SLICE_SECONDS = 0.025
LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 250.0, 1000.0)
"""Milliseconds a call, about."""

QUICK = (6, (0.5, 8.0))
BLOCK = bytes(200_000)
THREADED = "2 threads"


def _memory() -> float:
    """Walk through some 2 MB."""
    return sum(box[0] for box in LARGE)


def _threads(count: int, blocks: int) -> Callable[[], None]:
    """Hash in so many threads, without Python's lock."""

    def work() -> None:
        for _ in range(blocks):
            sha256(BLOCK).digest()

    def function() -> None:
        running = [threading.Thread(target=work) for _ in range(count)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    return function


KINDS: Mapping[str, tuple[Callable[[], Any], float]] = {
    "text": (everyday.text_wrap, 0.11),
    "memory": (_memory, 0.3),
}
"""Functions and about how many milliseconds they take."""


def _functions() -> dict[str, Callable[[], Any]]:
    found: dict[str, Callable[[], Any]] = {
        f"{kind}, {length:g} ms": repeated(function, max(1, round(length / unit)))
        for length in LENGTHS
        for kind, (function, unit) in KINDS.items()
    }
    return found | {f"{THREADED}, {blocks} blocks": _threads(2, blocks) for blocks in (10, 100)}


FUNCTIONS = _functions()
ATTRIBUTES = {name: f"function_{number}" for number, name in enumerate(FUNCTIONS)}
ALL = SimpleNamespace(**{ATTRIBUTES[name]: function for name, function in FUNCTIONS.items()})


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule: what it is called, how it takes values, and seconds of the kernel's slices (0: its own)."""

    name: str
    values: ValuePlan
    slice: float = 0.0


def ways(speed: Speed, *, threads: bool) -> Iterator[Schedule]:
    """The schedules to try on calls of some speed; those of threads on one core and on all."""
    turns = plan_values(replace(speed, cpu=0.0, queued=0.0), 0.0)  # as if it waited
    loops = max(1, math.ceil(TOGETHER_VALUE_SECONDS / speed.wall))
    warm = turns.discard if turns.loops == 1 else 1
    count = max(1, min(24, round(TOGETHER_ROUND_SECONDS / (loops * speed.wall))))
    one = ValuePlan("together", max(1, math.ceil(ONE_VALUE_SECONDS / speed.wall)), warm, 1)
    at_once = ValuePlan("together", loops, warm, count)
    if not threads:
        yield from (Schedule("turns", turns), Schedule("at once, one", one), Schedule("at once", at_once))
        yield Schedule("at once, long slices", at_once, SLICE_SECONDS)
    else:
        for way in (Schedule("turns", turns), Schedule("at once", at_once)):
            yield Schedule(f"{way.name}, one core", way.values)
            yield Schedule(f"{way.name}, all cores", replace(way.values, pinned=False))


def shipped(speed: Speed, *, threads: bool) -> str:
    """The way that a run takes."""
    values = plan_values(speed, 0.0)
    name = "turns" if values.mode == "turns" else "at once"
    where = (", one core" if values.pinned else ", all cores") if threads else ""
    return f"{name}{where}, {speed.clock}"


def measure(pair: FreePair, speed: Speed, random: Random, *, threads: bool) -> Iterator[dict[str, Any]]:
    """One round in every way: log ratios by both clocks, and seconds."""
    core = random.choice(allowed_cores() or (0,))
    tried = list(ways(speed, threads=threads))
    random.shuffle(tried)
    for way in tried:
        values = way.values
        if not pair.slices(way.slice) and way.slice:
            continue  # this kernel has none to set
        pair.pin([core] if values.pinned else allowed_cores())
        began = time.monotonic()
        answers = pair.measure(
            values, random.choice(SIDES), values.seconds(speed.wall) + 2 * speed.first, drawn(random)
        )
        taken = {"way": way.name, "seconds": time.monotonic() - began, "pairs": values.pairs}
        for clock in ("wall", "cpu"):
            base, head = seconds(answers, clock, values.loops)
            taken[clock] = round_ratio(base, head, value_seconds=float(np.median(base)) * values.loops)
        yield taken


def record(path: Path, rounds: int, names: Sequence[str], seed: int) -> None:
    """Measure what is missing of ``rounds`` pairs of processes, each of which serves all benchmarks."""
    done = {entry["round"] for entry in entries(path) if entry["name"] == names[-1]}
    targets = {name: f"schedules:ALL.{ATTRIBUTES[name]}" for name in names}
    speeds: dict[str, Speed] = {}
    for index in range(rounds):
        if index in done:
            continue
        random = Random(f"{seed}:{index}")
        for pair, name in visits(specs(dict.fromkeys(SIDES, targets)), names, random):
            if name not in speeds:
                pair.pin(allowed_cores())
                speeds[name] = pair.speed()
            speed = speeds[name]
            threads = name.startswith(THREADED)
            about = {"round": index, "name": name, "call": speed.wall, "shipped": shipped(speed, threads=threads)}
            for taken in measure(pair, speed, random, threads=threads):
                append(path, {**about, **taken})
        say(f"round {index + 1} of {rounds}")


def spread(ratios: Sequence[float]) -> float:
    """Of a single round, as the rule sees it, in percent."""
    _, errors = estimates(np.asarray(ratios, dtype=float), [len(ratios)])
    return 100 * float(errors[..., 0]) * math.sqrt(len(ratios))


TURNS = ("turns, wall", "turns, cpu")
COLUMNS = (*TURNS, "at once, one, cpu", "at once, cpu", "at once, long slices, cpu")
THREAD_COLUMNS = tuple(
    f"{way}, {cores}, {clock}"
    for way, clock in (("turns", "wall"), ("turns", "cpu"), ("at once", "wall"), ("at once", "cpu"))
    for cores in ("one core", "all cores")
)


def table(rounds: Sequence[Mapping[str, Any]]) -> str:
    """Both tables as markdown; the best of equal time in bold, what a run does marked by a star."""
    parts = []
    for columns, names in (
        (COLUMNS, [name for name in FUNCTIONS if not name.startswith(THREADED)]),
        (THREAD_COLUMNS, [name for name in FUNCTIONS if name.startswith(THREADED)]),
    ):
        rows = [line for name in names if (line := _row(name, columns, [e for e in rounds if e["name"] == name]))]
        if rows:
            heads = [
                f"| benchmark | call | rounds | {' | '.join(columns)} |",
                "|:--|--:|--:" + "|--:" * len(columns) + "|",
            ]
            parts.append("\n".join([*heads, *rows]))
    return "\n\n".join(parts)


def _row(name: str, columns: Sequence[str], mine: Sequence[Mapping[str, Any]]) -> str:
    cells: dict[str, tuple[float, float]] = {}
    for column in columns:
        way, _, clock = column.rpartition(", ")
        taken = [entry for entry in mine if entry["way"] == way]
        if len(taken) >= 2:
            one = spread([entry[clock] for entry in taken])
            cells[column] = one, one * math.sqrt(float(np.mean([entry["seconds"] for entry in taken])))
    if not cells:
        return ""
    best = min(worth for _, worth in cells.values())
    call = float(np.median([entry["call"] for entry in mine]))
    rounds = len({entry["round"] for entry in mine})
    shown = [_cell(cells.get(column), best, column == mine[0]["shipped"]) for column in columns]
    return f"| {name} | {milliseconds(call)} | {rounds} | {' | '.join(shown)} |"


def _cell(cell: tuple[float, float] | None, best: float, is_shipped: bool) -> str:
    if cell is None:
        return "–"
    text = f"{cell[0]:.2f} [{cell[1]:.2f}]" + "*" * is_shipped
    return f"**{text}**" if cell[1] == best else text


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--output", type=Path, default=Path("schedules.jsonl"), metavar="FILE.jsonl", help="raw rounds, added to")
    add("--rounds", type=int, default=20, help="fresh pairs of processes in the end (default: 20)")
    add("--seed", type=int, default=1)
    add("--quick", action="store_true", help=f"{QUICK[0]} rounds of a few lengths, to see whether it works")
    options = parser.parse_args(arguments)
    names = list(FUNCTIONS)
    if options.quick:
        names = [f"{kind}, {length:g} ms" for kind in KINDS for length in QUICK[1]] + names[-2:-1]
    record(options.output, QUICK[0] if options.quick else options.rounds, names, options.seed)
    print(table([entry for entry in entries(options.output) if entry["name"] in names]))
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
