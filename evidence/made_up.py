"""A suite that measures nothing: for what the scheduler itself costs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from perfbot.measure.session import ANYWHERE, Discovery, Measured, Outcome, Placement
from perfbot.model import TIME, Benchmark, Round

PAIRS = 24


@dataclass(slots=True)
class MadeUp:
    """Its session: rounds of short calls with 1.5 % noise, until every benchmark is decided.

    Attributes:
        spent: seconds that making rounds up took, which are not the scheduler's.
        rounds: taken so far.
    """

    count: int
    name: str = "suite"
    alone: bool = False
    startup_seconds: float = 0.5
    spent: float = 0.0
    rounds: int = 0
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def discover(self) -> Discovery:
        """All of one file."""
        names = (f"test_case[{number}]" for number in range(self.count))
        return Discovery(
            tuple(Benchmark(self.name, f"test_many.py::{name}", "test_many.py", 7) for name in names), (TIME,)
        )

    def predicted_seconds(self, name: str) -> float:
        """As a round of short calls takes."""
        return 0.03

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        """None."""
        return ()

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """Values around 10 µs; both sides of a round share most of its noise."""
        self.rounds += 1
        for name in names:
            began = time.perf_counter()
            values = self._random.normal(1e-5, 3e-7, (2, PAIRS))
            values[1] *= 1 + self._random.normal(0, 0.015)
            base, head = (tuple(side) for side in values.tolist())
            taken = Measured(name, TIME, Round(index, base, head, 50, 0.03, 1, "cpu"))
            self.spent += time.perf_counter() - began
            yield taken
