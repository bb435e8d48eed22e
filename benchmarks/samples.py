"""Records of realistic size for perfbot's own benchmarks."""

from __future__ import annotations

import random

from perfbot.model import Change, Report, Result, Round, Runner

RESULTS = 200
ROUNDS = 8
PAIRS = 24
DIFFERENT = 20
"""Benchmarks whose rounds are not those of another one."""


def make_round(index: int, rng: random.Random) -> Round:
    """A round of short calls: 24 values a side around 10 µs."""
    base, head = (tuple(rng.gauss(1e-5, 3e-7) for _ in range(PAIRS)) for _ in range(2))
    return Round(index, base, head, loops=50, seconds=0.03, core=1, clock="cpu")


def make_result(number: int, raw: tuple[Round, ...]) -> Result:
    """A benchmark that did not change."""
    return Result(
        suite="core",
        benchmark=f"test_records.py::test_case[{number}]",
        metric="time",
        unit="s",
        better="lower",
        verdict="unchanged",
        base=1e-5,
        head=1.001e-5,
        change=0.001,
        interval=(-0.01, 0.012),
        confidence=0.99,
        detectable=0.015,
        threshold=0.02,
        rounds=ROUNDS,
        seconds=0.25,
        raw=raw,
    )


def make_report(results: int = RESULTS) -> Report:
    """A report as a suite of that size leaves it; making it up must not take longer than what is measured with it."""
    rng = random.Random(1)
    raws = [tuple(make_round(index, rng) for index in range(ROUNDS)) for _ in range(DIFFERENT)]
    return Report(
        change=Change("a" * 40, "b" * 40, base_name="merge base", head_name="faster"),
        verdict="pass",
        results=tuple(make_result(number, raws[number % DIFFERENT]) for number in range(results)),
        runner=Runner(cpu="AMD EPYC", cores=2, python="3.12.1", pinned=True),
        started="2026-01-01T12:00:00+00:00",
        seconds=60.0,
        budget_seconds=600.0,
        family=results,
    )
