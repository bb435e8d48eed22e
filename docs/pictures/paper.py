"""Markdown as a page that looks like a merge request's conversation, light and dark, for pictures."""

from __future__ import annotations

import re
from pathlib import Path

from markdown_it import MarkdownIt

CSS = Path(__file__).with_name("paper.css")
_ALERT = re.compile(r"<blockquote>\s*<p>\[!(CAUTION|WARNING|IMPORTANT|NOTE)\]\s*")


def _box(found: re.Match[str]) -> str:
    kind = found[1].capitalize()
    return f'<blockquote class="alert {kind.lower().replace("note", "noted")}" data-name="{kind}"><p>'


def page(markdown: str, *, dark: bool = False, width: str = "800px") -> str:
    """A page with one comment on it."""
    text = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(re.sub(r"<!--.*?-->", "", markdown))
    text = _ALERT.sub(_box, text)
    style = CSS.read_text() + f".note {{ max-width: {width}; }}"
    who = "<b>perfbot</b> <i>bot</i> commented 2 minutes ago"
    return (
        f'<!doctype html><html class="{"dark" if dark else ""}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style>'
        f'<body><div class="note"><div class="who">{who}</div><div class="text">{text}</div></div></body></html>'
    )
