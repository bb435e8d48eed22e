"""Pictures for links: PNGs that others can read, of the page's size, with what became worse in red."""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from perfbot.render.preview import HEIGHT, INK, PAPER, WIDTH, Panel, Tone, bars, trends


def pixels(data: bytes) -> NDArray[np.uint8]:
    """A PNG read back: its parts with right sums, its lines without filters."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    parts, at = {}, 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size]) == (zlib.crc32(kind + body),)
        parts[kind], at = body, at + 12 + size
    assert struct.unpack(">IIBBBBB", parts[b"IHDR"]) == (WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    assert list(parts) == [b"IHDR", b"IDAT", b"IEND"]
    lines = np.frombuffer(zlib.decompress(parts[b"IDAT"]), dtype=np.uint8).reshape(HEIGHT, 1 + 3 * WIDTH)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(HEIGHT, WIDTH, 3)


def inked(drawn: NDArray[np.uint8], tone: Tone) -> NDArray[np.bool_]:
    return (drawn == INK[tone]).all(axis=2)


def test_a_line_follows_its_levels() -> None:
    found = inked(pixels(trends([Panel((1.0, 1.0, 1.0, 1.2, 1.2), "bad")])), "bad")
    left, right = (int(np.flatnonzero(found[:, column]).mean()) for column in (200, 1100))
    assert left - right > HEIGHT / 2


def test_a_small_change_looks_small() -> None:
    found = inked(pixels(trends([Panel((1.0, 1.0, 1.01, 1.01))])), "")
    rows = np.flatnonzero(found.any(axis=1))
    assert rows.max() - rows.min() < HEIGHT / 8


def test_six_benchmarks_have_a_panel_each_and_more_have_none() -> None:
    panels = [Panel((1.0, 1.1)), Panel((1.0,)), *[Panel((1.0, 1.1), "good")] * 7]
    drawn = pixels(trends(panels))
    assert inked(drawn, "good").any(axis=0)[-100:].any()
    assert inked(drawn, "").sum() * 3 < inked(drawn, "good").sum()
    columns = inked(drawn, "good").any(axis=0) | inked(drawn, "").any(axis=0)
    assert np.count_nonzero(np.diff(columns.astype(int)) == 1) == 3


def test_bars_stand_on_their_side() -> None:
    drawn = pixels(bars([(0.5, "bad"), (-0.5, "good"), (math.nan, "bad")]))
    assert not inked(drawn, "bad")[:, : WIDTH // 2].any()
    assert not inked(drawn, "good")[:, WIDTH // 2 :].any()
    assert inked(drawn, "good").sum() > inked(drawn, "bad").sum(), "half is further than half as much again"


@pytest.mark.parametrize("data", [trends([]), trends([Panel((0.0, 1e300))]), bars([]), bars([(-1.0, ""), (1e9, "")])])
def test_odd_histories_have_a_picture_too(data: bytes) -> None:
    assert (pixels(data)[0, 0] == PAPER).all()
    assert len(data) < 60_000
