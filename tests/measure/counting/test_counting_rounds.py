"""How counted metrics go together with those of rounds: budget, failures, family."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from perfbot.judge.verdict import judge
from perfbot.measure.lockstep.counting import ALLOCATED, INSTRUCTIONS, NO_TIME, NO_VALGRIND
from perfbot.measure.lockstep.messages import is_count
from perfbot.measure.rounds import Outcomes
from perfbot.measure.scheduler import COUNTING_SHARE, Scheduler
from perfbot.measure.sequential_test import EXACT_ROUNDS, FIRST_ROUNDS
from perfbot.measure.session import Discovery, Failed, Measured, Outcome
from perfbot.model import TIME, Comparison, Metric, Policy, Round
from perfbot.reasons import Said, words
from perfbot.render.progress import Silent
from tests.measure.conftest import Clock, FakeSuite, Simulated
from tests.measure.counting.conftest import counted
from tests.workers import Sides

POLICY = Policy(threshold=0.02, alpha=0.05)
NOISY = 0.2
"""So much noise that nothing is ever decided."""


@dataclass
class CountingSuite(FakeSuite):
    """A suite that counts by formula as well, a tenth of a second a benchmark and round.

    Attributes:
        counts: head's count by benchmark, where base's is 1000; a failure instead of one.
        given: the seconds that counting had.
    """

    counts: Mapping[str, float | Failed] = field(default_factory=dict)
    timed: bool = True
    given: list[float] = field(default_factory=list)

    def discover(self) -> Discovery:
        listed = replace(super().discover(), own={}, metrics=(TIME,) if self.timed else ())
        return replace(listed, counted=(INSTRUCTIONS, ALLOCATED), count=self.count)

    def count(self, names: Sequence[str], until: float) -> Iterator[Outcome]:
        self.given.append(until - self.clock.now)
        for index in range(2):
            for name in names:
                self.clock.now += 0.1
                head = self.counts[name]
                if isinstance(head, Failed):
                    yield head
                else:
                    yield Measured(name, INSTRUCTIONS, Round(index, (1000.0,), (head,), clock="count"))


def conducted(suite: CountingSuite, *, budget: float = 90.0) -> Outcomes:
    return Scheduler([suite], POLICY, budget, Silent(), clock=suite.clock).run()


def comparison(outcomes: Outcomes, name: str, metric: Metric) -> Comparison:
    (found,) = [one for one in outcomes.comparisons if one.benchmark.name == name and one.metric == metric]
    return found


def suite(counts: Mapping[str, float | Failed], **more: object) -> CountingSuite:
    benchmarks = {name: Simulated() for name in counts}
    return CountingSuite("s", benchmarks, Clock(), counts=counts, **more)  # type: ignore[arg-type]


def test_counting_comes_first_and_has_its_share_of_the_budget() -> None:
    one = suite({"a": 1000.0})
    outcomes = conducted(one)
    assert one.given == [pytest.approx(90.0 * COUNTING_SHARE)]
    assert len(comparison(outcomes, "a", INSTRUCTIONS).rounds) == 2
    assert len(comparison(outcomes, "a", TIME).rounds) >= FIRST_ROUNDS


def test_without_time_counting_has_all_of_it_and_no_round_is_begun() -> None:
    one = suite({"a": 1000.0}, timed=False)
    outcomes = conducted(one)
    assert one.given == [pytest.approx(90.0)]
    assert one.history == []
    assert {c.metric for c in outcomes.comparisons} == {INSTRUCTIONS, ALLOCATED}


def test_counted_metrics_do_not_keep_a_benchmark_in_the_rounds() -> None:
    one = suite({"a": 1000.0, "b": 1000.0})
    one.benchmarks = {"a": Simulated(noise=0.0001), "b": Simulated(noise=NOISY)}
    conducted(one)
    assert one.history[-1] == ("b",)


def test_exact_metrics_take_nothing_of_the_false_alarms_allowed() -> None:
    assert conducted(suite({"a": 1000.0, "b": 1000.0})).family == 2


def test_what_cannot_be_counted_is_still_timed() -> None:
    outcomes = conducted(suite({"a": Failed("a", "both", (Said("because"),), True, INSTRUCTIONS)}))
    assert comparison(outcomes, "a", INSTRUCTIONS).status == "incomparable"
    assert words.text(comparison(outcomes, "a", INSTRUCTIONS).reasons) == "because"
    assert comparison(outcomes, "a", TIME).status == "measured"


def test_a_crash_in_a_round_leaves_what_was_counted() -> None:
    one = suite({"a": 1010.0})
    one.benchmarks = {"a": Simulated(fails_in_round=0)}
    outcomes = conducted(one)
    assert comparison(outcomes, "a", TIME).status == "failed"
    assert comparison(outcomes, "a", INSTRUCTIONS).status == "measured"


@pytest.mark.parametrize(
    ("head", "verdict", "gate"),
    [
        (1000.0, "unchanged", "pass"),
        (1001.0, "unchanged", "pass"),
        (1005.0, "regressed", "fail"),
        (1003.0, "regressed", "pass"),
        (995.0, "improved", "pass"),
    ],
)
def test_half_a_percent_of_the_instructions_fails_the_gate(head: float, verdict: str, gate: str) -> None:
    outcomes = conducted(suite({"a": head}))
    (result,) = [r for r in judge(outcomes.comparisons, POLICY, family=1) if r.metric == "instructions"]
    assert (result.verdict, result.gate) == (verdict, gate)


@pytest.mark.parametrize(
    ("answer", "valid"),
    [
        ({"value": 1.5, "calls": 1}, True),
        ({"value": -3, "calls": 8}, True),
        ({"refused": "why"}, True),
        ({"value": float("nan"), "calls": 1}, False),
        ({"value": 1.5, "calls": 0}, False),
        ({"value": "1.5", "calls": 1}, False),
        ({"value": 1.5}, False),
        ({"refused": 3}, False),
        ({}, False),
    ],
)
def test_what_a_worker_counted_is_not_believed_unchecked(answer: dict[str, object], valid: bool) -> None:
    assert is_count(answer) is valid


PYTHON = 'harness = "python"\nfunctions = { a = "mine:make", b = "mine:make" }'
COMMAND = 'harness = "command"\ncommands = { a = "true", b = "true" }'


@pytest.mark.parametrize("text", [PYTHON, COMMAND])
def test_without_valgrind_instructions_are_not_comparable_and_the_warning_says_what_to_type(
    text: str, sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perfbot.measure.lockstep.counting.shutil.which", lambda name: None)
    sides.write({"mine.py": "def make(): return []\n"})
    found = counted(sides.suite(f'{text}\nmetrics = ["time", "instructions"]'))
    (problem,) = found.discovery.problems
    assert (problem.message, problem.fatal) == (words.clause(NO_VALGRIND), False)
    assert "apt-get install valgrind" in problem.message
    for name in ("a", "b"):
        failure = found.failures(name)["instructions"]
        assert (failure.reasons, failure.skipped) == ((NO_VALGRIND,), True)


@pytest.mark.parametrize("metric", ["objects", "memory"])
def test_what_there_is_no_time_for_says_so(metric: str, sides: Sides) -> None:
    sides.write({"mine.py": "def make(): return []\n"})
    found = counted(sides.suite(f'{PYTHON}\nmetrics = ["time", "{metric}"]'), seconds=-1.0)
    for name in ("a", "b"):
        failure = found.failures(name)[metric]
        assert (failure.reasons, failure.skipped) == ((NO_TIME,), True)


STAND_IN = """#!/bin/sh
for word in "$@"; do
    case $word in
        --callgrind-out-file=*) out=$(echo "${word#*=}" | sed "s/%p/$$/") ;;
        -*) ;;
        *) break ;;
    esac
    shift
