"""Policy, acceptances, control and gate: what a verdict means for a merge request."""

from dataclasses import replace

import pytest

from perfbot.judge.control import control_of
from perfbot.judge.gate import gate_of
from perfbot.judge.verdict import judge
from perfbot.model import (
    TIME,
    Acceptance,
    Benchmark,
    Budget,
    Comparison,
    Limit,
    Metric,
    Policy,
    Problem,
    Round,
)
from perfbot.reasons import words
from perfbot.render.view import why
from tests.judge.comparisons import DISTURBED, POLICY, THROUGHPUT, exactly, measured, one


class TestPolicy:
    def test_thresholds_are_found_by_glob(self):
        lenient = Policy(alpha=0.05, limits=(Limit("core/p*", threshold=0.2),))
        assert one(measured(0.1), lenient).verdict == "unchanged"
        assert one(measured(0.1, name="dump"), lenient).gate == "fail"

    def test_shown_but_not_gating(self):
        result = one(measured(0.1), Policy(alpha=0.05, limits=(Limit("core/*", gate=False),)))
        assert (result.verdict, result.gate, words.text(result.reasons)) == ("regressed", "pass", "does not gate")

    @pytest.mark.parametrize(
        ("bound", "state", "gate"), [(2e-6, "within", "pass"), (0.5e-6, "over", "fail"), (1e-6, "unclear", "pass")]
    )
    def test_budgets_are_judged_on_head_alone(self, bound, state, gate):
        policy = Policy(alpha=0.05, limits=(Limit("core/*", budgets=(Budget("time", bound, "so much"),)),))
        result = one(measured(noise=0.01), policy)
        assert (result.verdict, result.budget, result.budget_state, result.gate) == (
            "unchanged",
            "so much",
            state,
            gate,
        )
        assert ("over the budget of so much" in why(result)) == (state == "over")
        assert words.text(result.reasons).count("budget") == 0

    @pytest.mark.parametrize(("bound", "state"), [(5000, "within"), (6001, "over"), (6000, "within")])
    def test_budgets_of_what_should_be_high(self, bound, state):
        served = Metric("served", "1/s", better="higher", rule="exact")
        policy = Policy(limits=(Limit("*", budgets=(Budget("served", bound, f"{bound}/s", better="higher"),)),))
        assert one(exactly((6000, 6000), (6000, 6000), metric=served), policy).budget_state == state

    def test_a_budget_is_for_what_calls_cost_on_the_mean(self):
        """One call in ten takes eleven times as long, on both sides: typically 1 µs, 2 µs on the mean."""
        values = (1e-6,) * 9 + (11e-6,)
        slow = tuple(Round(at, values, values) for at in range(12))
        comparison = Comparison(Benchmark("core", "parse"), TIME, slow)
        policies = [
            Policy(limits=(Limit("*", budgets=(Budget("time", bound, "so much"),)),)) for bound in (1.5e-6, 2.5e-6)
        ]
        over, within = (one(comparison, policy) for policy in policies)
        assert (over.verdict, over.gate, over.budget_state) == ("unchanged", "fail", "over")
        assert "their mean of 2.00 µs does not" in words.text(over.reasons)
        assert (within.gate, within.budget_state) == ("pass", "within")
        assert "mean of" not in words.text(within.reasons)

    def test_a_budget_without_values_is_unclear(self):
        policy = Policy(limits=(Limit("*", budgets=(Budget("time", 1, "1 s"),)),))
        assert one(measured(rounds=0), policy).budget_state == "unclear"


