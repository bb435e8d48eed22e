"""What perfbot itself costs with many benchmarks: seconds and memory of each step, none of which measures anything.

    python benchmarks/limits.py [--benchmarks 5000]

``conduct`` drives the real conductor through rounds that are made up (24 pairs of short calls, 1.5 % noise a round)
until every benchmark is decided; the other steps take what it left. Memory is the peak of the process so far, without
its shared libraries' pages that other processes use too. The limits are those of docs/runner.md.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from perfbot.judge import gate_of, judge
from perfbot.measure.conductor import Conductor, Outcomes
from perfbot.measure.session import ANYWHERE, Discovery, Measured, Outcome, Place
from perfbot.model import TIME, Benchmark, Change, Policy, Report, Round
from perfbot.render.comment import comment
from perfbot.render.page import page_pieces
from perfbot.render.progress import Silent
from perfbot.report import read, write, write_text

PAIRS = 24
POLICY = Policy()
T = TypeVar("T")


@dataclass(slots=True)
class MadeUp:
    """A suite session that measures nothing.

    Attributes:
        spent: seconds that making rounds up took, which are not the conductor's.
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

    def control_round(self, index: int, until: float, place: Place = ANYWHERE) -> tuple[Round, ...]:
        """None."""
        return ()

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Place = ANYWHERE
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


def memory() -> float:
    """The peak of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def step(name: str, what: Callable[[], T], *, not_its_own: Callable[[], float] = float) -> T:
    """Do one step and print what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = what()
    other = not_its_own()
    wall, cpu = time.perf_counter() - wall - other, time.process_time() - cpu - other
    print(f"{name:10} {wall:8.2f} s {cpu:8.2f} s CPU {memory():8.0f} MB")
    return found


def report_of(outcomes: Outcomes) -> Report:
    """Judged as a run's end judges it."""
    results = judge(outcomes.comparisons, POLICY, family=outcomes.family)
    return Report(Change("a" * 40, "b" * 40), gate_of(results, ()), results, family=outcomes.family)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmarks", type=int, default=5000)
    many = parser.parse_args().benchmarks
    print(f"{'start':10} {'':10} {'':14} {memory():8.0f} MB")
    suite = MadeUp(many)
    conductor = Conductor([suite], POLICY, 1e9, Silent())
    outcomes = step("conduct", conductor.run, not_its_own=lambda: suite.spent)
    del conductor
    report = step("judge", lambda: report_of(outcomes))
    step("comment", lambda: comment(report))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        step("write", lambda: write(report, file))
        step("page", lambda: write_text(page_pieces(report), Path(folder) / "report.html"))
        step("read", lambda: read(file))
        size = file.stat().st_size / 1e6
    taken = sum(len(one.rounds) for one in outcomes.comparisons)
    print(f"{taken:,} rounds of {many:,} benchmarks in {suite.rounds} turns; report of {size:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
