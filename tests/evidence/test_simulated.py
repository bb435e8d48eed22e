"""The simulated figures of docs/decision-rule.md, a few suites of them."""

import pytest

from evidence import simulated


def test_a_row_for_every_kind_of_noise(capsys):
    assert simulated.main(["--suites", "4", "--worst", "200", "--alpha", ".05"]) == 0
    noises, slow = (part.splitlines() for part in capsys.readouterr().out.split("\n\n"))
    assert [line.split(" | ")[0] for line in noises[2:-3]] == [f"| {name}" for name in simulated.NOISES]
    assert all("times alpha" in line for line in noises[-3:])
    assert len(slow) == 2 + len(simulated.SLOW_CALLS)


@pytest.mark.parametrize("kind", simulated.SLOW_CALLS)
def test_slow_calls_of_one_side_are_a_change_of_the_mean_and_of_both_are_none(kind):
    alarm, slower, unchanged, blind = simulated.slow_rates(kind, 0.01, 20, simulated.np.random.default_rng(1))
    assert alarm == 0
    assert slower > 0.98
    assert unchanged < 0.01
    assert blind > 0.98


@pytest.mark.parametrize("name", simulated.NOISES)
def test_noise_is_symmetric_and_of_the_size_it_says(name):
    drawn = simulated.NOISES[name](simulated.np.random.default_rng(1), (400, 50))
    assert abs(float(simulated.np.median(drawn))) < 0.05
    assert 0.3 < float(drawn.std()) < 3
