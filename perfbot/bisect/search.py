"""The search itself: which commits to measure next, until it is known where the cost steps.

It begins with both ends and a coarse grid. Between neighbours that surely differ the grid is made finer, between those
that surely do not it is left alone, and commits next to nothing that is open are measured no more. Where two commits
differ and none between them can be measured, fresh rounds of the two have to bear it out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from perfbot.bisect.levels import Levels, Steps, levels_of, steps_of
from perfbot.bisect.proof import Claim, borne_out, both_in
from perfbot.bisect.records import CommonRound, Goal
from perfbot.stats.evidence import Evidence
from perfbot.stats.sequential import MOST_ROUNDS, Decision, Plan, decide

FIRST_ROUNDS = 3
"""Of each commit before anything is made of it."""

SURE = 0.01
"""A gap is settled when the search believes the contrary with less than this."""

SLACK = 1 / 8
"""Commits that do not differ may differ by this share of the threshold: no two builds are quite alike."""

MINOR, BESIDE = 1 / 2, 1 / 5
"""Steps below the first share of the threshold, or the second of the largest step, are not looked into."""

AGAIN = 2
"""How often the search begins anew, from all that it has measured, where proof failed what it believed."""

WHOLE = 5
"""So many commits or fewer are measured all at once."""

Gap = tuple[int, int]


@dataclass(slots=True)
class Search:
    """The search for what changed one benchmark.

    Attributes:
        last: number of the last commit; the first one is 0.
        goal: what the answer has to keep to.
        changed: it is known that both ends differ; otherwise that is found out.
        rungs: commits that are measured, or going to be; ``lost`` ones cannot be.
        claims: steps that the search found.
        by_mean: what calls cost on the mean is what changed.
        stopped: why no more rounds will come.
    """

    last: int
    goal: Goal
    changed: bool = False
    rounds: list[CommonRound] = field(default_factory=list)
    rungs: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    claims: dict[Gap, Claim] = field(default_factory=dict)
    by_mean: bool = False
    stopped: str = ""
    _attempts: int = 0
    _refuted: set[Gap] = field(default_factory=set)
    _settled: dict[Gap, bool] = field(default_factory=dict)
    _restarts: int = 0
    _largest: float = 0.0
    _next: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        self.rungs |= {0, self.last}
        if self.last <= WHOLE:
            self.rungs |= set(range(self.last + 1))
        elif self.goal.steps > 1:
            self._refine(0, self.last)

    # What happened

    def add(self, taken: CommonRound) -> None:
        """One more round; one of a single commit says nothing."""
        if len(taken.typical) > 1:
            self.rounds.append(taken)
            self._next = None

    def lose(self, commit: int) -> None:
        """A commit cannot be measured: its neighbours have to do."""
        self._next = None
        self.lost.add(commit)
        self.rungs.discard(commit)
        self.claims = {gap: claim for gap, claim in self.claims.items() if commit not in gap}
        around = [gap for gap in pairwise(sorted({0, self.last, *self.rungs})) if gap[0] < commit < gap[1]]
        for gap in around:
            self._refine(*gap, count=1)

    def stop(self, why: str) -> None:
        """No more rounds will come."""
        self.stopped = why
        self._next = None

    # What to do next

    def wanted(self) -> tuple[int, ...]:
        """Commits to measure together in the next round; none: it is over. The same until something happens."""
        if self._next is None:
            self._next = self._wanted()
        return self._next

    def _wanted(self) -> tuple[int, ...]:
        if self.stopped or {0, self.last} & self.lost:
            return ()
        if new := [rung for rung in self.rungs if self._met(rung) < FIRST_ROUNDS]:
            return self._with_neighbours(new)
        if self._wants_ends():
            return (0, self.last)
        steps = self._weigh()
        if unsure := self._unsure():
            return tuple(sorted({rung for gap in unsure for rung in gap}))
        refined = [self._refine(*gap) for gap in self._stepping(steps)]
        if any(refined):
            return self._wanted()
        return self._to_prove(steps) or self._to_end()

    def _wants_ends(self) -> bool:
        """Where setting a commit up costs much, both ends come first, until they are seen to differ."""
        if len(self.rungs) > 2 or self.changed:
            return False
        return self._ends().state == "open" and len(self._pair(0, self.last)) < MOST_ROUNDS

    def _to_prove(self, steps: Steps | None) -> tuple[int, ...]:
        """Both commits of every claim that is not decided; where one is refuted, the search begins anew."""
        sizes = {self._gap(index): size for index, size in steps.sizes.items()} if steps else {}
        for gap in self._stepping(steps):
            if gap not in self.claims and gap not in self._refuted:
                self._attempts += 1
                known = len(self._pair(*gap))
                self.claims[gap] = Claim(*gap, sizes[gap] > 0, known, self._attempts, self.by_mean)
        so_far = {gap: borne_out(claim, self.rounds, self.goal) for gap, claim in self.claims.items()}
        if open_ones := {commit for gap, one in so_far.items() if one.open for commit in gap}:
            return tuple(sorted(open_ones))
        refuted = [gap for gap, one in so_far.items() if one.refuted and not one.holds]
        return self._anew(refuted) if refuted else ()

    def _anew(self, refuted: Iterable[Gap]) -> tuple[int, ...]:
        for gap in refuted:
            del self.claims[gap]
            self._refuted.add(gap)
        if self._restarts == AGAIN:
            return ()
        self._restarts += 1
        self._settled.clear()
        return self._wanted()

    def _to_end(self) -> tuple[int, ...]:
        """The ends, while nothing is proven and they are not known to be alike, or to differ."""
        if any(borne_out(claim, self.rounds, self.goal).holds for claim in self.claims.values()):
            return ()
        before = self.by_mean
        found = self._ends()
        if self.by_mean and not before:
            self._settled.clear()
            return self._wanted()
        return (0, self.last) if found.state == "open" and not self._exhausted((0, self.last)) else ()

    # What is believed

    def _weigh(self) -> Steps | None:
        """Settle what the rounds so far settle."""
        levels = self._levels()
        gaps = list(pairwise(levels.commits))
        known = [index for index, gap in enumerate(gaps) if self._settled.get(gap) is True]
        open_gaps = [index for index, gap in enumerate(gaps) if gap not in self._settled]
        slack = SLACK * math.log1p(self.goal.threshold)
        cost = {
            index: (math.inf if gap in self._refuted else 2.0 + math.log(self.last / (gap[1] - gap[0])))
            for index, gap in enumerate(gaps)
        }
        open_gaps = [index for index in open_gaps if math.isfinite(cost[index])]
        known = [index for index in known if math.isfinite(cost[index])]
        steps = steps_of(levels, open_gaps, known, cost=cost, slack=slack, least=self._least())
        self._largest = max(map(abs, steps.sizes.values()), default=0.0)
        for index, chance in steps.probability.items():
            if chance < SURE or chance > 1 - SURE or self._exhausted(gaps[index]):
                self._settled[gaps[index]] = chance > 0.5
        return steps

    def _levels(self) -> Levels:
        """Of the rungs, by as many rounds as guide."""
        values = (taken.means if self.by_mean else taken.typical for taken in self.rounds)
        kept = [{c: v for c, v in one.items() if c in self.rungs} for one in values]
        return levels_of([one for one in kept if len(one) > 1])

    def _gap(self, index: int) -> Gap:
        rungs = sorted(self.rungs)
        return rungs[index], rungs[index + 1]

    def _unsure(self) -> list[Gap]:
        return [gap for gap in self._gaps() if gap not in self._settled and gap not in self._refuted]

    def _stepping(self, steps: Steps | None) -> list[Gap]:
        """Neighbours that surely differ by what matters."""
        if steps is None:
            return []
        sizes = {self._gap(index): size for index, size in steps.sizes.items()}
        return [gap for gap, size in sizes.items() if self._settled.get(gap) and abs(size) >= self._least()]

    def _least(self) -> float:
        """What is looked for, a log."""
        return max(MINOR * math.log1p(self.goal.threshold), BESIDE * self._largest)

    def _exhausted(self, gap: Gap) -> bool:
        return len(self._pair(*gap)) >= self.goal.most_rounds

    def _ends(self) -> Decision:
        found = decide(self._pair(0, self.last), Plan(self.goal.threshold, self.goal.alpha, self.goal.beta))
        self.by_mean = self.by_mean or (found.by_mean and found.state in ("up", "down"))
        return found

    # The grid

    def _gaps(self) -> list[Gap]:
        return list(pairwise(sorted(self.rungs)))

    def _refine(self, low: int, high: int, count: int = 0) -> bool:
        """Put commits between two; whether there were any that can be measured."""
        inside = [commit for commit in range(low + 1, high) if commit not in self.lost]
        wanted = min(count or self.goal.steps, len(inside))
        if count == 0 and len(inside) <= WHOLE - 1:
            wanted = len(inside) if self.goal.steps > 1 else wanted
        chosen = {inside[round((place + 1) * (len(inside) + 1) / (wanted + 1)) - 1] for place in range(wanted)}
        self.rungs |= chosen
        if chosen:
            self._settled.pop((low, high), None)
        return bool(chosen)

    def _with_neighbours(self, rungs: Collection[int]) -> tuple[int, ...]:
        ordered = sorted(self.rungs)
        places = [ordered.index(rung) for rung in rungs]
        near = {ordered[at] for place in places for at in (place - 1, place, place + 1) if 0 <= at < len(ordered)}
        return tuple(sorted(near))

    def _met(self, rung: int) -> int:
        return sum(rung in taken.typical for taken in self.rounds)

    def _pair(self, one: int, other: int) -> Evidence:
        return both_in(self.rounds, one, other)
