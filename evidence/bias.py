"""Is the change that perfbot's schedule sees the change that there is?

    python -m evidence.bias --output bias.jsonl            # some twenty minutes
    python -m evidence.bias --quick
    python -m evidence.bias --schedules                    # see schedules.py: which schedule repeats best

Real changes of code (variants.py) are measured twice in the same fresh pair of processes: as ``perfbot run`` does
(turns of half a millisecond, or both sides at once for calls of 3 ms and more), and in *long turns* of the same two
processes: 50 ms that are thrown away, then 50 to 100 ms that count, so that no cache remembers the other side. By both,
a value is CPU time. The true change of the pair is what the long turns say, summarised as the shipped schedule does
it: for short values the fastest eighth of each turn, for long ones the mean of a turn, neighbours compared. The other
of these two stands in the last column; where they differ, other programs weighed more on one side than on the other.
Where both sides run at once, they do so once more with longer slices of the kernel's scheduler (Linux 6.12 and later).
Each column is the trimmed mean over the pairs of processes with its standard error; the difference is taken pair by
pair.

Raw rounds go to ``--output``, a line each; the same command goes on where it was ended.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from evidence.ledger import append, ended, entries, say
from evidence.pairing import Floats, FreePair, milliseconds, seconds, specs, visits
from evidence.variants import ATTRIBUTES, CASES
from perfbot.measure.lockstep.pair import drawn
from perfbot.measure.lockstep.plan import Speed, ValuePlan, plan_values
from perfbot.model import SIDES, Side
from perfbot.runner.cores import allowed_cores
from perfbot.stats.location import estimates
from perfbot.stats.rounds import LONG_SECONDS, round_ratio

DISCARD_SECONDS = 0.05
"""Thrown away in each long turn: several times what fills a cache of the second level."""

TURN_SECONDS = 0.05
"""Length of a long turn that counts, half of it where a side comes only once."""

TURNS = {"turns": 4, "together": 8}
"""Long turns of each side, most of them joined to twice the length, by what they check."""

SLICE_SECONDS = 0.025
"""What the kernel is asked to let a side compute at a stretch, where both run at once; its own is some milliseconds."""

BOUND = 1.0
"""Percentage points that the shipped schedule may be off."""

QUICK = (6, ("none", "lookup", "past L2", "past L2, × 40"))


@dataclass(frozen=True, slots=True)
class Found:
    """A mean over pairs of processes, in percent of base, with its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:+.2f} ± {self.error:.2f}"


def percent(logs: Sequence[float]) -> Found:
    """The change that some log ratios amount to."""
    means, errors = estimates(np.asarray(logs, dtype=float), [len(logs)])
    mean, error = float(means[..., 0]), float(errors[..., 0])
    return Found(100 * math.expm1(mean), 100 * error * math.exp(mean))


def difference(shipped: Sequence[float], truth: Sequence[float]) -> Found:
    """By how many percentage points of base one is off the other, pair by pair."""
    means, errors = estimates(np.subtract(shipped, truth), [len(shipped)])
    scale = 100 * math.exp(float(np.median(truth)))
    return Found(scale * math.expm1(float(means[..., 0])), scale * float(errors[..., 0]))


def judged(off: Found) -> str:
    """Whether it is within the bound, with two standard errors to spare, beyond it, or cannot be told."""
    if abs(off.value) + 2 * off.error <= BOUND:
        return "yes"
    return "**no**" if abs(off.value) - 2 * off.error > BOUND else "cannot tell"


def planned(speed: Speed, discard: float) -> ValuePlan:
    """How a run takes values; ``discard`` seconds, if not 0, are thrown away in each turn instead of what it does."""
    values = plan_values(speed, 0.0)
    return replace(values, discard=math.ceil(discard / speed.wall)) if discard and values.mode == "turns" else values


def measure(pair: FreePair, speed: Speed, values: ValuePlan, random: Random) -> dict[str, Any]:
    """One pair of processes, both ways, in random order: log ratios."""
    pair.pin([random.choice(allowed_cores())] if allowed_cores() else [])
    found: dict[str, Any] = {"mode": values.mode, "call": speed.wall, "loops": values.loops}
    ways = [_shipped, _long, *([_sliced] if values.mode == "together" else [])]
    random.shuffle(ways)
    for way in ways:
        found |= way(pair, speed, values, random)
    return found


def _shipped(pair: FreePair, speed: Speed, values: ValuePlan, random: Random) -> dict[str, float]:
    began = time.monotonic()
    answers = pair.measure(values, random.choice(SIDES), values.seconds(speed.wall) + 2 * speed.first, drawn(random))
    took = time.monotonic() - began
    base, head = seconds(answers, "cpu", values.loops)
    lasted = float(np.median(base)) * values.loops
    return {"shipped": round_ratio(base, head, value_seconds=lasted), "seconds": took}


def _sliced(pair: FreePair, speed: Speed, values: ValuePlan, random: Random) -> dict[str, float]:
    """As shipped, but the kernel changes from one side to the other less often; nothing where it does not obey."""
    obeyed = pair.slices(SLICE_SECONDS)
    found = _shipped(pair, speed, values, random) if obeyed else {}
    pair.slices(0.0)
    return {"sliced": found["shipped"]} if found else {}


