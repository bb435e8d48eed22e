"""Which lines of a comment are plain text, as whoever reads it sees it; pure.

Commands stand at the start of such lines. Where markdown is unclear, or forges differ, a line is none: a command that
is missed is written again, one that was not meant costs a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_MARKERS = r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*"
_FENCE = re.compile(rf"^{_MARKERS}(?P<fence>`{{3,}}|~{{3,}}|\$\$(?=[ \t]*$))(?P<info>[^\n]*)$")
_QUOTE = re.compile(rf"^{_MARKERS}>")
_HTML = re.compile(r"^ {0,3}</?[a-z]", re.IGNORECASE)
"""A line that may begin a block of raw HTML, which ends with a blank one."""

_BLOCK = re.compile(r"^[ \t]*(?:[-*+>#<|=]|\d{1,9}[.)])")
"""A line that may begin another block, where a code span of the one before does not go on."""

_DEFINITION = re.compile(r"^ {0,3}\[[^\]]*\]:")
_TICKS = re.compile(r"`+")
_RAW_START = re.compile(
    r"<(?:(?P<tag>pre|code|script|style|textarea|samp|kbd|tt|xmp|template|title|blockquote|q|del|s|strike)\b|!--|!\[CDATA\[|\?|!)",
    re.IGNORECASE,
)
_RAW_ENDS = {"<!--": re.compile("-->"), "<![CDATA[": re.compile("]]>"), "<?": re.compile(r"\?>"), "<!": re.compile(">")}
_TAG = re.compile(r"<[a-z/]", re.IGNORECASE)
_NEVER = re.compile(r"(?!)")
_MOST_INDENT = 3
"""Columns before a fence that is no indented code."""

_ELEMENT = re.compile(r"<(?P<end>/?)(?P<name>[a-z][a-z0-9-]*)\b[^<>]*>", re.IGNORECASE)
_ADDRESS = re.compile(r"<[a-z][a-z0-9+.-]*:[^\s<>]*>", re.IGNORECASE)
_CLOSED = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "p", "source", "track", "wbr",
})  # fmt: skip
"""Elements that hold nothing, or end with the next block."""

_FRONT = re.compile(r"(?P<mark>---|\+\+\+|;;;)[a-z]*[ \t]*")
"""A first line after which GitLab shows everything up to the same mark as code."""

_PAIRS, _MARKS = (("[", "]"), ("(", ")"), ("{", "}")), ("~~", "$$")
"""What a line opens it may close in the next one: where a link leads, what it is called, what is struck out."""

_UNCLEAR = "unclear"
"""In place of a code span's delimiter: nobody can say what this paragraph is."""


def lines_of(text: str) -> Sequence[str]:
    """The lines of a comment."""
    return re.split(r"\r\n|\r|\n", text)


def plain_lines(lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Lines outside code, quotes and raw HTML, without trailing space; each with the number of the line below it."""
    front = _FRONT.fullmatch(lines[0])
    outside = _Outside(re.compile(rf"^{re.escape(front['mark'])}\s*$") if front else None)
    for place, line in enumerate(lines, 1):
        if not (front and place == 1) and outside.plain(line):
            yield line.rstrip(), place


class _Outside:
    """Follows a comment line by line; ``until`` is what ends the block that the last line stood in."""

    def __init__(self, until: re.Pattern[str] | None) -> None:
        self._fence: re.Match[str] | None = None
        self._quote = False
        self._lazy = False
        self._html = False
        self._until = until
        self._elements = 0
        self._span = ""

    def plain(self, line: str) -> bool:
        """Whether a line begins outside of everything."""
        if self._fence:
            self._close_fence(line)
            return False
        if line.startswith(">>>"):
            self._quote = not self._quote
            return False
        if self._until is not None:
            self._leave(line)
            return False
        if (match := _FENCE.match(line)) and not ("`" in match["fence"] and "`" in match["info"]):
            self._open_fence(match)
            return False
        return self._in_paragraph(line) and not self._quote

    def _open_fence(self, match: re.Match[str]) -> None:
        """Within raw HTML it may be one or none; then all that follows is unclear."""
        if self._html:
            self._until = _NEVER
        elif _column(match.string, match.start("fence")) <= _MOST_INDENT:
            self._lazy = False
        self._fence, self._span = match, ""

    def _close_fence(self, line: str) -> None:
        """As far to the right as it was opened, or a little more; what stands left of it may have left a list."""
        bare, opened = line.strip(), self._fence
        if opened is None or not bare:
            return
        mark, column = opened["fence"], _column(opened.string, opened.start("fence"))
        here = _column(line, len(line) - len(line.lstrip()))
        in_item = column > _MOST_INDENT or not opened.string[: opened.start("fence")].isspace()
        if here < column:
            self._until = _NEVER
        elif set(bare) == {mark[0]} and len(bare) >= len(mark) and here <= _MOST_INDENT + column * in_item:
            self._fence = None

    def _leave(self, line: str) -> None:
        """Raw HTML within raw HTML, as some read it and some do not, has no end."""
        if _RAW_START.match(line.lstrip()):
            self._until = _NEVER
        if self._until is not None and (end := self._until.search(line)):
            self._until = None
            self._enter(line[end.end() :])

    def _in_paragraph(self, line: str) -> bool:
        """Follow code spans, quotes and blocks of HTML over the lines of a paragraph, and raw HTML to its end."""
        if not line.strip():
            self._span, self._lazy, self._html = "", False, False
            return False
        self._lazy = self._lazy or _QUOTE.match(line) is not None
        self._html = self._html or _HTML.match(line) is not None
        inside = self._span or self._lazy or self._html or self._elements
        begins_outside = not inside and not line.startswith((" ", "\t", ">"))
        if _DEFINITION.match(line) or (self._span and _BLOCK.match(line)):
            self._span = _UNCLEAR
        raw = self._html or line.lstrip().startswith("<")
        outside = line if raw else self._follow_ticks(line)
        self._enter(outside)
        self._nest(outside)
        return begins_outside

    def _nest(self, outside: str) -> None:
        """Into elements that hold what follows, and into what a line of text leaves open."""
        text = _ADDRESS.sub("", outside)
        for element in _ELEMENT.finditer(text):
            if element["name"].lower() not in _CLOSED and not element[0].endswith("/>"):
                self._elements = max(0, self._elements + (-1 if element["end"] else 1))
        opened = any(text.count(left) > text.count(right) for left, right in _PAIRS)
        if opened or any(text.count(mark) % 2 for mark in _MARKS):
            self._span = _UNCLEAR

    def _enter(self, outside: str) -> None:
        """Into raw HTML that begins here and ends in another line."""
        position = 0
        while start := _RAW_START.search(outside, position):
            end = re.compile(f"</{start['tag']}", re.IGNORECASE) if start["tag"] else _RAW_ENDS[start[0]]
            closed = end.search(outside, start.end())
            if closed is None:
                self._until = _NEVER if outside[: start.start()].strip() else end
                return
            position = closed.end()
        if _TAG.search(outside, max(position, outside.rfind(">"))):  # one that its line does not end
            self._span = _UNCLEAR

    def _follow_ticks(self, line: str) -> str:
        """The parts of a line outside code spans."""
        kept, position = "", 0
        for ticks in _TICKS.finditer(line):
            if not self._span:
                kept += line[position : ticks.start()]
                self._span = _UNCLEAR if kept.endswith("\\") else ticks[0]
            elif ticks[0] == self._span:
                self._span = ""
            position = ticks.end()
        return kept if self._span else kept + line[position:]


def _column(line: str, position: int) -> int:
    return len(line[:position].expandtabs(4))
