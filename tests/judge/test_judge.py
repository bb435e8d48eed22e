"""Comparisons and policy in, verdicts and gates out."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.judge.gate import gate_of
from perfbot.judge.geometric import geometric_means
from perfbot.judge.verdict import judge, rejudge
from perfbot.model import (
    MEMORY,
    TIME,
    Acceptance,
    Benchmark,
    Change,
    Comparison,
    Control,
    Limit,
    Policy,
    Report,
)
from perfbot.reasons import Said, words
from tests.judge.comparisons import INSTRUCTIONS, POLICY, THROUGHPUT, exactly, measured, one


@pytest.mark.parametrize(
    ("change", "metric", "verdict", "gate", "reason"),
    [
        (0.1, TIME, "regressed", "fail", ""),
        (-0.1, TIME, "improved", "pass", ""),
        (0.0, TIME, "unchanged", "pass", ""),
        (0.1, THROUGHPUT, "improved", "pass", ""),
        (-0.1, THROUGHPUT, "regressed", "fail", ""),
        (0.1, MEMORY, "regressed", "fail", ""),
    ],
)
def test_noisy_verdicts(change, metric, verdict, gate, reason):
    result = one(measured(change, metric=metric))
    assert (result.verdict, result.gate, words.text(result.reasons)) == (verdict, gate, reason)
    low, high = result.interval
    assert low <= result.change <= high
    assert low < change < high


def test_a_result_holds_all_that_was_measured():
    comparison = replace(measured(0.1), notes=(Said("pinned to core 1"),))
    result = one(comparison)
    assert result.raw == comparison.rounds
    assert (result.rounds, result.seconds, result.threshold, result.unit) == (12, 6.0, 0.02, "s")
    assert (result.suite, result.benchmark, result.file, result.line) == ("core", "parse", "bench.py", 3)
    assert result.notes == comparison.notes
    assert result.head / result.base == pytest.approx(1.1, rel=0.02)
    assert result.confidence == 0.95


def test_noise_too_loud_is_undecided_and_says_what_could_have_been_seen():
    result = one(measured(noise=0.5, rounds=8))
    assert result.verdict == "inconclusive"
    assert words.text(result.reasons) == ""
    assert result.detectable > 0.3
    assert result.interval[0] < 0 < result.interval[1]


def test_a_slowdown_below_its_threshold_is_told_but_never_fails():
    policy = Policy(alpha=0.05, threshold=0.03)
    result = one(measured(0.028, noise=0.004), policy)
    assert (result.verdict, result.gate) == ("regressed", "pass")
    assert words.text(result.reasons) == ""


@pytest.mark.parametrize("rounds", [0, 1, 2, 5])
def test_too_few_rounds_are_undecided(rounds):
    result = one(measured(0.5, rounds=rounds, noise=1e-6))
    assert (result.verdict, result.gate) == ("inconclusive", "pass")
    assert words.text(result.reasons) == (f"only {rounds} of at least 6 rounds" if rounds else "not measured")


@pytest.mark.parametrize("rounds", [1, 2])
def test_an_interval_without_end_is_left_out(rounds):
    """Reports hold finite numbers."""
    result = one(measured(rounds=rounds, noise=1.0), family=10**9)
    assert (result.interval, result.confidence, result.detectable) == (None, None, None)
    assert math.isfinite(result.change)


def test_an_interval_too_wide_to_tell_anything_is_left_out():
    result = one(measured(rounds=2, noise=0.02), family=100)
    assert (result.interval, words.text(result.reasons)) == (None, "only 2 of at least 6 rounds")
    assert one(measured(rounds=5, noise=0.02)).interval is not None


def test_more_comparisons_need_more_evidence():
    comparison = measured(0.022, rounds=12, noise=0.008)
    assert one(comparison, family=1).verdict == "regressed"
    assert one(comparison, family=5000).verdict == "inconclusive"


@pytest.mark.parametrize("status", ["added", "failed", "incomparable"])
def test_what_was_not_measured_keeps_its_status_and_reason(status):
    comparison = Comparison(
        Benchmark("core", "parse"),
        TIME,
        status=status,
        reasons=(Said("why"),),
        failed_side="base" if status == "failed" else "",
    )
    result = one(comparison)
    assert (result.verdict, result.gate, words.text(result.reasons)) == (status, "pass", "why")
    assert (result.change, result.interval, result.base) == (None, None, None)


@pytest.mark.parametrize(("side", "gate"), [("head", "fail"), ("both", "pass"), ("", "fail"), ("base", "pass")])
def test_failing_on_head_fails_the_gate(side, gate):
    broken = Comparison(Benchmark("core", "parse"), TIME, status="failed", reasons=(Said("exit 1"),), failed_side=side)
    assert one(broken).gate == gate


@pytest.mark.parametrize(("strict", "gate"), [("pass", "pass"), ("fail", "fail")])
def test_what_always_fails_gates_only_when_asked_to(strict, gate):
    broken = Comparison(
        Benchmark("core", "parse"), TIME, status="failed", reasons=(Said("exit 1"),), failed_side="both"
    )
    assert one(broken, replace(POLICY, broken_on_both=strict)).gate == gate


class TestGone:
    """Benchmarks that base has and head has not."""

    GONE = Comparison(Benchmark("core", "parse"), TIME, status="removed", reasons=(Said("why"),))

    @pytest.mark.parametrize("does", ["pass", "fail"])
    def test_they_gate_unless_told_otherwise(self, does):
        result = one(self.GONE, replace(POLICY, removed=does))
        assert (result.verdict, result.gate, words.text(result.reasons)) == ("removed", does, "why")

    def test_somebody_may_accept_it(self):
        accepted = Acceptance("core/*", "not needed", "ada", "2026-11-27T12:00:00+00:00")
        assert one(self.GONE, acceptances=(accepted,)).gate == "accepted"

    def test_an_exception_of_the_policy_holds(self):
        assert one(self.GONE, replace(POLICY, limits=(Limit("core/*", gate=False),))).gate == "pass"

    def test_a_disturbed_runner_excuses_nothing(self):
        assert one(self.GONE, control=Control(0.1, (0.09, 0.11), 20, disturbed=True)).gate == "fail"


class TestEdited:
    """Benchmarks that head made or rewrote."""

    def test_a_new_one_is_new_whatever_base_makes_of_it(self):
        result = one(replace(measured(0.1), benchmark=Benchmark("core", "parse", new=True)))
        assert (result.verdict, result.gate) == ("added", "pass")
        assert result.change == pytest.approx(0.1, abs=0.02)

    @pytest.mark.parametrize("does", ["pass", "fail"])
    def test_a_rewritten_one_gates_only_when_asked_to(self, does):
        result = one(
            replace(measured(0.1), benchmark=Benchmark("core", "parse", source_changed=True, rewritten=True)),
            replace(POLICY, rewritten=does),
        )
        assert (result.verdict, result.gate) == ("regressed", does)

    def test_an_edited_one_that_both_sides_ran_gates(self):
        assert one(replace(measured(0.1), benchmark=Benchmark("core", "parse", source_changed=True))).gate == "fail"


@pytest.mark.parametrize(
    ("pairs", "verdict", "gate", "reason"),
    [
        ([(1000, 1000)] * 2, "unchanged", "pass", ""),
        ([(1000, 1002)] * 2, "unchanged", "pass", ""),
        ([(1000, 1003)] * 2, "regressed", "pass", ""),
        ([(1000, 1005)] * 2, "regressed", "fail", ""),
        ([(1000, 990)] * 2, "improved", "pass", ""),
        ([(1000, 1010), (1000, 990)], "inconclusive", "pass", "differs from round to round"),
        ([(0, 0)] * 2, "unchanged", "pass", ""),
        ([(0, 8)] * 2, "regressed", "fail", "was 0 on base"),
        ([(8, 0)] * 2, "improved", "pass", ""),
        ([(-4, -5)] * 2, "improved", "pass", ""),
    ],
)
def test_exact_verdicts(pairs, verdict, gate, reason):
    result = one(exactly(*pairs))
    assert (result.verdict, result.gate, words.text(result.reasons)) == (verdict, gate, reason)
    assert result.confidence is None


def test_noisy_values_without_a_ratio_are_never_called_unchanged():
    noisy = replace(TIME, name="saved", unit="B")
    assert one(exactly((0, 0), (0, 0), metric=noisy)).verdict == "unchanged"
    assert one(exactly((0, 4), (0, 4), metric=noisy)).verdict == "inconclusive"
    assert one(exactly((0, 4), (4, 0), metric=noisy)).verdict == "incomparable"
    assert words.text(one(exactly((5, -4), (-4, 5), metric=noisy)).reasons) == "values of zero or below have no ratio"
    nobodys = replace(noisy, better="unknown")
    assert words.text(one(exactly((5, -4), (-4, 5), metric=nobodys)).reasons) == "values of zero or below have no ratio"
    assert "it moved; to have it judged" in words.text(one(exactly(*[(0, 4)] * 20, metric=nobodys)).reasons)
    assert words.text(one(exactly((5, math.nan), metric=noisy)).reasons) == "a value is not a finite number"
    assert one(exactly((math.inf, 1), metric=INSTRUCTIONS)).verdict == "incomparable"


@pytest.mark.parametrize(
    ("pair", "better", "verdict", "gate"),
    [
        ((0, 4), "lower", "regressed", "fail"),
        ((4, 0), "higher", "regressed", "fail"),
        ((4, 0), "lower", "improved", "pass"),
        ((-1, 5), "lower", "regressed", "fail"),
        ((0, 4), "unknown", "incomparable", "pass"),
        ((0, 1e99), "lower", "regressed", "fail"),
    ],
)
def test_what_has_no_ratio_is_told_by_its_order(pair, better, verdict, gate):
    """A rate that fell to nothing is no less a regression than one that fell by half."""
    result = one(exactly(*[pair] * 20, metric=replace(TIME, name="rate", unit="1", better=better)))
    assert (result.verdict, result.gate, result.change) == (verdict, gate, None)
    assert "in every round" in words.text(result.reasons)


def a_report(**fields):
    comparisons = (
        measured(0.1),
        measured(name="dump", seed=2),
        measured(rounds=0, name="late"),
        exactly((0, 0), (0, 3), metric=replace(TIME, unit="B"), name="zero"),
        exactly((100, 130), name="count"),
        Comparison(Benchmark("core", "new"), TIME, status="added", reasons=(Said("only on head"),)),
        Comparison(Benchmark("core", "gone"), TIME, status="removed"),
        Comparison(Benchmark("core", "broken"), TIME, status="failed", failed_side="base", reasons=(Said("exit 1"),)),
    )
    results = judge(comparisons, POLICY, family=4)
    verdict, means = gate_of(results, ()), geometric_means(results, POLICY)
    known = {"policy": POLICY, "family": 4, "geometric_means": means}
    return Report(Change("a" * 40, "b" * 40), verdict, results, **known, **fields)


class TestAgain:
    def test_the_same_policy_gives_the_same_report(self):
        assert rejudge(a_report()) == a_report()

    def test_another_policy_gives_other_verdicts(self):
        lenient = Policy(threshold=0.5, exact_threshold=0.5, removed="pass")
        judged = rejudge(a_report(), lenient)
        assert (judged.verdict, judged.policy) == ("pass", lenient)
        assert [result.raw for result in judged.results] == [result.raw for result in a_report().results]
        assert judged.results[0].verdict == "unchanged"

    def test_an_incomplete_run_never_passes(self):
        lenient = Policy(threshold=0.5, exact_threshold=0.5, removed="pass")
        assert rejudge(a_report(complete=False), lenient).verdict == "error"
        assert rejudge(a_report(complete=False)).verdict == "fail"

    @pytest.mark.parametrize("claimed", ["unchanged", "added", "removed", "incomparable"])
    def test_a_report_cannot_bring_its_own_verdicts(self, claimed):
        forged = tuple(
            replace(result, verdict=claimed, gate="pass", change=0.0, interval=(0.0, 0.0))
            for result in a_report().results[:1]
        )
        judged = rejudge(replace(a_report(), results=forged, verdict="pass"))
        assert (judged.verdict, judged.results[0].verdict) == ("fail", "regressed")


@given(st.permutations(range(6)))
def test_the_order_of_benchmarks_does_not_matter(order):
    comparisons = [measured(0.02 * index, name=f"b{index}", seed=index) for index in range(6)]
    results = {result.benchmark: result for result in judge(comparisons, POLICY, family=6)}
    shuffled = judge([comparisons[index] for index in order], POLICY, family=6)
    assert all(results[result.benchmark] == result for result in shuffled)


@given(st.floats(0.01, 100))
def test_the_unit_of_the_values_does_not_matter(factor):
    there, here = one(measured(0.03, metric=MEMORY)), one(measured(0.03, metric=MEMORY, level=1e-6 * factor))
    assert (there.verdict, there.gate) == (here.verdict, here.gate)
    assert there.change == pytest.approx(here.change)


def test_many_at_once_are_judged_as_each_alone():
    """Units, rules, numbers of rounds and of values mixed, more of them than are taken at a time."""
    comparisons = [
        measured(0.01 * (index % 5), rounds=1 + index % 14, name=f"b{index}", metric=metric, seed=index)
        for index in range(100)
        for metric in (TIME, THROUGHPUT, INSTRUCTIONS)
    ]
    comparisons.insert(7, Comparison(Benchmark("core", "new"), TIME, status="added"))
    comparisons.insert(9, exactly((0, 1), (1, 2), metric=TIME))
    comparisons.insert(270, Comparison(Benchmark("core", "none"), TIME))
    together = judge(comparisons, POLICY, family=len(comparisons))
    assert together == tuple(one(comparison, family=len(comparisons)) for comparison in comparisons)


@pytest.mark.parametrize(
    ("noise", "reach", "reason"),
    [
        (0.001, 100, "220 calls seen"),
        (0.001, 5000, ""),
        (0.001, 0, ""),
    ],
)
def test_an_unchanged_row_says_of_how_few_calls_it_speaks(noise, reach, reason):
    comparison = measured(noise=noise)
    rounds = tuple(replace(one, loops=1, reach=reach) for one in comparison.rounds)
    found = one(replace(comparison, rounds=rounds))
    calls = sum(len(one.base) for one in rounds) + reach
    assert found.verdict == "unchanged"
    assert words.text(found.reasons) == reason.replace("220", f"{calls:,}")


def test_what_a_side_waits_is_told_where_the_other_does_not():
    comparison = measured(0.5)
    rounds = tuple(replace(one, waited=(0.0, 0.7 * one.head[0])) for one in comparison.rounds)
    assert words.text(one(replace(comparison, rounds=rounds)).reasons).startswith("head waits ")
    alike = tuple(replace(one, waited=(0.7 * one.base[0], 0.7 * one.head[0])) for one in comparison.rounds)
    assert "waits" not in words.text(one(replace(comparison, rounds=alike)).reasons)
