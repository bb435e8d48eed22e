"""The budget goes to what is not decided yet: fake suites, fake clock, no processes."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import pytest

from perfbot.calibration.noise import Noise
from perfbot.errors import Interrupted, MeasureError
from perfbot.measure.allocation import outlook
from perfbot.measure.discovering import Selection, selector
from perfbot.measure.rounds import Outcomes
from perfbot.measure.scheduler import Scheduler
from perfbot.measure.sequential_test import EXACT_ROUNDS, FIRST_ROUNDS, SequentialTest
from perfbot.measure.session import Measured, problem_of
from perfbot.model import TIME, Benchmark, Comparison, Metric, Policy, Problem, Round
from perfbot.reasons import words
from perfbot.render.progress import Asked, Silent
from perfbot.stats.sequential import MOST_ROUNDS, Plan
from tests.measure.conftest import Clock, FakeSuite, Simulated

POLICY = Policy(threshold=0.02, alpha=0.05)
NOISY = 0.2
"""So much noise that nothing is ever decided."""


def conducted(suites: Sequence[FakeSuite], *, budget: float = 1000.0, **options: object) -> Outcomes:
    chosen = Selection(**options)  # type: ignore[arg-type]
    return Scheduler(suites, POLICY, budget, Silent(), clock=suites[0].clock, selection=chosen).run()


def rounds(outcomes: Outcomes) -> dict[str, int]:
    return {one.benchmark.name: len(one.rounds) for one in outcomes.comparisons}


class TestBudget:
    @pytest.mark.parametrize("budget", [3.0, 10.0, 33.0])
    @pytest.mark.parametrize("seconds", [0.01, 0.7, 9.0])
    def test_is_kept_but_for_one_benchmark(self, budget: float, seconds: float) -> None:
        clock = Clock()
        suite = FakeSuite("s", {f"b{n}": Simulated(noise=NOISY, seconds=seconds) for n in range(4)}, clock)
        began = clock.now
        conducted([suite], budget=budget)
        first_round = suite.startup_seconds + 4 * seconds
        assert clock.now - began <= max(budget + suite.startup_seconds, first_round)

    def test_nothing_starts_that_cannot_end(self) -> None:
        clock = Clock()
        suite = FakeSuite("s", {"long": Simulated(noise=NOISY, seconds=60.0)}, clock)
        conducted([suite], budget=100.0)
        assert len(suite.history) == 1, "a second round would have ended at 121 s"

    def test_an_undecided_benchmark_ends_somewhere(self) -> None:
        suite = FakeSuite("s", {"b": Simulated(noise=NOISY)}, Clock())
        assert rounds(conducted([suite], budget=1e6)) == {"b": MOST_ROUNDS}


class TestOrder:
    def test_everything_gets_its_first_rounds_before_anything_gets_more(self) -> None:
        clock = Clock()
        suites = [
            FakeSuite(name, {"a": Simulated(noise=NOISY), "b": Simulated(noise=0.02)}, clock) for name in ("x", "y")
        ]
        conducted(suites, budget=200.0)
        for suite in suites:
            assert suite.history[:FIRST_ROUNDS] == [("a", "b")] * FIRST_ROUNDS

    def test_what_is_decided_is_measured_no_more(self) -> None:
        suite = FakeSuite("s", {"same": Simulated(), "slower": Simulated(0.5), "open": Simulated(noise=NOISY)}, Clock())
        found = rounds(conducted([suite], budget=60.0))
        assert found["same"] < found["open"] > found["slower"] == FIRST_ROUNDS
        assert suite.history[-1] == ("open",)

    def test_the_suite_that_is_soonest_done_goes_first(self) -> None:
        clock = Clock()
        quick = FakeSuite("quick", {"b": Simulated(noise=0.03, seconds=0.1)}, clock, startup_seconds=0.1)
        slow = FakeSuite("slow", {"b": Simulated(noise=0.03, seconds=30.0)}, clock, startup_seconds=0.1)
        taken: list[str] = []
        quick.during, slow.during = lambda: taken.append("quick"), lambda: taken.append("slow")
        conducted([slow, quick], budget=100_000.0)
        later = taken[2 * FIRST_ROUNDS :]
        assert "quick" in later
        assert "slow" not in later[: later.count("quick")]

    def test_near_the_end_only_what_can_be_decided_is_measured(self) -> None:
        hopeless = {f"hopeless{n}": Simulated(noise=NOISY, seconds=1.0) for n in range(5)}
        suite = FakeSuite("s", {"near": Simulated(noise=0.025, seconds=1.0), **hopeless}, Clock())
        conducted([suite], budget=90.0)
        assert ("near",) in suite.history

    def test_where_not_all_can_have_their_first_rounds_the_quick_ones_have_them(self) -> None:
        slow = {f"slow{n}": Simulated(seconds=10.0) for n in range(5)}
        suite = FakeSuite("s", {**slow, "quick": Simulated(0.5), "too": Simulated(0.5)}, Clock())
        found = conducted([suite], budget=130.0)
        assert [len(one.rounds) for one in found.comparisons][-2:] == [FIRST_ROUNDS] * 2
        (problem,) = found.problems
        assert not problem.fatal
        assert "before 4 benchmarks had the 6 rounds without which" in problem.message
        assert "`--budget 7m` or more" in problem.message, "as many rounds as most take"


class TestFailures:
    def test_a_failed_benchmark_is_measured_no_more_and_keeps_its_rounds(self) -> None:
        suite = FakeSuite("s", {"bad": Simulated(fails_in_round=3), "good": Simulated()}, Clock())
        outcomes = conducted([suite])
        bad, good = outcomes.comparisons
        assert (bad.status, words.text(bad.reasons), bad.failed_side, len(bad.rounds)) == (
            "failed",
            "it crashed",
            "head",
            3,
        )
        assert (good.status, len(good.rounds) >= FIRST_ROUNDS) == ("measured", True)
        assert all("bad" not in names for names in suite.history[4:])

    def test_a_skipped_one_is_incomparable(self) -> None:
        suite = FakeSuite("s", {"b": Simulated(fails_in_round=0, skipped=True)}, Clock())
        (only,) = conducted([suite]).comparisons
        assert only.status == "incomparable"

    def test_what_is_left_is_never_less_than_nothing(self) -> None:
        suite = FakeSuite("s", {"b": Simulated()}, Clock())
        test = SequentialTest(Benchmark("s", "b"), TIME, Plan(0.02, 0.01))
        assert outlook([(suite, [test])], -13.1, 1).startswith("0 s will decide about 0 of 1")

    def test_what_cannot_be_computed_with_costs_itself(self) -> None:
        test = SequentialTest(Benchmark("s", "b"), TIME, Plan(0.02, 0.01))
        for head in (math.nan, math.inf, 1e300, 1e-300):
            test.failure = None
            test.enter(Measured("b", TIME, Round(0, (1.0,), (head,), 1, 0.1)))
            assert test.comparison().status == "removed"
            assert not test.rounds

    @pytest.mark.parametrize(("pair", "rounds"), [((0.0, 5.0), 8), ((5.0, 0.0), 8), ((0.0, 0.01), 8)])
    def test_what_has_no_ratio_is_measured_until_its_order_is_sure(
        self, pair: tuple[float, float], rounds: int
    ) -> None:
        test = SequentialTest(Benchmark("s", "b"), TIME, Plan(0.02, 0.01))
        while test.open:
            test.enter(Measured("b", TIME, Round(0, (pair[0],), (pair[1],), 1, 0.1)))
        assert len(test.rounds) == rounds
        test.enter(Measured("b", TIME, Round(0, (pair[1],), (pair[0],), 1, 0.1)))
        assert len(test.rounds) == rounds

    def test_what_has_neither_ratio_nor_order_is_soon_left(self) -> None:
        test = SequentialTest(Benchmark("s", "b"), TIME, Plan(0.02, 0.01))
        test.enter(Measured("b", TIME, Round(0, (0.0,), (5.0,), 1, 0.1)))
        while test.open:
            test.enter(Measured("b", TIME, Round(0, (5.0,), (0.0,), 1, 0.1)))
        assert len(test.rounds) == EXACT_ROUNDS

    def test_a_broken_suite_costs_no_other(self) -> None:
        clock = Clock()
        broken = FakeSuite("broken", {"a": Simulated(), "b": Simulated()}, clock, breaks_in_round=2)
        sound = FakeSuite("sound", {"c": Simulated()}, clock)
        outcomes = conducted([broken, sound])
        assert [one.status for one in outcomes.comparisons] == ["failed", "failed", "measured"]
        (problem,) = outcomes.problems
        assert (problem.where, problem.message, problem.output) == ("suite broken", "the suite broke", "why")
        assert problem.fatal

    def test_a_suite_that_cannot_be_listed_is_a_problem(self) -> None:
        clock = Clock()
        suites = [FakeSuite("x", {}, clock, unlisted="no way"), FakeSuite("y", {"b": Simulated()}, clock)]
        outcomes = conducted(suites)
        assert [problem.message for problem in outcomes.problems] == ["no way"]
        assert len(outcomes.comparisons) == 1

    def test_a_suite_of_which_nothing_could_be_collected_is_an_error(self) -> None:
        suites = [FakeSuite("x", {}, Clock(), problems=(Problem("suite x: test_a.py", "no", fatal=False),))]
        assert [problem.fatal for problem in conducted(suites).problems] == [True, False]

    def test_what_is_said_of_a_suite_names_it_once_and_keeps_the_advice(self) -> None:
        error = MeasureError("suite s, head: it broke.", hint="Mend it", output="why")
        assert problem_of("s", error) == Problem("suite s", "head: it broke. Mend it", "why")

    def test_an_interruption_keeps_what_there_is_and_marks_nothing_failed(self) -> None:
        suite = FakeSuite("s", {"a": Simulated(noise=NOISY), "b": Simulated(noise=NOISY)}, Clock())
        scheduler = Scheduler([suite], POLICY, 1000.0, Silent(), clock=suite.clock)

        def interrupt() -> None:
            if len(suite.history) == 4:
                raise Interrupted("stopped")

        suite.during = interrupt
        with pytest.raises(Interrupted):
            scheduler.run()
        outcomes = scheduler.outcomes()
        assert rounds(outcomes) == {"a": 3, "b": 3}
        assert {one.status for one in outcomes.comparisons} == {"measured"}
        assert outcomes.problems == ()


class TestMetrics:
    def test_an_exact_metric_gets_a_few_rounds_whatever_it_says(self) -> None:
        exact = Simulated(change=0.3, noise=0.0, metric=Metric("instructions", "1", rule="exact"))
        assert rounds(conducted([FakeSuite("s", {"b": exact}, Clock())])) == {"b": EXACT_ROUNDS}

    def test_the_family_counts_noisy_comparisons_of_all_suites(self) -> None:
        clock = Clock()
        exact = Simulated(noise=0.0, metric=Metric("instructions", "1", rule="exact"))
        suites = [FakeSuite("x", {"a": Simulated(), "e": exact}, clock), FakeSuite("y", {"b": Simulated()}, clock)]
        assert conducted(suites).family == 2


class TestSelection:
    def test_only_what_is_wanted_is_measured_and_counted(self) -> None:
        settled = tuple(Comparison(Benchmark("s", name), status="added", metric=Metric("time", "s")) for name in "pq")
        suite = FakeSuite("s", {"aa": Simulated(), "ab": Simulated(), "b": Simulated()}, Clock(), settled=settled)
        outcomes = conducted([suite], wanted=selector(["a*", "s/q"]))
        assert [one.benchmark.name for one in outcomes.comparisons] == ["aa", "ab", "q"]
        assert outcomes.family == 2

    @pytest.mark.parametrize(
        ("globs", "name", "wanted"),
        [
            *(([], "s/b", True), (["b*"], "s/b1", True), (["s/*"], "s/b", True), (["b"], "s/ab", False)),
            *((["x", "*b"], "s/ab", True), (["s/b[[]1]"], "s/b[1]", True), (["B"], "s/b", False)),
        ],
    )
    def test_globs(self, globs: list[str], name: str, wanted: bool) -> None:
        assert selector(globs)(name) is wanted


def looks_at_tracks(benchmarks: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a run of so many benchmarks asks one of them whether it is decided."""
    looks = 0
    asked = SequentialTest.open.fget

    def counted(track: SequentialTest) -> bool:
        nonlocal looks
        looks += 1
        return asked(track)  # type: ignore[misc]

    monkeypatch.setattr(SequentialTest, "open", property(counted))
    conducted([FakeSuite("s", {f"b{n}": Simulated() for n in range(benchmarks)}, Clock())], budget=1e6)
    monkeypatch.undo()
    return looks


