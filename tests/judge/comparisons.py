"""Comparisons with a truth known by construction, judged one at a time."""

import math

import numpy as np

from perfbot.judge.verdict import judge
from perfbot.model import (
    TIME,
    Benchmark,
    Comparison,
    Control,
    Metric,
    Policy,
    Round,
)

POLICY = Policy(alpha=0.05)
INSTRUCTIONS = Metric("instructions", "1", rule="exact")
THROUGHPUT = Metric("throughput", "1/s", better="higher")
DISTURBED = Control(change=0.03, interval=(0.02, 0.04), rounds=12, disturbed=True)


def measured(change=0.0, *, rounds=12, noise=0.003, name="parse", metric=TIME, level=1e-6, seed=1):
    """A comparison whose head is slower by ``change``, with rounds that scatter by ``noise``."""
    rng = np.random.default_rng(seed)

    def values(factor):
        return tuple(level * factor * np.exp(rng.normal(0, noise, 3)))

    taken = tuple(
        Round(index, values(1), values((1 + change) * math.exp(rng.normal(0, noise))), loops=500, seconds=0.5)
        for index in range(rounds)
    )
    return Comparison(Benchmark("core", name, file="bench.py", line=3), metric, taken)


def exactly(*pairs, metric=INSTRUCTIONS, name="parse"):
    taken = tuple(Round(index, (base,), (head,), clock="count") for index, (base, head) in enumerate(pairs))
    return Comparison(Benchmark("core", name), metric, taken)


def one(comparison, policy=POLICY, family=1, **rest):
    return judge((comparison,), policy, family=family, **rest)[0]
