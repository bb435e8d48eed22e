"""Suites of compiled code with several builds a side: each round draws one of each.

How a linker places code decides how fast it runs, by up to a tenth, and a change moves what lies behind it. With builds
that differ in nothing but that, such an accident is spread and not bias.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from random import Random

from perfbot.measure.session import ANYWHERE, Discovery, Failed, Outcome, Placement, SuiteSession
from perfbot.model import Round


@dataclass(slots=True)
class BuiltSuite:
    """A suite whose sides were built several times.

    Attributes:
        first: of the first build of both sides; it lists the benchmarks, and what it learns all others know.
        variant: makes the session of a build of base and one of head, by their numbers.
        count: builds a side.
        order: source of which builds meet first.
    """

    name: str
    first: SuiteSession
    variant: Callable[[int, int], SuiteSession]
    count: int
    order: Random
    _made: dict[tuple[int, int], SuiteSession] = field(default_factory=dict)
    _begin: int = 0

    def __post_init__(self) -> None:
        self._made[0, 0] = self.first
        self._begin = self.order.randrange(self.count)

    def drawn(self, index: int) -> tuple[int, int]:
        """The builds of base and head in a round: all meet all, each equally often.

        >>> from typing import Any, cast
        >>> suite = BuiltSuite("s", cast(Any, None), cast(Any, None), 2, Random(1))
        >>> sorted(suite.drawn(index) for index in range(4))
        [(0, 0), (0, 1), (1, 0), (1, 1)]
        """
        base = (self._begin + index) % self.count
        return base, (base + index // self.count) % self.count

    def _session(self, base: int, head: int) -> SuiteSession:
        if (base, head) not in self._made:
            made = self.variant(base, head)
            for one in fields(self.first):  # type: ignore[arg-type]
                if one.name.startswith("_"):
                    setattr(made, one.name, getattr(self.first, one.name))
            self._made[base, head] = made
        return self._made[base, head]

    def discover(self) -> Discovery:
        """What the first build has."""
        return self.first.discover()

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """A round of the builds that were drawn for it."""
        builds = self.drawn(index)
        for outcome in self._session(*builds).measure_round(index, names, until, place):
            if isinstance(outcome, Failed):
                yield outcome
            else:
                yield replace(outcome, round=replace(outcome.round, builds=builds))

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        """As of the first build."""
        return self.first.control_round(index, until, place)

    @property
    def alone(self) -> bool:
        """As the first build."""
        return self.first.alone

    def predicted_seconds(self, name: str) -> float:
        """As of the last round, whichever builds it had."""
        return max(one.predicted_seconds(name) for one in tuple(self._made.values()))

    @property
    def startup_seconds(self) -> float:
        """As of the first build."""
        return self.first.startup_seconds
