"""Measuring goes on until a claim is decided, and no further: fake suites, fake clock, no processes."""

from __future__ import annotations

from random import Random

import pytest

from perfbot.claims.grammar import parse_claim
from perfbot.claims.verdict import State, verify
from perfbot.errors import UsageError
from perfbot.judge.verdict import judge
from perfbot.measure.discovering import Selection
from perfbot.measure.rounds import Outcomes
from perfbot.measure.scheduler import Scheduler
from perfbot.model import Change, Policy, Report
from perfbot.render.progress import Silent
from tests.measure.conftest import Clock, FakeSuite, Simulated

POLICY = Policy(threshold=0.02, alpha=0.01, confirm="here")


def measured(text: str, budget: float = 1000.0, **benchmarks: Simulated) -> tuple[State, Outcomes, FakeSuite]:
    suite = FakeSuite("core", {f"test_all.py::{name}": one for name, one in benchmarks.items()}, Clock())
    claim = parse_claim(text)
    outcomes = Scheduler(
        [suite],
        POLICY,
        budget,
        Silent(),
        clock=suite.clock,
        random=Random(3),  # noqa: S311
        selection=Selection(claim=claim),
    ).run()
    results = judge(outcomes.comparisons, POLICY, family=outcomes.family)
    report = Report(Change("a" * 40, "b" * 40), "pass", results, policy=POLICY, family=outcomes.family)
    return verify(claim, report).state, outcomes, suite


@pytest.mark.parametrize(
    ("text", "change", "state"),
    [
        ("test_x is at least 10 % faster", -0.12, "true"),
        ("test_x is at least 10 % faster", -0.08, "false"),
        ("nothing is slower than 2 %", 0.01, "true"),
        ("nothing is slower than 2 %", 0.03, "false"),
        ("test_x is unchanged within 3 %", 0.015, "true"),
        ("time of test_x ≤ 1.1 ms", 0.05, "true"),
        ("time of test_x ≤ 1.1 ms", 0.15, "false"),
    ],
)
def test_it_goes_on_until_the_claim_is_decided(text: str, change: float, state: str) -> None:
    found, outcomes, _ = measured(text, test_x=Simulated(change, noise=0.02))
    assert found == state
    (comparison,) = outcomes.comparisons
    assert len(comparison.rounds) < 240


def test_a_claim_that_is_clear_takes_the_fewest_rounds() -> None:
    state, outcomes, suite = measured("test_x is at least 10 % faster", test_x=Simulated(0.0))
    assert state == "false"
    assert len(outcomes.comparisons[0].rounds) == 6
    assert len(suite.history) == 6


def test_what_says_that_it_changed_is_measured_again() -> None:
    state, outcomes, _ = measured("test_x is at least 10 % faster", test_x=Simulated(-0.3))
    assert state == "true"
    assert [one.confirming for one in outcomes.comparisons[0].rounds].count(True) >= 5


def test_what_is_too_near_is_undecided_when_the_time_is_over() -> None:
    state, _, suite = measured("test_x is at least 10 % faster", 20.0, test_x=Simulated(-0.1, noise=0.02))
    assert state == "undecided"
    assert suite.clock.now <= 1000 + 21


def test_one_that_refutes_it_ends_measuring() -> None:
    slow, open_ = Simulated(0.3), Simulated(0.0, noise=0.2)
    state, _, suite = measured("nothing is slower than 2 %", 500.0, slow=slow, open=open_)
    assert state == "false"
    assert len(suite.history) < 30


def test_nothing_else_is_measured_nor_shares_alpha() -> None:
    _, outcomes, suite = measured("core/test_x is faster", test_x=Simulated(-0.3), test_y=Simulated())
    assert set(suite.history) == {("test_all.py::test_x",)}
    assert outcomes.family == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("test_xy is faster", "no benchmark is called test_xy; did you mean core/test_all.py::test_x?"),
        ("memory of test_x ≤ 1 MiB", "memory of test_x is not measured, but time"),
    ],
)
def test_what_there_is_not_is_told(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"^" + said.replace("?", r"\?")):
        measured(text, test_x=Simulated(), other=Simulated())
