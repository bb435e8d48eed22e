"""Who ran when, asserted from the trace of real workers."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from perfbot.measure.lockstep import endurance, plan
from perfbot.measure.lockstep.plan import turn_counts
from perfbot.measure.session import Failed, Measured, Placement
from perfbot.model import SIDES
from perfbot.reasons import Waits, words
from tests.workers import PATIENCE, Sides, take

FUNCTIONS = """\
import os, time

SIDE = os.path.basename(os.getcwd())
FACTOR = {"base": 1, "head": 3}[SIDE]
seen = set()


def log(what):
    if what not in seen:
        seen.add(what)
        with open(os.environ["LOG"], "a") as file:
            file.write(SIDE + " " + str(what) + "\\n")


def quick():
    sum(range(100 * FACTOR))


def medium():
    sum(range(20_000 * FACTOR))


def long():
    sum(range(400_000 * FACTOR))


def waits():
    time.sleep(0.004 * FACTOR)


def ages():
    log("ages")
    time.sleep(600)


def ages_on_head():
    if SIDE == "head":
        ages()
    sum(range(100))


def second():
    end = time.perf_counter() + 1
    while time.perf_counter() < end:
        pass


def looks():
    log("seed " + os.environ["PYTHONHASHSEED"])
    log("cores " + ",".join(map(str, sorted(os.sched_getaffinity(0)))))
    sum(range(100))
"""

NAMES = ("quick", "medium", "long", "waits")


def suite(*names: str) -> str:
    table = ", ".join(f'{name} = "functions:{name}"' for name in names)
    return f'harness = "python"\nfunctions = {{ {table} }}'


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    sides = Sides(tmp_path, Path(sys.executable))
    sides.write({"functions.py": FUNCTIONS})
    return sides


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The trace of two rounds."""
    sides = Sides(tmp_path_factory.mktemp("turns"), Path(sys.executable))
    sides.write({"functions.py": FUNCTIONS})
    take(sides.suite(suite(*NAMES)), rounds=2)
    return sides.rounds_traced()


def turns_of(event: Mapping[str, Any]) -> list[str]:
    """Sides in the order in which their turns began."""
    return [side for _, side in sorted((began, side) for side in SIDES for began in event["began"][side])]


def test_every_benchmark_is_measured_in_every_round(events: list[dict[str, Any]]) -> None:
    assert [(event["round"], event["benchmark"]) for event in events] == [(r, n) for r in (0, 1) for n in NAMES]


@pytest.mark.parametrize("name", ["quick", "medium", "waits"])
def test_turns_go_to_and_fro_from_the_side_that_was_drawn(events: list[dict[str, Any]], name: str) -> None:
    for event in events:
        if event["benchmark"] == name:
            assert event["mode"] == "turns"
            other = {"base": "head", "head": "base"}[event["first"]]
            expected = [(event["first"], other)[turn % 2] for turn in range(len(turns_of(event)))]
            assert turns_of(event) == expected


@pytest.mark.parametrize("name", ["quick", "medium", "waits"])
def test_values_are_abba_and_equally_many(events: list[dict[str, Any]], name: str) -> None:
    for event in events:
        if event["benchmark"] == name:
            pairs = len(event["walls"]["base"])
            assert len(event["walls"]["head"]) == len(event["cpus"]["base"]) == len(event["cpus"]["head"]) == pairs
            first, second = turn_counts(pairs)
            other = {"base": "head", "head": "base"}[event["first"]]
            assert [len(event["began"][side]) for side in (event["first"], other)] == [len(first), len(second)]


def test_cold_calls_are_thrown_away(events: list[dict[str, Any]]) -> None:
    for event in events:
        assert event["discard"] >= 1
        assert all(event["discarded"][side] > 0 for side in SIDES)


def test_long_calls_run_at_once(events: list[dict[str, Any]]) -> None:
    long = [event for event in events if event["benchmark"] == "long"]
    assert [event["mode"] for event in long] == ["together", "together"]


def test_what_waits_is_not_compared_by_cpu_time(sides: Sides) -> None:
    taken = take(sides.suite(suite("waits", "quick")))
    waits, quick = (taken.rounds(name)[0] for name in ("waits", "quick"))
    assert waits.clock == quick.clock == "cost"
    assert waits.waited is not None
    assert quick.waited is not None
    assert median(waits.waited) > 0.5 * min(waits.base) > 10 * median(quick.waited)
    (measured,) = [one for one in taken.outcomes if isinstance(one, Measured) and one.name == "waits"]
    assert Waits() in measured.notes


@pytest.mark.parametrize("name", NAMES)
def test_three_times_the_work_is_seen(events: list[dict[str, Any]], name: str) -> None:
    clock = "walls" if name == "waits" else "cpus"
    for event in events:
        if event["benchmark"] == name:
            assert 1.5 < sum(event[clock]["head"]) / sum(event[clock]["base"]) < 6


