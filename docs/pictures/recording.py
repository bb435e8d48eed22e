"""What a program shows in a terminal of 80 × 24, recorded while it runs, and told as one moving SVG."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Sequence
from xml.sax.saxutils import escape

import pyte

COLUMNS, LINES = 80, 24
EVERY = 1.0
"""Seconds between two looks."""

LAST = 8.0
EMOJI_SIGN = "\N{VARIATION SELECTOR-16}".encode()
"""Pyte drops what follows it on its line."""
COLOURS = {"red": "#ff7b72", "green": "#3fb950", "brown": "#d29922", "cyan": "#56d4dd", "default": "#e6edf3"}

Cell = tuple[str, str, bool]
Frame = tuple[tuple[tuple[Cell, ...], ...], float]
"""Lines of (character, colour, bold), and how long they stood, in seconds."""


def frames(argv: Sequence[str], *, columns: int = COLUMNS, lines: int = LINES) -> list[Frame]:
    """The pictures that a program shows, one after the other, without those that repeat."""
    screen = pyte.Screen(columns, lines)
    stream = pyte.ByteStream(screen)
    outer, inner = pty.openpty()
    environ = {**os.environ, "COLUMNS": str(columns), "LINES": str(lines), "TERM": "xterm-256color"}
    running = subprocess.Popen(argv, stdin=inner, stdout=inner, stderr=inner, env=environ, start_new_session=True)
    os.close(inner)
    found: list[Frame] = []
    until = time.monotonic() + EVERY
    while True:
        if select.select([outer], [], [], max(0.0, until - time.monotonic()))[0]:
            try:
                stream.feed(os.read(outer, 65536).replace(EMOJI_SIGN, b""))
            except OSError:
                break
        if time.monotonic() >= until:
            until += EVERY
            _add(found, _look(screen), EVERY)
    running.wait()
    _add(found, _look(screen), LAST)
    return found


def _add(found: list[Frame], seen: tuple[tuple[Cell, ...], ...], seconds: float) -> None:
    if found and found[-1][0] == seen:
        found[-1] = (seen, found[-1][1] + seconds)
    else:
        found.append((seen, seconds))


def _look(screen: pyte.Screen) -> tuple[tuple[Cell, ...], ...]:
    rows = (screen.buffer[line] for line in range(screen.lines))
    return tuple(tuple((row[at].data, row[at].fg, row[at].bold) for at in range(screen.columns)) for row in rows)


def text(frame: Frame) -> str:
    """A frame's characters."""
    return "\n".join("".join(data for data, _, _ in line).rstrip() for line in frame[0])


def moving(found: Sequence[Frame], *, most: int = 14, longest: float = 2.5) -> str:
    """Frames as an SVG that shows them in turn; at most so many, none but the last for long."""
    step = max(1, -(-(len(found) - 1) // most))
    kept = [*found[:-1][::step], found[-1]]
    times = [min(seconds, longest) for _, seconds in kept[:-1]] + [LAST]
    total, width, height = sum(times), COLUMNS * 8.43 + 24, LINES * 17 + 24
    styles, groups, begun = [], [], 0.0
    for index, (frame, seconds) in enumerate(zip(kept, times, strict=True)):
        low, high = 100 * begun / total, 100 * (begun + seconds) / total
        begun += seconds
        turns = f"0%{{visibility:hidden}}{low:.2f}%{{visibility:visible}}{high:.2f}%{{visibility:hidden}}"
        moves = f"#f{index}{{animation:f{index} {total:.1f}s steps(1) infinite}}"
        styles.append(f"@keyframes f{index}{{{turns}}}{moves}")
        lines = (_line(line, 28 + at * 17) for at, line in enumerate(frame[0]))
        groups.append(f'<g id="f{index}" visibility="hidden">{"".join(lines)}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}">'
        f"<style>text{{font:14px ui-monospace,'DejaVu Sans Mono',monospace;white-space:pre}}{''.join(styles)}</style>"
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>{"".join(groups)}</svg>\n'
    )


def _line(line: Sequence[Cell], y: int) -> str:
    if not "".join(data for data, _, _ in line).strip():
        return ""
    parts: list[list[str]] = []
    style: tuple[str, bool] | None = None
    for data, colour, bold in line:
        if (colour, bold) != style:
            style = (colour, bold)
            weight = ' font-weight="bold"' if bold else ""
            parts.append([f'<tspan fill="{COLOURS.get(colour, COLOURS["default"])}"{weight}>'])
        parts[-1].append(escape(data))
    spans = "".join(f"{''.join(part).rstrip() if part is parts[-1] else ''.join(part)}</tspan>" for part in parts)
    return f'<text x="12" y="{y}" xml:space="preserve">{spans}</text>'
