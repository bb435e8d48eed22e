"""The evaluation evaluates what is shipped."""

import json
import math

import numpy as np
import pytest

from evidence.recordings import draw_suites, read, robust_spread, schedules
from evidence.truth import main, outcomes, seconds_used, sprt_rounds
from perfbot.stats.sequential import MOST_ROUNDS, Plan, decide

PLAN = Plan(0.02, 0.05 / 20)
STATES = ("open", "same", "up", "down")


def test_all_streams_at_once_are_what_each_is_alone():
    rng = np.random.default_rng(1)
    streams = rng.standard_t(3, size=(120, MOST_ROUNDS)) * np.geomspace(0.002, 0.1, 120)[:, None]
    effects = (0.0, 0.01, 0.02, 0.1)
    codes, rounds = outcomes(streams, effects, PLAN)
    for index, effect in enumerate(effects):
        for code, used, stream in zip(codes[index], rounds[index], streams, strict=True):
            alone = decide(stream + math.log1p(effect), PLAN)
            assert (STATES[code], used) == (alone.state, alone.rounds)


def test_wald_at_no_change_and_at_delta():
    """Wald's own approximations of the mean sample number, a little exceeded for want of overshoot."""
    spread = np.full(3000, 0.05)
    streams = np.random.default_rng(2).normal(0, 0.05, (3000, 600))
    plan = Plan(0.02, 0.05, n_max=600)
    signal = plan.margin**2 / (2 * 0.05**2)
    slower, none = 0.025, 0.05
    expected = ((1 - none) * math.log((1 - none) / slower) + none * math.log(none / (1 - slower))) / signal
    assert 1 <= sprt_rounds(streams, spread, 0.02, plan).mean() / expected < 1.15
    one_sided = -math.log(none / (1 - slower)) / signal
    assert 1 < sprt_rounds(streams, spread, 0.0, plan).mean() / one_sided < 1.7


def test_start_up_is_shared_by_the_undecided(recorded):
    shared, own = read(recorded, "quickd"), read(recorded, "own")
    rounds, kinds = np.array([[6, 8]]), np.array([[0, 1]])
    both = 6 * 0.1 + 6 * 0.03
    assert seconds_used(rounds, kinds, shared) == pytest.approx(np.array([[both, both + 2 * (0.2 + 0.03)]]))
    assert seconds_used(rounds, kinds, own) == pytest.approx(np.array([[6 * 0.15, 8 * 0.15]]))


def test_cold_calls_are_left_out_where_they_were_not_discarded(recorded):
    assert schedules(recorded) == ["quickd", "own"]
    assert read(recorded, "quickd").seconds.shape == (40, 4, 2, 24)
    assert read(recorded, "own").seconds.shape == (10, 4, 2, 22)
    assert read(recorded, "own", skip=0).seconds.shape == (10, 4, 2, 24)


@pytest.mark.parametrize("size", [1, 3, 4, 11])
def test_suites_of_any_size_are_an_exact_a_a(recorded, size):
    ratios = read(recorded, "quickd").ratios().shipped
    draws = list(draw_suites(ratios.shape, size, 50, 17, np.random.default_rng(1)))
    streams = np.concatenate([draw.streams(ratios) for draw in draws])
    assert streams.shape == (50, size, 17)
    known = set(np.abs(ratios).round(12).ravel())
    assert set(np.abs(streams).round(12).ravel()) <= known
    assert abs((streams > 0).mean() - 0.5) < 0.1


def test_spreads_are_pulled_apart(recorded):
    spread = robust_spread(read(recorded, "quickd").ratios().spread_out(20).shipped)
    assert spread.max() / spread.min() == pytest.approx(20)


def test_the_table(recorded, capsys):
    arguments = ["--rounds", str(recorded), "--schedule", "quickd", "--size", "3", "--suites", "60"]
    assert main([*arguments, "--effects", "0,2,10"]) == 0
    printed = capsys.readouterr().out
    assert "quickd, size 3, alpha 0.05, spread 1, suites 60" in printed
    assert [line.split()[0] for line in printed.splitlines()[3:]] == ["+0.0%", "+2.0%", "+10.0%"]


def test_the_figures(recorded, capsys):
    arguments = ["--rounds", str(recorded), "--size", "3,6", "--suites", "60", "--effects", "0,10", "--json"]
    main(arguments)
    first = capsys.readouterr().out
    main(arguments)
    assert capsys.readouterr().out == first
    tables = [json.loads(line) for line in first.splitlines()]
    assert [(table["schedule"], table["size"]) for table in tables] == [
        ("quickd", 3), ("quickd", 6), ("own", 3), ("own", 6)
    ]  # fmt: skip
    for table in tables:
        none, ten = table["rows"]
        assert none["alarm"] <= 0.1
        assert none["unchanged"] > 0.95
        assert ten["declared"] > 0.95
        assert none["alarm_low"] <= none["alarm"] <= none["alarm_high"]
        assert 6 <= ten["rounds"] < 12
        assert ten["seconds"] > 0
        assert none["ratio"] > 0


def test_other_tools_get_the_same_rounds(recorded, capsys):
    arguments = ["--rounds", str(recorded), "--schedule", "quickd", "--size", "4", "--suites", "5"]
    main([*arguments, "--effects", "0,50", "--tools", "--tool-rounds", "6", "--tool-suites", "5", "--json"])
    _, turns, apart = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (turns["order"], apart["order"]) == ("sides in turn", "two runs apart")
    for rule in turns["rules"]:
        if "200 %" not in rule["rule"]:
            assert rule["power"] == [1.0]
