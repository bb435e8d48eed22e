"""Which changes are measured again, when, and in which order: pure, but for the order that is drawn.

What would be called a change gets fresh rounds: before all benchmarks that are still explored, without those that are
decided, in an order that is drawn anew, each first in turn, right after the start of its processes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from random import Random

from perfbot.measure.sequential_test import SequentialTest
from perfbot.measure.session import SuiteSession

SPARE = 2.0
"""Confirming is given so many times as long as it is expected to take: some rounds disagree, and machines get busier.
What is found is worth nothing until it is confirmed; exploring goes on afterwards."""

LAST_SHARE = 0.08
"""Of the budget, kept for confirming what the last look at undecided benchmarks shows."""


def seconds_to_confirm(suites: Iterable[SuiteSession], tests: Mapping[str, Sequence[SequentialTest]]) -> float:
    """Seconds of one lane that confirming is expected to take, with some to spare.

    Args:
        tests: of each suite, those to be confirmed.
    """
    seconds = 0.0
    for suite in suites:
        rounds: dict[str, int] = {}
        for test in tests.get(suite.name, ()):
            name = test.benchmark.name
            rounds[name] = max(rounds.get(name, 0), test.rounds_left())
        seconds += suite.startup_seconds * max(rounds.values(), default=0)
        seconds += sum(suite.predicted_seconds(name) * count for name, count in rounds.items())
    return SPARE * seconds


def next_to_confirm(
    tests: Sequence[SequentialTest], running: Iterable[Collection[str]], turn: int, random: Random
) -> tuple[str, ...]:
    """Names for one more round of confirming, in the order to measure them.

    Args:
        tests: those of a suite that are to be confirmed.
        running: names that each round confirms which has begun and is not over.
        turn: rounds of confirming so far: each name is first in turn.
    """
    under_way = [name for names in running for name in names]
    wanted = {test.benchmark.name: None for test in tests if test.rounds_left() > under_way.count(test.benchmark.name)}
    names = list(wanted)
    if not names:
        return ()
    first = names.pop(turn % len(names))
    random.shuffle(names)
    return (first, *names)


def are_signs_enough(tests: Sequence[SequentialTest], names: Collection[str]) -> bool:
    """Whether a round of these names only confirms what typical calls showed: its sign takes few values.

    Args:
        tests: those of a suite that are to be confirmed.
    """
    by_mean = {test.benchmark.name for test in tests if test.decision is None or test.decision.by_mean}
    return set(names) <= {test.benchmark.name for test in tests} - by_mean
