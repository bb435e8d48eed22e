"""Pages read as strictly as no browser does: what is open is closed, nothing loads, nothing runs."""

from __future__ import annotations

import base64
import json
import zlib
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "input", "br", "link", "img"}
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "nav", "h1", "h2", "p", "span", "code", "bdi", "main",
    "section", "div", "b", "details", "summary", "pre", "form", "input", "label", "output", "svg", "line", "text",
    "rect", "circle", "path", "dl", "dt", "dd", "figure", "figcaption", "ul", "li", "script",
    "g", "button", "noscript",
}  # fmt: skip


class Reader(HTMLParser):
    """Reads a page strictly: only known tags, all closed in order, nothing that loads or runs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.content: dict[str, list[str]] = {"style": [], "script": []}
        self.policy = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        names = [name for name, _ in attrs]
        assert not {"src", "href", "style", "action"} & set(names), (tag, attrs)
        assert not any(name.startswith("on") for name in names)
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        self.ids += [given["id"] or ""] if "id" in given else []
        if tag not in VOID:
            self.open.append(tag)
        if tag in self.content:
            self.content[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.content:
            self.content[self.open[-1]][-1] += data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is shown."""
        return " ".join("".join(self.texts).split())


def unpacked(text: str) -> tuple[list[Any], bytes]:
    """What a page carries for its script: the rows, and the bytes that they point into."""
    data = zlib.decompress(base64.b64decode(text))
    size = int.from_bytes(data[:4], "little")
    return json.loads(data[4 : 4 + size]), data[4 + size :]
