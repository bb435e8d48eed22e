"""What decides: thresholds, error rates, limits; and what people accepted all the same."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import Literal

from perfbot.model.metric import Better, Metric

OnGate = Literal["pass", "fail"]
Confirm = Literal["no", "here", "runner"]


@dataclass(frozen=True, slots=True)
class Budget:
    """An absolute limit on head: at most ``bound`` where lower is better, at least where higher is."""

    metric: str
    bound: float
    text: str
    """As the user wrote it."""
    better: Better = "lower"


@dataclass(frozen=True, slots=True)
class Limit:
    """Policy for the benchmarks whose ``suite/name`` matches a glob; the last match wins, key by key."""

    match: str
    metric: str = ""
    """Only this metric; empty for all."""
    threshold: float | None = None
    budgets: tuple[Budget, ...] = ()
    gate: bool | None = None
    """False: shown, but never fails the merge request."""

    def matches(self, benchmark: str, metric: str) -> bool:
        """Whether this limit speaks about ``suite/name`` and a metric."""
        named = benchmark == self.match or fnmatch.fnmatchcase(benchmark, self.match)
        return named and self.metric in ("", metric)


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides. Comes from the target branch, never from the change it judges.

    Attributes:
        threshold: smallest change that matters for noisy metrics, a fraction.
        exact_threshold: the same for exact metrics (instructions, allocated memory, counts).
        alpha: probability of any false alarm in a run, all comparisons together.
        beta: probability of calling a change of exactly the threshold "unchanged".
        limits: exceptions, in the order of the file.
        confirm: where a change is measured again before it counts as one; ``no`` takes the first decision's word,
            ``runner`` asks another machine besides, when it is published.
        undecided: what the gate makes of a benchmark that could not be decided.
        origin: where it was read ("perfbot.toml at 60ab91e", "defaults").
        removed: what becomes of benchmarks that base has and head has not, or leaves out.
        rewritten: what becomes of regressions where each side ran its own version of the benchmark.
        broken_on_both: what becomes of benchmarks that fail on both sides alike.
        suite_threshold: the growth of a suite's geometric mean of times that fails the gate; None: none does.
    """

    threshold: float = 0.02
    exact_threshold: float = 0.005
    alpha: float = 0.01
    beta: float = 0.05
    limits: tuple[Limit, ...] = ()
    origin: str = "defaults"
    confirm: Confirm = "no"
    undecided: Literal["pass", "fail"] = "pass"
    removed: OnGate = "fail"
    rewritten: OnGate = "pass"
    broken_on_both: OnGate = "pass"
    suite_threshold: float | None = None

    def threshold_for(self, benchmark: str, metric: Metric) -> float:
        """The smallest change that matters to ``suite/name`` under ``metric``, a fraction."""
        found = self.exact_threshold if metric.rule == "exact" else self.threshold
        for limit in self.limits:
            if limit.threshold is not None and limit.matches(benchmark, metric.name):
                found = limit.threshold
        return found

    def gates(self, benchmark: str, metric: Metric) -> bool:
        """Whether a regression of ``suite/name`` may fail the merge request."""
        found = True
        for limit in self.limits:
            if limit.gate is not None and limit.matches(benchmark, metric.name):
                found = limit.gate
        return found

    def budget_for(self, benchmark: str, metric: Metric) -> Budget | None:
        """The absolute limit on ``suite/name`` under ``metric``, if any."""
        found = None
        for limit in self.limits:
            if limit.matches(benchmark, metric.name):
                found = next((b for b in limit.budgets if b.metric == metric.name), found)
        return found


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A known cost, accepted by a person for one merge request."""

    match: str
    reason: str
    who: str
    when: str
    """ISO 8601, UTC."""
    head: str = ""
    change: float | None = None
    """The measured change when it was accepted; a worse one is no longer accepted."""
    note: int = 0
    """Id of the comment that accepted it, which the forge is asked about; 0 for none."""
    metric: str = ""
    """Of which metric the change is; empty: of any."""

    @property
    def what(self) -> str:
        """For readers: the benchmarks, and the metric where that is not the usual one."""
        return self.match if self.metric in ("", "time") else f"{self.match} ({self.metric})"
