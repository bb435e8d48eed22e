"""Whether fresh rounds bear out a change, whatever the shape of their noise.

The sequential rule takes the middle of the noise for roughly Gaussian, and neighbouring rounds for independent. Rounds
of two values, skewed or correlated ones break that. So what it calls a change is measured again, and the *signs* of the
fresh rounds count: where nothing changed, a round is as likely to point up as down by any distance. From where on a
round counts wholly is settled beforehand; what points less far counts for less.

Each sign is bet on, by a share of what was won so far that earlier rounds alone decide. Without a change the wealth is
a fair game's: it ever exceeds w with probability 1/w at most, whenever one looks and stops (Ville 1939; Shafer 2021,
"Testing by betting"; Ramdas et al. 2023, "Game-theoretic statistics"). Every sign the same doubles it nearly each time:
12 rounds for 1 in 3,000.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from perfbot.stats.evidence import Evidence
from perfbot.stats.location import Floats
from perfbot.stats.sequential import Decision, Plan, decide

PRIOR_ROUNDS = 12
"""What earlier rounds' signs count for at most, when the first bets are placed: conditions have changed since."""

DOUBT = 0.3
"""Added to the rounds that pointed the other way: with none, the first one would cost everything."""

QUARTERS = 4
INTERQUARTILE = 1.349
"""Range between the quartiles of Gaussian values, in standard deviations; fewer values than four have no quartiles."""

ALONE = 390.0
"""The wealth that fresh rounds have to win by themselves, whatever the earlier ones won: nine rounds that all agree.
100 would be enough for noise of any shape; where rounds resemble their neighbours besides, as many suites as alpha
would turn red then. It is no less where few are compared: that would save two rounds, and skewed noise would turn half
as many suites more red."""

SHOWN = 100.0
"""The same for what is shown without failing anything: seven rounds. Five, or 1 in 20, were too few on a machine with a
load of eleven, where noise of a few rounds in a row pointed one way."""

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


def end_to_confirm(found: Decision, plan: Plan) -> tuple[float, float] | None:
    """Of which log ratio fresh rounds have to lie on which side (1: above, −1: below) for a change to be borne out.

    None where what was found is no change, nor implies one. Of a region that is the end between it and no change.
    """
    if plan.region is None:
        return {"up": (0.0, 1.0), "down": (0.0, -1.0)}.get(found.state)
    low, high = plan.region
    above = {"up": high, "same": low}.get(found.state, -math.inf)
    below = {"down": low, "same": high}.get(found.state, math.inf)
    if above >= 0:
        return above, 1.0
    return (below, -1.0) if below <= 0 else None


def confirmation(found: Decision, before: Evidence, fresh: Evidence, *, needed: float, plan: Plan) -> Confirmation:
    """What fresh rounds say about a change that earlier ones showed.

    A round that hardly points anywhere says little, and is bet on by less; where means decided, many rounds hold no
    slow call and point less far than the change. That is as fair a game as long as both sides are alike.

    Args:
        found: the change, up or down, or the region that it is in.
        before: the rounds that showed it.
        fresh: later rounds, in the order measured, which had no part in that.
        needed: see :class:`Confirmation`.
        plan: by which the fresh rounds alone may refute it.
    """
    end, direction = end_to_confirm(found, plan) or (0.0, 1.0)
    by_mean = _is_of_means(found, before)
    reach = _reach(abs(math.log1p(found.change) - end), None if by_mean else before.typical)
    earlier, later = (_pointing(one.slower(-end), direction, reach, by_mean=by_mean) for one in (before, fresh))
    won, lost = sum(one for one in earlier if one > 0), -sum(one for one in earlier if one < 0)
    scale = min(1.0, PRIOR_ROUNDS / max(won + lost, 1.0))
    for_it, against = won * scale + 1, lost * scale + DOUBT
    wealth = reached = 1.0
    for pointing in later:
        wealth *= 1 + pointing * (for_it - against) / (for_it + against)
        for_it, against = for_it + max(pointing, 0.0), against + max(-pointing, 0.0)
        reached = max(reached, wealth)
    allowed = max(FEWEST_ALLOWED, ALLOWED_SHARE * len(before))
    agreeing = sum(one > 0 for one in later)
    refuted = decide(fresh, plan).state not in ("open", found.state)
    return Confirmation(needed, reached, wealth, len(fresh), agreeing, allowed, refuted)


def needed_of_fresh(found: Decision, before: Evidence, plan: Plan) -> float:
    """The wealth that fresh rounds have to win for a change that fails the gate: one over ``plan.alpha``, less what the
    rounds that showed it won already.

    Their signs were bet on, too, each by those before it. Half of the wealth was put on them and what they won then on
    the fresh rounds; the other half on these alone. Both together are a fair game. Where means decided there was no
    such bet: how far a round has to point is known only afterwards.
    """
    whole = 1 / plan.alpha
    if _is_of_means(found, before):
        return whole
    up = down = 0.0
    wealth = 1.0
    for sign in np.sign(before.typical).tolist():
        wealth *= 1 + sign * (up - down) / (up + down + 2 * DOUBT)
        up, down = up + (sign > 0), down + (sign < 0)
    return max(2 * whole / (1 + wealth), min(ALONE, whole))


def _is_of_means(found: Decision, before: Evidence) -> bool:
    """Rounds point where their means do, for that is what decided; where a round is one value both are the same."""
    return found.by_mean and not before.is_of_single_values


def _reach(change: float, typical: Floats | None) -> float:
    """From how far on a round is bet on wholly.

    Of Gaussian rounds it is the likelihood that decides what a round is worth, and that comes to 3/4 of all there is
    where one points by their variance over the change (8 to 13 % fewer rounds where they scatter by half the change
    and more). Of means it is the change itself.

    Args:
        change: a log ratio, above zero.
        typical: the rounds that showed it, where they did so by what is typical.
    """
    if typical is None or not change or len(typical) < QUARTERS:
        return change if typical is None else 0.0
    low, high = np.quantile(typical, [0.25, 0.75])
    return min(((float(high) - float(low)) / INTERQUARTILE) ** 2 / change, change)


def _pointing(evidence: Evidence, direction: float, reach: float, *, by_mean: bool) -> list[float]:
    """Of each round, whether it points that way (above zero) or the other, and by how much it is bet on (1: wholly)."""
    ratios = evidence.typical
    if by_mean and evidence.base is not None and evidence.head is not None:
        ratios = np.log(evidence.head / evidence.base)
    weights = np.minimum(1.0, np.abs(ratios) / reach) if reach else np.ones(len(ratios))
    pointing: list[float] = (np.sign(ratios) * direction * weights).tolist()
    return pointing


def _bits(share: float) -> float:
    """By how much wealth doubles a round, where so many rounds agree and bets are placed accordingly."""
    if share >= 1:
        return 0.99
    return max(0.0, 1 + share * math.log2(share) + (1 - share) * math.log2(1 - share)) if share > 0.5 else 0.0