def test_work_grows_with_the_number_of_benchmarks_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looks_at_tracks(200, monkeypatch) < 8 * looks_at_tracks(50, monkeypatch)


class Asking(Silent):
    """Somebody who presses a key before the fourth round."""

    def __init__(self, wish: Asked) -> None:
        self.wish, self.times, self.leant = wish, 0, set[str]()

    def asked(self) -> Asked:
        self.times += 1
        return self.wish if self.times > 3 else ""

    def leaning(self, name: str, change: float, rounds_left: int) -> None:
        assert rounds_left >= 1
        self.leant.add(name)


def test_whoever_watches_may_stop_and_keeps_what_was_measured() -> None:
    suite = FakeSuite("s", {"open": Simulated(noise=NOISY)}, Clock())
    scheduler = Scheduler([suite], POLICY, 1000.0, Asking("stop"), clock=suite.clock)
    with pytest.raises(Interrupted, match="stopped by q"):
        scheduler.run()
    assert rounds(scheduler.outcomes()) == {"open": 3}


def test_whoever_watches_may_go_on_without_a_time_limit() -> None:
    def measured(progress: Silent) -> int:
        suite = FakeSuite("s", {"open": Simulated(noise=0.02, seconds=1.0)}, Clock())
        return rounds(Scheduler([suite], POLICY, 9.0, progress, clock=suite.clock).run())["open"]

    asking = Asking("go on")
    assert measured(asking) > measured(Silent())
    assert asking.leant == {"s/open"}


