"""The picture of a run in a terminal: the same height always, never wider than the screen, and what keys do."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfbot.render.live import Live, State, picture

WIDTH, HEIGHT = 79, 14


def measuring(**more: object) -> State:
    """In the middle of a run of forty."""
    given = {
        "limit": 600.0, "elapsed": 72.0, "decided": 23, "total": 40, "now": "core, round 7: walk[3]",
        "news": [("core/parse_header", "up", 0.38), ("core/crash", "failed", None)],
        "leaning": {"core/diff": (0.021, 4), "core/steady": (0.0004, 2)},
    }  # fmt: skip
    return State(**{**given, **more})  # type: ignore[arg-type]


def shown(state: State, *, keys: bool = False) -> list[str]:
    return [text for text, _ in picture(state, WIDTH, HEIGHT, keys=keys)]


def test_it_tells_what_was_decided_what_leans_and_what_is_left() -> None:
    lines = shown(measuring(), keys=True)
    assert lines[0].endswith("─  23 of 40 decided")
    assert lines[1] == "1 min 12 s of 10 min, at most 8 min 48 s left · about 4 rounds to go"
    assert lines[2:6] == [
        "decided",
        f"  {'core/crash':66}     failed",
        f"  {'core/parse_header':66}      +38 %",
        "not decided yet, leaning to",
    ]
    assert lines[6].split() == ["core/diff", "+2.1", "%", "about", "4", "rounds"]
    assert not any("steady" in line for line in lines)
    assert lines[-2:] == ["now  core, round 7: walk[3]", "c goes on without time limit · q stops and reports"]


def test_keys_that_were_pressed_show() -> None:
    assert shown(measuring(asked="go on"))[1].startswith("1 min 12 s, no time limit")
    assert shown(measuring(asked="stop"))[1] == "1 min 12 s · stopping"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.integers(1, 200), st.integers(3, 40))
def test_it_never_folds_and_never_jumps(name: str, width: int, height: int) -> None:
    state = measuring(news=[(name, "up", 0.5)] * 30, leaning={f"{name}{i}": (0.1, i) for i in range(30)}, now=name)
    for one in (state, State(stage=name, working={"head": name})):
        lines = picture(one, width, height, keys=True)
        assert len(lines) == height
        assert all(len(text) <= max(width, 40) for text, _ in lines)
        assert all(text.isprintable() for text, _ in lines)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("key", "asked"), [("c", "go on"), ("q", "stop"), ("x", ""), ("", "")])
def test_a_key_says_what_is_wanted(key: str, asked: str) -> None:
    live = Live(Terminal(), keys=lambda: key)
    assert live.asked() == asked
    live.close()


def test_it_is_not_drawn_more_often_than_eyes_see() -> None:
    stream = Terminal()
    live = Live(stream, clock=lambda: 5.0)
    before = len(stream.getvalue())
    for index in range(1000):
        live.round("core", 0, "b", index, 1000, index / 1e6)
    assert len(stream.getvalue()) - before < 3000
    live.close()
    assert stream.getvalue().endswith("\x1b[?25h") or "\x1b[?25h" in stream.getvalue()
