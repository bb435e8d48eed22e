"""A metric whose direction nobody knows is shown, and fails nothing but its budget."""

from __future__ import annotations

import pytest

from perfbot.judge.gate import gate_of
from perfbot.judge.verdict import comparison_of, judge
from perfbot.model import Benchmark, Budget, Comparison, Limit, Metric, Policy, Result, Round
from perfbot.reasons import words


def judged(factor: float, *, rule: str = "noisy", better: str = "unknown", policy: Policy | None = None) -> Result:
    """Ten rounds of a metric that head multiplies."""
    metric = Metric("hits", "%", better, rule)  # type: ignore[arg-type]
    rounds = tuple(Round(index, (50.0 + index % 2 / 100,), (factor * 50,)) for index in range(10))
    (result,) = judge([Comparison(Benchmark("s", "b"), metric, rounds)], policy or Policy(), family=1)
    return result


@pytest.mark.parametrize("rule", ["noisy", "exact"])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_it_moves_and_nobody_knows_whether_that_is_good(factor: float, rule: str) -> None:
    result = judged(factor, rule=rule)
    assert (result.verdict, result.gate) == ("incomparable", "pass")
    assert result.change == pytest.approx(factor - 1, abs=1e-3)
    assert 'write higher = ["hits"] or lower = ["hits"] in [[suite]] "s"' in words.text(result.reasons)
    assert gate_of([result], []) == "pass", "it was compared"
    assert comparison_of(result).status == "measured", "once a direction is known, it can be judged"


def test_it_does_not_move() -> None:
    assert judged(1.0).verdict == "unchanged"


def test_a_direction_turns_the_same_rounds_into_a_verdict() -> None:
    assert judged(2.0, better="higher").verdict == "improved"
    assert judged(2.0, better="lower").verdict == "regressed"


def test_a_budget_holds_without_a_direction() -> None:
    limit = Limit("s/b", budgets=(Budget("hits", 60.0, "60 %"),))
    result = judged(2.0, policy=Policy(limits=(limit,)))
    assert (result.gate, result.budget_state) == ("fail", "over")
