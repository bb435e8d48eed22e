"""Other tools' rules: what they must say of clear cases."""

import numpy as np
import pytest

from evidence.rules import RULES, missing

HERE = [name for name in RULES if not missing(name)]
SAMPLE = np.random.default_rng(1).lognormal(0, 0.02, 100) * 1e-3


def test_rules_that_need_no_package_always_run():
    assert {name for name in RULES if "reimplemented" in name} <= set(HERE)
    assert "pyperf compare_to" in HERE


@pytest.mark.parametrize("name", HERE)
def test_identical_samples_do_not_differ(name):
    assert RULES[name][0](SAMPLE, SAMPLE) == 0


@pytest.mark.parametrize("name", HERE)
def test_three_times_slower_is_slower_and_back(name):
    rule, _ = RULES[name]
    assert rule(SAMPLE, SAMPLE * 3) == 1
    assert rule(SAMPLE * 3, SAMPLE) == -1


@pytest.mark.parametrize(("change", "called"), [(1.05, 0), (1.15, 1)])
def test_a_ratio_rule_knows_no_noise(change, called):
    assert RULES["github-action-benchmark 110 % (reimplemented)"][0](SAMPLE, SAMPLE * change) == called


@pytest.mark.parametrize(
    "name", ["hyperfine welch_ttest (reimplemented)", "Tachometer, one look (reimplemented)", "pyperf compare_to"]
)
def test_mean_tests_agree_on_what_is_near_the_edge(name):
    rule, _ = RULES[name]
    error = SAMPLE.std(ddof=1) * np.sqrt(2 / len(SAMPLE))
    assert rule(SAMPLE, SAMPLE + 1.8 * error) == 0
    assert rule(SAMPLE, SAMPLE + 2.2 * error) == 1
