"""How often a session of many tries calls something changed that is not, and what sharing alpha costs. Simulated.

::

    python -m evidence.session                      1,000 sessions of 100 tries without a change; +5 % at the first try
    python -m evidence.session --spread 0.02        rounds that scatter by 2 %
    python -m evidence.session --whole              each try with all of alpha: what a session would do without sharing

Rounds are log ratios of one benchmark: Gaussian, or where ``--noise`` says so of two values or heavy-tailed, all
symmetric about the true change. Decided and confirmed by the shipped code.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfbot.judge.confirmation import confirmation_of
from perfbot.model import TIME
from perfbot.stats.evidence import Evidence
from perfbot.stats.sequential import MOST_ROUNDS, Decision, Plan, decide_each
from perfbot.stats.special import proportion_interval
from perfbot.stats.spending import share_of_try

Floats = NDArray[np.float64]
Noise = Callable[[np.random.Generator, tuple[int, int]], Floats]

NOISES: dict[str, Noise] = {
    "gaussian": lambda rng, shape: rng.normal(size=shape),
    "heavy-tailed": lambda rng, shape: rng.standard_t(3, size=shape) / 1.5,
    "two values": lambda rng, shape: rng.choice([-1.0, 1.0], size=shape) + rng.normal(0, 0.3, shape),
}

FEW = 40
"""Rounds that are drawn at first; only what they leave open gets all."""


@dataclass(frozen=True)
class Found:
    """Of many tries with one share of alpha: what was called improved or regressed."""

    improved: NDArray[np.bool_]
    regressed: NDArray[np.bool_]


def tried(rng: np.random.Generator, noise: Noise, spread: float, change: float, count: int, plan: Plan) -> Found:
    """So many tries of a true change (log ratio), each decided, and confirmed where it found something."""
    rounds = change + spread * noise(rng, (count, FEW))
    streams = [Evidence(one) for one in rounds]
    found = decide_each(streams, [plan] * count)
    open_ones = [index for index, one in enumerate(found) if one.state == "open"]
    if open_ones:
        more = change + spread * noise(rng, (len(open_ones), MOST_ROUNDS - FEW))
        longer = [Evidence(np.concatenate([rounds[index], rest])) for index, rest in zip(open_ones, more, strict=True)]
        for index, one in zip(open_ones, decide_each(longer, [plan] * len(longer), final=True), strict=True):
            found[index] = one
        for index, stream in zip(open_ones, longer, strict=True):
            streams[index] = stream
    fresh = Fresh(rng, noise, spread, change)
    borne = [
        one.state in ("up", "down") and fresh.confirm(one, stream.first(one.rounds), plan)
        for one, stream in zip(found, streams, strict=True)
    ]
    states = np.array([one.state for one in found])
    return Found((states == "down") & borne, (states == "up") & borne)


@dataclass(frozen=True)
class Fresh:
    """Rounds that confirm, drawn one by one."""

    rng: np.random.Generator
    noise: Noise
    spread: float
    change: float

    def confirm(self, found: Decision, before: Evidence, plan: Plan) -> bool:
        """Whether fresh rounds bear out what was found."""
        taken: list[float] = []
        while True:
            so_far = confirmation_of(found, before, Evidence(np.array(taken)), TIME, plan, gates=True)
            if so_far is None or not so_far.open:
                return so_far is not None and so_far.holds
            taken.append(self.change + self.spread * float(self.noise(self.rng, (1, 1))[0, 0]))


def sessions(
    rng: np.random.Generator, noise: Noise, spread: float, *, count: int, tries: int, alpha: float, shared: bool
) -> tuple[int, int]:
    """Of ``count`` sessions without any change, those with a false "improved", and with any false alarm."""
    improved = np.zeros(count, dtype=bool)
    alarmed = np.zeros(count, dtype=bool)
    for number in range(1, tries + 1):
        plan = Plan(0.02, alpha * (share_of_try(number) if shared else 1.0))
        found = tried(rng, noise, spread, 0.0, count, plan)
        improved |= found.improved
        alarmed |= found.improved | found.regressed
    return int(improved.sum()), int(alarmed.sum())


def power(
    rng: np.random.Generator, noise: Noise, spread: float, *, change: float, count: int, alpha: float, number: int
) -> int:
    """How many of so many sessions call a true speed-up improved at their ``number``-th try."""
    plan = Plan(0.02, alpha * share_of_try(number))
    return int(tried(rng, noise, spread, np.log1p(-change), count, plan).improved.sum())


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--alpha", type=float, default=0.01)
    parser.add_argument("--spread", type=float, default=0.01, help="standard deviation of a round")
    parser.add_argument("--noise", choices=sorted(NOISES), default="gaussian")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="each try with all of alpha")
    args = parser.parse_args()
    rng, noise = np.random.default_rng(args.seed), NOISES[args.noise]
    improved, alarmed = sessions(
        rng, noise, args.spread, count=args.sessions, tries=args.tries, alpha=args.alpha, shared=not args.whole
    )
    print(
        f"{args.sessions} sessions of {args.tries} tries, {args.noise}, {args.spread:.1%} a round, alpha {args.alpha}:"
    )
    for what, seen in (('a false "improved"', improved), ("any false alarm", alarmed)):
        low, high = proportion_interval(seen, args.sessions, 0.95)
        print(f"  {what}: {seen} = {seen / args.sessions:.2%} [{low:.2%}, {high:.2%}]")
    for number in (1, 10, 100):
        seen = power(rng, noise, args.spread, change=0.05, count=args.sessions, alpha=args.alpha, number=number)
        print(f"  5 % faster, called improved at try {number}: {seen / args.sessions:.1%}")


if __name__ == "__main__":
    main()
