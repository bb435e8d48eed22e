"""When to stop measuring a benchmark, and what to say then.

The rule looks at the rounds again and again, and stops at the first look at which either the change surely lies
inside ±delta ("same") or zero surely lies outside the interval ("up", "down"). Critical values allow for all
looks, so a benchmark may be looked at as often as the plan says without a false alarm more.

The change is that of the mean cost of a call. Where both sides differ by a shift alone, what is typical tells it far
better than the means, which every slow call moves; where they differ by more, the means tell it alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from perfbot.stats.bounds import constant_bound, last_bound
from perfbot.stats.evidence import Evidence, stacked
from perfbot.stats.location import Floats, degrees_of_freedom
from perfbot.stats.looks import (
    OPEN,
    TRIMMED,
    Classified,
    Critical,
    Region,
    Seen,
    classify,
    classify_region,
    first_stop,
    seen,
)
from perfbot.stats.special import normal_tail, student_quantile

State = Literal["up", "down", "same", "open"]


_STATES: tuple[State, ...] = ("open", "same", "up", "down")

FIRST_LOOK = 6
"""Fewer respawns say nothing about how processes differ."""

MOST_ROUNDS = 240
"""From 120 to 240 the bounds grow by 1 to 3 %. Where processes are of two speeds, 39 of 240 benchmarks were open after
120 rounds, and 10 of 480 after 240."""

GROWTH = 1.05
"""Looks are every round at first, and never further apart than this factor."""

KNOWN_SHARE = 0.85
"""Share of alpha that the bounds of a Brownian motion may spend.

They are those of a known spread. Here it is estimated anew at each look, which makes neighbouring looks less
alike, and one of them more likely to cross: 1.1 to 1.4 times as often for Gaussian rounds, most of it in the
first ten."""


TYPICAL_SHARE = 0.8
"""Share of alpha for what is typical; the rest is for the means. Sharing it equally would cost changed benchmarks a
tenth more rounds."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a decision has to keep to.

    Attributes:
        delta: the smallest change that matters, a fraction (0.02 for 2 %), above zero.
        alpha: probability of calling no change a change, both directions together, for this one comparison.
        beta: probability of calling a change of exactly ``delta`` the same.
        n_max: rounds after which measuring ends.
        region: asks whether the change lies there, instead of whether there is one: ``same`` inside, ``up`` or ``down``
            outside of it. ``delta`` has no say then, and ``alpha`` is the probability of any wrong answer.
    """

    delta: float
    alpha: float
    beta: float = 0.05
    n_max: int = MOST_ROUNDS
    region: Region | None = None

    def __post_init__(self) -> None:
        if not (0 < self.delta < math.inf and 0 < self.alpha < 1 and 0 < self.beta < 0.5 and self.n_max >= FIRST_LOOK):
            raise ValueError(f"a plan needs fractions above zero and at least six rounds, not {self}")

    @property
    def looks(self) -> tuple[int, ...]:
        """Numbers of rounds at which the rule decides; the last is ``n_max``."""
        return _looks(self.n_max)

    def classify(self, found: Seen, critical: Critical) -> Classified:
        """What each look says by itself."""
        if self.region is not None:
            return classify_region(found, critical, self.region)
        return classify(found, critical, self.margin)

    @property
    def margin(self) -> float:
        """``delta`` on the scale of log ratios, where swapping the sides only changes the sign."""
        return math.log1p(self.delta)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rounds say.

    Attributes:
        state: ``up`` (head's value is larger), ``down``, ``same``, or ``open``; of a region: above, below, inside.
        rounds: the look it was decided at; all rounds when open.
        change: estimate of head/base − 1.
        low, high: interval of the change at ``confidence``, which allows for every look.
        confidence: of the interval: 1 − alpha, or 1 − 2 beta where the state is ``same``.
        detectable: the smallest change that these rounds could have told from none.
        by_mean: the means decided, for both sides differ by more than a shift; otherwise what is typical did.
        typical: estimate of what is typical, head/base − 1.
        mean: estimate of the means, head/base − 1; None where they are not known.
        mean_bound: how far from no change the mean can be at most, where nothing changed, at ``confidence``.
        error: standard error of the change as a log ratio, of this look alone; infinite where it is not known.
    """

    state: State
    rounds: int
    change: float
    low: float
    high: float
    confidence: float
    detectable: float
    by_mean: bool = False
    typical: float = 0.0
    mean: float | None = None
    mean_bound: float | None = None
    error: float = math.inf


