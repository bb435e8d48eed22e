"""Streams that cannot show everything: what their encoding lacks is written plainly, and no verb ends over it."""

from __future__ import annotations

import codecs
import sys
import unicodedata

PLAIN = {
    "→": "->", "−": "-", "–": "-", "—": "-", "×": "x", "÷": "/", "µ": "u", "μ": "u", "…": "...", "±": "+/-",
    "≤": "<=", "≥": ">=", "│": "|", "┃": "|", "━": "-", "─": "-", "•": "*", "·": "|", "’": "'", "‘": "'", "“": '"',
    "”": '"', "█": "#", "░": ".", "▁": "_", "▂": "_", "▃": "_", "▄": "=", "▅": "=", "▆": "#", "▇": "#",
    "🔴": "FAIL", "🟠": "accepted", "🟡": "note", "🟢": "faster", "⚪": "ok", "⚠": "!", "❔": "?", "💥": "failed",
    "🆕": "new", "➖": "gone", "💤": "skipped", "⚙": "policy", "\ufe0f": "", "\u202f": " ", "\u00a0": " ",
}  # fmt: skip

HANDLER = "perfbot-plain"


def plain(error: UnicodeError) -> tuple[str, int]:
    """The characters that could not be encoded, in ASCII; a handler for :func:`codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(char: str) -> str:
    if char in PLAIN:
        return PLAIN[char]
    letters = "".join(part for part in unicodedata.normalize("NFKD", char) if part.isascii())
    return letters or "?"


def any_encoding() -> None:
    """Let stdout and stderr take any text, whatever ``LC_ALL`` and ``PYTHONIOENCODING`` made of them."""
    codecs.register_error(HANDLER, plain)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=HANDLER)