done
"$@" || exit
echo "totals: $(wc -c < count)" > "$out"
"""
"""What valgrind does for a command, as far as it matters here: it counts the bytes of a file."""


def test_commands_are_run_by_valgrind_and_its_files_are_read(
    sides: Sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = tmp_path / "bin" / "valgrind"
    stand_in.parent.mkdir()
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(stand_in.parent), prepend=os.pathsep)
    sides.write({"count": "x" * 1000}, sides=["base"])
    sides.write({"count": "x" * 1005}, sides=["head"])
    text = 'harness = "command"\ncommands = { good = "true; true", bad = "exit 3" }'
    found = counted(sides.suite(f'{text}\nmetrics = ["time", "instructions"]'))
    assert found.values("good", "instructions") == [(1000.0, 1005.0)] * EXACT_ROUNDS
    failure = found.failures("bad")["instructions"]
    assert "ended with 3" in words.text(failure.reasons)
    assert failure.skipped, "its time will tell"


def test_where_the_budget_is_short_nothing_hangs(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where nothing is timed: a benchmark that was not waited for as long as it may take has not failed."""
    monkeypatch.setattr("perfbot.measure.lockstep.counting.PATIENCE", 0.0)
    monkeypatch.setattr("perfbot.measure.lockstep.counting.LEAST_PATIENCE", 0.5)
    sides.write({"mine.py": "import time\ndef make(): time.sleep(30)\n"})
    found = counted(sides.suite('harness = "python"\nfunctions = { a = "mine:make" }\nmetrics = ["objects"]'))
    (failure,) = found.failures("a").values()
    assert (failure.reasons, failure.skipped) == ((NO_TIME,), True)
