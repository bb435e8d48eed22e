"""What is worth one more round: pure, from what benchmarks have taken so far and what is left of the budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfbot.measure.sequential_test import FIRST_ROUNDS, SequentialTest
from perfbot.measure.session import SuiteSession
from perfbot.model import Problem
from perfbot.units import format_duration, typed_duration

TRIAL_ROUNDS = 2
"""Rounds that tell what a round costs: in the first one everything is probed besides."""

TRIAL_SHARE = 0.4
"""Of what is left, for the first round of something. It probes besides, and so takes two to three times as long as each
of the rounds that follow; those of what it reached fit into the rest, on two lanes."""

SPARE = 1.25
"""What is begun is expected to take so many times as long as its last round: other programs come and go."""

LIKELY_ROUNDS = 8
"""That most benchmarks need where a round scatters by a third of the threshold or less."""

PLENTY_ROUNDS = 24
"""That most changes are found and confirmed in. Where time does not do for so many, rounds are as short as they can be:
what a longer one tells more is less than what another pair of processes would."""

TYPED_SECONDS = (30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10_800, 21_600)
"""Budgets that somebody would type."""


def fitting(tests: Sequence[SequentialTest], suite: SuiteSession, left: float) -> list[SequentialTest]:
    """Those of which another round would end within ``left`` seconds."""
    rest = left - suite.startup_seconds
    return [test for test in tests if suite.predicted_seconds(test.benchmark.name) <= rest]


def urgency(tests: Sequence[SequentialTest], suite: SuiteSession, done: int, sharing: int) -> tuple[int, float]:
    """What to sort suites by: the first rounds of every suite come first; then the suite that is soonest done.

    Args:
        tests: those that another round fits, at least one.
        done: rounds of the suite so far.
        sharing: benchmarks that share the start of a round.
    """
    if done < FIRST_ROUNDS:
        return done, 0.0
    share = suite.startup_seconds / max(1, sharing)
    return FIRST_ROUNDS, min(
        (suite.predicted_seconds(test.benchmark.name) + share) * test.rounds_left() for test in tests
    )


def affordable(
    tests: Sequence[SequentialTest], suite: SuiteSession, done: int, remaining: float, *, early: bool
) -> tuple[str, ...]:
    """What one more round should measure: all that is open, or what can still be decided.

    Starting a round costs the same however much is measured in it. So those that need the least time are taken as
    long as all of them together can be decided in time; where not even one can, all go on, and their intervals
    narrow for the last look. Early in the budget, predictions of how many rounds it takes are too vague for that; the
    first six, which everything needs, are certain once two have shown what they cost, or one where noise is
    calibrated. Then it is also known which of them are worth beginning.

    Where time did not do for a first round of everything, those that had one are decided before others begin.

    Args:
        tests: open ones that another round fits, in the order of the suite.
        done: rounds of the suite, with this one.
        remaining: seconds left, of all lanes together.
        early: less than half of the budget is spent.

    Returns:
        In the order of the suite, but what the change touches first where something has yet to begin.
    """
    begun = [test for test in tests if has_begun(test, suite)]
    if any(len(test.rounds) < FIRST_ROUNDS and not test.exact for test in begun):
        tests = begun
    names = _in_order(tests, suite)
    vague = done <= FIRST_ROUNDS or early
    calibrated = all(test.known is not None for test in tests)
    if done < (1 if calibrated else TRIAL_ROUNDS) or (vague and done > FIRST_ROUNDS):
        return names
    chosen = _within(remaining / (SPARE if begun else 1.0), tests, suite, certain=vague)
    if vague and calibrated and len(chosen) < len(names):
        chosen = _within(remaining, tests, suite, certain=False)
    return tuple(name for name in names if not chosen or name in chosen)


def has_begun(test: SequentialTest, suite: SuiteSession) -> bool:
    """Whether it is known what a round of it takes."""
    return suite.predicted_seconds(test.benchmark.name) > 0


def _in_order(tests: Sequence[SequentialTest], suite: SuiteSession) -> tuple[str, ...]:
    ordered = list(tests)
    if not all(has_begun(test, suite) for test in tests):
        ordered.sort(key=lambda test: (not has_begun(test, suite), not test.touched))  # stable: else as in the suite
    return tuple(dict.fromkeys(test.benchmark.name for test in ordered))


def trial_seconds(left: float, suites: int) -> float:
    """Seconds that a round with something new in it may take: what it did not reach waits until the rest is decided.

    Args:
        left: of the budget.
        suites: that have yet to begin, this one included.
    """
    return TRIAL_SHARE * left / max(suites, 1)


def outlook(suites: Sequence[tuple[SuiteSession, Sequence[SequentialTest]]], left: float, lanes: int) -> str:
    """What is left of the budget will probably decide, once all suites had a first round; empty where it is all.

    Args:
        suites: each with its open tests.
        left: seconds of the budget; below 0 where a call that hung took more.
    """
    left = max(left, 0.0)
    costs, starts = _likely_costs(suites)
    needed = (sum(costs) + starts) / lanes
    if not costs or needed <= left:
        return ""
    room, count = left * lanes - starts, 0
    for cost in sorted(costs):
        room -= cost
        count += room >= 0
    enough = _typed(needed)
    return (
        f"{format_duration(left)} will decide about {count} of {len(costs)}; "
        f"all of them would take about {format_duration(enough)}"
    )


def _typed(seconds: float) -> float:
    """A time that somebody would type, no shorter than that."""
    return next((typed for typed in TYPED_SECONDS if typed >= seconds), seconds)


def is_short(suites: Sequence[tuple[SuiteSession, Sequence[SequentialTest]]], left: float, lanes: int) -> bool:
    """Whether what is left of the budget does not do for plenty of rounds; arguments as in :func:`outlook`."""
    costs, starts = _likely_costs(suites)
    return (sum(costs) + starts) * PLENTY_ROUNDS / LIKELY_ROUNDS > left * lanes


def _likely_costs(suites: Sequence[tuple[SuiteSession, Sequence[SequentialTest]]]) -> tuple[list[float], float]:
    """Seconds that each benchmark's likely rounds take, and starting them all."""
    known = [_predictions(tests, suite) for suite, tests in suites]
    costs = [seconds * LIKELY_ROUNDS for predicted in known for seconds in predicted.values()]
    return costs, sum(suite.startup_seconds * LIKELY_ROUNDS for suite, tests in suites if tests)


