"""One benchmark and metric on its way to a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from statistics import median

from perfbot.claims.question import Question
from perfbot.judge.confirmation import confirmation_of
from perfbot.judge.ratios import evidence_of_rounds
from perfbot.measure.session import Failed, Measured, Outcome
from perfbot.model import Benchmark, Comparison, Metric, Round, Status
from perfbot.reasons import Note, Senseless
from perfbot.stats.confirmation import Confirmation, end_to_confirm
from perfbot.stats.evidence import NOTHING, Evidence
from perfbot.stats.expectation import expected_rounds, rounds_for
from perfbot.stats.sequential import Decision, Plan, decide
from perfbot.stats.zeros import order_of, rounds_for_sign
from perfbot.units import is_sensible

FIRST_ROUNDS = 6
"""Fresh pairs that everything gets before anything is decided: fewer do not show how much processes differ."""

EXACT_ROUNDS = 3
"""An exact metric is the same every time; three fresh pairs show whether it is."""


@dataclass(slots=True)
class SequentialTest:
    """One benchmark and metric on its way to a decision. ``counted``: in no round, but before all of them.

    It explores until it is decided. A change is then confirmed by fresh rounds, where changes are to be.
    """

    benchmark: Benchmark
    metric: Metric
    plan: Plan
    counted: bool = False
    known: float | None = None
    """Spread of a round in earlier A/A runs: only ``rounds_left`` asks for it, never a decision."""
    confirms: bool = False
    """Changes are to be confirmed before they count."""
    gates: bool = True
    """A regression may fail the merge request."""
    touched: bool = False
    """It seems to measure what the change edits."""
    rounds: list[Round] = field(default_factory=list)
    evidence: Evidence = NOTHING
    """Of the rounds that explore."""
    fresh: Evidence = NOTHING
    """Of the rounds that confirm."""
    decision: Decision | None = None
    confirmation: Confirmation | None = None
    failure: Failed | None = None
    notes: dict[Note, None] = field(default_factory=dict)
    question: Question | None = None
    """What is claimed of it, and decided instead of whether it changed."""
    unrelated: bool = False
    """A value was zero or below, and has no ratio to any other."""
    _expected: tuple[int, int] = (0, 0)
    """Rounds in all that are expected, and after how many rounds that was found."""

    @property
    def name(self) -> str:
        """``suite/benchmark``."""
        return self.benchmark.full_name

    @property
    def exact(self) -> bool:
        """A few rounds tell all, whatever their values."""
        return self.metric.rule == "exact" or self.unrelated

    @property
    def _enough(self) -> int:
        """Rounds that tell all there is to tell; of values without a ratio more, where all so far agree in order."""
        if self.metric.rule == "exact" or not self.rounds:
            return EXACT_ROUNDS
        sides = [[median(side) for side in (one.base, one.head)] for one in self.rounds]
        base, head = zip(*sides, strict=True)
        if order_of(base, head, self.plan.delta) == "open":
            return EXACT_ROUNDS
        return min(self.plan.n_max, rounds_for_sign(self.plan.alpha))

    @property
    def open(self) -> bool:
        """More rounds could still decide it."""
        return self.exploring or self.confirming

    @property
    def exploring(self) -> bool:
        """It is not known yet what to say about it."""
        if self.failure is not None or self.counted:
            return False
        if self.exact:
            return len(self.rounds) < self._enough
        settled = self.decision is not None and self.decision.state != "open"
        return not settled and len(self.evidence) < self.plan.n_max

    @property
    def confirming(self) -> bool:
        """A change was found, and fresh rounds may still bear it out."""
        return self.failure is None and self.confirmation is not None and self.confirmation.open

    @property
    def denies(self) -> bool:
        """What is claimed seems not to be true of it."""
        return self.question is not None and self.decision is not None and self.decision.state in ("up", "down")

    @property
    def refutes(self) -> bool:
        """It is decided that what is claimed is not true of it."""
        return self.denies and (self.confirmation is None or self.confirmation.holds)

    def add(self, measured: Measured) -> None:
        """Take one more round and look at all of them."""
        taken = measured.round
        if measured.anew:  # what was found, and whatever confirmed it, was of another kind
            taken = replace(taken, confirming=False)
            self.rounds.clear()
            self.evidence = self.fresh = NOTHING
            self.decision = self.confirmation = None
        self.rounds.append(taken)
        self.notes.update(dict.fromkeys(measured.notes))
        self.unrelated = self.unrelated or min(*taken.base, *taken.head) <= 0
        if self.exact:
            return
        self._take_in((taken,))
        if not taken.confirming:
            self.decision = decide(self.evidence, self.plan)
        self._confirm()

    def _take_in(self, rounds: Sequence[Round]) -> None:
        """Rounds of one kind."""
        evidence = self.question.evidence if self.question else evidence_of_rounds
        more = evidence(rounds, self.metric.unit)
        if rounds[0].confirming:
            self.fresh = self.fresh.and_then(more)
        else:
            self.evidence = self.evidence.and_then(more)

    def resume(self, rounds: Sequence[Round]) -> None:
        """Go on from the rounds of an earlier run."""
        self.rounds += rounds
        self.unrelated = any(min(*taken.base, *taken.head) <= 0 for taken in rounds)
        if self.exact or not rounds:
            return
        for _, alike in groupby(rounds, key=lambda taken: taken.confirming):
            self._take_in(tuple(alike))
        self.decision = decide(self.evidence, self.plan, final=len(self.fresh) > 0)
        self._confirm()

    def last_look(self) -> None:
        """Look once more, as if no further round would come, so that there is time to confirm what that shows."""
        if not self.exploring or self.exact or not self.confirms:
            return
        found = decide(self.evidence, self.plan, final=True)
        if found.state != "open" and end_to_confirm(found, self.plan) is not None:
            self.decision = found
            self._confirm()

    def _confirm(self) -> None:
        if not self.confirms or self.decision is None:
            return
        self.confirmation = confirmation_of(
            self.decision, self.evidence, self.fresh, self.metric, self.plan, gates=self.gates
        )

    def enter(self, outcome: Outcome) -> bool:
        """Take in what came out of a round, where it is about this benchmark and metric and it has a use for it."""
        concerned = outcome.name == self.benchmark.name and outcome.metric in (None, self.metric)
        if not concerned or self.failure is not None:
            return False
        if isinstance(outcome, Failed):
            self.failure = outcome
        elif (odd := _senseless(outcome)) is not None:
            self.failure = odd
        elif self.counted or (self.confirming if outcome.round.confirming else self.exploring):
            self.add(outcome)
        else:
            return False
        return True

    def rounds_left(self) -> int:
        """Expected number of rounds until it is decided, or confirmed."""
        if self.confirming and self.confirmation is not None:
            return self.confirmation.rounds_left()
        if self.exact:
            return self._enough - len(self.rounds)
        taken = len(self.evidence)
        if taken < FIRST_ROUNDS:
            expected = FIRST_ROUNDS if self.known is None else rounds_for(self.known, self.plan) or self.plan.n_max
            return expected - taken
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
                self._lost_as(self.failure),
                self.failure.reasons,
                notes,
                self.failure.side,
            )
        return Comparison(self.benchmark, self.metric, tuple(self.rounds), notes=notes)

    @staticmethod
    def _lost_as(failure: Failed) -> Status:
        """A benchmark that leaves itself out on head alone is gone, as if it had been removed."""
        if failure.left_out and failure.side == "head":
            return "removed"
        return "incomparable" if failure.skipped else "failed"


def _senseless(measured: Measured) -> Failed | None:
    """Why a round cannot be computed with; None where it can."""
    for side in ("head", "base"):
        for value in getattr(measured.round, side):
            if not is_sensible(value):
                why = (Senseless(side, str(value)),)
                return Failed(measured.name, side, why, skipped=True, metric=measured.metric, left_out=side == "head")
    return None