def _long(pair: FreePair, speed: Speed, values: ValuePlan, random: Random) -> dict[str, float]:
    loops = values.loops if values.mode == "turns" else 1
    turns = TURNS[values.mode]
    discard = max(1, math.ceil(DISCARD_SECONDS / speed.wall))
    count = max(2, math.ceil(TURN_SECONDS / (loops * speed.wall)))
    first: Side = random.choice(SIDES)
    predicted = 2 * turns * (DISCARD_SECONDS + TURN_SECONDS + 2 * speed.wall)
    taken = seconds(pair.long_turns(loops, discard, count, turns, first, predicted), "cpu", loops)
    return summaries(taken.reshape(len(SIDES), turns, count))


def summaries(taken: Floats) -> dict[str, float]:
    """Log ratios of long turns, from values [side, turn, value]: by the fastest eighth, and by the mean of a turn."""
    fastest = np.log(np.sort(taken, axis=2)[..., : max(1, taken.shape[2] // 8)]).mean(axis=(1, 2))
    typical = np.log(taken.mean(axis=2))
    return {"fastest": float(fastest[1] - fastest[0]), "typical": float(np.median(typical[1] - typical[0]))}


def record(path: Path, rounds: int, names: Sequence[str], seed: int, discard: float) -> None:
    """Measure what is missing of ``rounds`` pairs of processes, each of which serves all cases."""
    done = {entry["round"] for entry in entries(path) if entry["case"] == names[-1]}
    targets = {side: {name: f"variants:{side.upper()}.{ATTRIBUTES[name]}" for name in names} for side in SIDES}
    speeds: dict[str, Speed] = {}
    for index in range(rounds):
        if index in done:
            continue
        random = Random(f"{seed}:{index}")
        for pair, name in visits(specs(targets), names, random):
            if name not in speeds:
                pair.pin(allowed_cores())
                speeds[name] = pair.speed()
            values = planned(speeds[name], discard)
            append(path, {"round": index, "case": name, **measure(pair, speeds[name], values, random)})
        say(f"pair {index + 1} of {rounds}")


def table(rounds: Sequence[Mapping[str, Any]]) -> str:
    """The result as markdown."""
    columns = (
        "change", "call", "schedule", "pairs", "shipped, %", "long turns, %", "off, points", "within 1",
        "otherwise, %", "long slices: off",
    )  # fmt: skip
    lines = [f"| {' | '.join(columns)} |", "|:--|--:|:--|--:|--:|--:|--:|:--|--:|--:|"]
    for name in CASES:
        mine = [entry for entry in rounds if entry["case"] == name]
        if len(mine) < 2:
            continue
        long = mine[0]["call"] * mine[0]["loops"] >= LONG_SECONDS
        keys = ("shipped", "typical", "fastest") if long else ("shipped", "fastest", "typical")
        shipped, truth, other = ([entry[key] for entry in mine] for key in keys)
        off = difference(shipped, truth)
        sliced = [entry for entry in mine if "sliced" in entry]
        other_off = (
            difference(*([entry[key] for entry in sliced] for key in ("sliced", keys[1]))) if sliced[1:] else "–"
        )
        mode = "at once" if mine[0]["mode"] == "together" else "short turns"
        call = float(np.median([entry["call"] for entry in mine]))
        lines.append(
            f"| {name}: {CASES[name].about} | {milliseconds(call)} | {mode} | {len(mine)} | {percent(shipped)} "
            f"| {percent(truth)} | {off} | {judged(off)} | {percent(other)} | {other_off} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--output", type=Path, metavar="FILE.jsonl", help="raw rounds, added to (default: bias.jsonl)")
    add("--rounds", type=int, default=60, help="fresh pairs of processes in the end (default: 60)")
    add("--only", default="", metavar="CASE;…", help="some of the cases, by the names in the table")
    add(
        "--discard",
        type=float,
        default=0.0,
        metavar="MS",
        help="throw so much away in short turns, not what a run does",
    )
    add("--seed", type=int, default=1)
    add("--quick", action="store_true", help=f"{QUICK[0]} pairs of {len(QUICK[1])} cases, to see whether it works")
    add("--schedules", action="store_true", help="compare schedules instead: schedules.py, which has the options")
    options, rest = parser.parse_known_args(arguments)
    if options.schedules:
        from evidence import schedules

        given = ["--output", str(options.output)] if options.output else []
        return schedules.main([*given, *["--quick"] * options.quick, *rest])
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    names = options.only.split(";") if options.only else list(QUICK[1] if options.quick else CASES)
    if unknown := set(names) - set(CASES):
        parser.error(f"--only: found {', '.join(unknown)}, expected some of {'; '.join(CASES)}")
    path = options.output or Path("bias.jsonl")
    record(path, QUICK[0] if options.quick else options.rounds, names, options.seed, options.discard / 1000)
    print(table([entry for entry in entries(path) if entry["case"] in names]))
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
