"""The table at the end of a run. What it looks like is in the golden files."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from perfbot.render import view
from perfbot.render.terminal import terminal
from tests.render.hostile import TEXTS, saying
from tests.render.regenerate import printed
from tests.render.samples import ALL, report, result, typical


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_text_cannot_steer_a_terminal(name: str) -> None:
    shown = printed(saying(TEXTS[name]))
    assert all(line.isprintable() for line in shown.splitlines())
    assert len(shown.splitlines()) < 120


@pytest.mark.parametrize("name", ALL)
def test_log_lines_have_no_trailing_space(name: str) -> None:
    assert [line for line in printed(ALL[name]()).splitlines() if line != line.rstrip()] == []


def test_the_headline_is_last() -> None:
    assert printed(typical()).splitlines()[-1] == "🔴 1 of 42 benchmarks is slower: the gate fails"


def test_many_undecided_are_counted() -> None:
    shown = printed(report(*(result(f"b{i}", 0.01, "inconclusive") for i in range(33))))
    assert shown.count("undecided  +1.0 %") == 10
    assert "… and 23 more undecided: perfbot show --all" in shown


def test_a_terminal_gets_colours() -> None:
    stream = io.StringIO()
    terminal(typical(), Console(file=stream, force_terminal=True, width=100, color_system="standard"))
    assert "\x1b[1;31m" in stream.getvalue()


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ('Traceback (most recent call last):\n  File "a.py", line 1\nValueError: no\n', "ValueError: no"),
        ("def test():\n>   f()\nE   ValueError: first\nE   ValueError: no\n\na.py:3: ValueError", "ValueError: no"),
        ("the process ended with 3\nbefore\nout of memory\n", "the process ended with 3 … out of memory"),
        ("hangs", "hangs"),
        ("", ""),
    ],
)
def test_a_long_reason_is_told_in_a_line(reason: str, shown: str) -> None:
    assert view.gist(reason) == shown
