"""A round that is about to be measured, and all that was measured in the end."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace

from perfbot.measure.sequential_test import SequentialTest
from perfbot.measure.session import Failed, Outcome, Placement, SuiteSession
from perfbot.model import Benchmark, Comparison, Problem, Round, Startup

CONTROL_ROUNDS = (2, 5)
CONTROL_EVERY = 6


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Everything measured.

    Attributes:
        family: comparisons that share the run's false alarm probability.
        controls: base against a second process of base.
        seconds: wall time of measuring.
        startups: of the suites that were measured.
        left_out: benchmarks that were found, and that nobody asked to measure.
        forecast: sentences about what the budget will not decide, said before measuring or after the first round.
    """

    comparisons: tuple[Comparison, ...] = ()
    problems: tuple[Problem, ...] = ()
    controls: tuple[Round, ...] = ()
    family: int = 0
    seconds: float = 0.0
    startups: tuple[Startup, ...] = ()
    forecast: tuple[str, ...] = ()
    left_out: tuple[Benchmark, ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduledRound:
    """One round of one suite that is about to be measured.

    Attributes:
        private: nothing else may run meanwhile.
        again: those of ``names`` that are measured to confirm a change; they come first.
    """

    suite: SuiteSession
    index: int
    names: tuple[str, ...]
    place: Placement
    private: bool
    again: frozenset[str] = frozenset()
    limit: float = math.inf
    """Where something new is in it: when to leave the rest for later (monotonic seconds)."""


def is_controlled(turn: ScheduledRound) -> bool:
    """Whether a control follows a round of a suite: the third and the sixth, and every sixth from there."""
    due = turn.index in CONTROL_ROUNDS or turn.index % CONTROL_EVERY == CONTROL_ROUNDS[-1]
    return due and not turn.place.recalled


def recall(turns: Iterable[ScheduledRound]) -> None:
    """Call rounds off. Once all is decided, those that were begun beside the deciding one have nothing to add."""
    for turn in turns:
        if turn.place.recall is not None:
            turn.place.recall.call()


@contextlib.contextmanager
def ending(outcomes: Iterator[Outcome]) -> Iterator[Iterator[Outcome]]:
    """A round that is over when the block is, even where it was left early."""
    try:
        yield outcomes
    finally:
        if isinstance(outcomes, Generator):
            outcomes.close()


def flagged(outcome: Outcome, turn: ScheduledRound, test: SequentialTest) -> Outcome:
    """What confirms a change says so."""
    if isinstance(outcome, Failed) or outcome.name not in turn.again or not test.confirming:
        return outcome
    return replace(outcome, round=replace(outcome.round, confirming=True))
