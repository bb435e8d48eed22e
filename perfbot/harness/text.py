"""What tools wrote as text: characters in whatever encoding, lines that know their place, one that was cut off."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from perfbot.measure.processes.tools import Parsed, Reported, Unreadable, Written

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
"""Byte order marks; PowerShell's ``>`` writes UTF-16."""

COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
"""And what else a terminal is told: tools go on with it where an environment says that they should."""

LATER_MARK = re.compile("^\ufeff+", re.MULTILINE)
"""A byte order mark in the middle: of the second of two files that were put into one."""

CUT = "the output ends in this line, without its end: it seems to be cut off"


def characters(data: bytes) -> str:
    """The characters of a text in UTF-8 or UTF-16, without colours; bytes that are neither are read as Latin-1.

    So two names never become one, as they would with replacement characters.
    """
    text = _decoded(data)
    return LATER_MARK.sub("", COLOURS.sub("", text) if "\x1b" in text else text)


def _decoded(data: bytes) -> str:
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if data[1:2] == b"\0" and data[:1] != b"\0":
        return data.decode("utf-16-le", "replace")
    text = data.decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", lambda found: chr(ord(found[0]) - 0xDC00), text)


def lines(written: Written) -> Iterator[tuple[str, str]]:
    """Every line with its place; of one that was written over from its beginning, what is left to see."""
    for number, line in enumerate(characters(written.data).split("\n"), start=1):
        if line:
            yield f"{written.where}, line {number}", line.rstrip("\r").rpartition("\r")[2]


def by_line(
    written: Sequence[Written],
    read: Callable[[Iterator[tuple[str, str]]], Iterable[Reported | Unreadable]],
    *,
    ended: bool = True,
) -> Parsed:
    """What is read from lines.

    Args:
        read: gets the lines of one file at a time.
        ended: the last line must have its end: without it, its last number may have been longer.
    """
    found: list[Reported | Unreadable] = []
    for one in written:
        last = ""
        if ended and not characters(one.data).endswith("\n"):
            last = f"{one.where}, line {characters(one.data).count(chr(10)) + 1}"
        results = read(lines(one))
        found += [_cut(it) if isinstance(it, Reported) and it.where == last else it for it in results]
    return found


def _cut(one: Reported) -> Reported:
    return replace(one, readings=(), trouble=f"{one.where}: {CUT}")
