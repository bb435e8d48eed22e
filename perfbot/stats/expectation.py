"""How many rounds a decision will take, and what some rounds will show. For planning alone: no decision looks at it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from perfbot.stats.evidence import Evidence
from perfbot.stats.looks import Seen, first_stop, seen
from perfbot.stats.means import Means
from perfbot.stats.sequential import FIRST_LOOK, Plan, critical_values, expm1

MEDIAN_STRAY = 0.55
"""Half of all means of unchanged benchmarks stray further than 0.67 standard errors at a single look, and less at the
first of many that decides. With it, ``rounds_for`` is near the median of simulated Gaussian decisions: 9 for 8.5
rounds, 14 for 13, 27 for 27, 44 for 45."""

BELIEVED = 2.0
"""How far earlier runs' spread may be from this run's own before it counts as this far only."""

EARLIER_ROUNDS = 12
"""What the spread of earlier runs counts for beside the rounds of this one, in rounds: this run is not those."""


def expected_rounds(ratios: Sequence[float] | Evidence, plan: Plan, known: float | None = None) -> int:
    """Rounds, in all, after which a decision is expected if estimate and spread stay what they are.

    Args:
        known: spread of a round in earlier runs (a standard deviation of log ratios). Few rounds tell their spread
            badly, so both are pooled; what is more than ``BELIEVED`` times off these rounds' own counts as just that.
    """
    taken = min(len(ratios), plan.n_max)
    if taken < 2:
        return FIRST_LOOK
    later = [index for index, look in enumerate(plan.looks) if look > taken]
    if not later:
        return plan.n_max
    evidence = ratios if isinstance(ratios, Evidence) else Evidence(np.asarray(ratios, dtype=float))
    now = seen(evidence.first(taken), (taken,))
    looks = np.array(plan.looks)[later]
    shrink = math.sqrt(taken) / np.sqrt(looks)
    spread = _pooled(float(now.error[0]) * math.sqrt(taken), taken, known) / np.sqrt(looks)
    means = now.means and Means(now.means.ratio * np.ones(len(looks)), *(error * shrink for error in now.means[1:]))
    then = Seen(np.broadcast_to(now.typical, len(looks)), spread, means)
    codes = plan.classify(then, critical_values(plan).at(later)).codes
    return int(looks[first_stop(codes)])


def _pooled(spread: float, taken: int, known: float | None) -> float:
    """The spread of a round, from these rounds and from earlier runs."""
    if known is None:
        return spread
    earlier = min(max(known, spread / BELIEVED), spread * BELIEVED)
    return math.sqrt((taken * spread**2 + EARLIER_ROUNDS * earlier**2) / (taken + EARLIER_ROUNDS))


def rounds_for(spread: float, plan: Plan) -> int | None:
    """Median number of rounds until "same" is decided where nothing changed; None where ``n_max`` are too few.

    Args:
        spread: standard deviation of a round's log ratio.
    """
    looks = np.array(plan.looks)
    same_t = critical_values(plan).same
    decided = (MEDIAN_STRAY + same_t) * spread / np.sqrt(looks) < plan.margin
    return int(looks[decided.argmax()]) if decided.any() else None


def visible_after(rounds: int, spread: float, plan: Plan) -> float:
    """The smallest change that so many rounds of this spread can tell from none, a fraction."""
    change_t = critical_values(plan).change
    return expm1(float(change_t[_look_at(rounds, plan)]) * spread / math.sqrt(rounds))


def ruled_out_after(rounds: int, spread: float, change: float, plan: Plan) -> float:
    """The smallest change that so many rounds with this estimate exclude: a larger ``delta`` would have decided them.

    Args:
        rounds: at least six.
        change: the estimate of head/base − 1.
    """
    same_t = critical_values(plan).same
    reach = float(same_t[_look_at(rounds, plan)]) * spread / math.sqrt(rounds)
    return expm1(abs(math.log1p(change)) + reach)


def _look_at(rounds: int, plan: Plan) -> int:
    """Index of the last look at so many rounds."""
    return max(0, int(np.searchsorted(np.array(plan.looks), rounds, side="right")) - 1)
