"""How many pairs follow from where the noise of a benchmark comes from."""

import numpy as np

from perfbot.measure.lockstep.plan import FEWEST_PAIRS, PAIRS, Speed, plan_values
from perfbot.measure.lockstep.spread import FEWEST_ROUNDS, Spread
from perfbot.model import Round

QUICK = Speed(1e-5, 1e-5)
SHARE = 0.02
"""Seconds of start-up for one benchmark of a large suite."""


def spread_of(values: float, processes: float, rounds: int = 40, pairs: int = 24) -> Spread:
    """Rounds whose values scatter by ``values`` and whose processes by ``processes``, a side."""
    rng = np.random.default_rng(4)
    spread = Spread()
    for index in range(rounds):
        logs = rng.normal(0, values, (2, pairs)) + rng.normal(0, processes, (2, 1))
        base, head = (tuple(1e-5 * np.exp(side)) for side in logs)
        spread.add(Round(index, base, head, loops=50, clock="cpu"))
    return spread


def pairs(spread: Spread) -> int:
    return plan_values(QUICK, SHARE, within=spread.within).pairs


def test_the_variances_are_told_apart() -> None:
    """By orders of magnitude: that is all that the number of pairs asks for."""
    inner, middle, outer = (spread_of(*scatter).within or 0.0 for scatter in ((0.05, 0.01), (0.01, 0.01), (0.01, 0.05)))
    assert inner > 4 * middle > 16 * outer > 0


def test_where_processes_differ_few_pairs_are_enough() -> None:
    assert pairs(spread_of(0.003, 0.04)) == FEWEST_PAIRS


def test_where_values_scatter_more_pairs_are_taken() -> None:
    assert pairs(spread_of(0.06, 0.005)) > PAIRS


def test_nothing_is_changed_before_enough_is_known() -> None:
    few = spread_of(0.003, 0.04, rounds=FEWEST_ROUNDS - 1)
    assert few.within is None
    assert pairs(few) == pairs(Spread()) >= PAIRS


def test_rounds_without_any_spread_and_rounds_of_few_pairs_say_nothing() -> None:
    assert spread_of(0, 0).within is None
    assert spread_of(0.01, 0.01, pairs=FEWEST_PAIRS - 1).within is None
