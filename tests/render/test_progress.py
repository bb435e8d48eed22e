"""Progress: the same events in a terminal, in a log, and nowhere."""

from __future__ import annotations

import io

import pytest

from perfbot.measure.progress import Progress as Told
from perfbot.render.live import Live
from perfbot.render.progress import LINE_EVERY, Lines, Progress, Silent
from perfbot.render.sections import Sections


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
    for told in (Lines(io.StringIO()), Silent(), Live(Terminal())):
        agreed: Told = told
        agreed.suite("core", 1)
        told.close()


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


def test_names_cannot_steer_the_terminal() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    lines.log("\x1b[2J\r\n[red]x")
    lines.decided("core/\x1b]0;t\x07\nfake: improved", "up", 0.1)
    assert stream.getvalue().splitlines() == [
        "  \\x1b[2J\\r\\n[red]x",
        "  core/\\x1b]0;t\\x07\\nfake: improved: +10 %",
    ]


def test_silence_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    play(Silent())
    assert capsys.readouterr() == ("", "")


def set_up(progress: Progress, *, ok: bool = True) -> None:
    """A side's set-up of one command that says two lines."""
    progress.stage("preparing 60ab91e and f3c2d1a", folded=True)
    progress.output("head: $ pip install .")
    progress.output("head: Collecting thing")
    progress.step("head", "pip install .", 8.3, 4, ok=ok)
    progress.stage("measuring")


def test_set_up_is_a_line_a_command() -> None:
    stream = io.StringIO()
    set_up(Lines(stream))
    assert stream.getvalue().splitlines() == [
        "perfbot: preparing 60ab91e and f3c2d1a",
        "  head  pip install .  8.3 s, 4 packages",
        "perfbot: measuring",
    ]


@pytest.mark.parametrize(("verbose", "ok"), [(True, True), (False, False)])
def test_all_of_set_up_is_told_where_it_failed_or_was_asked_for(verbose: bool, ok: bool) -> None:
    stream = io.StringIO()
    set_up(Lines(stream, verbose=verbose), ok=ok)
    assert "  head: Collecting thing\n" in stream.getvalue()
    assert ("4 packages, failed" in stream.getvalue()) != ok


def test_a_ci_log_folds_set_up() -> None:
    stream = io.StringIO()
    set_up(Lines(stream, sections=Sections("github")))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "::group::perfbot: preparing 60ab91e and f3c2d1a"
    assert lines[-2:] == ["::endgroup::", "perfbot: measuring"]
    assert "  head: Collecting thing" in lines
    stream = io.StringIO()
    set_up(Lines(stream, sections=Sections("gitlab", clock=lambda: 1700000000.0)))
    name = "perfbot_perfbot_preparing_60ab91e_and_f3c2d1a"
    assert stream.getvalue().startswith(
        f"\x1b[0Ksection_start:1700000000:{name}[collapsed=true]\r\x1b[0Kperfbot: preparing 60ab91e and f3c2d1a\n"
    )
    assert f"\x1b[0Ksection_end:1700000000:{name}\r\x1b[0K\n" in stream.getvalue()


def test_output_cannot_give_the_ci_commands() -> None:
    stream = io.StringIO()
    lines = Lines(stream, sections=Sections("github"))
    for said in ("::error::no", "##[error]no", "\x1b[0Ksection_end:1:x\r\x1b[0K"):
        lines.output(f"head: {said}")
        lines.output(said)
    assert "##[" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