class _Look(NamedTuple):
    """What one look found, with its critical values.

    Attributes:
        mean: log ratio of the means and its standard error.
        likely: between which log ratios the mean probably lies; between none (infinite ones, turned round) where it is
            not known.
    """

    rounds: int
    typical: float
    error: float
    mean: tuple[float, float] | None
    likely: tuple[float, float]
    change_t: float
    mean_t: float
    same_t: float
    mean_same_t: float
    along_t: float

    def by_typical(self) -> tuple[float, float, float, float]:
        """Estimate, error, critical t for a change and for its absence."""
        return self.typical, self.error, self.change_t, self.same_t

    def by_mean(self) -> tuple[float, float, float, float]:
        """The same of the means, which are known."""
        ratio, error = self.mean or (self.typical, self.error)
        return ratio, error, self.mean_t, self.mean_same_t

    def goes_along(self, up: bool) -> bool:
        """Whether the mean, which is known, probably moves in a direction."""
        ratio, error = self.mean or (self.typical, self.error)
        return (ratio if up else -ratio) > self.along_t * error

    @property
    def mean_bound(self) -> float | None:
        """How far from no change the mean can be."""
        if self.mean is None:
            return None
        ratio, error = self.mean
        return expm1(abs(ratio) + self.mean_same_t * error)


def decide(ratios: Sequence[float] | Evidence, plan: Plan, *, final: bool = False) -> Decision:
    """Replay the looks over ``ratios`` and stop at the first that decides.

    Args:
        ratios: what the rounds say, in the order measured; or estimates of log(head/base) alone, one a round.
        final: no more rounds will come: a last look, planned or not, spends the error that is left.

    Raises:
        ValueError: a ratio that is not finite.
    """
    return decide_each([ratios], [plan], final=final)[0]


def decide_each(
    streams: Sequence[Sequence[float] | Evidence], plans: Sequence[Plan], *, final: bool = False
) -> list[Decision]:
    """:func:`decide` for many streams of rounds, each by its own plan; those alike are looked at together."""
    every = [one if isinstance(one, Evidence) else Evidence(np.array(one, dtype=float)) for one in streams]
    alike: dict[tuple[Plan, int, bool], list[int]] = {}
    for index, (one, plan) in enumerate(zip(every, plans, strict=True)):
        alike.setdefault((plan, min(len(one), plan.n_max), one.base is None), []).append(index)
    found: dict[int, Decision] = {}
    for (plan, rounds, _), indices in alike.items():
        values = stacked([every[index].first(rounds) for index in indices])
        if not np.isfinite(values.typical).all():
            raise ValueError("ratios must be finite")
        found.update(zip(indices, _decided(values, plan, final), strict=True))
    return [found[index] for index in range(len(streams))]


def restated(evidence: Evidence, plan: Plan, found: Decision, *, holds: bool) -> Decision:
    """A decision taken at an earlier look, with what all rounds together say: the bounds hold at every look.

    Where they no longer leave out zero, or it does not hold for another reason, it is open again.
    """
    values = stacked([evidence.first(plan.n_max)])
    rounds = len(values)
    if rounds < FIRST_LOOK:
        return replace(found, state="open")
    looks, critical = _critical_until(plan, rounds)
    last = looks[-1:]
    at_last, critical_last = seen(values, last), critical.at([len(looks) - 1])
    look = _look(at_last, critical_last, last, 0, 0)
    if plan.region is not None:
        holds = holds and _STATES[plan.classify(at_last, critical_last).codes[0, 0]] == found.state
    else:
        ratio, error, change_t, _ = look.by_mean() if found.by_mean else look.by_typical()
        along = found.by_mean or look.mean is None or look.goes_along(found.state == "up")
        holds = holds and along and abs(ratio) > change_t * error and (ratio > 0) == (found.state == "up")
    return _decision(found.state if holds else "open", look, plan, found.by_mean)


def _decided(values: Evidence, plan: Plan, final: bool) -> list[Decision]:
    """Decisions of streams [stream, round] that have all their rounds in common."""
    rounds = len(values)
    if rounds < 2:
        return [_unknown(stream, plan) for stream in values.typical]
    looks, critical = _critical_until(plan, rounds)
    found = seen(values, looks)
    states, by_mean = plan.classify(found, critical)
    planned = rounds in plan.looks or (final and rounds >= FIRST_LOOK)
    if not planned:
        states[:, -1] = OPEN
    return [
        _decision(
            _STATES[states[stream, at]], _look(found, critical, looks, stream, at), plan, bool(by_mean[stream, at])
        )
        for stream, at in enumerate(first_stop(states).tolist())
    ]


@lru_cache(maxsize=64)
def _looks(n_max: int) -> tuple[int, ...]:
    looks = [FIRST_LOOK]
    while looks[-1] < n_max:
        looks.append(min(n_max, math.ceil(looks[-1] * GROWTH)))
    return tuple(looks)