class TestAcceptance:
    KNOWN = Acceptance("core/p*", "needed for safety", "ann", "2026-11-23T10:00:00Z", change=0.1)

    def test_a_known_cost_passes_with_its_reason(self):
        result = one(measured(0.1), acceptances=(self.KNOWN,))
        assert (result.verdict, result.gate) == ("regressed", "accepted")
        assert words.text(result.reasons) == "accepted by ann: needed for safety"

    def test_it_is_gone_when_head_gets_surely_worse(self):
        result = one(measured(0.2), acceptances=(self.KNOWN,))
        assert result.gate == "fail"
        assert words.text(result.reasons) == "worse than the +10 % accepted by ann"

    def test_a_cost_measured_again_a_little_higher_is_still_accepted(self):
        assert one(measured(0.103, noise=0.01), acceptances=(self.KNOWN,)).gate == "accepted"

    def test_worse_is_lower_where_higher_is_better(self):
        known = replace(self.KNOWN, change=-0.1)
        assert one(measured(-0.1, metric=THROUGHPUT), acceptances=(known,)).gate == "accepted"
        assert one(measured(-0.3, metric=THROUGHPUT), acceptances=(known,)).gate == "fail"

    def test_others_are_not_accepted(self):
        assert one(measured(0.1, name="dump"), acceptances=(self.KNOWN,)).gate == "fail"

    def test_a_crash_cannot_be_accepted(self):
        broken = Comparison(Benchmark("core", "parse"), TIME, status="failed", failed_side="head")
        assert one(broken, acceptances=(self.KNOWN,)).gate == "fail"

    def test_without_a_change_anything_is_accepted(self):
        assert one(measured(5.0), acceptances=(replace(self.KNOWN, change=None),)).gate == "accepted"


class TestControl:
    def test_a_disturbed_runner_fails_nothing_noisy(self):
        result = one(measured(0.1), control=DISTURBED)
        assert (result.verdict, result.gate) == ("inconclusive", "pass")
        assert words.text(result.reasons) == "the runner was disturbed: base against itself moved by +3.0 %"

    def test_exact_metrics_and_crashes_do_not_mind(self):
        assert one(exactly((100, 110)), control=DISTURBED).gate == "fail"
        broken = Comparison(Benchmark("core", "parse"), TIME, status="failed", failed_side="head")
        assert one(broken, control=DISTURBED).gate == "fail"

    def test_a_quiet_control_changes_nothing(self):
        quiet = replace(DISTURBED, disturbed=False)
        assert one(measured(0.1), control=quiet) == one(measured(0.1))

    def test_it_is_judged_like_any_other(self):
        assert control_of(measured(rounds=5).rounds, POLICY) is None
        several = [replace(one, index=index % 5) for index, one in enumerate(measured(0.1, rounds=20).rounds)]
        assert control_of(several, POLICY) is None, "what shares its processes counts once"
        assert not control_of(measured(0.0).rounds, POLICY).disturbed
        assert control_of(measured(0.1).rounds, POLICY).disturbed


class TestGate:
    FAILED = Comparison(Benchmark("core", "dump"), TIME, status="failed", failed_side="head")
    FATAL = Problem("suite core, head: set-up", "no compiler")

    def verdict(self, *comparisons, problems=(), **rest):
        return gate_of(judge(comparisons, POLICY, family=1, **rest), problems)

    def test_what_passes_and_what_fails(self):
        assert self.verdict(measured()) == "pass"
        assert self.verdict(measured(), measured(0.1, name="dump")) == "fail"
        assert self.verdict(measured(noise=0.5)) == "error", "nothing was decided"
        assert self.verdict(measured(noise=0.5), measured(name="dump")) == "pass"

    def test_what_could_not_be_judged_is_an_error(self):
        assert self.verdict(measured(), self.FAILED) == "error"
        assert self.verdict(measured(), problems=(self.FATAL,)) == "error"
        assert self.verdict(measured(), problems=(replace(self.FATAL, fatal=False),)) == "pass"

    def test_a_proven_regression_outranks_an_error(self):
        assert self.verdict(measured(0.1), self.FAILED, problems=(self.FATAL,)) == "fail"

    def test_nothing_compared_is_no_pass(self):
        gone = Comparison(Benchmark("core", "dump"), TIME, status="removed")
        assert self.verdict() == "error"
        assert self.verdict(gone) == "fail"
        assert self.verdict(replace(gone, status="incomparable")) == "error"
        assert self.verdict(measured(rounds=0)) == "error"

    def test_a_first_suite_passes(self):
        assert self.verdict(Comparison(Benchmark("core", "dump"), TIME, status="added")) == "pass"
