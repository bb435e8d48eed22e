"""Progress: the same events in a terminal, in a log, and nowhere."""

from __future__ import annotations

import io
import re

import pytest

from perfbot.measure.progress import Progress as Told
from perfbot.render.progress import LINE_EVERY, Lines, Live, Progress, Silent, progress_for


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def play(progress: Progress) -> None:
    """A small run: 40 rounds of 3 s, decided one after the other."""
    progress.stage("preparing base and head")
    progress.log("pip install .")
    progress.suite("core", 20)
    for index in range(40):
        progress.round("core", index, f"bench_{index}", index // 2, 20, index * 3.0)
        if index == 10:
            progress.decided("core/same", "same", 0.001)
            progress.decided("core/slow", "up", 0.38)
            progress.decided("core/new", "improved", -0.2)
            progress.decided("core/dead", "failed", None)
    progress.close()


def test_scheduler_and_renderers_agree() -> None:
    told: Told = progress_for(io.StringIO())
    told.suite("core", 1)


def test_a_log_gets_plain_lines_now_and_then() -> None:
    stream = io.StringIO()
    play(Lines(stream, budget=120.0))
    lines = stream.getvalue().splitlines()
    assert lines[:4] == [
        "perfbot: preparing base and head",
        "  pip install .",
        "perfbot: suite core: 20 benchmarks",
        "  0 of 20 decided, at most 2 min left; now core, round 1: bench_0",
    ]
    assert "  core/slow: +38 %" in lines
    assert "  core/new: improved −20 %" in lines
    assert "  core/dead: failed" in lines
    assert not any("core/same" in line for line in lines)
    rounds = [line for line in lines if "of 20 decided" in line]
    assert len(rounds) == pytest.approx(40 * 3.0 / LINE_EVERY, abs=3)
    assert rounds[-1] == "  18 of 20 decided, at most 12 s left; now core, round 37: bench_36"
    assert "\x1b" not in stream.getvalue()


def test_without_a_budget_there_is_no_time_left() -> None:
    stream = io.StringIO()
    Lines(stream).round("core", 2, "b", 1, 5, 75.0)
    assert stream.getvalue() == "  1 of 5 decided, 1 min 15 s so far; now core, round 3: b\n"


def test_a_terminal_shows_bars_and_is_left_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    stream = Terminal()
    play(Live(stream, budget=120.0))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert "pip install ." in shown
    assert "core/slow: +38 %" in shown
    assert "19/20" in shown
    assert re.search(r"core .* 4/20 .*round 40: bench_39", shown)
    assert "at most 3 s left" in shown
    assert stream.getvalue().endswith(("\x1b[2K", "\x1b[?25h")) or "\x1b[?25h" in stream.getvalue()


def test_a_terminal_is_not_drawn_more_often_than_eyes_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    stream = Terminal()
    live = Live(stream)
    live.suite("core", 1000)
    before = len(stream.getvalue())
    for index in range(1000):
        live.round("core", 0, "b", index, 1000, index / 1e6)
    drawn = len(stream.getvalue()) - before
    live.close()
    assert drawn < 2000


def test_names_cannot_steer_the_terminal() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    lines.log("\x1b[2J\r\n[red]x")
    lines.decided("core/\x1b]0;t\x07\nfake: improved", "up", 0.1)
    assert stream.getvalue().splitlines() == [
        "  \\x1b[2J\\r\\n[red]x",
        "  core/\\x1b]0;t\\x07\\nfake: improved: +10 %",
    ]


def test_who_is_told_how() -> None:
    assert isinstance(progress_for(io.StringIO()), Lines)
    assert isinstance(progress_for(Terminal(), quiet=True), Silent)
    live = progress_for(Terminal())
    assert isinstance(live, Live)
    live.close()


def test_silence_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    play(Silent())
    assert capsys.readouterr() == ("", "")