def test_how_many_are_decided_is_told_as_it_is() -> None:
    told: list[tuple[int, int]] = []

    class Teller(Silent):
        def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None:
            told.append((decided, total))

    names = {"slower": Simulated(0.5), "crashes": Simulated(fails_in_round=1), "open": Simulated(noise=NOISY)}
    suite = FakeSuite("s", names, Clock())
    Scheduler([suite], POLICY, 20.0, Teller(), clock=suite.clock).run()
    assert (told[0], told[5], told[-1]) == ((0, 3), (1, 3), (2, 3))


class TestCalibrated:
    """What earlier A/A runs found orders the measuring, and decides nothing."""

    def noise(self, spreads: dict[str, float], seconds: float = 1.0) -> Noise:
        named = {f"s/{name}": value for name, value in spreads.items()}
        return Noise(
            {(name, "time"): value for name, value in named.items()},
            dict.fromkeys(named, seconds),
            {},
            {"s": 0.5},
            "2026-11-01T12:00:00+00:00",
        )

    def suite(self) -> FakeSuite:
        loud = {f"loud{n}": Simulated(noise=NOISY, seconds=1.0) for n in range(5)}
        return FakeSuite("s", {"near": Simulated(noise=0.015, seconds=1.0), **loud}, Clock())

    def test_a_budget_that_is_too_short_for_all_decides_some(self) -> None:
        """Six rounds of all take 39 s: it is known from the first one on which of them is worth the time."""
        known = self.noise({"near": 0.015, **{f"loud{n}": NOISY for n in range(5)}})
        planned = self.suite()
        found = rounds(conducted([planned], budget=32.0, noise=known))
        assert found["near"] >= FIRST_ROUNDS
        assert planned.history[1] == ("near",)

    def test_everything_gets_its_first_rounds_whatever_a_calibration_says(self) -> None:
        known = self.noise({"near": 5.0, **{f"loud{n}": 1e-6 for n in range(5)}}, seconds=1e9)
        suite = self.suite()
        conducted([suite], budget=300.0, noise=known)
        assert suite.history[:FIRST_ROUNDS] == [tuple(suite.benchmarks)] * FIRST_ROUNDS

    def test_the_same_rounds_get_the_same_verdict(self) -> None:
        """Enough time for all: with and without, each benchmark's rounds end at the same look."""
        benchmarks = {"a": Simulated(noise=0.01), "b": Simulated(0.1, noise=0.01), "c": Simulated(noise=0.02)}
        wrong = self.noise({"a": 3.0, "b": 1e-9, "c": 3.0})
        found = []
        for noise in (Noise(), wrong):
            suites = [FakeSuite(name, {name: one}, Clock()) for name, one in benchmarks.items()]
            found.append([conducted([suite], budget=1e6, noise=noise).comparisons for suite in suites])
        assert found[0] == found[1]

    def test_it_is_said_before_anything_is_measured(self) -> None:
        suite = self.suite()
        lines: list[tuple[int, str]] = []

        class Heard(Silent):
            def log(self, line: str) -> None:
                lines.append((len(suite.history), line))

        known = self.noise({"near": 0.01, "loud0": NOISY})
        outcomes = Scheduler([suite], POLICY, 60.0, Heard(), clock=suite.clock, selection=Selection(noise=known)).run()
        assert [rounds for rounds, _ in lines] == [0] * len(lines)
        assert "1 of 2 comparisons will probably stay undecided in 1 min" in lines[0][1]
        assert "(4 not calibrated)" in lines[0][1]
        assert outcomes.forecast == (lines[0][1], lines[-1][1])

    def test_what_is_not_calibrated_is_not_spoken_of(self) -> None:
        assert conducted([self.suite()], budget=60.0).forecast == ()

    def test_starting_is_kept_for_the_next_calibration(self) -> None:
        (start,) = conducted([self.suite()], budget=60.0).startups
        assert (start.suite, start.seconds) == ("s", 0.5)


def test_a_share_is_taken_of_all_that_is_wanted() -> None:
    suite = FakeSuite("s", {name: Simulated() for name in ("a", "b", "c")}, Clock())
    asked: list[list[str]] = []

    def share(names: Collection[str]) -> Collection[str]:
        asked.append(sorted(names))
        return ["s/b"]

    outcomes = conducted([suite], wanted=lambda name: name != "s/c", share=share)
    assert asked == [["s/a", "s/b"]]
    assert set(rounds(outcomes)) == {"b"}
    assert outcomes.family == 2, "others' count as the same family"
