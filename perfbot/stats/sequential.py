"""When to stop measuring a benchmark, and what to say then.

The rule looks at the rounds again and again, and stops at the first look at which either the change surely lies
inside ±delta ("same") or zero surely lies outside the interval ("up", "down"). Critical values allow for all
looks, so a benchmark may be looked at as often as the plan says without a false alarm more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from perfbot.stats.bounds import constant_bound, last_bound
from perfbot.stats.location import Floats, degrees_of_freedom, estimates

EARLIER_ROUNDS = 12
"""What the spread of earlier runs counts for beside the rounds of this one, in rounds: this run is not those."""

BELIEVED = 2.0
"""How far earlier runs' spread may be from this run's own before it counts as this far only."""

MEDIAN_STRAY = 0.55
"""Half of all means of unchanged benchmarks stray further than 0.67 standard errors at a single look, and less at the
first of many that decides. With it, ``rounds_for`` is near the median of simulated Gaussian decisions: 9 for 8.5
rounds, 14 for 13, 27 for 27, 44 for 45."""

State = Literal["up", "down", "same", "open"]
Codes = NDArray[np.int8]

OPEN, SAME, UP, DOWN = range(4)
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
    n_max: int = MOST_ROUNDS

    def __post_init__(self) -> None:
        if not (0 < self.delta < math.inf and 0 < self.alpha < 1 and 0 < self.beta < 0.5 and self.n_max >= FIRST_LOOK):
            raise ValueError(f"a plan needs fractions above zero and at least six rounds, not {self}")

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


class _Look(NamedTuple):
    rounds: int
    mean: float
    error: float
    change_t: float
    same_t: float


def decide(ratios: Sequence[float], plan: Plan, *, final: bool = False) -> Decision:
    """Replay the looks over ``ratios`` and stop at the first that decides.

    Args:
        ratios: estimates of log(head/base), one a round, in the order measured.
        final: no more rounds will come: a last look, planned or not, spends the error that is left.

    Raises:
        ValueError: a ratio that is not finite.
    """
    return decide_each([ratios], [plan], final=final)[0]


def decide_each(streams: Sequence[Sequence[float]], plans: Sequence[Plan], *, final: bool = False) -> list[Decision]:
    """:func:`decide` for many streams of ratios, each by its own plan; those alike are looked at together."""
    alike: dict[tuple[Plan, int], list[int]] = {}
    for index, (ratios, plan) in enumerate(zip(streams, plans, strict=True)):
        alike.setdefault((plan, min(len(ratios), plan.n_max)), []).append(index)
    found: dict[int, Decision] = {}
    for (plan, rounds), every in alike.items():
        values = np.array([streams[index][:rounds] for index in every], dtype=float)
        if not np.isfinite(values).all():
            raise ValueError("ratios must be finite")
        found.update(zip(every, _decided(values, plan, final), strict=True))
    return [found[index] for index in range(len(streams))]


def restated(ratios: Sequence[float], plan: Plan, state: State) -> Decision:
    """A decision taken at an earlier look, with what all rounds together say: the bounds hold at every look.

    Where they no longer leave out zero, it is open again.
    """
    values = np.array([ratios[: plan.n_max]], dtype=float)
    rounds = values.shape[1]
    if rounds < FIRST_LOOK:
        return replace(decide(ratios, plan), state="open")
    looks, change_t, same_t = _critical_until(plan, rounds)
    means, errors = estimates(values, looks[-1:])
    look = _Look(rounds, float(means[0, 0]), float(errors[0, 0]), float(change_t[-1]), float(same_t[-1]))
    holds = abs(look.mean) > look.change_t * look.error and (look.mean > 0) == (state == "up")
    return _decision(state if holds else "open", look, plan)


def _decided(values: Floats, plan: Plan, final: bool) -> list[Decision]:
    """Decisions of streams [stream, round] that have all their rounds in common."""
    rounds = values.shape[1]
    if rounds < 2:
        return [_unknown(stream, plan) for stream in values]
    looks, change_t, same_t = _critical_until(plan, rounds)
    means, errors = estimates(values, looks)
    states = classify(means, errors, change_t, same_t, plan.margin)
    planned = rounds in plan.looks or (final and rounds >= FIRST_LOOK)
    if not planned:
        states[:, -1] = OPEN
    decisions: list[Decision] = []
    for stream, at in enumerate(first_stop(states).tolist()):
        mean, error = float(means[stream, at]), float(errors[stream, at])
        look = _Look(looks[at], mean, error, float(change_t[at]), float(same_t[at]))
        decisions.append(_decision(_STATES[states[stream, at]], look, plan))
    return decisions


def classify(means: Floats, errors: Floats, change_t: Floats, same_t: Floats, margin: float) -> Codes:
    """What each look says by itself: ``SAME``, ``UP``, ``DOWN`` or ``OPEN``.

    Args:
        means, errors: of log ratios, shape [..., looks].
        change_t, same_t: critical values, shape [looks].
        margin: the smallest change that matters, as a log ratio.
    """
    codes = np.where(np.abs(means) > change_t * errors, np.where(means > 0, UP, DOWN), OPEN)
    inside = np.abs(means) + same_t * errors < margin
    return np.where(inside, SAME, codes).astype(np.int8)


def first_stop(codes: Codes) -> NDArray[np.intp]:
    """Index of the first look that is not ``OPEN``, or of the last look; shape [...] from [..., looks]."""
    stopped = codes != OPEN
    index: NDArray[np.intp] = np.where(stopped.any(axis=-1), stopped.argmax(axis=-1), codes.shape[-1] - 1)
    return index


def expected_rounds(ratios: Sequence[float], plan: Plan, known: float | None = None) -> int:
    """Rounds, in all, after which a decision is expected if estimate and spread stay what they are.

    For planning alone: no decision looks at it.

    Args:
        known: spread of a round in earlier runs (a standard deviation of log ratios). Few rounds tell their spread
            badly, so both are pooled; what is more than ``BELIEVED`` times off these rounds' own counts as just that.
    """
    taken = min(len(ratios), plan.n_max)
    if taken < 2:
        return FIRST_LOOK
    means, errors = estimates(np.asarray(ratios, dtype=float), (taken,))
    later = [index for index, look in enumerate(plan.looks) if look > taken]
    if not later:
        return plan.n_max
    looks = np.array(plan.looks)[later]
    shrunk = _pooled(float(errors[0]) * math.sqrt(taken), taken, known) / np.sqrt(looks)
    change_t, same_t = (critical[later] for critical in critical_values(plan))
    codes = classify(np.broadcast_to(means, len(looks)), shrunk, change_t, same_t, plan.margin)
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
    _, same_t = critical_values(plan)
    decided = (MEDIAN_STRAY + same_t) * spread / np.sqrt(looks) < plan.margin
    return int(looks[decided.argmax()]) if decided.any() else None


def visible_after(rounds: int, spread: float, plan: Plan) -> float:
    """The smallest change that so many rounds of this spread can tell from none, a fraction."""
    change_t, _ = critical_values(plan)
    return _expm1(float(change_t[_look_at(rounds, plan)]) * spread / math.sqrt(rounds))


def ruled_out_after(rounds: int, spread: float, change: float, plan: Plan) -> float:
    """The smallest change that so many rounds with this estimate exclude: a larger ``delta`` would have decided them.

    Args:
        rounds: at least six.
        change: the estimate of head/base − 1.
    """
    _, same_t = critical_values(plan)
    reach = float(same_t[_look_at(rounds, plan)]) * spread / math.sqrt(rounds)
    return _expm1(abs(math.log1p(change)) + reach)


def _look_at(rounds: int, plan: Plan) -> int:
    """Index of the last look at so many rounds."""
    return max(0, int(np.searchsorted(np.array(plan.looks), rounds, side="right")) - 1)


@lru_cache(maxsize=64)
def _looks(n_max: int) -> tuple[int, ...]:
    looks = [FIRST_LOOK]
    while looks[-1] < n_max:
        looks.append(min(n_max, math.ceil(looks[-1] * GROWTH)))
    return tuple(looks)


def _bounds(plan: Plan) -> tuple[float, float]:
    """Critical z for a change, and for its absence."""
    return constant_bound(plan.looks, KNOWN_SHARE * plan.alpha, 2), constant_bound(plan.looks, plan.beta, 1)


@lru_cache(maxsize=4096)
def critical_values(plan: Plan) -> tuple[Floats, Floats]:
    """Critical t for a change, and for its absence, at each look of the plan."""
    change_z, same_z = _bounds(plan)
    return _as_t(change_z, plan.looks), _as_t(same_z, plan.looks)


@lru_cache(maxsize=4096)
def _critical_until(plan: Plan, rounds: int) -> tuple[tuple[int, ...], Floats, Floats]:
    """The looks up to ``rounds``, an unplanned last one included, with their critical values."""
    before = tuple(look for look in plan.looks if look < rounds)
    change_t, same_t = (critical[: len(before) + 1] for critical in critical_values(plan))
    if rounds in plan.looks:
        return (*before, rounds), change_t, same_t
    change_z, same_z = _bounds(plan)
    change_last = _as_t(last_bound(before, rounds, change_z, KNOWN_SHARE * plan.alpha, 2), (rounds,))
    same_last = _as_t(last_bound(before, rounds, same_z, plan.beta, 1), (rounds,))
    return (
        (*before, rounds),
        np.append(change_t[: len(before)], change_last),
        np.append(same_t[: len(before)], same_last),
    )


def _as_t(z: float, looks: tuple[int, ...]) -> Floats:
    """For each look the t with the tail probability of ``z``."""
    from scipy.special import ndtr, stdtrit  # noqa: PLC0415 - 0.4 s that only deciding needs

    critical: Floats = -stdtrit([degrees_of_freedom(look) for look in looks], ndtr(-z))
    critical.flags.writeable = False  # cached and shared
    return critical


def _decision(state: State, look: _Look, plan: Plan) -> Decision:
    """The interval that belongs to the state: what it says and what it shows never contradict."""
    detectable = look.change_t * look.error
    if state == "same":
        reach, confidence = look.same_t * look.error, 1 - 2 * plan.beta
    else:
        reach, confidence = detectable, 1 - plan.alpha
    if state == "open":
        reach = max(reach, abs(look.mean))
    return Decision(
        state=state,
        rounds=look.rounds,
        change=math.expm1(look.mean),
        low=math.expm1(look.mean - reach),
        high=_expm1(look.mean + reach),
        confidence=confidence,
        detectable=_expm1(max(detectable, reach) if state == "open" else detectable),
    )


def _unknown(values: Floats, plan: Plan) -> Decision:
    """None or one round: no interval but the whole line."""
    change = math.expm1(float(values[0])) if len(values) else 0.0
    return Decision("open", len(values), change, -1.0, math.inf, 1 - plan.alpha, math.inf)


def _expm1(value: float) -> float:
    """Without overflow: two rounds can make an interval of any width."""
    return math.expm1(value) if value < 700 else math.inf
