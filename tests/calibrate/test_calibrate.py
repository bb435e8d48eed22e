"""``perfbot calibrate``: real A/A runs, resumed, and the figures made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.calibration import Calibration, Observation, Setting, false_alarms, load, save, summarise
from perfbot.errors import ReportError
from tests.cli.conftest import CONFIG, shell_for

SETTING = Setting("a" * 40, "cpu", 2, "3.11", 60.0, 0.02, 0.01)


def seen(verdict: str, change: float, detectable: float) -> Observation:
    return Observation("s/b", "time", verdict, change, detectable, 12, 1.5)


def test_figures_and_round_trip(tmp_path: Path) -> None:
    runs = tuple((seen("unchanged", i / 1000, 0.011 + i / 1000),) for i in range(9))
    whole = Calibration(SETTING, (*runs, (seen("regressed", 0.05, 0.2),)))
    save(whole, tmp_path / "kept" / "c.json")
    assert load(tmp_path / "kept" / "c.json") == whole
    (normal,) = summarise(whole)
    assert (normal.lowest, normal.highest, normal.alarms, normal.runs) == (0.0, 0.05, 1, 10)
    assert normal.suggested == 0.02, "nine of ten runs could see 1.9 %"
    count, low, high = false_alarms(whole)
    assert count == 1
    assert low == pytest.approx(0.00253, abs=1e-5)
    assert high == pytest.approx(0.44502, abs=1e-5)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(ReportError, match="not a calibration"):
        load(tmp_path / "c.json")


def test_runs_are_kept_and_resumed(tmp_path: Path) -> None:
    shell = shell_for(tmp_path, CONFIG)
    state = tmp_path / "state.json"
    words = ("calibrate", "--budget", "4s", "--state", str(state))
    first = shell.type(*words, "--runs", "1")
    assert first.returncode == 0, first.stderr
    before = load(state)
    second = shell.type(*words, "--runs", "2")
    assert second.returncode == 0, second.stderr
    after = load(state)
    assert before is not None
    assert after is not None
    assert len(after.runs) == 2
    assert after.runs[:1] == before.runs
    assert {one.name for one in after.runs[0]} == {"programs/same", "programs/slower"}
    assert "2 A/A runs of" in second.stdout
