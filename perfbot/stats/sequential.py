"""When to stop measuring a benchmark, and what to say then.

The rule looks at the rounds again and again, and stops at the first look at which either the change surely lies
inside ±delta ("same") or zero surely lies outside the interval ("up", "down"). Critical values allow for all
looks, so a benchmark may be looked at as often as the plan says without a false alarm more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from perfbot.stats.bounds import constant_bound, last_bound
from perfbot.stats.location import freedom, yuen

State = Literal["up", "down", "same", "open"]

SCHEDULE = (6, 7, 8, 9, 10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 60, 72, 86, 103, 120)
"""Rounds at which to look: from the sixth on, later ones a fifth apart."""

FIRST_LOOK = SCHEDULE[0]

GROWTH = 1.2
"""Ratio of two looks beyond the schedule."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a decision has to keep to.

    Attributes:
        delta: the smallest change that matters, a fraction (0.02 for 2 %), above zero.
        alpha: probability of calling no change a change, both directions together, for this one comparison.
        beta: probability of calling a change of exactly ``delta`` the same.
        n_max: rounds after which measuring ends.
    """

    delta: float
    alpha: float
    beta: float = 0.05
    n_max: int = 120

    def __post_init__(self) -> None:
        if not (0 < self.delta < math.inf and 0 < self.alpha < 1 and 0 < self.beta < 0.5 and self.n_max >= 2):
            raise ValueError(f"a plan needs fractions above zero and at least two rounds, not {self}")

    @property
    def looks(self) -> tuple[int, ...]:
        """Numbers of rounds at which the rule decides; the last is ``n_max``."""
        return _looks(self.n_max)

    @property
    def margin(self) -> float:
        """``delta`` on the scale of log ratios, where swapping the sides only changes the sign."""
        return math.log1p(self.delta)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rounds say.

    Attributes:
        state: ``up`` (head's value is larger), ``down``, ``same``, or ``open``.
        rounds: the look it was decided at; all rounds when open.
        change: estimate of head/base − 1.
        low, high: interval of the change at ``confidence``, which allows for every look.
        confidence: of the interval: 1 − alpha, or 1 − 2 beta where the state is ``same``.
        detectable: the smallest change that these rounds could have told from none.
    """

    state: State
    rounds: int
    change: float
    low: float
    high: float
    confidence: float
    detectable: float


def decide(ratios: Sequence[float], plan: Plan, *, final: bool = False) -> Decision:
    """Replay the looks over ``ratios`` and stop at the first that decides.

    Args:
        ratios: estimates of log(head/base), one a round, in the order measured.
        final: no more rounds will come: the last look spends the error that is left.

    Raises:
        ValueError: a ratio that is not finite.
    """
    values = np.asarray(ratios, dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("ratios must be finite")
    values = values[: plan.n_max]
    found = None
    for look in plan.looks:
        if look > len(values):
            break
        found = _look(values[:look], plan, *_critical(plan, look))
        if found.state != "open":
            return found
    if final and len(values) > FIRST_LOOK and len(values) not in plan.looks:
        return _look(values, plan, *_critical_last(plan, len(values)))
    return found if found and found.rounds == len(values) else _undecided(values, plan)


def next_look(n: int, plan: Plan) -> int | None:
    """Rounds at the first look after ``n`` rounds; None when there is none."""
    return next((look for look in plan.looks if look > n), None)


def expected_rounds(ratios: Sequence[float], plan: Plan) -> int:
    """Rounds, in all, after which a decision is expected if estimate and spread stay what they are."""
    first = plan.looks[0]
    if len(ratios) < 2:
        return first
    now = _undecided(np.asarray(ratios, dtype=float), plan)
    centre = math.log1p(now.change)
    spread = (math.log1p(now.high) - centre) / _critical_last(plan, len(ratios))[0] * math.sqrt(len(ratios))
    change_z, same_z = _bounds(plan)
    change = (change_z * spread / centre) ** 2 if centre else math.inf
    same = (same_z * spread / (plan.margin - abs(centre))) ** 2 if abs(centre) < plan.margin else math.inf
    wanted = max(min(change, same), len(ratios) + 1)
    return next((look for look in plan.looks if look >= wanted), plan.n_max)


@lru_cache(maxsize=64)
def _looks(n_max: int) -> tuple[int, ...]:
    looks = [look for look in SCHEDULE if look < n_max]
    while looks and math.ceil(looks[-1] * GROWTH) < n_max and looks[-1] == SCHEDULE[-1]:
        looks.append(math.ceil(looks[-1] * GROWTH))
    return (*looks, n_max)


def _bounds(plan: Plan) -> tuple[float, float]:
    """Critical z for a change, and for its absence."""
    return constant_bound(plan.looks, plan.alpha, 2), constant_bound(plan.looks, plan.beta, 1)


@lru_cache(maxsize=4096)
def _critical(plan: Plan, look: int) -> tuple[float, float]:
    """Critical t for a change, and for its absence, at a planned look."""
    change_z, same_z = _bounds(plan)
    return _as_t(change_z, freedom(look)), _as_t(same_z, freedom(look))


@lru_cache(maxsize=4096)
def _critical_last(plan: Plan, rounds: int) -> tuple[float, float]:
    """The same for an unplanned last look, after the planned ones before it."""
    before = tuple(look for look in plan.looks if look < rounds)
    change_z, same_z = _bounds(plan)
    change_z = last_bound(before, rounds, change_z, plan.alpha, 2)
    same_z = last_bound(before, rounds, same_z, plan.beta, 1)
    return _as_t(change_z, freedom(rounds)), _as_t(same_z, freedom(rounds))


def _as_t(z: float, degrees: int) -> float:
    """The t with the tail probability of ``z``."""
    from scipy.special import ndtr, stdtrit  # noqa: PLC0415 - 0.4 s that only deciding needs

    return -float(stdtrit(degrees, ndtr(-z)))


def _look(values: np.ndarray, plan: Plan, change_t: float, same_t: float) -> Decision:
    mean, error = (float(number) for number in yuen(values))
    if abs(mean) + same_t * error < plan.margin:
        return _decision("same", values, mean, same_t * error, 1 - 2 * plan.beta, change_t * error)
    reach = change_t * error
    state: State = "open" if abs(mean) <= reach else "up" if mean > 0 else "down"
    return _decision(state, values, mean, reach, 1 - plan.alpha, reach)


def _undecided(values: np.ndarray, plan: Plan) -> Decision:
    """The interval between two looks, as wide as at a last one; the whole line for fewer than two rounds."""
    if len(values) < 2:
        mean = float(values[0]) if len(values) else 0.0
        return _decision("open", values, mean, math.inf, 1 - plan.alpha, math.inf)
    mean, error = (float(number) for number in yuen(values))
    reach = max(_critical_last(plan, len(values))[0] * error, abs(mean))
    return _decision("open", values, mean, reach, 1 - plan.alpha, reach)


def _decision(
    state: State, values: np.ndarray, mean: float, reach: float, confidence: float, detectable: float
) -> Decision:
    return Decision(
        state=state,
        rounds=len(values),
        change=math.expm1(mean),
        low=math.expm1(mean - reach),
        high=math.expm1(mean + reach),
        confidence=confidence,
        detectable=math.expm1(detectable),
    )