def test_the_same_seed_gives_the_same_order(sides: Sides) -> None:
    def drawn(seed: int) -> list[object]:
        sides.events.clear()
        sides.log.unlink(missing_ok=True)
        take(sides.suite(suite("quick", "looks"), seed=seed), rounds=2)
        return [*(event["first"] for event in sides.rounds_traced()), *sorted(sides.logged())]

    assert drawn(5) == drawn(5) != drawn(6)


def test_each_side_starts_first_in_one_of_two_rounds(sides: Sides) -> None:
    take(sides.suite(suite("quick")), rounds=6)
    orders = [event["order"] for event in sides.events if event["event"] == "pair"]
    assert [sorted(order) for order in orders] == [sorted(SIDES)] * 6
    assert all(one == other[::-1] for one, other in zip(orders[::2], orders[1::2], strict=True))


def test_both_sides_share_a_hash_seed_that_changes_with_the_round(sides: Sides) -> None:
    take(sides.suite(suite("looks")), rounds=3)
    seeds = {side: [line for line in sides.logged() if line.startswith(f"{side} seed")] for side in SIDES}
    assert [line.split()[-1] for line in seeds["base"]] == [line.split()[-1] for line in seeds["head"]]
    assert len(set(seeds["base"])) == len(seeds["base"]) == 3


def test_both_sides_are_pinned_to_the_core_they_are_given(sides: Sides) -> None:
    core = max(os.sched_getaffinity(0))
    session = sides.suite(suite("looks"))
    session.discover()
    place = Placement(core, crowded=True)
    (outcome,) = session.measure_round(0, ["looks"], time.monotonic() + PATIENCE, place)
    assert isinstance(outcome, Measured)
    assert outcome.round.core == core
    assert {f"{side} cores {core}" for side in SIDES} <= set(sides.logged())


def test_a_head_that_became_thousands_of_times_slower_is_measured_too(sides: Sides) -> None:
    """Loops that fit base's calls would take minutes on head."""
    sides.write({"functions.py": "def grows():\n    sum(range(10))\n"}, sides=["base"])
    sides.write({"functions.py": "def grows():\n    sum(range(2_000_000))\n"}, sides=["head"])
    (taken,) = take(sides.suite(suite("grows"))).rounds("grows")
    assert min(taken.head) > 1000 * max(taken.base)


class TestTooLong:
    """Calls that the budget cannot hold often enough."""

    def outcomes(self, sides: Sides, *names: str, budget: float) -> dict[str, Failed | Measured]:
        session = sides.suite(suite(*names) + '\ntimeout = "60 s"')
        session.discover()
        taken = session.measure_round(0, names, time.monotonic() + budget)
        return {outcome.name: outcome for outcome in taken}

    def test_one_on_base_costs_its_share_and_is_no_failure(self, sides: Sides) -> None:
        found = self.outcomes(sides, "ages", "quick", budget=24.0)
        ages = found["ages"]
        assert isinstance(ages, Failed)
        assert (ages.side, ages.skipped) == ("both", True)
        assert "s: too long for what is left of the time limit, since to decide takes 12 calls at least" in words.text(
            ages.reasons
        )
        assert isinstance(found["quick"], Measured)
        assert sides.logged() == ["base ages"]

    def test_one_on_head_alone_fails(self, sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(plan, "LATE_SECONDS", 1.0)
        failed = self.outcomes(sides, "ages_on_head", budget=2.0)["ages_on_head"]
        assert isinstance(failed, Failed)
        assert (failed.side, failed.skipped) == ("head", False)

    def test_a_round_that_does_not_fit_any_more_is_not_begun(
        self, sides: Sides, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(plan, "LEAST_PATIENCE_SECONDS", PATIENCE)
        session = sides.suite(suite("second"))
        session.discover()
        until = time.monotonic() + 3.0
        assert list(session.measure_round(0, ["second"], until)) == []
        assert session.predicted_seconds("second") >= 2.0

    def test_a_suite_that_starts_slowly_is_not_begun_near_the_end(self, sides: Sides) -> None:
        sides.write({"functions.py": "import time\ntime.sleep(1)\n" + FUNCTIONS})
        session = sides.suite(suite("quick"))
        assert session.startup_seconds == 0.0
        session.discover()
        assert session.startup_seconds >= 1.0


def test_many_calls_are_looked_at_in_the_first_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs alone: beside later ones, six short rounds would have decided before the look ends."""
    monkeypatch.setattr(endurance, "SECONDS", 0.2)
    sides = Sides(tmp_path, Path(sys.executable))
    sides.write({"module.py": "def work():\n    sum(range(8_000))\n"})
    take(sides.suite('harness = "python"\nfunctions = { work = "module:work" }'))
    assert [event["round"] for event in sides.events if event["event"] == "stretch"] == [0]
