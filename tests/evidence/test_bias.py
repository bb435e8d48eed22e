"""The comparison of schedules: that long turns are long, and what the tables say."""

import json
import math
import os

import numpy as np
import pytest

from evidence import bias, schedules
from evidence.bias import BOUND, CASES, Found, difference, judged, percent
from evidence.ledger import append, entries
from evidence.pairing import set_slice
from evidence.variants import ATTRIBUTES
from perfbot.measure.lockstep.plan import PAIRS, Speed


def test_a_mean_of_equal_rounds_has_no_error():
    found = percent([math.log(1.1)] * 8)
    assert (found.value, found.error) == (pytest.approx(10), pytest.approx(0, abs=1e-9))
    assert str(Found(-1.234, 0.5)) == "-1.23 ± 0.50"


def test_the_difference_is_in_points_of_base_and_pair_by_pair():
    truth = [math.log(2) + noise for noise in (-0.2, 0.1, 0.0, 0.05, -0.1, 0.15)]
    off = difference([one + 0.01 for one in truth], truth)
    assert off.value == pytest.approx(200 * math.expm1(0.01), rel=0.05)
    assert off.error == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("off", "verdict"),
    [
        (Found(0.2, 0.3), "yes"),
        (Found(-3.0, 0.5), "**no**"),
        (Found(0.5, 0.5), "cannot tell"),
        (Found(-1.5, 0.4), "cannot tell"),
    ],
)
def test_within_a_point_only_with_two_standard_errors_to_spare(off, verdict):
    assert BOUND == 1.0
    assert judged(off) == verdict


def test_both_sides_of_every_case_do_the_same_where_they_should():
    for name in ("past L1", "past L2", "none"):
        case = CASES[name]
        assert type(case.base()) is type(case.head())
    assert len(set(ATTRIBUTES.values())) == len(CASES)


def test_long_turns_of_a_real_pair(tmp_path, capsys):
    file = tmp_path / "bias.jsonl"
    arguments = ["--output", str(file), "--only", "lookup", "--seed", "3"]
    assert bias.main([*arguments, "--rounds", "1"]) == 0
    assert bias.main([*arguments, "--rounds", "2"]) == 0
    measured = list(entries(file))
    assert [(one["round"], one["case"]) for one in measured] == [(0, "lookup"), (1, "lookup")]
    assert all(
        one["mode"] == "turns" and math.isfinite(one["fastest"] + one["typical"] + one["shipped"]) for one in measured
    )
    assert "| lookup: an extra lookup | " in capsys.readouterr().out
    assert bias.main([*arguments, "--rounds", "2"]) == 0
    assert list(entries(file)) == measured


def test_long_turns_are_summarised_both_ways():
    values = np.ones((2, 4, 16))
    values[1] = 1.1
    values[:, 0] *= 5  # a slow time for both
    values[1, :, 8:] = 9.0  # half of head's values are disturbed
    found = bias.summaries(values)
    assert found["fastest"] == pytest.approx(math.log(1.1))
    assert found["typical"] == pytest.approx(math.log((1.1 + 9) / 2))


def test_more_can_be_thrown_away_in_turns():
    assert bias.planned(Speed(1e-4, 1e-4), 0.0).discard == 3
    assert bias.planned(Speed(1e-4, 1e-4), 0.005).discard == 50
    assert bias.planned(Speed(0.01, 0.01), 0.005) == bias.planned(Speed(0.01, 0.01), 0.0)


def test_cases_that_are_not_there_are_refused(capsys):
    with pytest.raises(SystemExit):
        bias.main(["--only", "lookups"])
    assert "--only: found lookups, expected some of none; allocation" in capsys.readouterr().err


def test_the_ways_to_take_values():
    short = {way.name: way.values for way in schedules.ways(Speed(1e-4, 1e-4), threads=False)}
    assert (short["turns"].mode, short["turns"].loops, short["turns"].pairs) == ("turns", 5, PAIRS)
    assert (short["at once, one"].loops, short["at once, one"].pairs) == (500, 1)
    assert (short["at once"].loops, short["at once"].pairs) == (250, 8)
    long = {way.name: way.values for way in schedules.ways(Speed(0.3, 0.3), threads=False)}
    assert (long["turns"].mode, long["turns"].loops) == ("turns", 1)
    assert (long["at once"].loops, long["at once"].pairs) == (1, 1)
    threads = schedules.ways(Speed(0.01, 0.018), threads=True)
    assert {(way.name, way.values.pinned) for way in threads} == {
        ("turns, one core", True), ("turns, all cores", False),
        ("at once, one core", True), ("at once, all cores", False),
    }  # fmt: skip


def test_slices_are_set_and_given_back_or_refused():
    plain = set_slice(os.getpid(), 0)
    assert set_slice(os.getpid(), 25_000_000) in (plain, False)
    assert set_slice(os.getpid(), 0) == plain


def test_the_way_of_a_run():
    assert schedules.shipped(Speed(1e-4, 1e-4), threads=False) == "turns, cpu"
    assert schedules.shipped(Speed(0.01, 0.01), threads=False) == "at once, cpu"
    assert schedules.shipped(Speed(0.01, 0.018), threads=True) == "turns, all cores, wall"


def test_the_best_of_equal_time_is_bold_and_the_shipped_one_starred():
    name = "text, 8 ms"
    rounds = [
        {"name": name, "round": index, "way": way, "call": 0.008, "shipped": "at once, cpu", "seconds": seconds,
         "wall": sign * 0.1, "cpu": sign * spread}
        for index, sign in enumerate([1, -1] * 5)
        for way, spread, seconds in (("turns", 0.05, 1.0), ("at once", 0.02, 4.0), ("at once, one", 0.1, 0.04))
    ]  # fmt: skip
    row = schedules.table(rounds).splitlines()[-1]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:3] == [name, "8 ms", "10"]
    assert [cell.endswith("*") and not cell.startswith("**") for cell in cells[3:]] == [
        False,
        False,
        False,
        True,
        False,
    ]
    assert [cell.startswith("**") for cell in cells[3:]] == [False, False, True, False, False]


def test_a_line_that_was_cut_off_is_left_out(tmp_path, capsys):
    file = tmp_path / "lines.jsonl"
    assert list(entries(file)) == []
    append(file, {"a": 1})
    with file.open("a") as cut:
        cut.write('{"a": 2')
    append(file, {"a": 3})
    assert [one["a"] for one in entries(file)] == [1, 3]
    assert "left out a line that was cut off" in capsys.readouterr().err
    assert json.loads(file.read_text().splitlines()[-1]) == {"a": 3}