def _predictions(tests: Sequence[SequentialTest], suite: SuiteSession) -> dict[str, float]:
    """Seconds of a round of each; what was not measured yet is taken for average."""
    known = {test.benchmark.name: suite.predicted_seconds(test.benchmark.name) for test in tests}
    measured = [seconds for seconds in known.values() if seconds > 0]
    average = sum(measured) / len(measured) if measured else 0.0
    return {name: seconds or average for name, seconds in known.items()}


def too_short(tests: Sequence[SequentialTest], suite: SuiteSession, budget: float, lanes: int) -> Iterator[Problem]:
    """What would have been needed, where open benchmarks did not get the rounds without which nothing is decided."""
    short = [test for test in tests if not test.exact and len(test.rounds) < FIRST_ROUNDS]
    if not short:
        return
    seconds = _predictions(tests, suite)
    rounds = {test.benchmark.name: max(1, LIKELY_ROUNDS - len(test.rounds)) for test in tests}
    more = sum(seconds[name] * count for name, count in rounds.items()) + suite.startup_seconds * max(rounds.values())
    enough = _typed(budget + more / lanes)
    yield Problem(
        f"suite {suite.name}",
        f"the time limit ended before {len(short)} benchmark{'s' * (len(short) > 1)} had the {FIRST_ROUNDS} rounds "
        "without which nothing is decided: `perfbot run --continue` adds to them, "
        f"`--budget {typed_duration(enough)}` or more would probably have done, and `--only` chooses",
        fatal=False,
    )


def _within(seconds: float, tests: Sequence[SequentialTest], suite: SuiteSession, *, certain: bool) -> set[str]:
    """Names of what the change touches, and of the cheapest, as many as can all be measured in so many seconds."""
    touched = {test.benchmark.name for test in tests if test.touched}
    chosen: set[str] = set()
    measuring, longest = 0.0, 0
    costs = sorted(_costs(tests, suite, certain=certain), key=lambda cost: (cost[-1] not in touched, *cost))
    for cost, rounds, name in costs:
        if measuring + cost + suite.startup_seconds * max(longest, rounds) <= seconds:
            measuring, longest = measuring + cost, max(longest, rounds)
            chosen.add(name)
    return chosen


def _costs(tests: Sequence[SequentialTest], suite: SuiteSession, *, certain: bool) -> Iterator[tuple[float, int, str]]:
    """Seconds of measuring, rounds and name of each; ``certain``: only of the first rounds."""
    seconds = _predictions(tests, suite)
    for test in tests:
        rounds = max(1, FIRST_ROUNDS - len(test.rounds)) if certain else test.rounds_left()
        name = test.benchmark.name
        yield seconds[name] * rounds, rounds, name
