"""Whether fresh rounds bear out a change, whatever the shape of their noise.

The sequential rule takes the middle of the noise for roughly Gaussian, and neighbouring rounds for independent. Rounds
of two values, skewed or correlated ones break that. So what it calls a change is measured again, and only the *signs*
of the fresh rounds count: where nothing changed, a round is as likely to point up as down, however far it points.

Each sign is bet on, by a share of what was won so far that earlier rounds alone decide. Without a change the wealth is
a fair game's: it ever exceeds w with probability 1/w at most, whenever one looks and stops (Ville 1939; Shafer 2021,
"Testing by betting"; Ramdas et al. 2023, "Game-theoretic statistics"). Every sign the same doubles it nearly each time:
12 rounds for 1 in 3,000.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from perfbot.stats.sequential import Plan, decide

PRIOR_ROUNDS = 12
"""What earlier rounds' signs count for at most, when the first bets are placed: conditions have changed since."""

DOUBT = 0.1
"""Added to the rounds that pointed the other way: with none, the first one would cost everything."""

FEWEST_ALLOWED = 40
ALLOWED_SHARE = 2
"""Fresh rounds before it is given up: so many, or so many times as many as it took to find the change."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How far fresh rounds bear out a change.

    Attributes:
        needed: the wealth from which on it is confirmed: one over the probability of confirming what is none.
        reached: the largest so far.
        now: the wealth after the last round.
        rounds: fresh ones; ``agreeing`` of them point the same way as those before.
        allowed: fresh rounds after which it is given up.
        refuted: the fresh rounds by themselves say that nothing changed, or the contrary.
    """

    needed: float
    reached: float = 1.0
    now: float = 1.0
    rounds: int = 0
    agreeing: int = 0
    allowed: int = FEWEST_ALLOWED
    refuted: bool = False

    @property
    def holds(self) -> bool:
        """The change is confirmed."""
        return self.reached >= self.needed

    @property
    def given_up(self) -> bool:
        """It is not, and no number of rounds that is allowed will change that."""
        short = math.log2(self.needed / max(self.now, 1e-300))
        return not self.holds and (self.refuted or short > self.allowed - self.rounds)

    @property
    def open(self) -> bool:
        """More fresh rounds could still confirm it."""
        return not (self.holds or self.given_up)

    def rounds_left(self, share: float | None = None) -> int:
        """Fresh rounds that are expected until it is confirmed.

        Args:
            share: of the rounds that agree; by default what was seen of it.
        """
        if not self.open:
            return 0
        seen = (self.agreeing + 1) / (self.rounds + 1) if share is None else share
        growth = max(_bits(seen), 0.05)
        wanted = math.ceil(math.log2(self.needed / max(self.now, 1e-300)) / growth)
        return max(1, min(wanted, self.allowed - self.rounds))


def confirmation(
    before: Sequence[float], fresh: Sequence[float], *, up: bool, needed: float, plan: Plan
) -> Confirmation:
    """What fresh rounds say about a change that earlier ones showed.

    Args:
        before: log ratios of the rounds that showed it.
        up: whether head's value was the larger one.
        fresh: log ratios of later rounds, in the order measured, which had no part in that.
        needed: see :class:`Confirmation`.
        plan: by which the fresh rounds alone may refute it.
    """
    direction = 1.0 if up else -1.0
    won, lost = _signs(before, direction)
    scale = min(1.0, PRIOR_ROUNDS / max(won + lost, 1))
    for_it, against = won * scale + 1, lost * scale + DOUBT
    wealth = reached = 1.0
    for ratio in fresh:
        if ratio == 0:
            continue
        agrees = ratio * direction > 0
        wealth *= 2 * (for_it if agrees else against) / (for_it + against)
        for_it, against = for_it + agrees, against + (not agrees)
        reached = max(reached, wealth)
    allowed = max(FEWEST_ALLOWED, ALLOWED_SHARE * len(before))
    agreeing, _ = _signs(fresh, direction)
    return Confirmation(
        needed, reached, wealth, len(fresh), agreeing, allowed, refuted=_refuted(fresh, direction, plan)
    )


def _signs(ratios: Sequence[float], direction: float) -> tuple[int, int]:
    """Rounds that point that way, and the other way."""
    return sum(ratio * direction > 0 for ratio in ratios), sum(ratio * direction < 0 for ratio in ratios)


def _refuted(fresh: Sequence[float], direction: float, plan: Plan) -> bool:
    state = decide(fresh, plan).state
    return state in ("same", "down" if direction > 0 else "up")


def _bits(share: float) -> float:
    """By how much wealth doubles a round, where so many rounds agree and bets are placed accordingly."""
    if share >= 1:
        return 0.97
    return max(0.0, 1 + share * math.log2(share) + (1 - share) * math.log2(1 - share)) if share > 0.5 else 0.0
