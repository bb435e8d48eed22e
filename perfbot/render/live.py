"""What is going on, as one steady picture in a terminal: a fixed number of lines that are written over in place.

:func:`picture` is pure: what is known, how wide and high the screen is, in; lines out. :class:`Live` keeps what is
known, and draws. Nothing is drawn between events: a thread that redraws would take the processor from what is being
measured.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from perfbot.render.escape import clean, middle
from perfbot.render.progress import NEWS, Asked, step_line
from perfbot.units import format_change, format_duration

DRAW_EVERY = 0.25
"""Seconds between two drawings; one takes a few milliseconds."""

HEIGHT = 14
"""Lines of the picture, where the screen has them."""

LEAST = 0.005
"""A change that is smaller, a fraction, leans nowhere."""

NARROWEST = 40
KEYS = "c goes on without time limit · q stops and reports"


@dataclass(slots=True)
class State:
    """What is known. ``news``: decided changes, newest last; ``leaning``: of the others, change and rounds to go."""

    stage: str = "starting"
    limit: float = 0.0
    elapsed: float = 0.0
    decided: int = 0
    total: int = 0
    now: str = ""
    news: list[tuple[str, str, float | None]] = field(default_factory=list)
    leaning: dict[str, tuple[float, int]] = field(default_factory=dict)
    working: dict[str, str] = field(default_factory=dict)
    """What each side's set-up is doing."""
    asked: Asked = ""


Line = tuple[str, str]
"""A text and a style."""


def picture(state: State, width: int, height: int, *, keys: bool = False) -> list[Line]:
    """Exactly ``height`` lines, none longer than ``width``."""
    width = max(width, NARROWEST)
    lines = _measuring(state, width, height, keys=keys) if state.total else _preparing(state)
    lines = lines[:height] + [("", "")] * (height - len(lines))
    return [(middle(text, width), style) for text, style in lines]


def _preparing(state: State) -> list[Line]:
    return [
        (clean(state.stage), "bold"),
        *((f"{clean(side):4}  {clean(line)}", "dim") for side, line in state.working.items()),
    ]


