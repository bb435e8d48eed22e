"""The picture that a chat shows beside a link to a page: the page's chart, as a PNG.

Chats show a page's title and description as text, and take no SVG; so the picture has no text and needs no fonts.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1200, 630
"""Pixels; what chats ask for."""

FINER = 2
"""Drawn so many times larger, and made smaller: lines without stairs."""

MOST_PANELS, MOST_BARS = 6, 16
MARGIN, GAP, THICK = 48, 36, 7
CALM = 0.05
"""A trend that stays within this much of its middle (log) does not fill its panel: small changes look small."""

Colour = tuple[int, int, int]
Tone = Literal["good", "bad", ""]
PAPER, RULE = (255, 255, 255), (209, 217, 224)
INK: dict[Tone, Colour] = {"good": (26, 127, 55), "bad": (207, 34, 46), "": (9, 105, 218)}
PALE = 0.12
"""How much ink is below a line."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One benchmark's levels against the first, as factors, and how its last change is to be seen."""

    levels: Sequence[float]
    tone: Tone = ""


def trends(panels: Sequence[Panel]) -> bytes:
    """A line chart of each of the first few panels, as a PNG."""
    drawn = [panel for panel in panels if len(panel.levels) > 1][:MOST_PANELS]
    sheet = _sheet()
    columns = 1 if len(drawn) < 2 else 2 if len(drawn) < 5 else 3
    rows = max(1, math.ceil(len(drawn) / columns))
    across, down = ((size - 2 * MARGIN + GAP) / count for size, count in ((WIDTH, columns), (HEIGHT, rows)))
    for at, panel in enumerate(drawn):
        left, top = MARGIN + at % columns * across, MARGIN + at // columns * down
        _line(sheet, panel, *(round(each * FINER) for each in (left, top, across - GAP, down - GAP)))
    return _png(sheet)


def bars(changes: Sequence[tuple[float, Tone]]) -> bytes:
    """Changes (fractions) as bars from the middle: to the right what grew, to the left what shrank; as a PNG."""
    told = [(math.log1p(max(change, -0.999999)), tone) for change, tone in changes if math.isfinite(change)][:MOST_BARS]
    sheet, middle, reach = _sheet(), WIDTH * FINER // 2, (WIDTH // 2 - MARGIN) * FINER
    longest = max((abs(size) for size, _ in told), default=1.0) or 1.0
    room = (HEIGHT - 2 * MARGIN) * FINER / max(len(told), 4)
    for at, (size, tone) in enumerate(told):
        top = MARGIN * FINER + at * room
        end = middle + round(size / longest * reach)
        left, right = min(middle, end), max(middle, end)
        sheet[round(top) : round(top + room * 0.7), left:right] = INK[tone]
    sheet[MARGIN * FINER : (HEIGHT - MARGIN) * FINER, middle - FINER : middle + FINER] = RULE
    return _png(sheet)


Sheet = NDArray[np.uint8]


def _sheet() -> Sheet:
    return np.full((HEIGHT * FINER, WIDTH * FINER, 3), PAPER, dtype=np.uint8)


def _line(sheet: Sheet, panel: Panel, left: int, top: int, width: int, height: int) -> None:
    """The levels of one benchmark, a rule where it began, and a tint below."""
    levels = np.log(np.clip(np.asarray(panel.levels, dtype=np.float64), 1e-9, 1e9))
    middle, reach = (levels.max() + levels.min()) / 2, max((levels.max() - levels.min()) / 2, CALM)
    places = np.linspace(0, len(levels) - 1, width)
    down = height / 2 - (np.interp(places, np.arange(len(levels)), levels) - middle) / reach * height * 0.45
    part, rows = sheet[top : top + height, left : left + width], np.arange(height)[:, None]
    ink, half = np.array(INK[panel.tone]), THICK * FINER / 2
    part[rows > down] = (PALE * ink + (1 - PALE) * np.array(PAPER)).astype(np.uint8)
    began = round(float(down[0]))
    part[max(began - FINER // 2, 0) : began + FINER, (np.arange(width) // (8 * FINER)) % 2 == 0] = RULE
    part[np.abs(rows - down) <= half * np.hypot(1, np.gradient(down))] = ink  # as thick where it is steep


def _png(sheet: Sheet) -> bytes:
    """A PNG of three bytes a pixel. Source: W3C, Portable Network Graphics, 3rd edition, sections 5 and 11."""
    corners = [sheet[down::FINER, right::FINER] for down in range(FINER) for right in range(FINER)]
    small = (np.sum(corners, axis=0, dtype=np.uint16) // len(corners)).astype(np.uint8)
    lines = np.concatenate([np.zeros((HEIGHT, 1), dtype=np.uint8), small.reshape(HEIGHT, -1)], axis=1)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
