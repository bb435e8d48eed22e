"""What is kept of A/A runs, and what is not believed when it is read again."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from perfbot.calibration.records import dumps, load, loads, run_of, save
from perfbot.errors import ReportError
from perfbot.model import Result, Round
from perfbot.stats.location import spread
from tests.calibration.samples import a_report, calibrated


def test_round_trip(tmp_path: Path) -> None:
    whole = calibrated({"a": 0.01, "b": 0.2})
    save(whole, tmp_path / "kept" / "c.json")
    assert load(tmp_path / "kept" / "c.json") == whole
    assert whole.moment == "2026-11-10T12:00:00+00:00"
    assert load(tmp_path / "none.json") is None


def test_a_round_strays_as_simulated() -> None:
    (kept,) = run_of(a_report({"a": 0.05}, count=120)).observations
    assert kept.spread == pytest.approx(0.05, rel=0.25)
    assert kept.rounds == 120
    assert kept.seconds == pytest.approx(60.0)


def test_what_has_no_ratio_has_no_spread() -> None:
    exact = Result(
        "s", "size", "size", "B", "lower", "unchanged", change=0.0, rule="exact", raw=(Round(0, (3.0,), (3.0,)),)
    )
    zero = replace(exact, benchmark="zero", rule="noisy", raw=(Round(0, (0.0,), (1.0,)),))
    kept = run_of(replace(a_report({}), results=(exact, zero))).observations
    assert [one.spread for one in kept] == [None, None]
    assert spread([0.1]) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"runs": []}, "holds no run"),
        ({"runs": 3}, "runs"),
        ({"setting": {}}, "setting"),
        ({"project": 7}, "project"),
    ],
)
def test_damage_is_named(change: dict[str, object], words: str) -> None:
    text = json.dumps({**asdict(calibrated({"a": 0.01}, runs=1)), **change})
    with pytest.raises(ReportError, match=words):
        loads(text, "c.json")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("spread", float("inf"), "not finite"),
        ("spread", -1.0, "below 0"),
        ("change", float("nan"), "not finite"),
        ("change", -1.5, "below −100"),
        ("seconds", -3.0, "below 0"),
        ("rounds", -1, "below 0"),
        ("verdict", "fine", "verdict"),
    ],
)
def test_numbers_that_cannot_be(field: str, value: object, words: str) -> None:
    found = asdict(calibrated({"a": 0.01}, runs=1))
    found["runs"][0]["observations"][0][field] = value
    with pytest.raises(ReportError, match=words):
        loads(json.dumps(found), "c.json")


def test_impossible_settings_and_startups() -> None:
    whole = calibrated({"a": 0.01}, runs=1)
    broken = replace(whole, setting=replace(whole.setting, budget=0.0))
    with pytest.raises(ReportError, match="budget"):
        loads(dumps(broken), "c.json")
    start = replace(whole.runs[0].startups[0], seconds=-1.0)
    with pytest.raises(ReportError, match="start-up"):
        loads(dumps(replace(whole, runs=(replace(whole.runs[0], startups=(start,)),))), "c.json")


@pytest.mark.parametrize("text", ["{}", "", "[]", "\x00", "null", '{"setting": 1, "runs": 2}'])
def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ReportError, match="not a calibration") as refused:
        load(tmp_path / "c.json")
    assert "Delete it" in refused.value.hint


def test_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfbot.calibration.records.MAX_BYTES", 10)
    with pytest.raises(ReportError, match="more than 10 bytes"):
        loads("x" * 11, "c.json")
