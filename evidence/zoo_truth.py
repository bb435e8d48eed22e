"""Whether the truth of the zoo is true: plain processes of both sides in turn, mean wall time, no perfbot."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.special import stdtrit

from evidence.ledger import say
from evidence.perfbot_runs import write
from evidence.zoo_programs.program import Case, Truth

PLAIN = """
import sys, time
sys.path.insert(0, ".")
import program
warm, lasts = map(float, sys.argv[1:])

def within(seconds):
    # of this thread's own time, or four times as many where it waits or others compute
    own, wall = time.thread_time() + seconds, time.perf_counter() + 4 * seconds
    return lambda: time.thread_time() < own and time.perf_counter() < wall

def queued():
    with open("/proc/thread-self/schedstat") as file:
        return int(file.read().split()[1]) / 1e9

more = within(warm)
program.bench()
while more():
    program.bench()
begin = time.thread_time()
program.bench()
batch = 1 + int(2e-4 / (time.thread_time() - begin + 1e-7))  # looking at the clock costs as much as a short call
more = within(lasts)
calls, waited, begin = 0, queued(), time.perf_counter()
while more() or calls < 2:
    for _ in range(batch):
        program.bench()
    calls += batch
print((time.perf_counter() - begin - (queued() - waited)) / calls, flush=True)
import os
os._exit(0)
"""
"""Seconds a call: wall time, less the time in which the processor was somebody else's."""

COMMAND = """
import subprocess, sys, time
begin = time.perf_counter()
for _ in range(4):
    subprocess.run([sys.executable, "program.py"], check=True)
print((time.perf_counter() - begin) / 4)
"""

LASTS = 0.3
"""Seconds of calls that count, of each process."""

CONFIDENCE = 0.998
"""Of the interval (Student's) in which the measured ratio may be away from the truth."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Head over base as plain processes have it, the standard error of its logarithm, and pairs of processes."""

    ratio: float
    error: float
    pairs: int

    def agrees(self, truth: Truth) -> bool:
        """Whether the truth is within reach."""
        if self.pairs < 2:
            return True
        reach = math.exp(float(stdtrit(self.pairs - 1, (1 + CONFIDENCE) / 2)) * self.error)
        return self.ratio / reach <= truth[1] and self.ratio * reach >= truth[0]


def measured(pairs: Sequence[tuple[float, float]]) -> Measured:
    """From seconds a call of base and head, one pair of processes each: the ratio of their plain means."""
    base, head = (statistics.fmean(side) for side in zip(*pairs, strict=True))
    logs = [math.log(one / other) for other, one in pairs]
    error = statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.inf
    return Measured(head / base, error, len(logs))


def check(cases: Iterable[Case], folder: Path, pairs: int) -> int:
    """Measure every case and say what came of it; 1 where a truth is not true."""
    doubtful = 0
    print("| case | truth | plain processes | agrees |\n|:--|:--|:--|:-:|", flush=True)
    for number, case in enumerate(cases):
        if case.program.plain == "-":
            continue
        try:
            found = _measure(case, folder / str(number), pairs)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            say(f"{case.name}: {error}\n{getattr(error, 'stderr', '')}")
            doubtful += 1
            continue
        agrees = found.agrees(case.truth)
        doubtful += not agrees
        truth = "×{:.3f} to ×{:.3f}".format(*case.truth)
        print(
            f"| {case.name} | {truth} | ×{found.ratio:.3f} ± {found.error:.3f} | {'yes' if agrees else '**no**'} |",
            flush=True,
        )
    return 1 if doubtful else 0


def _measure(case: Case, folder: Path, pairs: int) -> Measured:
    for side, files in (("base", case.base), ("head", case.head)):
        write(folder / side, files)
        for command in case.program.setup:
            subprocess.run(command, shell=True, cwd=folder / side, check=True, capture_output=True)  # noqa: S602
    script = case.program.plain or (COMMAND if case.program.harness == "command" else PLAIN)
    values = []
    for number in range(pairs):
        order = ("base", "head") if number % 2 else ("head", "base")
        pair = {side: _seconds(script, folder / side, case.program.warm) for side in order}
        values.append((pair["base"], pair["head"]))
    return measured(values)


def _seconds(script: str, folder: Path, warm: float) -> float:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    found = subprocess.run(
        [sys.executable, "-c", script, str(warm), str(LASTS)],
        cwd=folder,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return float(found.stdout)
