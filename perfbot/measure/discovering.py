"""What there is to measure: the suites' listings, what is wanted of them, and one test for each comparison."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from perfbot.calibration.noise import NOTHING, Noise
from perfbot.claims.grammar import Claim
from perfbot.claims.names import named, nothing_named
from perfbot.claims.question import Question, question_of
from perfbot.config.names import closest, meant
from perfbot.errors import ConfigError, MeasureError, UsageError
from perfbot.judge.confirmation import is_confirmed
from perfbot.measure.progress import Progress
from perfbot.measure.sequential_test import SequentialTest
from perfbot.measure.session import Count, Discovery, SuiteSession, problem_of
from perfbot.model import Benchmark, Comparison, Metric, Policy, Problem, Round
from perfbot.stats.sequential import Plan

Earlier = Mapping[tuple[str, str], Sequence[Round]]
"""Rounds of an earlier run by ``suite/benchmark`` and metric."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which benchmarks are measured, and what is known of them before.

    Attributes:
        wanted: whether ``suite/benchmark`` is to be measured.
        share: which of all wanted names fall to this run; others' count as the same family (shards of one run).
        touched: whether a benchmark measures what the change edits, as far as names tell: it comes first where time
            is short.
        noise: what A/A runs found: says before measuring what cannot be decided in the budget, and whose turn it is.
        meant: what a suite without benchmarks should have said, as a hint.
        earlier: rounds of the run that this one continues.
        patterns: those of ``wanted`` as they were typed, for hints.
        claim: what is decided instead of whether there is a change; nothing else is measured.
    """

    wanted: Callable[[str], bool] = lambda _: True
    share: Callable[[Collection[str]], Collection[str]] = lambda names: names
    touched: Callable[[Benchmark], bool] = lambda _: False
    noise: Noise = NOTHING
    meant: Callable[[str], str] = lambda _: ""
    earlier: Earlier = field(default_factory=dict)
    patterns: Sequence[str] = ()
    claim: Claim | None = None

    def asks(self, metric: Metric) -> bool:
        """Whether a metric is of interest."""
        return self.claim is None or (metric.name == self.claim.metric and question_of(self.claim, metric) is not None)

    def question(self, metric: Metric) -> Question | None:
        """What is asked of a comparison."""
        return question_of(self.claim, metric) if self.claim else None


EVERYTHING = Selection()

NEAREST = 3
"""Names that are shown when a pattern means none."""


@dataclass(slots=True)
class Discovered:
    """Tests of each suite and benchmark, in the order found, and what needs none.

    Attributes:
        family: comparisons that share the run's false alarm probability.
        left_out: benchmarks that nobody asked to measure.
        rounds: the index that the next round of each suite gets.
    """

    tests: dict[str, dict[str, list[SequentialTest]]] = field(default_factory=dict)
    counts: dict[str, Count] = field(default_factory=dict)
    settled: list[Comparison] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rounds: dict[str, int] = field(default_factory=dict)
    family: int = 1
    left_out: list[Benchmark] = field(default_factory=list)


def discovered(suites: Sequence[SuiteSession], policy: Policy, selection: Selection, progress: Progress) -> Discovered:
    """List all suites and choose.

    Raises:
        ConfigError: a suite has no benchmarks.
        UsageError: none of them is wanted.
    """
    found, known = Discovered(), {}
    for suite in suites:
        try:
            known[suite.name] = suite.discover()
        except MeasureError as error:
            found.problems.append(problem_of(suite.name, error))
    selection = _about(known, selection)
    wanted = {
        name: [
            (b, metric)
            for b in one.benchmarks
            for metric in one.all_of(b)
            if selection.wanted(b.full_name) and selection.asks(metric)
        ]
        for name, one in known.items()
    }
    found.family = max(1, sum(metric.rule == "noisy" for pairs in wanted.values() for _, metric in pairs))
    found.problems += _nothing_found(known, selection)
    listed = {b.full_name for one in known.values() for b in _benchmarks(one) if selection.wanted(b.full_name)}
    own = frozenset(selection.share(listed))
    for name, one in known.items():
        found.problems.extend(one.problems)
        found.left_out += [b for b in _benchmarks(one) if not selection.wanted(b.full_name)]
        found.settled.extend(c for c in one.settled if c.benchmark.full_name in own)
        found.tests[name], found.rounds[name] = {}, 0
        for benchmark, metric in wanted[name]:
            if benchmark.full_name in own:
                test = _test(benchmark, metric, one, policy, selection, policy.alpha / found.family)
                found.tests[name].setdefault(benchmark.name, []).append(test)
                found.rounds[name] = max(found.rounds[name], *(1 + taken.index for taken in test.rounds), 0)
        if one.count is not None:
            found.counts[name] = one.count
        progress.suite(name, len(found.tests[name]))
    return found


def _about(known: Mapping[str, Discovery], selection: Selection) -> Selection:
    """Nothing but what a claim is about, where there is one.

    Raises:
        UsageError: there is no such benchmark, or it is not clear which one, or nobody measures that of it.
    """
    claim = selection.claim
    if claim is None or not known:
        return selection
    every = [b for one in known.values() for b in _benchmarks(one)]
    names = [b.full_name for b in every]
    about = named(claim, list(filter(selection.wanted, names)))
    if not about:
        raise UsageError(nothing_named(claim, names), hint=f"Names are such as {', '.join(names[:NEAREST])}")
    metrics = {m.name for one in known.values() for b in one.benchmarks for m in one.all_of(b) if b.full_name in about}
    if metrics and claim.metric not in metrics:
        raise UsageError(
            f"{claim.metric} of {claim.match} is not measured, but {', '.join(sorted(metrics))}",
            hint="`perfbot harnesses` shows what each kind of suite can measure.",
        )
    return replace(selection, wanted=about.__contains__)


def _test(
    benchmark: Benchmark, metric: Metric, discovery: Discovery, policy: Policy, selection: Selection, alpha: float
) -> SequentialTest:
    name = benchmark.full_name
    question = selection.question(metric)
    plan = Plan(policy.threshold_for(name, metric), alpha, policy.beta, region=question.region if question else None)
    test = SequentialTest(
        benchmark,
        metric,
        plan,
        counted=metric in discovery.counted_of(benchmark),
        known=None if question else selection.noise.spreads.get((name, metric.name)),
        question=question,
        confirms=is_confirmed(policy) and not (question and question.of_head),
        gates=policy.gates(name, metric),
        touched=selection.touched(benchmark),
    )
    if not test.counted:
        test.resume(selection.earlier.get((name, metric.name), ()))
    return test


def _nothing_found(found: Mapping[str, Discovery], selection: Selection) -> list[Problem]:
    """Refuse a run that has nothing to measure: silence would look like success."""
    problems = []
    for name, discovery in found.items():
        if discovery.benchmarks or discovery.settled:
            continue
        if discovery.problems:
            problems.append(Problem(f"suite {name}", "has no benchmarks that could be collected"))
        else:
            raise ConfigError(
                f'[[suite]] "{name}": has no benchmarks; expected some in its `paths`',
                hint=selection.meant(name) or "Type `perfbot doctor` to see what each suite would collect.",
            )
    names = [b.full_name for discovery in found.values() for b in _benchmarks(discovery)]
    if names and not any(map(selection.wanted, names)):
        raise UsageError(
            f"none of the {len(names)} benchmarks is selected by --only (or `only` and `skip` of their suites)",
            hint=did_you_mean(selection.patterns, names) or f"Globs are matched against names such as {names[0]}",
        )
    return problems


def _benchmarks(discovery: Discovery) -> tuple[Benchmark, ...]:
    return (*discovery.benchmarks, *(comparison.benchmark for comparison in discovery.settled))


def did_you_mean(patterns: Sequence[str], names: Sequence[str]) -> str:
    """The benchmarks that patterns which mean none look like, as a question; empty where none does."""
    near = list(dict.fromkeys(filter(None, (closest(pattern, names) for pattern in patterns))))
    return f"Did you mean {', '.join(near)}?" if near else ""


def selector(globs: Sequence[str]) -> Callable[[str], bool]:
    """Whether a ``suite/benchmark`` is meant by any of some globs; all are when there are none."""
    return lambda name: meant(name, globs)
