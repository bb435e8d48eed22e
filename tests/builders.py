"""Records made to order, by hand and without chance of their own: rounds, results, reports, and whole histories."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from perfbot import report as reports
from perfbot.model import Acceptance, Change, Control, Report, Result, Round, Runner

BASE, HEAD, OTHER = "b" * 40, "a" * 40, "c" * 40

RUNNER = Runner(cpu="Test CPU 9000", cores=2, memory=8 << 30, system="Linux", python="3.12.4", perfbot="0.1.0")
START = datetime(2026, 1, 5, 12, tzinfo=UTC)


def commit(number: int) -> str:
    """A full commit id that shows its number."""
    return f"{number:07d}".ljust(40, "a")


def rounds(base: float, head: float, count: int = 20, pairs: int = 6) -> tuple[Round, ...]:
    """Rounds of two levels that wobble in a fixed way: values by some 1 %, their ratio by 0.4 %."""
    wobble = [1 + 0.004 * ((7 * i) % 11 - 5) for i in range(pairs)]
    return tuple(
        Round(
            index,
            tuple(base * w * (1 + 0.01 * ((3 * index) % 5 - 2)) for w in wobble),
            tuple(head * w * (1 + 0.01 * ((3 * index) % 5 - 2)) * (1 + 0.002 * ((5 * index) % 7 - 3)) for w in wobble),
            loops=10,
            seconds=0.1,
            core=index % 2,
        )
        for index in range(count)
    )


def result(
    name: str = "parse", change: float = 0.0, verdict: str = "unchanged", *, count: int = 20, **more: Any
) -> Result:
    """A result of 11.8 ms on base with ``count`` rounds that show ``change``, whatever ``verdict`` says of them."""
    base = 0.0118
    given = {
        "suite": "core", "benchmark": name, "metric": "time", "unit": "s", "better": "lower", "verdict": verdict,
        "base": base, "head": base * (1 + change), "change": change, "interval": (change - 0.012, change + 0.012),
        "confidence": 0.9998, "detectable": 0.019, "threshold": 0.02, "rounds": count, "seconds": count / 10,
        "raw": more["raw"] if "raw" in more else rounds(base, base * (1 + change), count),
    }  # fmt: skip
    return Result(**{**given, **more})


def bare(name: str, verdict: str, **more: Any) -> Result:
    """A result without values."""
    return replace(
        result(name, 0.0, verdict, **{"rounds": 0, "seconds": 0.0, "raw": (), **more}),
        base=None, head=None, change=None, interval=None, confidence=None, detectable=None,
    )  # fmt: skip


def report(*results: Result, head: str = HEAD, **more: Any) -> Report:
    """A report that says it passes, unless something of it says that it fails the gate."""
    failed = any(one.gate == "fail" for one in results)
    given = {
        "change": Change(BASE, head), "verdict": "fail" if failed else "pass", "results": results,
        "family": len(results), "seconds": 60.0, "started": "2026-11-23T12:00:00+00:00",
    }  # fmt: skip
    return Report(**{**given, **more})


def write(folder: Path, *given_reports: Report, names: tuple[str, ...] = ()) -> list[Path]:
    """Reports as files."""
    files = []
    for index, one in enumerate(given_reports):
        file = folder / f"{names[index] if names else f'report-{index}'}.json"
        reports.write(one, file)
        files.append(file)
    return files


def a_result(
    name: str = "parse",
    *,
    change: float = 0.0,
    head: float = 0.01,
    error: float = 0.004,
    rounds: int = 6,
    seed: int = 0,
    verdict: str = "unchanged",
    metric: str = "time",
    suite: str = "core",
) -> Result:
    """A measured result whose rounds scatter by ``error × √rounds`` around ``change``."""
    chance = random.Random(f"{name!a} {seed} {change}")  # noqa: S311
    spread = error * math.sqrt(rounds)
    logs = [chance.gauss(0, 1) for _ in range(rounds)]
    mean = sum(logs) / rounds
    raw = []
    for index, log in enumerate(logs):
        ratio = math.exp(math.log1p(change) + (log - mean) * spread)
        bases = tuple(head / (1 + change) * chance.uniform(0.97, 1.03) for _ in range(4))
        raw.append(Round(index, bases, tuple(b * ratio for b in bases), loops=100, seconds=0.02, core=index % 2))
    return result(
        name, change, verdict, count=rounds, suite=suite, metric=metric, base=head / (1 + change), head=head,
        interval=(change - 3 * error, change + 3 * error), confidence=0.999, detectable=0.02, seconds=0.12,
        raw=tuple(raw),
    )  # fmt: skip


def a_report(
    *results: Result,
    number: int = 1,
    base: str = "",
    head: str = "",
    project: str = "group/name",
    merge_request: int = 0,
    runner: Runner = RUNNER,
    verdict: str = "pass",
    disturbed: bool = False,
    complete: bool = True,
    acceptances: Sequence[Acceptance] = (),
    started: datetime | None = None,
) -> Report:
    """The report of the ``number``-th run: commit ``number − 1`` against ``number``, one run a day."""
    when = started or START + timedelta(days=number)
    return Report(
        change=Change(
            base=base or commit(number - 1),
            head=head or commit(number),
            origin="gitlab",
            project=project,
            merge_request=merge_request,
            target="main",
        ),
        verdict=verdict,  # type: ignore[arg-type]
        results=results or (a_result(seed=number),),
        runner=runner,
        control=Control(0.001, (-0.004, 0.006), 12, disturbed),
        acceptances=tuple(acceptances),
        started=when.isoformat(),
        seconds=61.5,
        budget_seconds=600,
        family=20,
        seed=number,
        complete=complete,
    )


def a_history(
    levels: Sequence[float],
    *,
    name: str = "parse",
    noise: float = 0.05,
    error: float = 0.005,
    seed: int = 1,
    project: str = "group/name",
) -> list[Report]:
    """One branch run a level: its true level in seconds, seen with run noise, and ratios with an error."""
    chance = random.Random(seed)  # noqa: S311
    reports = []
    for number, level in enumerate(levels, start=1):
        before = levels[max(number - 2, 0)]
        change = math.expm1(math.log(level / before) + chance.gauss(0, error))
        seen = level * math.exp(chance.gauss(0, noise))
        verdict = "regressed" if change > 4 * error and change > 0.02 else "unchanged"
        result = a_result(name, change=change, head=seen, error=error, seed=number, verdict=verdict)
        reports.append(a_report(result, number=number, project=project))
    return reports
