"""What is worth one more round: pure, from what benchmarks have taken so far and what is left of the budget."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from perfbot.measure.sequential_test import FIRST_ROUNDS, SequentialTest
from perfbot.measure.session import SuiteSession
from perfbot.model import Problem

TRIAL_ROUNDS = 2
"""Rounds that tell what a round costs: in the first one everything is probed besides."""


def fitting(tracks: Sequence[SequentialTest], suite: SuiteSession, left: float) -> list[SequentialTest]:
    """Those of which another round would end within ``left`` seconds."""
    rest = left - suite.startup_seconds
    return [track for track in tracks if suite.predicted_seconds(track.benchmark.name) <= rest]


def urgency(tracks: Sequence[SequentialTest], suite: SuiteSession, done: int, sharing: int) -> tuple[int, float]:
    """What to sort suites by: the first rounds of every suite come first; then the suite that is soonest done.

    Args:
        tracks: those that another round fits, at least one.
        done: rounds of the suite so far.
        sharing: benchmarks that share the start of a round.
    """
    if done < FIRST_ROUNDS:
        return done, 0.0
    share = suite.startup_seconds / max(1, sharing)
    return FIRST_ROUNDS, min(
        (suite.predicted_seconds(track.benchmark.name) + share) * track.rounds_left() for track in tracks
    )


def affordable(
    tracks: Sequence[SequentialTest], suite: SuiteSession, done: int, remaining: float, *, early: bool
) -> tuple[str, ...]:
    """What one more round should measure: all that is open, or what can still be decided.

    Starting a round costs the same however much is measured in it. So those that need the least time are taken as
    long as all of them together can be decided in time; where not even one can, all go on, and their intervals
    narrow for the last look. Early in the budget, predictions of how many rounds it takes are too vague for that; the
    first six, which everything needs, are certain once two have shown what they cost, or one where noise is
    calibrated. Then it is also known which of them are worth beginning.

    Args:
        tracks: open ones that another round fits, in the order of the suite.
        done: rounds of the suite so far.
        remaining: seconds left, of all lanes together.
        early: less than half of the budget is spent.
    """
    names = tuple(dict.fromkeys(track.benchmark.name for track in tracks))
    vague = done <= FIRST_ROUNDS or early
    calibrated = all(track.known is not None for track in tracks)
    if done < (1 if calibrated else TRIAL_ROUNDS) or (vague and done > FIRST_ROUNDS):
        return names
    chosen = _within(remaining, tracks, suite, certain=vague)
    if vague and calibrated and len(chosen) < len(names):
        chosen = _within(remaining, tracks, suite, certain=False)
    return tuple(name for name in names if not chosen or name in chosen)


def too_short(tracks: Sequence[SequentialTest], suite: SuiteSession, budget: float, lanes: int) -> Iterator[Problem]:
    """What would have been needed, where open benchmarks did not get the rounds without which nothing is decided."""
    short = [track for track in tracks if not track.exact and len(track.rounds) < FIRST_ROUNDS]
    if not short:
        return
    costs = list(_costs(short, suite, certain=True))
    more = sum(seconds for seconds, *_ in costs) + suite.startup_seconds * max(rounds for _, rounds, _ in costs)
    minutes = math.ceil((budget + more / lanes) / 60)
    yield Problem(
        f"suite {suite.name}",
        f"the budget ended before {len(short)} benchmark{'s' * (len(short) > 1)} had the {FIRST_ROUNDS} rounds "
        f"without which nothing is decided: give it `--budget {minutes}m` or more, or choose with `--only`",
        fatal=False,
    )


def _within(seconds: float, tracks: Sequence[SequentialTest], suite: SuiteSession, *, certain: bool) -> set[str]:
    """Names of the cheapest, as many as can all be measured in so many seconds."""
    chosen: set[str] = set()
    measuring, longest = 0.0, 0
    for cost, rounds, name in sorted(_costs(tracks, suite, certain=certain)):
        measuring += cost
        longest = max(longest, rounds)
        if measuring + suite.startup_seconds * longest > seconds:
            break
        chosen.add(name)
    return chosen


def _costs(tracks: Sequence[SequentialTest], suite: SuiteSession, *, certain: bool) -> Iterator[tuple[float, int, str]]:
    """Seconds of measuring, rounds and name of each; ``certain``: only of the first rounds."""
    for track in tracks:
        rounds = max(1, FIRST_ROUNDS - len(track.rounds)) if certain else track.rounds_left()
        name = track.benchmark.name
        yield suite.predicted_seconds(name) * rounds, rounds, name
