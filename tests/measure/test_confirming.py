"""What is found is measured again: fake suites, fake clock, no processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from perfbot.judge.verdict import judge, rejudge
from perfbot.measure.confirming import are_signs_enough
from perfbot.measure.discovering import Selection
from perfbot.measure.rounds import Outcomes
from perfbot.measure.scheduler import Scheduler
from perfbot.measure.sequential_test import FIRST_ROUNDS, SequentialTest
from perfbot.measure.session import ANYWHERE
from perfbot.model import TIME, Benchmark, Change, Limit, Metric, Policy, Report, Result
from perfbot.reasons import words
from perfbot.render.progress import Silent
from perfbot.stats.sequential import Plan, decide
from tests.measure.conftest import Clock, FakeSuite, Simulated

POLICY = Policy(threshold=0.02, alpha=0.01, confirm="here")
NOISY = 0.2
PLAN = Plan(0.02, 0.01)


def measured(
    suites: Sequence[FakeSuite], policy: Policy = POLICY, budget: float = 1000.0, **options: object
) -> Outcomes:
    scheduler = Scheduler(
        suites,
        policy,
        budget,
        Silent(),
        clock=suites[0].clock,
        random=Random(3),  # noqa: S311
        selection=Selection(**options),  # type: ignore[arg-type]
    )
    return scheduler.run()


def judged(outcomes: Outcomes, policy: Policy = POLICY) -> dict[str, Result]:
    return {one.benchmark: one for one in judge(outcomes.comparisons, policy, family=outcomes.family)}


class Fickle(FakeSuite):
    """Head is slower among its neighbours, and not when it is measured again."""

    def measure_round(self, index, names, until, place=None):  # type: ignore[no-untyped-def]
        change = 0.3 if len(names) > 1 or index < FIRST_ROUNDS else 0.0
        benchmarks = dict(self.benchmarks)
        self.benchmarks = {**benchmarks, "accident": replace(benchmarks["accident"], change=change)}
        yield from super().measure_round(index, names, until)


class Turned(FakeSuite):
    """Found out while a change was being confirmed: what was measured until then was of another kind."""

    after: float
    TURN = FIRST_ROUNDS + 2

    def measure_round(self, index, names, until, place=None):  # type: ignore[no-untyped-def]
        change = self.after if index >= self.TURN else 0.3
        self.benchmarks = {name: replace(one, change=change) for name, one in self.benchmarks.items()}
        for outcome in super().measure_round(index, names, until):
            yield replace(outcome, anew=index == self.TURN)


@pytest.mark.parametrize(("after", "verdict"), [(0.0, "unchanged"), (0.3, "regressed"), (-0.3, "improved")])
def test_what_is_measured_anew_is_explored_and_confirmed_anew(after: float, verdict: str) -> None:
    suite = Turned("s", {"b": Simulated()}, Clock())
    suite.after = after
    found = measured([suite])
    result = judged(found)["b"]
    assert result.verdict == verdict
    assert result.change == pytest.approx(after, abs=0.01)
    assert [taken.confirming for taken in result.raw][:FIRST_ROUNDS] == [False] * FIRST_ROUNDS
    assert result.raw[0].index == Turned.TURN


class Timed(FakeSuite):
    """Remembers which rounds were to be short."""

    def measure_round(self, index, names, until, place=ANYWHERE):  # type: ignore[no-untyped-def]
        self.hurried = {**getattr(self, "hurried", {}), index: place.hurried}
        yield from super().measure_round(index, names, until, place)


def test_rounds_whose_signs_are_all_that_counts_are_short() -> None:
    suite = Timed("s", {"same": Simulated(), "slower": Simulated(0.3)}, Clock())
    slower = next(one for one in measured([suite]).comparisons if one.benchmark.name == "slower")
    again = {taken.index: suite.history[taken.index] for taken in slower.rounds if taken.confirming}
    assert {suite.hurried[index] for index, names in again.items() if names == ("slower",)} == {True}
    assert not any(suite.hurried[index] for index in suite.hurried if index not in again)


def test_where_means_decided_values_count() -> None:
    typical, mean = (SequentialTest(Benchmark("s", name), TIME, PLAN) for name in ("typical", "mean"))
    typical.decision = decide([0.3] * 8, PLAN)
    mean.decision = replace(typical.decision, by_mean=True)
    assert are_signs_enough([typical, mean], ["typical"])
    assert not are_signs_enough([typical, mean], ["typical", "mean"])
    assert not are_signs_enough([typical], ["typical", "explored"])


class TestWhatIsMeasuredAgain:
    def test_a_change_is_and_what_did_not_change_is_not(self) -> None:
        suite = FakeSuite("s", {"same": Simulated(), "slower": Simulated(0.3), "too": Simulated()}, Clock())
        found = measured([suite])
        confirming = {one.benchmark.name: sum(r.confirming for r in one.rounds) for one in found.comparisons}
        assert confirming["same"] == confirming["too"] == 0
        assert 8 <= confirming["slower"] <= 10, "2 ** -9 < 0.01 / 3"
        assert suite.history[-1] == ("slower",), "alone, not after its neighbours"

    def test_each_is_first_in_turn(self) -> None:
        suite = FakeSuite("s", {name: Simulated(0.3) for name in "abc"}, Clock())
        measured([suite])
        again = suite.history[FIRST_ROUNDS:]
        assert {names[0] for names in again} == {"a", "b", "c"}
        assert len(set(again)) > 3, "in many orders"

    def test_it_rides_along_before_what_is_still_explored(self) -> None:
        loud = {name: Simulated(noise=NOISY) for name in ("a", "z")}
        suite = FakeSuite("s", {**loud, "slower": Simulated(0.3)}, Clock())
        slower = next(one for one in measured([suite]).comparisons if one.benchmark.name == "slower")
        again = [suite.history[taken.index] for taken in slower.rounds if taken.confirming]
        assert len(again) >= 7
        assert {names[0] for names in again} == {"slower"}, "first in its processes"
        assert all(set(names) == {"a", "z", "slower"} for names in again), "and costs no start of its own"
        assert len(suite.history) > FIRST_ROUNDS + len(again), "the others go on without it"

    def test_an_improvement_takes_less(self) -> None:
        suites = [FakeSuite("s", {"b": Simulated(change)}, Clock()) for change in (0.3, -0.3)]
        policy = replace(POLICY, alpha=0.0003)
        worse, better = (sum(r.confirming for r in measured([s], policy).comparisons[0].rounds) for s in suites)
        assert better < worse

    def test_counts_and_what_does_not_gate_take_none_or_less(self) -> None:
        exact = Simulated(0.3, 0.0, metric=Metric("instructions", "1", rule="exact"))
        (only,) = measured([FakeSuite("s", {"b": exact}, Clock())]).comparisons
        assert not any(taken.confirming for taken in only.rounds)
        shown = replace(POLICY, limits=(Limit("*", gate=False),))
        (only,) = measured([FakeSuite("s", {"b": Simulated(0.3)}, Clock())], shown).comparisons
        assert sum(taken.confirming for taken in only.rounds) <= 7

    def test_nothing_is_where_the_policy_says_so(self) -> None:
        policy = replace(POLICY, confirm="no")
        found = measured([FakeSuite("s", {"b": Simulated(0.3)}, Clock())], policy)
        assert not any(taken.confirming for taken in found.comparisons[0].rounds)
        assert judged(found, policy)["b"].verdict == "regressed"


class TestVerdict:
    def test_a_change_that_stands_is_red_with_what_all_rounds_say(self) -> None:
        found = measured([FakeSuite("s", {"b": Simulated(0.3)}, Clock())])
        result = judged(found)["b"]
        assert (result.verdict, result.gate) == ("regressed", "fail")
        assert result.interval is not None
        assert result.interval[0] > 0.28
        assert result.interval[1] - result.interval[0] < 0.02

    def test_an_accident_is_not(self) -> None:
        suite = Fickle("s", {"accident": Simulated(), "neighbour": Simulated()}, Clock())
        result = judged(measured([suite]))["accident"]
        assert (result.verdict, result.gate) == ("inconclusive", "pass")
        assert words.text(result.reasons).startswith("not confirmed: +")
        assert "under other conditions agree" in words.text(result.reasons)

    def test_there_is_time_left_to_confirm_what_the_last_look_finds(self) -> None:
        loud = {f"loud{n}": Simulated(noise=NOISY) for n in range(3)}
        suite = FakeSuite("s", {"slower": Simulated(0.3, noise=0.05), **loud}, Clock())
        result = judged(measured([suite], budget=30.0))["slower"]
        assert result.verdict == "regressed"

    def test_without_time_it_says_so(self) -> None:
        suite = FakeSuite("s", {"slower": Simulated(0.3, seconds=10.0)}, Clock())
        result = judged(measured([suite], budget=70.0))["slower"]
        assert result.verdict == "inconclusive"
        assert words.text(result.reasons) == "not confirmed: +30 % in 6 rounds, and no time for more"

    def test_the_report_says_the_same_when_it_is_judged_again(self) -> None:
        suites = [
            FakeSuite("s", {"slower": Simulated(0.3), "same": Simulated(), "quicker": Simulated(-0.2)}, Clock()),
        ]
        found = measured(suites)
        results = judge(found.comparisons, POLICY, family=found.family)
        report = Report(Change("a" * 40, "b" * 40), "fail", results, policy=POLICY, family=found.family)
        assert rejudge(report).results == results
        assert [one.verdict for one in results] == ["regressed", "unchanged", "improved"]

    @pytest.mark.parametrize("undecided", ["pass", "fail"])
    def test_what_was_not_confirmed_is_undecided(self, undecided: str) -> None:
        policy = replace(POLICY, undecided=undecided)  # type: ignore[arg-type]
        suite = FakeSuite("s", {"slower": Simulated(0.3, seconds=10.0)}, Clock())
        assert judged(measured([suite], policy, budget=70.0), policy)["slower"].gate == undecided
