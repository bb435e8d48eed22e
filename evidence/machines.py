"""What one machine's word is worth, and two's and three's, where machines differ; truth known by construction.

    python -m evidence.machines
    python -m evidence.machines --suites 500 --noise Gaussian

Suites of 20 benchmarks whose rounds scatter between 0.5 and 10 %, on machines that have effects of their own: each
benchmark is faster or slower on each by a share drawn anew (code and memory fall differently there). On the mean over
machines nothing changed, or head is slower by so much. Then a change that exists on the first machine alone. For one,
two and three machines: the share of suites that turn red where nothing changed on the mean, and the share of slower
benchmarks, as noisy as rounds of 0.5 to 3 %, that do. Decided and confirmed by the shipped code, machine by machine.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evidence.confirmed import LEAST_ROUNDS_AFTER, NOISES, fresh_rounds, red, rounds_of
from evidence.simulated import DELTA, SIZE, SPREADS, Noise
from evidence.truth import Floats
from perfbot.stats.sequential import Plan, decide_each

MOST = 3
CALM = 10
"""Of the benchmarks, so many whose rounds scatter by at most 3 %."""

ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class World:
    """What is true.

    Attributes:
        change: of head on the mean over machines, a fraction.
        machines: standard deviation of each machine's own effect on each benchmark, a log ratio.
        first: a change on the first machine alone.
    """

    name: str
    change: float = 0.0
    machines: float = 0.0
    first: float = 0.0

    def effects(self, benchmarks: int, rng: np.random.Generator) -> Floats:
        """Log ratios [machine, benchmark]."""
        own = rng.normal(0, self.machines, (MOST, benchmarks)) if self.machines else np.zeros((MOST, benchmarks))
        own += math.log1p(self.change)
        own[0] += math.log1p(self.first)
        return own


WORLDS = (
    World("nothing, machines alike"),
    World("nothing, machines differ by 1 %", machines=0.01),
    World("nothing, machines differ by 3 %", machines=0.03),
    World("+5 % on the first machine alone", first=0.05),
    World("+3 %, machines alike", change=0.03),
    World("+3 %, machines differ by 1 %", change=0.03, machines=0.01),
    World("+5 %, machines alike", change=0.05),
    World("+5 %, machines differ by 1 %", change=0.05, machines=0.01),
)


def reds(noise: Noise, effects: Floats, spreads: Floats, rng: np.random.Generator) -> list[bool]:
    """Which benchmarks one machine by itself would fail."""
    plan = Plan(DELTA, ALPHA / SIZE)
    streams = noise(rng, (len(spreads), plan.n_max + LEAST_ROUNDS_AFTER)) * spreads[:, None] + effects[:, None]
    found = decide_each([rounds_of(one[: plan.n_max]) for one in streams], [plan] * len(streams), final=True)
    return [
        red(decision, plan) and fresh_rounds(stream, decision, plan)[0]
        for stream, decision in zip(streams, found, strict=True)
    ]


def shares(noise: Noise, world: World, suites: int, rng: np.random.Generator) -> Iterator[float]:
    """For one machine, two, three: suites with a red benchmark; of a true change, the calm benchmarks that are red."""
    spreads = np.resize(SPREADS, SIZE)
    alone = np.zeros((suites, MOST, SIZE), dtype=bool)
    for suite in range(suites):
        effects = world.effects(SIZE, rng)
        alone[suite] = [reds(noise, own, spreads, rng) for own in effects]
    for machines in range(1, MOST + 1):
        every = alone[:, :machines].all(axis=1)
        yield float(every[:, :CALM].mean() if world.change else every.any(axis=1).mean())


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", type=int, default=200, help="of each kind")
    parser.add_argument("--noise", action="append", choices=list(NOISES), help="only this one (may be repeated)")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one row for every kind of noise and world."""
    options = parser().parse_args(arguments)
    print("| noise | truth | red: one machine | two | three |")
    print("|:--|:--|--:|--:|--:|", flush=True)
    for name in options.noise or ("Gaussian", "two values, correlated by .2"):
        for world in WORLDS:
            found = shares(NOISES[name], world, options.suites, np.random.default_rng(options.seed))
            print(f"| {name} | {world.name} | {' | '.join(f'{one:.1%}' for one in found)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
