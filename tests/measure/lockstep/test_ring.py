"""Rings of real workers: several trees in one round."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from random import Random

import pytest

from perfbot.measure.lockstep.known import Known
from perfbot.measure.lockstep.link import WorkerSpec
from perfbot.measure.lockstep.ring import RingLost, RingRound, RingSuite, ring_round
from perfbot.measure.session import Placement
from perfbot.process import scrubbed_environment

SPIN = "def work():\n    total = 0\n    for number in range({loops}):\n        total += number\n    return total\n"
TWICE = {0: 2000, 1: 2000, 2: 6000, 3: 6000}


@pytest.fixture
def ring(tmp_path: Path) -> RingSuite:
    """Four commits of one function, three times as slow from the third on."""
    return made(tmp_path, {commit: SPIN.format(loops=loops) for commit, loops in TWICE.items()})


def made(folder: Path, texts: dict[int, str]) -> RingSuite:
    specs = {}
    for commit, text in texts.items():
        tree = folder / f"tree{commit}"
        tree.mkdir()
        (tree / "bench.py").write_text(text)
        env = scrubbed_environment({"PATH": "/usr/bin:/bin"}, folder)
        options = {"functions": {"work": "bench:work"}, "own": ["bench.py"]}
        specs[commit] = WorkerSpec("head", Path(sys.executable), tree, env, "python", options)
    return RingSuite(specs, {"work": "work"}, 30.0, Known())


def once(suite: RingSuite) -> list[object]:
    return list(suite.measure(sorted(suite.specs), ["work"], time.monotonic() + 60, Placement(), Random(3)))  # noqa: S311


def test_levels_of_a_round_are_those_of_the_commits(ring: RingSuite) -> None:
    (taken,) = once(ring)
    assert isinstance(taken, RingRound)
    assert set(taken.typical) == set(TWICE)
    for slow in (2, 3):
        for quick in (0, 1):
            assert math.log(1.5) < taken.typical[slow] - taken.typical[quick] < math.log(6)
            assert math.log(1.5) < taken.means[slow] - taken.means[quick] < math.log(6)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import gone_away\n", "gone_away"),
        ("def work():\n    raise ValueError('broken here')\n", "broken here"),
        ("import os\ndef work():\n    os._exit(3)\n", "ended with 3"),
        (
            (
                "import itertools\ncalls = itertools.count()\n"
                "def work():\n    if next(calls) > 40:\n        raise ValueError('later on')\n"
            ),
            "later on",
        ),
    ],
)
def test_a_commit_that_cannot_be_measured_is_told_from_the_others(tmp_path: Path, text: str, told: str) -> None:
    """Whatever it does, and in whichever order the ring was drawn, it is that commit that is lost."""
    good = SPIN.format(loops=2000)
    suite = made(tmp_path, {0: good, 1: text, 2: good})
    lost = [one for one in once(suite) if isinstance(one, RingLost)]
    assert [one.commit for one in lost] == [1]
    assert told in lost[0].reason
    suite.specs.pop(1)
    assert any(isinstance(one, RingRound) for one in once(suite))


def test_a_commit_without_the_benchmark_is_lost(tmp_path: Path) -> None:
    suite = made(tmp_path, {0: SPIN.format(loops=900), 1: "def other():\n    pass\n"})
    (lost,) = once(suite)
    assert isinstance(lost, RingLost)
    assert (lost.name, lost.commit) == ("work", 1)


def test_long_calls_run_at_once(tmp_path: Path) -> None:
    suite = made(tmp_path, {commit: SPIN.format(loops=loops) for commit, loops in {0: 200_000, 1: 600_000}.items()})
    (taken,) = once(suite)
    assert isinstance(taken, RingRound)
    assert taken.typical[1] - taken.typical[0] > math.log(1.5)


def test_each_commit_is_held_against_the_first() -> None:
    costs = {5: [1.0e-5] * 16, 2: [1.1e-5] * 16, 9: [2.0e-5] * 16}
    taken = ring_round("b", costs, loops=10)
    assert taken.typical == pytest.approx({5: 0.0, 2: math.log(1.1), 9: math.log(2)})
    assert taken.means == pytest.approx(taken.typical)