def _bounds(plan: Plan) -> tuple[tuple[float, float, int], ...]:
    """Error probability, critical z and number of sides of everything in :class:`Critical`, in its order."""
    alpha, looks = KNOWN_SHARE * plan.alpha, plan.looks
    changes = [(TYPICAL_SHARE * alpha, 2), ((1 - TYPICAL_SHARE) * alpha, 2), (plan.beta, 1)]
    change, mean, same = ((share, constant_bound(looks, share, sides), sides) for share, sides in changes)
    return change, mean, same, same


@lru_cache(maxsize=4096)
def critical_values(plan: Plan) -> Critical:
    """Critical t at each look of the plan."""
    change, mean, same, mean_same = (
        _as_t(z, plan.looks, cut) for (_, z, _), cut in zip(_bounds(plan), TRIMMED, strict=True)
    )
    return Critical(change, mean, same, mean_same, *_single(plan, plan.looks))


@lru_cache(maxsize=4096)
def _critical_until(plan: Plan, rounds: int) -> tuple[tuple[int, ...], Critical]:
    """The looks up to ``rounds``, an unplanned last one included, with their critical values."""
    before = tuple(look for look in plan.looks if look < rounds)
    planned = critical_values(plan)
    if rounds in plan.looks:
        return (*before, rounds), planned.at(slice(len(before) + 1))
    last = [
        _as_t(last_bound(before, rounds, z, error, sides), (rounds,), cut)
        for (error, z, sides), cut in zip(_bounds(plan), TRIMMED, strict=True)
    ]
    last += _single(plan, (rounds,))
    return (*before, rounds), Critical(
        *(np.append(values[: len(before)], one) for values, one in zip(planned, last, strict=True))
    )


def _single(plan: Plan, looks: tuple[int, ...]) -> list[Floats]:
    """For each look by itself the t that means exceed with probability ``beta`` in one direction, and in both."""
    found = [np.array([student_quantile(look - 1, tail) for look in looks]) for tail in (plan.beta, plan.beta / 2)]
    for critical in found:
        critical.flags.writeable = False  # cached and shared
    return found


def _as_t(z: float, looks: tuple[int, ...], cut: bool) -> Floats:
    """For each look the t with the tail probability of ``z``; ``cut``: of a trimmed mean."""
    freedom = [degrees_of_freedom(look) if cut else look - 1 for look in looks]
    critical = np.array([student_quantile(each, float(normal_tail(np.array(z)))) for each in freedom])
    critical.flags.writeable = False  # cached and shared
    return critical


def _look(found: Seen, critical: Critical, looks: Sequence[int], stream: int, at: int) -> _Look:
    """What one look of one stream found."""
    typical, error = float(found.typical[stream, at]), float(found.error[stream, at])
    mean, around = None, (math.inf, -math.inf)
    if found.means is not None:
        ratio, mean_error, _ = (float(one[stream, at]) for one in found.means)
        reach = float(critical.likely[at]) * mean_error
        mean, around = (ratio, mean_error), (ratio - reach, ratio + reach)
    return _Look(looks[at], typical, error, mean, around, *(float(values[at]) for values in critical[:5]))


def _decision(state: State, look: _Look, plan: Plan, by_mean: bool) -> Decision:
    """The interval that belongs to the state: it holds the mean, too, and never contradicts what is said."""
    ratio, error, change_t, same_t = look.by_mean() if by_mean else look.by_typical()
    below, above = (math.inf, -math.inf) if by_mean else look.likely
    unchanged = state == "same" and plan.region is None
    reach, confidence = (same_t, 1 - 2 * plan.beta) if unchanged else (change_t, 1 - plan.alpha)
    low, high = min(ratio - reach * error, below), max(ratio + reach * error, above)
    detectable = max(change_t * error, (above - below) / 2)
    if state == "open" and plan.region is None:
        low, high, detectable = min(low, 0.0), max(high, 0.0), max(detectable, abs(ratio))
    elif plan.region is None and not unchanged:  # the direction is decided; where the mean lies is asked both ways
        low, high = (max(low, 0.0), high) if state == "up" else (low, min(high, 0.0))
    return Decision(
        state=state,
        rounds=look.rounds,
        change=math.expm1(ratio),
        low=math.expm1(low),
        high=expm1(high),
        confidence=confidence,
        detectable=expm1(detectable),
        by_mean=by_mean,
        typical=expm1(look.typical),
        mean=None if look.mean is None else expm1(look.mean[0]),
        mean_bound=look.mean_bound if unchanged else None,
        error=error,
    )


def _unknown(values: Floats, plan: Plan) -> Decision:
    """None or one round: no interval but the whole line."""
    change = math.expm1(float(values[0])) if len(values) else 0.0
    return Decision("open", len(values), change, -1.0, math.inf, 1 - plan.alpha, math.inf, typical=change)


def expm1(value: float) -> float:
    """Without overflow: two rounds can make an interval of any width."""
    return math.expm1(value) if value < 700 else math.inf
