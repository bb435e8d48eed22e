"""Series of commits made up: levels, and rounds of them with the noise of processes."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from random import Random

from perfbot.bisect.answer import answer_of
from perfbot.bisect.records import Answer, CommonRound, Goal
from perfbot.bisect.search import Search

Noise = Callable[[Random], float]


def gauss(spread: float) -> Noise:
    return lambda random: random.gauss(0.0, spread)


@dataclass
class Series:
    """Commits after a first one.

    Attributes:
        steps: by how much commits change the cost, a fraction, by their numbers.
        broken: commits that cannot be measured.
        noise: of a process.
    """

    last: int
    steps: Mapping[int, float]
    broken: Collection[int] = ()
    noise: Noise = field(default_factory=lambda: gauss(0.004))
    slow_calls: Mapping[int, float] = field(default_factory=dict)
    processes: int = 0

    def level(self, commit: int) -> float:
        return sum(math.log1p(step) for at, step in self.steps.items() if at <= commit)

    def mean(self, commit: int) -> float:
        return self.level(commit) + sum(math.log1p(step) for at, step in self.slow_calls.items() if at <= commit)

    def search(self, seed: int, goal: Goal | None = None, *, changed: bool = False, most: int = 10_000) -> Answer:
        """All of a search; stopped after ``most`` processes."""
        random, search = Random(seed), Search(self.last, goal or Goal(), changed=changed)  # noqa: S311
        while wanted := search.wanted():
            if bad := [commit for commit in wanted if commit in self.broken]:
                for commit in bad:
                    search.lose(commit)
                continue
            shared, strays = random.gauss(0.0, 0.1), {commit: self.noise(random) for commit in wanted}
            search.add(
                CommonRound(
                    {commit: shared + self.level(commit) + stray for commit, stray in strays.items()},
                    {commit: shared + self.mean(commit) + stray for commit, stray in strays.items()},
                )
            )
            self.processes += len(wanted)
            if self.processes > most:
                search.stop("time was up")
        return answer_of(search)
