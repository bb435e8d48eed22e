"""What is said before measuring: by formula, from simulated noise."""

from __future__ import annotations

from perfbot.calibration.noise import NOTHING, Noise
from perfbot.measure.forecast import forecast
from perfbot.measure.sequential_test import SequentialTest
from perfbot.model import TIME, Benchmark, Metric
from perfbot.stats.sequential import Plan


def track(
    name: str, spread: float | None, *, suite: str = "s", metric: Metric = TIME, delta: float = 0.02
) -> SequentialTest:
    return SequentialTest(Benchmark(suite, name), metric, Plan(delta, 0.001), known=spread)


def noise(seconds: dict[str, float], startup: float = 1.0) -> Noise:
    return Noise({}, {f"s/{name}": value for name, value in seconds.items()}, {}, {"s": startup}, "2026-11-01T12:00:00")


def test_without_a_calibration_nothing_is_said() -> None:
    assert forecast([track("a", None)], NOTHING, 60.0, 1).lines == ()


def test_enough_is_one_line_and_no_note() -> None:
    found = forecast([track("a", 0.005), track("b", None)], noise({"a": 1.0}), 60.0, 1)
    assert found.lines == (
        "noise calibrated 2026-11-01 (1 not calibrated): 1 comparison should be decided in about 12 s of 1 min",
    )
    assert found.notes == ()


def test_what_the_budget_does_not_do_for_is_named_with_what_would() -> None:
    tracks = [track("quiet", 0.005), track("loud", 0.04)]
    found = forecast(tracks, noise({"quiet": 1.0, "loud": 1.0}), 60.0, 1)
    assert found.lines == (
        "noise calibrated 2026-11-01: 1 of 2 comparisons will probably stay undecided in 1 min",
        's/loud at 2 % (round-to-round standard deviation 4 %, about 47 rounds of 1 s, threshold = "3%" would do)',
        "what would do: `--budget 3m`; or `perfbot calibrate --write` puts larger thresholds into the configuration",
    )
    assert found.notes == (found.lines[0], found.lines[2])


def test_that_budget_and_that_threshold_would_do() -> None:
    known = noise({"quiet": 1.0, "loud": 1.0})
    quiet = track("quiet", 0.005)
    assert not forecast([quiet, track("loud", 0.04)], known, 180.0, 1).notes
    assert not forecast([quiet, track("loud", 0.04, delta=0.03)], known, 60.0, 1).notes


def test_two_lanes_do_twice_as_much() -> None:
    tracks, known = [track("quiet", 0.005), track("loud", 0.04)], noise({"quiet": 1.0, "loud": 1.0})
    assert forecast(tracks, known, 60.0, 1).notes
    assert not forecast(tracks, known, 60.0, 2).notes


def test_no_budget_does_for_too_much_noise() -> None:
    (summary, loud, advice) = forecast([track("loud", 0.2)], noise({"loud": 0.1}, 0.1), 60.0, 1).lines
    assert "1 of 1 comparison will" in summary
    assert "no time limit would do" in loud
    assert 'threshold = "5%" would do' in loud
    assert "--budget" not in advice


def test_a_budget_for_those_that_it_helps() -> None:
    tracks = [track("loud", 0.2), track("medium", 0.04)]
    advice = forecast(tracks, noise({"loud": 1.0, "medium": 1.0}), 60.0, 1).lines[-1]
    assert "what would do for 1 of them: `--budget 3m`" in advice


def test_the_first_rounds_of_everything_come_off_first() -> None:
    """Six rounds of all take 57 s of a minute, although deciding the quick one alone takes 16."""
    others = [track(f"long{index}", 0.2) for index in range(5)]
    seconds = {f"long{index}": 1.5 for index in range(5)}
    alone = forecast([track("quick", 0.015)], noise({"quick": 1.0}), 60.0, 1)
    crowded = forecast([track("quick", 0.015), *others], noise({"quick": 1.0, **seconds}), 60.0, 1)
    assert not alone.notes
    assert "6 of 6 comparisons" in crowded.notes[0]


def test_where_not_even_those_fit_some_are_decided_all_the_same() -> None:
    """As the scheduler then does: a round of all, and then those that are soonest decided."""
    tracks = [track("quick", 0.015), *(track(f"long{index}", 0.2) for index in range(5))]
    known = noise({"quick": 1.0, **{f"long{index}": 2.5 for index in range(5)}})
    summary, *named, _ = forecast(tracks, known, 60.0, 1).lines
    assert "5 of 6 comparisons" in summary
    assert not any("would do)" in line and "threshold" in line for line in named), "no threshold helps against time"


def test_many_are_counted() -> None:
    tracks = [track(f"b{index}", 0.2) for index in range(9)]
    lines = forecast(tracks, noise({f"b{index}": 1.0 for index in range(9)}), 60.0, 1).lines
    assert len(lines) == 1 + 5 + 1 + 1
    assert lines[-2] == "… and 4 more"


def test_metrics_of_one_benchmark_share_its_rounds() -> None:
    tracks = [track("a", 0.005), track("a", 0.005, metric=Metric("cpu", "s"))]
    assert "about 12 s of 1 min" in forecast(tracks, noise({"a": 1.0}), 60.0, 1).lines[0]


def test_thousands_take_no_time_worth_speaking_of() -> None:
    tracks = [track(f"b{index}", 0.01 + index / 100_000) for index in range(2000)]
    known = noise({f"b{index}": 0.01 for index in range(2000)})
    assert "comparisons" in forecast(tracks, known, 600.0, 1).lines[0]
