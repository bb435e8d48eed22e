"""What the page's script shows when it is asked for: rows beyond the first hundred, and the rounds behind every row.

A page of 2,000 benchmarks written out is several megabytes, nearly all of it pictures that nobody unfolds. Packed, it
is a few hundred kilobytes in one attribute: the length of a JSON text (four bytes, the lowest first), that text, then
bytes that it points into; all of it compressed and in base64.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from perfbot.render.flame import Why
from perfbot.render.pictures import Forest, Picture


@dataclass(frozen=True, slots=True)
class Row:
    """One result, as plain text that the template escapes."""

    anchor: str
    icon: str
    verdict: str
    gate: str
    name: str
    change: str
    interval: str
    remarks: str
    forest: Forest | None
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]
    why: Why | None = None


def packed(rows: Iterable[tuple[Row, str]]) -> str:
    """Rows as one text.

    Args:
        rows: each with the group that it is still to be put into; empty for those that stand in the page already.
    """
    marks = bytearray()
    told = [[row.anchor, _pictures(row.pictures, marks), *(_row(row, group) if group else ())] for row, group in rows]
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    return base64.b64encode(zlib.compress(len(text).to_bytes(4, "little") + text + marks, 9)).decode()


def _row(row: Row, group: str) -> list[Any]:
    forest = row.forest
    spans = None if forest is None else [forest.point, *(forest.interval or (0, 0)), *forest.threshold]
    return [
        group, row.icon, row.name, row.verdict, row.gate, row.change, row.interval, row.remarks, spans,
        [part for fact in row.facts for part in fact],
    ]  # fmt: skip


def _pictures(pictures: Iterable[Picture], marks: bytearray) -> list[list[Any]]:
    """Each as title, rounds, labels, bands, the line of no change, and its series with where their marks begin."""
    told = []
    for one in pictures:
        series = []
        for each in one.series:
            series += [each.name, len(marks), each.shift]
            marks += each.marks
        labels = [part for tick in one.ticks for part in tick]
        bands = [part for name, span in one.bands for part in (name, *span)]
        told.append([one.title, one.last_round, labels, bands, one.zero, series])
    return told


def sizes(size: Mapping[str, int]) -> str:
    """Where the parts of a picture stand, for the script."""
    return json.dumps(size, separators=(",", ":"))
