"""Several builds a side: each round draws one of each; what they do is told, and not taken for the change."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from perfbot.judge.builds import layout_effect
from perfbot.judge.verdict import judge
from perfbot.measure.builds import BuiltSuite
from perfbot.measure.session import Measured
from perfbot.model import TIME, Benchmark, Comparison, Policy, Result, Round
from perfbot.reasons import words
from perfbot.report import read
from tests.cli.conftest import shell_for
from tests.measure.conftest import Clock, FakeSuite, Simulated
from tests.programs import SPIN

BUILDS = 4
PAIRS = [(at % BUILDS, (at + at // BUILDS) % BUILDS) for at in range(24)]


def judged(changes: list[float], noise: float = 0.002) -> Result:
    """Rounds in which head's builds are slower by so much, each."""
    rng = np.random.default_rng(3)
    rounds = []
    for index, builds in enumerate(PAIRS):
        head = (1 + changes[builds[1]]) * (1 + rng.normal(0, noise))
        rounds.append(Round(index, (1e-3,), (1e-3 * head,), builds=builds))
    comparison = Comparison(Benchmark("s", "b"), TIME, tuple(rounds))
    return judge([comparison], Policy(threshold=0.02, alpha=0.01), family=1)[0]


def test_all_builds_meet_equally_often() -> None:
    clock = Clock()
    made: Counter[tuple[int, int]] = Counter()

    def variant(base: int, head: int) -> FakeSuite:
        made[base, head] += 1
        return FakeSuite("s", {"b": Simulated()}, clock)

    suite = BuiltSuite("s", variant(0, 0), variant, BUILDS, Random(2))  # noqa: S311
    met: Counter[tuple[int, int]] = Counter()
    for index in range(2 * BUILDS**2):
        for outcome in suite.measure_round(index, ["b"], 1e9):
            assert isinstance(outcome, Measured)
            met[outcome.round.builds] += 1
    assert set(met.values()) == {2}
    assert len(met) == BUILDS**2
    assert set(made.values()) == {1}, "each is made once"


def test_builds_that_decide_the_direction_leave_it_undecided() -> None:
    result = judged([-0.03, 0.02, 0.11, 0.04])
    assert result.verdict == "inconclusive"
    assert "moves with code layout: −3" in words.text(result.reasons)
    assert "over 4 builds" in words.text(result.reasons)
    assert result.interval is not None
    assert result.interval[0] < -0.02
    assert result.interval[1] > 0.1


def test_a_change_of_all_builds_stands_and_its_interval_holds_them() -> None:
    result = judged([0.10, 0.16, 0.12, 0.2])
    assert (result.verdict, result.gate) == ("regressed", "fail")
    assert "moves with code layout" in words.text(result.reasons)
    assert result.interval is not None
    assert result.interval[0] < 0.11
    assert result.interval[1] > 0.19


@pytest.mark.parametrize("change", [0.0, 0.05])
def test_builds_that_do_not_matter_are_not_mentioned(change: float) -> None:
    result = judged([change] * BUILDS)
    assert result.verdict == ("regressed" if change else "unchanged")
    assert "layout" not in words.text(result.reasons)


def test_noise_is_rarely_taken_for_layout() -> None:
    rng = np.random.default_rng(1)
    told = sum(layout_effect(rng.normal(0, 0.02, len(PAIRS)), PAIRS) is not None for _ in range(300))
    assert told <= 9, "300 at 1 %: more have a probability of 0.1 %"


def test_set_up_runs_for_each_build_with_a_salt_of_its_own(tmp_path: Path) -> None:
    config = f"""
[run]
budget = "8 s"
[gate]
threshold = "30%"
confirm = "no"
[[suite]]
name = "programs"
harness = "command"
commands = {{ it = "sh built.sh" }}
builds = 2
setup = ["echo $PERFBOT_BUILD_INDEX $PERFBOT_BUILD_SALT > salt; n=$(expr 1500 + $PERFBOT_BUILD_INDEX '*' 20000); \
echo '{SPIN.strip().replace("{}", "'$n'")}' > built.sh"]
"""
    shell = shell_for(tmp_path, config.replace("\\\n", ""))
    file = tmp_path / "r.json"
    done = shell.type("run", "main..change", "--report", str(file))
    (result,) = read(file).results
    assert {taken.builds for taken in result.raw} == {(0, 0), (0, 1), (1, 0), (1, 1)}, done.stderr
    by_build = {builds: [t for t in result.raw if t.builds == builds] for builds in ((0, 1), (1, 0))}
    assert all(taken.head[0] > 1.5 * taken.base[0] for taken in by_build[0, 1])
    assert all(taken.base[0] > 1.5 * taken.head[0] for taken in by_build[1, 0])
    assert result.verdict == "inconclusive"
    salts = {path.read_text() for path in (tmp_path / "cache").rglob("salt")}
    assert len(salts) == 2
    assert replace(result, raw=()).benchmark == "it"
