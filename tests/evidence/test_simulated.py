"""The simulated figures of docs/decision-rule.md, a few suites of them."""

import pytest

from evidence import simulated


def test_a_row_for_every_kind_of_noise(capsys):
    assert simulated.main(["--suites", "4", "--worst", "200", "--alpha", ".05"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines[2:-3]] == [f"| {name}" for name in simulated.NOISES]
    assert all("times alpha" in line for line in lines[-3:])


@pytest.mark.parametrize("name", simulated.NOISES)
def test_noise_is_symmetric_and_of_the_size_it_says(name):
    drawn = simulated.NOISES[name](simulated.np.random.default_rng(1), (400, 50))
    assert abs(float(simulated.np.median(drawn))) < 0.05
    assert 0.3 < float(drawn.std()) < 3
