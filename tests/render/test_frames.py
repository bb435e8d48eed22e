"""What a terminal of 80 × 24 shows, character by character: nothing folds, nothing jumps."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyte
import pytest

from perfbot.render.live import Live
from perfbot.render.terminal import console, terminal
from tests.render.samples import regression, report, result

COLUMNS, LINES = 80, 24
BAR = "decided"
LONG = "test_a_benchmark_with_a_name_that_is_longer_than_the_screen_of_a_terminal_is_wide[case-{}]"


class Screen:
    """A terminal as a stream; ``rows`` is what stands on it now."""

    def __init__(self) -> None:
        self.screen = pyte.HistoryScreen(COLUMNS, LINES, history=1000)
        self.screen.set_mode(pyte.modes.LNM)
        self.stream = pyte.Stream(self.screen)
        self.encoding = "utf-8"

    def write(self, text: str) -> int:
        self.stream.feed(text.replace("\N{VARIATION SELECTOR-16}", ""))
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return True

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]

    @property
    def scrolled(self) -> int:
        return len(self.screen.history.top)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("LINES", str(LINES))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_hundred_benchmarks_are_measured_without_a_jump() -> None:
    screen, moment = Screen(), [0.0]
    live = Live(screen, clock=lambda: moment[0])  # type: ignore[arg-type]
    live.stage("Preparing head and base")
    live.step("head", "pip install .", 8.3, 4, ok=True)
    live.limit(600.0)
    live.suite("core", 100)
    frames = []
    for number in range(100):
        moment[0] += 1.0
        name = f"core/{LONG.format(number)}"
        live.leaning(name, 0.03, 4)
        if number % 3 == 0:
            live.decided(name, "up" if number % 2 else "down", 0.08 * (1 if number % 2 else -1))
        live.round("core", number // 20, name, number, 100, moment[0])
        frames.append(screen.rows)
    bars = [[at for at, row in enumerate(rows) if row.endswith(f"of 100 {BAR}")] for rows in frames]
    assert all(len(found) == 1 for found in bars[1:]), "one display, not a second one below it"
    assert len({found[0] for found in bars[1:]}) == 1, "and it stays where it is"
    assert len({frame.index(next(row for row in frame if row.startswith("now"))) for frame in frames[1:]}) == 1
    assert all(len([row for row in rows if "case-" in row]) <= LINES for rows in frames)
    assert all("…" in row for rows in frames for row in rows if "case-" in row), "names are cut, not folded"
    assert screen.scrolled == 0
    live.close()


def test_the_table_of_a_hundred_benchmarks_has_a_row_each() -> None:
    made = report(*(regression(LONG.format(index), 0.1 + index / 1000) for index in range(100)), result("walk"))
    screen = Screen()
    terminal(made, console(screen))  # type: ignore[arg-type]
    shown = [
        *("".join(line[at].data for at in range(COLUMNS)).rstrip() for line in screen.screen.history.top),
        *screen.rows,
    ]
    rows = [row for row in shown if "case-" in row]
    assert len(rows) >= 10
    assert all("%" in row for row in rows), "name and change stand in one row"
    assert "slower" in " ".join(shown)


def in_a_terminal(words: list[str], folder: Path, interrupt_at: str = "") -> tuple[Screen, int]:
    """What a program leaves behind, and its exit code; Ctrl-C is pressed when a text is seen."""
    screen = Screen()
    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "perfbot", *words]
    running = subprocess.Popen(command, cwd=folder, stdin=inner, stdout=inner, stderr=inner, start_new_session=True)
    os.close(inner)
    until = time.monotonic() + 90
    while time.monotonic() < until:
        if not select.select([outer], [], [], 1.0)[0]:
            continue
        try:
            screen.write(os.read(outer, 65536).decode("utf-8", "replace"))
        except OSError:
            break
        if interrupt_at and any(interrupt_at in row for row in screen.rows):
            interrupt_at = ""
            os.killpg(running.pid, signal.SIGINT)
    os.close(outer)
    return screen, running.wait(30)


def test_an_error_says_what_to_type(tmp_path: Path) -> None:
    screen, code = in_a_terminal(["rnu"], tmp_path)
    assert code == 2
    assert screen.rows[:2] == ["perfbot: there is no verb 'rnu'; did you mean run?", "  → perfbot --help"]
    screen, code = in_a_terminal(["run"], tmp_path)
    assert code in (2, 3)
    assert "so base and head cannot be found." in " ".join(" ".join(screen.rows).split()), "folded between words"
    assert any(row.startswith("  → ") for row in screen.rows), "what to type"
    assert not any("Traceback" in row for row in screen.rows)


def test_ctrl_c_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    screen, code = in_a_terminal(["demo"], tmp_path, interrupt_at="e")
    assert code == 130
    assert [row for row in screen.rows if "perfbot: stopped by SIGINT" in row]
    assert not any("Traceback" in row for row in screen.rows)
    assert not screen.screen.cursor.hidden
