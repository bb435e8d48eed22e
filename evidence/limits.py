"""What perfbot itself costs with many benchmarks: seconds and memory of each step, none of which measures anything.

    python -m evidence.limits [--benchmarks 5000]

``conduct`` drives the real scheduler through rounds that are made up (24 pairs of short calls, 1.5 % noise a round)
until every benchmark is decided; the other steps take what it left. Memory is the peak of the process so far, without
its shared libraries' pages that other processes use too. docs/runner.md says what was seen.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from evidence.made_up import MadeUp
from perfbot.judge.gate import gate_of
from perfbot.judge.verdict import judge
from perfbot.measure.rounds import Outcomes
from perfbot.measure.scheduler import Scheduler
from perfbot.model import Change, Policy, Report
from perfbot.render.comment import comment
from perfbot.render.page import page_pieces
from perfbot.render.progress import Silent
from perfbot.report import read, write, write_text

POLICY = Policy()
T = TypeVar("T")


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
    scheduler = Scheduler([suite], POLICY, 1e9, Silent())
    outcomes = step("conduct", scheduler.run, not_its_own=lambda: suite.spent)
    del scheduler
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
