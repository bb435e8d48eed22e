"""Which function a change of cost goes back to.

A call of the benchmark costs T = Σ n(f) s(f): each function's calls times what a call of it takes itself. Calls come
from callers: n(f) = Σ n(g) a(g, f), where a is how often g calls f in one call of its own. Between base and head

    ΔT = Σ_g [ m(g) Δs(g) + Σ_f R(g, f) I(f) ],    m(g) = min(n_base(g), n_head(g)),

exactly, where R(g, f) = ΔE(g, f) - Δn(g) b(g, f) are those of g's calls of f that its own calls do not account for, at
b calls of f in each call of g that came or went, and I(f) = s(f) + Σ b(f, ·) I(·) is what such a call of f takes with
all that it calls, at the cost of the side that calls it more often (on which that is known best). So a function answers
for what it does itself, and for what it calls more often than before; not for being called more often, which its
caller answers for. What was renamed, moved or drawn into its caller cancels out there.

That holds for any b. Not all calls of a function are alike: those that came or went are taken to have called what came
or went with them, as far as calls of it may call so often, and nothing else.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from perfbot.model import SIDES, Side
from perfbot.why.matching import Roll, is_inner
from perfbot.why.profile import Observation, Profile

Floats = npt.NDArray[np.float64]

Rates = Mapping[tuple[int, int], float]

ROOT = -1

SLIGHT = 1e-9
"""Calls that differ by less do not differ."""

CALLING = 0.5e-6
"""Seconds that a call takes in its caller at most: 0.05 usually, more where an attribute is first not found."""

TOLERANCE = 0.1
"""What a call takes with all that it calls is known so badly."""

UNLIKE = 1.1
"""So much more often than all of them may those calls of a function call another that came or went."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Of one round: arrays over the functions of a roll, seconds of one call of the benchmark.

    Attributes:
        blamed: what each function answers for; with ``rest`` (perfbot's own loop, what no function could be
            found for) it adds up to the change of the whole.
        each: the part of it that its own calls became dearer.
        more: of pairs of caller and callee: what the caller answers for because it calls the callee more often.
        own: what each took itself, on base and head, shape [side, function].
        calls: how often each was called.
        waits: the part of ``own`` in which it waited for something.
    """

    blamed: Floats
    rest: float
    each: Floats
    more: Mapping[tuple[int, int], float]
    own: Floats
    calls: Floats
    through: Floats
    """What each answers for by its calls of others, all taken as dearer: what sampling knows that by."""
    edges: Mapping[tuple[int, int], tuple[float, float]]
    """Calls of each pair of caller and callee, on base and head."""
    waits: Floats


def ledger_of(observation: Observation, roll: Roll, edited: Collection[int] = ()) -> Ledger:
    """Who answers for what in one round.

    Args:
        edited: functions that the change edits. Where one that is edited is called more often by one that is not, it
            was the edit that made it so (a cache that was taken from it): it answers itself.
    """
    count = len(roll.functions)
    sides = [_Side(observation.sides[side], side, roll) for side in SIDES]
    base, head = sides
    common = np.minimum(base.calls, head.calls)
    each = common * (head.each - base.each)
    rates, within = _rates(base, head)
    blamed, through, more = each.copy(), np.zeros(count), dict[tuple[int, int], float]()
    terms = list(_in_place_of(_between(_terms(base, head, rates, within, edited)), edited))
    instead: dict[tuple[int, int], float] = defaultdict(float)
    for term in terms:
        blamed[term.answers] += term.worth
        if term.answers in (term.caller, term.callee):
            through[term.answers] += abs(term.worth)
        else:  # what one answers for in a caller's place cancels, where functions call each other in circles
            instead[term.caller, term.answers] += term.worth
        if term.answers != term.callee:
            more[term.answers, term.callee] = term.worth
    for (_, answers), worth in instead.items():
        through[answers] += abs(worth)
    for caller, answers, worth in _of_calling(terms, each, edited):
        blamed[caller] -= worth
        blamed[answers] += worth
    change = head.seconds - base.seconds
    own, calls = np.stack([base.own, head.own]), np.stack([base.calls, head.calls])
    edges = {pair: (base.edges.get(pair, 0.0), head.edges.get(pair, 0.0)) for pair in {*base.edges, *head.edges}}
    for term in terms:  # one that was given a decorator is told with how often that is called
        if term.answers not in (term.caller, term.callee):
            edges.setdefault((term.answers, term.callee), edges[term.caller, term.callee])
    waits = np.stack([base.waits, head.waits])
    return Ledger(blamed, change - float(blamed.sum()), each, more, own, calls, through, edges, waits)


@dataclass(frozen=True, slots=True)
class _Term:
    """What it comes to that one function calls another more often.

    Attributes:
        more: how many calls that are, in one of the benchmark.
        answers: who answers for it: the caller, or the callee where that is edited and the caller is not.
        calls: what the callee calls, on either side.
    """

    caller: int
    callee: int
    more: float
    worth: float
    answers: int
    calls: frozenset[int]


def _terms(base: _Side, head: _Side, rates: Rates, within: Floats, edited: Collection[int]) -> Iterator[_Term]:
    called: dict[int, set[int]] = defaultdict(set)
    for caller, callee in {*base.edges, *head.edges}:
        called[caller].add(callee)
    for caller, callee in {*base.edges, *head.edges}:
        before, after = base.edges.get((caller, callee), 0.0), head.edges.get((caller, callee), 0.0)
        accounted = 0.0 if caller == ROOT else rates[caller, callee] * (head.calls - base.calls)[caller]
        left = after - before - accounted
        if abs(left) <= SLIGHT * max(after, before) or base.roll.functions[callee].either.compiled:
            continue
        worth = left * within[callee]
        moved = caller == ROOT or (callee in edited and caller not in edited)
        yield _Term(caller, callee, left, float(worth), callee if moved else caller, frozenset(called[callee]))


def _between(terms: Iterable[_Term]) -> Iterator[_Term]:
    """What comes to stand between a function and one that it calls (a decorator, a wrapper) is worth what it adds.

    The caller calls one thing less and another more, which calls the first: that much did not change. Where it is the
    inner one that the change edits, it was given the decorator, and answers for that.
    """
    callers: dict[int, list[_Term]] = defaultdict(list)
    for term in terms:
        callers[term.caller].append(term)
    for mine in callers.values():
        worth, answers = ({term.callee: getattr(term, name) for term in mine} for name in ("worth", "answers"))
        for outer in mine:
            for inner in mine:
                if inner.callee in outer.calls and worth[outer.callee] * worth[inner.callee] < 0:
                    least = min(abs(worth[outer.callee]), abs(worth[inner.callee]))
                    for one in (outer.callee, inner.callee):
                        worth[one] -= math.copysign(least, worth[one])
                    if answers[outer.callee] == outer.caller:
                        answers[outer.callee] = inner.answers
        yield from (replace(term, worth=worth[term.callee], answers=answers[term.callee]) for term in mine)


def _in_place_of(terms: Iterable[_Term], edited: Collection[int]) -> Iterator[_Term]:
    """What a function of the same text calls in place of one that the change edits, that one answers for.

    It only looks for what there is: a hook of a class, a method that overrides. Where that came or went, something else
    is called less or more. What is called more or less together with it (more data) is none of its doing. All of the
    caller's calls go together: where functions call each other in circles, they are worth much, and cancel.
    """
    callers: dict[int, list[_Term]] = defaultdict(list)
    for term in terms:
        callers[term.caller].append(term)
    for caller, mine in callers.items():
        looked_for = [one for one in mine if one.callee in edited and caller not in (ROOT, *edited)]
        chief = max(looked_for, key=lambda one: abs(one.more), default=None)
        if chief is None or not any(one.more * chief.more < 0 for one in mine):
            yield from mine
        else:
            yield from (replace(one, answers=chief.callee) if one.answers == caller else one for one in mine)


def _of_calling(terms: Iterable[_Term], each: Floats, edited: Collection[int]) -> Iterator[tuple[int, int, float]]:
    """What calling takes in a caller that was not edited, and that calls more often what was: caller, callee, worth.

    A caller of the same text cannot itself take longer because of the change; an attribute that became a property, or
    is looked for in vain first, makes it do so by the interpreter's own work. No call takes more than so much of it.
    """
    callers: dict[int, list[_Term]] = defaultdict(list)
    for term in terms:
        if term.caller not in (ROOT, term.answers) and term.caller not in edited:
            callers[term.caller].append(term)
    for caller, mine in callers.items():
        calls = sum(abs(term.more) for term in mine)
        most = CALLING * calls
        worth = float(np.clip(each[caller], -most, most))
        yield from ((caller, term.answers, worth * abs(term.more) / calls) for term in mine)


def _rates(base: _Side, head: _Side) -> tuple[Rates, Floats]:
    """How often a call of each function that came or went calls others, and what it takes with all these.

    No call takes longer than the whole: where rates say that one does (in circles of functions that call each other),
    those of all calls are taken instead.
    """
    pairs = {*base.edges, *head.edges}
    rates = {pair: _rate(base, head, *pair) for pair in pairs}
    within = _within(base, head, rates)
    if within is not None and within.max(initial=0.0) <= (1 + TOLERANCE) * max(base.seconds, head.seconds):
        return rates, within
    rates = {pair: _on_the_dearer_side(base, head, *pair) for pair in pairs}
    within = _within(base, head, rates)
    return rates, _costs(base, head) if within is None else within


def _on_the_dearer_side(base: _Side, head: _Side, caller: int, callee: int) -> float:
    """Calls of one function in each call of another, where that is called more often."""
    return (head if caller == ROOT or head.calls[caller] >= base.calls[caller] else base).often(caller, callee)


def _rate(base: _Side, head: _Side, caller: int, callee: int) -> float:
    change = 0.0 if caller == ROOT else float(head.calls[caller] - base.calls[caller])
    if caller == callee or abs(change) <= SLIGHT * max(base.calls[caller], head.calls[caller]):
        return _on_the_dearer_side(base, head, caller, callee)
    known = max(base.often(caller, callee), head.often(caller, callee))
    pair = caller, callee
    return min(max((head.edges.get(pair, 0.0) - base.edges.get(pair, 0.0)) / change, 0.0), UNLIKE * known)


def _costs(base: _Side, head: _Side) -> Floats:
    """What a call of each takes itself, on the side that calls it more often."""
    return np.where(head.calls >= base.calls, head.each, base.each)


def _within(base: _Side, head: _Side, rates: Rates) -> Floats | None:
    """What a call of each takes with all that it calls; None where that has no answer."""
    costs = _costs(base, head)
    matrix = np.eye(len(costs))
    for (caller, callee), often in rates.items():
        if caller != ROOT and not base.roll.functions[callee].either.compiled:
            matrix[caller, callee] -= often
    try:
        found: Floats = np.asarray(np.linalg.solve(matrix, costs), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return found if np.isfinite(found).all() and (found >= -SLIGHT).all() else None


class _Side:
    """One side of one round, by the roll's numbers."""

    def __init__(self, profile: Profile, side: Side, roll: Roll) -> None:
        count = len(roll.functions)
        self.seconds, self.roll = profile.seconds, roll
        self.own, self.waits = np.zeros(count), np.zeros(count)
        self._take_samples(profile, side, roll)
        self.edges: dict[tuple[int, int], float] = {}
        self.calls = np.zeros(count)
        self._take_calls(profile, side, roll)
        for number in np.flatnonzero(
            (self.calls <= 0) & (self.own > 0)
        ):  # met, but not in the calls that were followed
            self.edges[ROOT, int(number)] = 1.0
            self.calls[number] = 1.0
        self.each = np.divide(self.own, self.calls, out=np.zeros(count), where=self.calls > 0)

    def _take_samples(self, profile: Profile, side: Side, roll: Roll) -> None:
        samples, total = profile.samples, profile.samples.count
        numbers = [roll.number(side, function) for function in samples.functions]
        for path, times in samples.stacks.items():
            if path:
                self.own[numbers[path[-1]]] += self.seconds * times / total
        for function, times in samples.waits.items():
            self.waits[numbers[function]] += self.seconds * times / total

    def _take_calls(self, profile: Profile, side: Side, roll: Roll) -> None:
        """A comprehension's calls are those of the function around it, which calls it as a part of itself."""
        functions = profile.calls.functions
        numbers = [roll.number(side, function) for function in functions]
        for (caller, callee), often in profile.calls.edges.items():
            if is_inner(functions[callee]):
                continue
            pair = (ROOT if caller == ROOT else numbers[caller], numbers[callee])
            self.edges[pair] = self.edges.get(pair, 0.0) + often
            self.calls[numbers[callee]] += often

    def often(self, caller: int, callee: int) -> float:
        """Calls of a function in each call of another one."""
        calls = 1.0 if caller == ROOT else self.calls[caller]
        return float(self.edges.get((caller, callee), 0.0) / calls) if calls > 0 else 0.0