def _measuring(state: State, width: int, height: int, *, keys: bool) -> list[Line]:
    count = f"  {state.decided} of {state.total} decided"
    lines: list[Line] = [(_bar(state.decided / state.total, width - len(count)) + count, "bold"), (_time(state), "")]
    rows = height - len(lines) - 4 - keys
    leaning = sorted(
        ((name, change, left) for name, (change, left) in state.leaning.items() if abs(change) >= LEAST),
        key=lambda one: -abs(one[1]),
    )
    decided = state.news[-max(rows - min(len(leaning), rows // 2), 1) :]
    lines.append(("decided" if decided else "decided: no change so far", "dim"))
    lines += [_row(name, verdict, change, "", width) for name, verdict, change in reversed(decided)]
    room = rows - len(decided)
    if leaning and room > 0:
        lines.append(("not decided yet, leaning to", "dim"))
        lines += [_row(name, "leaning", change, _rounds(left), width) for name, change, left in leaning[:room]]
    foot: list[Line] = [(f"now  {clean(state.now)}", "dim"), *([(_keys(state), "dim")] if keys else [])]
    return [*lines, *[("", "")] * (height - len(lines) - len(foot)), *foot]


def _bar(share: float, width: int) -> str:
    done = round(min(max(share, 0.0), 1.0) * width)
    return "━" * done + "─" * (width - done)


def _time(state: State) -> str:
    passed = format_duration(round(state.elapsed))
    if state.asked == "stop":
        return f"{passed} · stopping"
    longest = max((left for _, left in state.leaning.values()), default=0)
    to_go = f" · {_rounds(longest)} to go" if longest else ""
    if not state.limit or state.asked == "go on":
        return f"{passed}, no time limit{to_go}"
    left = format_duration(round(max(0.0, state.limit - state.elapsed)))
    return f"{passed} of {format_duration(state.limit)}, at most {left} left{to_go}"


def _rounds(count: int) -> str:
    return f"about {count} round{'' if count == 1 else 's'}"


def _row(name: str, verdict: str, change: float | None, note: str, width: int) -> Line:
    """A name cut in its middle, its change at the right end."""
    words = NEWS.get(verdict, "")
    moved = " ".join(filter(None, (words, format_change(change) if change is not None else "")))
    end = f"{moved:>9}{f'  {note}' if note else ''}"
    style = {"regressed": "red", "failed": "red", "improved": "green", "leaning": ""}.get(verdict, "yellow")
    room = max(width - 4 - len(end), 8)
    return f"  {middle(clean(name), room):{room}}  {end}", style


def _keys(state: State) -> str:
    return {"go on": "q stops and reports", "stop": ""}.get(state.asked, KEYS)


class Live:
    """Draws :func:`picture` over itself; what is to be kept is printed above it once.

    Args:
        keys: gives the key that was pressed, or nothing; None where no keys are read.
        clock: monotonic seconds, for not drawing too often.
    """

    def __init__(
        self,
        stream: IO[str],
        budget: float = 0.0,
        *,
        verbose: bool = False,
        keys: Callable[[], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from rich.console import Console  # noqa: PLC0415 - 50 ms that plain logs need not spend
        from rich.live import Live as Region  # noqa: PLC0415

        self._state = State(limit=budget)
        self._verbose, self._keys, self._clock = verbose, keys, clock
        self._heard: dict[str, list[str]] = {}
        self._lock = threading.RLock()
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._region = Region(
            console=self._console, auto_refresh=False, transient=True, get_renderable=self._drawn,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._drawn_at = 0.0
        self._region.start()

    def stage(self, text: str, *, folded: bool = False) -> None:
        self._state.stage = clean(text, 300)
        self._state.working = {}
        self._draw(now=True)

    def log(self, line: str) -> None:
        self._print(f"  {clean(line, 300)}")

    def output(self, line: str) -> None:
        side, _, said = line.partition(": ")
        with self._lock:
            self._state.working[side] = said
            if self._verbose:
                self._print(f"  {clean(line, 300)}")
            else:
                self._heard.setdefault(side, []).append(line)
        self._draw()

    def step(self, side: str, command: str, seconds: float, packages: int, *, ok: bool) -> None:
        with self._lock:
            heard = self._heard.pop(side, [])
            self._state.working.pop(side, None)
            for line in heard if not ok else ():
                self._print(f"  {clean(line, 300)}")
            self._print(f"  {step_line(side, command, seconds, packages, ok=ok)}")

    def limit(self, seconds: float) -> None:
        self._state.limit = seconds

    def suite(self, name: str, benchmarks: int) -> None: ...

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None:
        state = self._state
        state.decided, state.total, state.elapsed = decided, total, elapsed
        state.now = f"{suite}, round {index + 1}: {benchmark}"
        self._draw()

    def leaning(self, name: str, change: float, rounds_left: int) -> None:
        self._state.leaning[name] = (change, rounds_left)

    def decided(self, name: str, verdict: str, change: float | None) -> None:
        self._state.leaning.pop(name, None)
        if verdict in NEWS:
            self._state.news.append((name, verdict, change))

    def asked(self) -> Asked:
        key = self._keys() if self._keys is not None else ""
        if key in ("c", "q"):
            self._state.asked = "go on" if key == "c" else "stop"
            self._draw(now=True)
        return self._state.asked

    def close(self) -> None:
        self._region.stop()

    def _drawn(self):  # type: ignore[no-untyped-def]
        from rich.text import Text  # noqa: PLC0415 - loaded already

        width, height = self._console.size
        lines = picture(self._state, width - 1, min(HEIGHT, max(height - 2, 3)), keys=self._keys is not None)
        drawn = Text(no_wrap=True, overflow="crop", end="")
        for index, (text, style) in enumerate(lines):
            drawn.append(("\n" if index else "") + text, style=style)
        return drawn

    def _draw(self, *, now: bool = False) -> None:
        moment = self._clock()
        with self._lock:
            if now or moment - self._drawn_at >= DRAW_EVERY:
                self._drawn_at = moment
                self._region.refresh()

    def _print(self, line: str) -> None:
        from rich.text import Text  # noqa: PLC0415 - loaded already

        with self._lock:
            self._console.print(Text(line, style="dim"), no_wrap=True, overflow="ellipsis", crop=True)
