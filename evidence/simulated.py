"""Alarms of the shipped rule on rounds from a random generator, where the truth is known by construction.

    python -m evidence.simulated
    python -m evidence.simulated --suites 20000 --alpha .05,.01

Suites of 20 benchmarks whose rounds scatter between 0.5 and 10 %, base and head alike: the share with any alarm; then
head slower by delta: the share of benchmarks that are called unchanged. The last rows are one benchmark so noisy that
it is never decided, which is the worst case for alarms: how often it raises one, in times of what it may. The second
table is of calls of which some are slow, on both sides or on head alone, at the last alpha.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evidence.truth import Floats, numbers, outcomes
from perfbot.stats.evidence import Evidence
from perfbot.stats.looks import OPEN, SAME, UP
from perfbot.stats.sequential import Plan

Noise = Callable[[np.random.Generator, tuple[int, int]], Floats]

SIZE = 20
SPREADS = np.geomspace(0.005, 0.1, SIZE)
DELTA = 0.02
HOPELESS = 1e-9
"""A smallest change that matters so far below the noise that "unchanged" is never said."""

AT_A_TIME = 20_000
"""Streams in memory at once."""


def correlated(rho: float) -> Noise:
    """Gaussian rounds, each correlated with the one before."""

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
        noise = rng.normal(size=shape)
        for index in range(1, shape[1]):
            noise[:, index] = rho * noise[:, index - 1] + math.sqrt(1 - rho**2) * noise[:, index]
        return noise

    return draw


NOISES: Mapping[str, Noise] = {
    "Gaussian": lambda rng, shape: rng.normal(size=shape),
    "Student t with 3 degrees of freedom": lambda rng, shape: rng.standard_t(3, shape) / math.sqrt(3),
    "Gaussian, one in twenty ten times wider": lambda rng, shape: (
        rng.normal(size=shape) * np.where(rng.random(shape) < 1 / 20, 10, 1)
    ),
    "two speeds a side": lambda rng, shape: (
        (rng.integers(0, 2, shape) - rng.integers(0, 2, shape)) * 1.3 + rng.normal(0, 0.4, shape)
    ),
    "neighbours correlated by .05": correlated(0.05),
    "neighbours correlated by .1": correlated(0.1),
    "neighbours correlated by .2": correlated(0.2),
}
"""Rounds of two sides that do not differ, with a standard deviation of about one."""


def suite_rates(noise: Noise, alpha: float, suites: int, rng: np.random.Generator) -> tuple[float, float]:
    """Share of suites with an alarm where nothing changed, and of benchmarks called unchanged at ``DELTA``."""
    plan = Plan(DELTA, alpha / SIZE)
    alarms = missed = 0
    at_once = AT_A_TIME // SIZE
    for first in range(0, suites, at_once):
        count = min(at_once, suites - first)
        streams = noise(rng, (count * SIZE, plan.n_max)) * np.tile(SPREADS, count)[:, None]
        codes, _ = outcomes(streams, [0.0, DELTA], plan)
        changed = (codes[0] != OPEN) & (codes[0] != SAME)
        alarms += int(changed.reshape(count, SIZE).any(axis=1).sum())
        missed += int((codes[1] == SAME).sum())
    return alarms / suites, missed / (suites * SIZE)


def worst_rate(alpha: float, benchmarks: int, rng: np.random.Generator) -> tuple[float, float]:
    """Alarms of Gaussian benchmarks that are never decided, in times of ``alpha``, and their standard error."""
    plan = Plan(HOPELESS, alpha)
    alarms = 0
    for first in range(0, benchmarks, AT_A_TIME):
        codes, _ = outcomes(rng.normal(size=(min(AT_A_TIME, benchmarks - first), plan.n_max)), [0.0], plan)
        alarms += int(((codes != OPEN) & (codes != SAME)).sum())
    share = alarms / benchmarks
    return share / alpha, math.sqrt(share * (1 - share) / benchmarks) / alpha


@dataclass(frozen=True, slots=True)
class SlowCalls:
    """One call in so many takes so many times as long as the others."""

    one_in: int
    times: float

    @property
    def change(self) -> float:
        """Of the mean."""
        return (self.times - 1) / self.one_in

    def means(self, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
        """Means of rounds of calls, in units of what a fast one takes."""
        slow = rng.binomial(CALLS, 1 / self.one_in, shape) / CALLS
        means: Floats = 1 + (self.times - 1) * slow
        return means


SLOW_CALLS = (SlowCalls(2, 2), SlowCalls(10, 2), SlowCalls(50, 26), SlowCalls(100, 51))
CALLS = 100
"""Of each side in a round."""


def slow_rates(kind: SlowCalls, alpha: float, suites: int, rng: np.random.Generator) -> tuple[float, ...]:
    """Alarms a suite where both sides have slow calls; of head alone: slower, unchanged, and by what is typical."""
    plan = Plan(DELTA, alpha / SIZE)
    shape = (suites * SIZE, plan.n_max)
    typical = rng.normal(size=shape) * np.tile(np.geomspace(0.003, 0.03, SIZE), suites)[:, None]
    there, here = kind.means(rng, shape), kind.means(rng, shape) * np.exp(typical)
    both, _ = outcomes(Evidence(typical, there, here), [0.0], plan)
    alone, _ = outcomes(Evidence(typical, np.ones(shape), here), [0.0], plan)
    blind, _ = outcomes(typical, [0.0], plan)
    alarms = ((both[0] != OPEN) & (both[0] != SAME)).reshape(suites, SIZE).any(axis=1)
    return float(alarms.mean()), *(float((codes[0] == state).mean()) for codes, state in (
        (alone, UP), (alone, SAME), (blind, SAME)))  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", type=int, default=3000, help="suites of each kind")
    parser.add_argument("--alpha", type=numbers, default=[0.05, 0.01], help="false alarms a suite, comma-separated")
    parser.add_argument("--worst", type=int, default=200_000, help="benchmarks that are never decided")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one row for every kind of noise."""
    options = parser().parse_args(arguments)
    print("| noise | " + " | ".join(f"alpha {a:g}: alarm, +2 % unchanged" for a in options.alpha) + " |")
    print("|:--|" + ":--|" * len(options.alpha), flush=True)
    for name, noise in NOISES.items():
        rng = np.random.default_rng(options.seed)
        rates = [suite_rates(noise, alpha, options.suites, rng) for alpha in options.alpha]
        print(f"| {name} | " + " | ".join(f"{alarm:.1%}, {missed:.1%}" for alarm, missed in rates) + " |", flush=True)
    for alpha in (0.05, 0.0025, 0.0005):
        times, error = worst_rate(alpha, options.worst, np.random.default_rng(options.seed))
        print(
            f"| never decided, alpha {alpha:g} for one benchmark | {times:.2f} ± {error:.2f} times alpha |", flush=True
        )
    print("\n| slow calls | both sides: alarm | head alone: mean | called slower | unchanged | by what is typical |")
    print("|:--|:--|--:|--:|--:|--:|", flush=True)
    for kind in SLOW_CALLS:
        found = slow_rates(kind, options.alpha[-1], min(options.suites, 300), np.random.default_rng(options.seed))
        alarm, slower, same, blind = (f"{share:.1%}" for share in found)
        mean = f"{kind.change:+.0%}"
        print(
            f"| 1 in {kind.one_in} × {kind.times:g} | {alarm} | {mean} | {slower} | {same} | {blind} unchanged |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
