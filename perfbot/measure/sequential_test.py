"""One benchmark and metric on its way to a decision."""

from __future__ import annotations

from dataclasses import dataclass, field

from perfbot.judge.ratios import evidence_of_rounds
from perfbot.measure.session import Failed, Measured, Outcome
from perfbot.model import Benchmark, Comparison, Metric, Round
from perfbot.stats.evidence import NOTHING, Evidence
from perfbot.stats.expectation import expected_rounds, rounds_for
from perfbot.stats.sequential import Decision, Plan, decide

FIRST_ROUNDS = 6
"""Fresh pairs that everything gets before anything is decided: fewer do not show how much processes differ."""

EXACT_ROUNDS = 3
"""An exact metric is the same every time; three fresh pairs show whether it is."""


@dataclass(slots=True)
class SequentialTest:
    """One benchmark and metric on its way to a decision. ``counted``: in no round, but before all of them."""

    benchmark: Benchmark
    metric: Metric
    plan: Plan
    counted: bool = False
    known: float | None = None
    """Spread of a round in earlier A/A runs: only ``rounds_left`` asks for it, never a decision."""
    rounds: list[Round] = field(default_factory=list)
    evidence: Evidence = NOTHING
    decision: Decision | None = None
    failure: Failed | None = None
    notes: dict[str, None] = field(default_factory=dict)
    unrelated: bool = False
    """A value was zero or below, and has no ratio to any other."""
    _expected: tuple[int, int] = (0, 0)
    """Rounds in all that are expected, and after how many rounds that was found."""

    @property
    def exact(self) -> bool:
        """A few rounds tell all, whatever their values."""
        return self.metric.rule == "exact" or self.unrelated

    @property
    def open(self) -> bool:
        """More rounds could still decide it."""
        if self.failure is not None or self.counted:
            return False
        if self.exact:
            return len(self.rounds) < EXACT_ROUNDS
        settled = self.decision is not None and self.decision.state != "open"
        return not settled and len(self.rounds) < self.plan.n_max

    def add(self, measured: Measured) -> None:
        """Take one more round and look at all of them."""
        taken = measured.round
        self.rounds.append(taken)
        self.notes.update(dict.fromkeys(measured.notes))
        self.unrelated = self.unrelated or min(*taken.base, *taken.head) <= 0
        if self.exact:
            return
        self.evidence = self.evidence.and_then(evidence_of_rounds((taken,), self.metric.unit))
        self.decision = decide(self.evidence, self.plan)

    def enter(self, outcome: Outcome) -> bool:
        """Take in what came out of a round, where it is about this benchmark and metric and nothing failed yet."""
        concerned = outcome.name == self.benchmark.name and outcome.metric in (None, self.metric)
        if not concerned or self.failure is not None:
            return False
        if isinstance(outcome, Failed):
            self.failure = outcome
        else:
            self.add(outcome)
        return True

    def rounds_left(self) -> int:
        """Expected number of rounds until it is decided."""
        if self.exact:
            return EXACT_ROUNDS - len(self.rounds)
        taken = len(self.evidence)
        if taken < FIRST_ROUNDS:
            foretold = FIRST_ROUNDS if self.known is None else rounds_for(self.known, self.plan) or self.plan.n_max
            return foretold - taken
        if self._expected[1] != taken:
            self._expected = expected_rounds(self.evidence, self.plan, self.known), taken
        return max(1, self._expected[0] - taken)

    def comparison(self) -> Comparison:
        """What is known in the end."""
        notes = tuple(self.notes)
        if self.failure is not None:
            return Comparison(
                self.benchmark,
                self.metric,
                tuple(self.rounds),
                "incomparable" if self.failure.skipped else "failed",
                self.failure.reason,
                notes,
                self.failure.side,
            )
        return Comparison(self.benchmark, self.metric, tuple(self.rounds), notes=notes)
