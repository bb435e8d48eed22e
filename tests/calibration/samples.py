"""Simulated A/A runs: rounds of two equal sides, judged by the shipped rule."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from perfbot.calibration.records import Calibration, CalibrationRun, run_of, setting_of
from perfbot.judge.gate import gate_of
from perfbot.judge.verdict import judge
from perfbot.model import TIME, Benchmark, Change, Comparison, Policy, Report, Round, Runner, Startup

COMMIT = "a" * 40
RUNNER = Runner(cpu="Some CPU", cores=2, python="3.11.2")
POLICY = Policy(threshold=0.02)


def rounds(spread: float, count: int, random: Random, seconds: float = 0.5) -> tuple[Round, ...]:
    """Rounds of calls of a millisecond whose ratio has the standard deviation ``spread``."""
    return tuple(
        Round(index, (1e-3,), (1e-3 * (1 + random.gauss(0, spread)),), seconds=seconds) for index in range(count)
    )


def a_report(spreads: Mapping[str, float], *, count: int = 12, seed: int = 1, day: int = 1, **more: object) -> Report:
    """One A/A run in which every benchmark got ``count`` rounds."""
    random = Random(seed)  # noqa: S311
    comparisons = [
        Comparison(Benchmark("s", name), TIME, rounds(spread, count, random)) for name, spread in spreads.items()
    ]
    results = judge(comparisons, POLICY, family=len(comparisons))
    known = {
        "change": Change(COMMIT, COMMIT, project="group/project"),
        "verdict": gate_of(results, ()),
        "results": results,
        "policy": POLICY,
        "runner": RUNNER,
        "started": f"2026-11-{day:02}T12:00:00+00:00",
        "budget_seconds": 60.0,
        "family": len(comparisons),
        "startups": (Startup("s", 1.0),),
    }
    return Report(**{**known, **more})  # type: ignore[arg-type]


def calibrated(spreads: Mapping[str, float], runs: int = 10, **more: object) -> Calibration:
    """So many simulated runs."""
    reports = [a_report(spreads, seed=index, day=index + 1, **more) for index in range(runs)]  # type: ignore[arg-type]
    made: tuple[CalibrationRun, ...] = tuple(run_of(one) for one in reports)
    return Calibration(setting_of(reports[0]), made, "group/project")
