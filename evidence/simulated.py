"""Alarms of the shipped rule on rounds from a random generator, where the truth is known by construction.

    python -m evidence.simulated
    python -m evidence.simulated --suites 20000 --alpha .05,.01

Suites of 20 benchmarks whose rounds scatter between 0.5 and 10 %, base and head alike: the share with any alarm; then
head slower by delta: the share of benchmarks that are called unchanged. The last rows are one benchmark so noisy that
it is never decided, which is the worst case for alarms: how often it raises one, in times of what it may.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from evidence.truth import Floats, numbers, outcomes
from perfbot.stats.sequential import OPEN, SAME, Plan

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
    return 0


if __name__ == "__main__":
    sys.exit(main())
