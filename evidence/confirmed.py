"""How often a suite turns red though nothing changed, on rounds that the rule's assumptions do not fit.

    python -m evidence.confirmed
    python -m evidence.confirmed --suites 5000 --alpha .05,.01

Rounds of two values, skewed, correlated with their neighbours, or of a few distinct values, from a random generator;
head no slower than base. For suites of 20 benchmarks whose rounds scatter between 0.5 and 10 %: the share in which any
benchmark would have failed the gate by the first decision alone, and the share in which one does once fresh rounds have
to confirm it; then, for benchmarks that are 3 % slower in truth, how many of those found are confirmed, and by how many
fresh rounds. Judged by the shipped code.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evidence.simulated import AT_A_TIME, DELTA, SIZE, SPREADS, Noise, correlated
from evidence.truth import Floats, numbers
from perfbot.judge.confirmation import confirmation_of, is_over, is_worse
from perfbot.model import TIME
from perfbot.stats.confirmation import FEWEST_ALLOWED
from perfbot.stats.evidence import Evidence
from perfbot.stats.sequential import MOST_ROUNDS, Decision, Plan, decide_each

SLOWER = 0.03

LEAST_ROUNDS_AFTER = FEWEST_ALLOWED + 2 * MOST_ROUNDS
"""Of each stream beyond those of the first decision: as many as confirming may ever take."""


def _two(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return rng.choice([-1.0, 1.0], shape)


def _signs(noise: Noise) -> Noise:
    return lambda rng, shape: np.sign(noise(rng, shape))


def _skewed(sign: int) -> Noise:
    """Long tails to one side, about a mean of zero."""

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
        noise = np.exp(0.8 * rng.standard_normal(shape))
        return sign * (noise - noise.mean())

    return draw


NOISES: Mapping[str, Noise] = {
    "Gaussian": lambda rng, shape: rng.normal(size=shape),
    "two values": _two,
    "two values, nearly": lambda rng, shape: _two(rng, shape) + 0.02 * rng.normal(size=shape),
    "three values": lambda rng, shape: rng.choice([-1.0, 0.0, 1.0], shape),
    "neighbours correlated by .2": correlated(0.2),
    "two values, correlated by .2": _signs(correlated(math.sin(0.1 * math.pi))),
    "each side log-normal": lambda rng, shape: rng.lognormal(size=shape) - rng.lognormal(size=shape),
    "log-normal, skewed upwards": _skewed(1),
    "log-normal, skewed downwards": _skewed(-1),
    "uniform": lambda rng, shape: rng.uniform(-1.7, 1.7, shape),
}
"""Rounds of two sides that do not differ."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Of a kind of noise: suites, those with a red benchmark before and after confirming, and what changes cost."""

    suites: int
    before: int
    after: int
    found: int
    confirmed: int
    rounds: int


def red(found: Decision, plan: Plan) -> bool:
    """Whether the first decision alone would fail the gate."""
    return found.state == "up" and is_worse(found, TIME) and is_over(found.change, plan.delta)


def rounds_of(stream: Floats) -> Evidence:
    """Rounds of one value a side, whose log ratios these are."""
    return Evidence(stream, np.exp(-stream / 2), np.exp(stream / 2))


def fresh_rounds(stream: Floats, found: Decision, plan: Plan) -> tuple[bool, int]:
    """Whether the rounds after the first decision confirm it, and how many that took."""
    every = rounds_of(stream)
    before, later = every.first(found.rounds), every.chosen(np.arange(len(every)) >= found.rounds)
    taken = 0
    while True:
        so_far = confirmation_of(found, before, later.first(taken), TIME, plan, gates=True)
        assert so_far is not None
        if not so_far.open or taken == len(later):
            return so_far.holds, taken
        taken += max(1, so_far.rounds_left(share=1.0))


def count(noise: Noise, alpha: float, suites: int, rng: np.random.Generator, size: int = SIZE) -> Counted:
    """Judge so many suites without any change, and one benchmark of each that is slower."""
    plan = Plan(DELTA, alpha / size)
    spreads = np.resize(SPREADS, size)
    before = after = found = confirmed = rounds = 0
    at_once = max(1, AT_A_TIME // 8 // size)
    for first in range(0, suites, at_once):
        many = min(at_once, suites - first)
        streams = noise(rng, (many * size, plan.n_max + LEAST_ROUNDS_AFTER)) * np.tile(spreads, many)[:, None]
        decisions = decide_each([rounds_of(one[: plan.n_max]) for one in streams], [plan] * many * size, final=True)
        reds = [index for index, one in enumerate(decisions) if red(one, plan)]
        before += len({index // size for index in reds})
        stands = [i for i in reds if fresh_rounds(streams[i], decisions[i], plan)[0]]
        after += len({index // size for index in stands})
        slower = streams[:: size + 1] + math.log1p(SLOWER)
        decisions = decide_each([rounds_of(one[: plan.n_max]) for one in slower], [plan] * len(slower), final=True)
        for stream, one in zip(slower, decisions, strict=True):
            if red(one, plan):
                holds, taken = fresh_rounds(stream, one, plan)
                found, confirmed, rounds = found + 1, confirmed + holds, rounds + taken
    return Counted(suites, before, after, found, confirmed, rounds)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", type=int, default=1000, help="suites of each kind")
    parser.add_argument("--alpha", type=numbers, default=[0.05, 0.01], help="false alarms a suite, comma-separated")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one row for every kind of noise and alpha."""
    options = parser().parse_args(arguments)
    print("| noise | alpha | red before | red | +3 %: found, of these confirmed | fresh rounds |")
    print("|:--|--:|--:|--:|--:|--:|", flush=True)
    for name, noise in NOISES.items():
        for alpha in options.alpha:
            one = count(noise, alpha, options.suites, np.random.default_rng(options.seed))
            share = one.confirmed / one.found if one.found else 0.0
            print(
                f"| {name} | {alpha:g} | {one.before / one.suites:.1%} | {one.after / one.suites:.2%} | "
                f"{one.found}, {share:.1%} | {one.rounds / max(one.found, 1):.1f} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
