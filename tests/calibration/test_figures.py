"""The figures of a calibration: simulated runs, and single observations whose figures are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from perfbot.calibration.figures import false_alarms, summarise
from perfbot.calibration.noise import noise_of
from perfbot.calibration.records import Calibration, CalibrationRun, Observation, Setting
from perfbot.model import Startup, Verdict
from perfbot.stats.location import spread
from perfbot.stats.sequential import Plan, decide
from tests.calibration.samples import calibrated

SETTING = Setting("a" * 40, "cpu", 2, "3.11.2", 60.0, 0.02, 0.01, 0.05)


def seen(verdict: Verdict, change: float, detectable: float | None, **more: object) -> Observation:
    known = ("s/b", "time", "noisy", verdict, change, detectable, 0.02, 12, 1.5, 0.01)
    return replace(Observation(*known), **more)  # type: ignore[arg-type]


def of(*observations: Observation) -> Calibration:
    """One observation a run."""
    return Calibration(SETTING, tuple(CalibrationRun("2026-11-01T00:00:00+00:00", 1, (one,)) for one in observations))


def suggested(*observations: Observation) -> float | None:
    (normal,) = summarise(of(*observations))
    return normal.suggested


def test_extremes_medians_and_alarms() -> None:
    whole = of(*(seen("unchanged", i / 1000, 0.011) for i in range(9)), seen("regressed", 0.05, 0.03))
    (normal,) = summarise(whole)
    assert (normal.lowest, normal.highest, normal.alarms, normal.undecided) == (0.0, 0.05, 1, 0)
    assert (normal.rounds, normal.seconds, normal.threshold) == (12, 1.5, 0.02)
    count, low, high = false_alarms(whole)
    assert count == 1
    assert low == pytest.approx(0.00253, abs=1e-5)
    assert high == pytest.approx(0.44502, abs=1e-5)


class TestSuggestion:
    def test_what_is_always_decided_needs_no_more_than_it_has(self) -> None:
        assert suggested(*[seen("unchanged", 0.0, 0.035)] * 10) == 0.02

    def test_undecided_runs_need_what_they_ruled_out(self) -> None:
        """At that threshold the same rounds decide; at the whole percent below they do not."""
        ratios = np.random.default_rng(3).normal(0, 0.05, 12).tolist()
        undecided = decide(ratios, Plan(0.02, 0.01))
        one = seen("inconclusive", undecided.change, undecided.detectable, spread=spread(ratios))
        found = suggested(*[one] * 10)
        assert undecided.state == "open"
        assert found is not None
        assert found > 0.02
        assert decide(ratios, Plan(found, 0.01)).state == "same"
        assert decide(ratios, Plan(found - 0.01, 0.01)).state == "open"

    def test_one_run_in_ten_may_fail(self) -> None:
        nine, loud = [seen("unchanged", 0.0, 0.01)] * 9, seen("inconclusive", 0.0, 0.3, spread=0.1)
        assert suggested(*nine, loud) == 0.02
        more = suggested(*nine[:8], loud, loud)
        assert more is not None
        assert more > 0.05

    def test_an_alarm_needs_the_change_it_saw(self) -> None:
        assert suggested(*[seen("improved", -0.083, 0.03)] * 3) == 0.09

    def test_whole_percents_survive_floating_point(self) -> None:
        assert suggested(*[seen("improved", -0.07, 0.07)] * 3) == 0.07

    @pytest.mark.parametrize(
        "one",
        [
            seen("inconclusive", 0.0, None, spread=None),
            seen("inconclusive", 0.51, 0.1),
            seen("inconclusive", 0.0, 0.1, rounds=5),
            seen("unchanged", 0.0, 0.0, rule="exact", spread=None),
        ],
    )
    def test_none_is_better_than_nonsense(self, one: Observation) -> None:
        assert suggested(*[one] * 10) is None


def test_simulated_quiet_and_loud() -> None:
    loud, quiet = summarise(calibrated({"quiet": 0.003, "loud": 0.08}, count=20))
    assert quiet.undecided == 0
    assert quiet.suggested == 0.02
    assert loud.undecided == 10
    assert loud.suggested is not None
    assert 0.03 < loud.suggested <= 0.1
    assert quiet.visible is not None
    assert loud.visible is not None
    assert loud.visible > 10 * quiet.visible


def test_visible_depends_on_the_budget_and_on_what_shares_it() -> None:
    whole = calibrated({"a": 0.02}, count=12)
    short = replace(whole, setting=replace(whole.setting, budget=15.0))
    starved = replace(whole, setting=replace(whole.setting, budget=5.0))
    wide, narrow = (summarise(one)[0].visible for one in (short, whole))
    assert wide is not None
    assert narrow is not None
    assert 1.8 < wide / narrow < 4, "a quarter of the rounds, and fewer degrees of freedom"
    assert summarise(starved)[0].visible is None, "fewer than six rounds say nothing"


def test_noise_is_what_is_typical() -> None:
    runs = [
        CalibrationRun(
            "2026-11-01T00:00:00+00:00", 2, (seen("unchanged", 0, 0.1, seconds=s, spread=s / 100),), (Startup("s", s),)
        )
        for s in (6.0, 12.0, 240.0)
    ]
    noise = noise_of(Calibration(SETTING, tuple(runs)))
    assert noise.spreads == {("s/b", "time"): 0.12}
    assert noise.round_seconds == {"s/b": 1.0}
    assert noise.decision_seconds == {"s/b": 12.0}
    assert noise.startups == {"s": 12.0}


def test_metrics_of_one_benchmark_share_their_time() -> None:
    run = CalibrationRun("", 2, (seen("unchanged", 0, 0.1), seen("unchanged", 0, 0.1, metric="cpu")))
    assert noise_of(Calibration(SETTING, (run,))).decision_seconds == {"s/b": 1.5}
